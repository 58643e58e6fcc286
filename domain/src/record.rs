//! Kinesis records of events: NDJSON of canonical events, compressed with zstd if that is smaller.
//! Other producers may put any JSON of events, plain, gzip or zstd, and aggregated records of the
//! Kinesis Producer Library: [`parts`] splits these, and [`open()`] reads a part.
//!
//! ```
//! use domain::{Acceptance, Event, record};
//!
//! let json = r#"{"event_id":"e1","kind":"receipt","store_id":"0042","terminal_id":"t1",
//!     "sku":"BRT-1180","quantity":20,"occurred_at":"2026-03-12T06:00:00Z"}"#;
//! let event = Event::parse(json, &Acceptance::at("2026-03-12T06:01:00Z".parse()?))?;
//! let record = record::pack("0042", [&event]);
//! assert_eq!(record::open(&record.data)?, [event.canonical()]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod aggregated;
mod open;

use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};

pub use aggregated::parts;
pub use open::{Unopenable, open};

use crate::event::Event;
/// Fast level, because a record is compressed once and opened a few times.
const ZSTD_LEVEL: i32 = 1;

/// Record to put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Key that selects the shard.
    pub partition_key: String,
    /// Packed events.
    pub data: Vec<u8>,
}

/// Record as delivered by the event source mapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Shard of the record.
    pub shard_id: String,
    /// Position in the shard.
    pub sequence_number: SequenceNumber,
    /// Key with which the record was put.
    pub partition_key: String,
    /// Arrival time reported by Kinesis, in milliseconds. Its accuracy is not guaranteed.
    pub arrived_at: DateTime<Utc>,
    /// Data that was put.
    pub data: Vec<u8>,
}

/// Position in a shard: a decimal number of up to 129 digits, which exceeds `u128`. The order is
/// numeric.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// Creates a sequence number from its digits.
    #[must_use]
    pub fn new(digits: impl Into<String>) -> Self {
        Self(digits.into())
    }

    /// Returns the digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn significant(&self) -> &str {
        self.0.trim_start_matches('0')
    }
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        let (a, b) = (self.significant(), other.significant());
        a.len().cmp(&b.len()).then_with(|| a.cmp(b)).then_with(|| self.0.cmp(&other.0))
    }
}

impl PartialOrd for SequenceNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for SequenceNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Packs events of one partition key, at most
/// [`RECORD_EVENTS_MAX`](crate::limits::RECORD_EVENTS_MAX).
#[must_use]
pub fn pack<'a>(partition_key: &str, events: impl IntoIterator<Item = &'a Event>) -> Record {
    let lines: Vec<String> = events.into_iter().map(Event::canonical).collect();
    let plain = lines.join("\n").into_bytes();
    let data = match zstd::bulk::compress(&plain, ZSTD_LEVEL) {
        Ok(smaller) if smaller.len() < plain.len() => smaller,
        _ => plain,
    };
    Record { partition_key: partition_key.to_owned(), data }
}
