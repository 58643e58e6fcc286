//! Kinesis records of events: NDJSON of canonical events, compressed with zstd from 512 bytes on.
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

use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;

use chrono::{DateTime, Utc};

pub use aggregated::{is_aggregated, parts};
pub use open::{Unopenable, lines, open, split, text};
use zstd::bulk::Compressor;

use crate::event::Event;

/// Fast level, because a record is compressed once and opened a few times.
const ZSTD_LEVEL: i32 = 1;
/// Size of the events below which a record stays plain, in bytes. Compression saves a sixth of the
/// bytes of a single event, and costs more time than parsing it.
const ZSTD_BYTES_MIN: usize = 512;

thread_local! {
    /// Kept, because creating one takes longer than compressing a record.
    static COMPRESSOR: RefCell<Compressor<'static>> =
        RefCell::new(Compressor::new(ZSTD_LEVEL).expect("memory for zstd"));
}

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

/// Delivered record whose data are borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeliveredRef<'a> {
    /// Shard of the record.
    pub shard_id: &'a str,
    /// Digits of the position in the shard.
    pub sequence_number: &'a str,
    /// Key with which the record was put.
    pub partition_key: &'a str,
    /// Arrival time reported by Kinesis, in milliseconds.
    pub arrived_at: DateTime<Utc>,
    /// Data that was put.
    pub data: &'a [u8],
}

impl<'a> From<&'a Delivered> for DeliveredRef<'a> {
    fn from(record: &'a Delivered) -> Self {
        Self {
            shard_id: &record.shard_id,
            sequence_number: record.sequence_number.as_str(),
            partition_key: &record.partition_key,
            arrived_at: record.arrived_at,
            data: &record.data,
        }
    }
}

impl From<DeliveredRef<'_>> for Delivered {
    fn from(record: DeliveredRef<'_>) -> Self {
        Self {
            shard_id: record.shard_id.to_owned(),
            sequence_number: SequenceNumber::new(record.sequence_number),
            partition_key: record.partition_key.to_owned(),
            arrived_at: record.arrived_at,
            data: record.data.to_vec(),
        }
    }
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
}

/// Compares the digits of two sequence numbers by their numeric value.
#[must_use]
pub fn in_order(a: &str, b: &str) -> Ordering {
    let (less, more) = (a.trim_start_matches('0'), b.trim_start_matches('0'));
    less.len().cmp(&more.len()).then_with(|| less.cmp(more)).then_with(|| a.cmp(b))
}

impl Ord for SequenceNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        in_order(&self.0, &other.0)
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
    let mut lines = String::new();
    for event in events {
        if !lines.is_empty() {
            lines.push('\n');
        }
        event.as_event_ref().write_canonical(&mut lines);
    }
    Record { partition_key: partition_key.to_owned(), data: compressed(lines.into()) }
}

/// Returns the events of a record, NDJSON, in the form in which it is put: compressed, unless that
/// is not worth it.
#[must_use]
pub fn compressed(plain: Vec<u8>) -> Vec<u8> {
    if plain.len() < ZSTD_BYTES_MIN {
        return plain;
    }
    let compressed = COMPRESSOR.with_borrow_mut(|zstd| zstd.compress(&plain)).ok();
    compressed.filter(|data| data.len() < plain.len()).unwrap_or(plain)
}

/// Returns the number of lines of a record that [`pack`] left plain; `None` for another record.
#[must_use]
pub fn plain_lines(data: &[u8]) -> Option<usize> {
    let is_plain = data.starts_with(b"{") && data.ends_with(b"}");
    is_plain.then(|| memchr::memchr_iter(b'\n', data).count() + 1)
}
