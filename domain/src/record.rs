//! Kinesis records of events: NDJSON of canonical events, compressed with zstd if that is smaller.
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

use std::cmp::Ordering;
use std::fmt;
use std::io::Read;

use chrono::{DateTime, Utc};

use crate::event::Event;
use crate::limits::{RECORD_EVENTS_MAX, RECORD_INFLATED_BYTES_MAX};

/// First bytes of a zstd frame. Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// First bytes of an aggregated record. Source: aggregation format of the Kinesis Producer Library.
const KPL_MAGIC: &[u8] = &[0xF3, 0x89, 0x9A, 0xC2];
/// Largest window that a frame may request: 8 MiB, which every decoder has to support. Without this
/// limit a frame of a few bytes could request 128 MiB. Source: RFC 8878, section 3.1.1.1.2.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
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

/// Reason for failing to open a record. A retry would fail in the same way.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopenable {
    /// The record is empty.
    #[error("the record is empty")]
    Empty,
    /// The record has the aggregation format of the Kinesis Producer Library.
    #[error("the record is aggregated by the Kinesis Producer Library; send plain or zstd NDJSON")]
    Aggregated,
    /// The compression is malformed.
    #[error("the record starts like zstd but cannot be inflated: {0}")]
    Zstd(String),
    /// The inflated record is too large.
    #[error("the record inflates to more than {RECORD_INFLATED_BYTES_MAX} bytes")]
    TooLarge,
    /// The text is not UTF-8; the number is the offset of the first invalid byte.
    #[error("the record is not UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// The record holds too many events.
    #[error("the record holds {0} events; at most {RECORD_EVENTS_MAX} are allowed")]
    TooManyEvents(usize),
}

/// Packs at most [`RECORD_EVENTS_MAX`] events of one partition key.
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

/// Returns the JSON texts of the events in a record. Accepts the output of [`pack`], NDJSON, and
/// one JSON object on several lines, which a producer may put without this crate.
///
/// # Errors
/// Returns an error if the record has no readable text.
pub fn open(data: &[u8]) -> Result<Vec<String>, Unopenable> {
    let text = text_of(data)?;
    let whole = text.trim();
    if whole.is_empty() {
        return Err(Unopenable::Empty);
    }
    if serde_json::from_str::<&serde_json::value::RawValue>(whole).is_ok() {
        return Ok(vec![whole.to_owned()]);
    }
    let lines = || whole.lines().map(str::trim).filter(|line| !line.is_empty());
    // The lines are counted before they are kept: a hundred bytes can inflate to half a million.
    let count = lines().count();
    if count > RECORD_EVENTS_MAX {
        return Err(Unopenable::TooManyEvents(count));
    }
    Ok(lines().map(str::to_owned).collect())
}

fn text_of(data: &[u8]) -> Result<String, Unopenable> {
    if data.starts_with(KPL_MAGIC) {
        return Err(Unopenable::Aggregated);
    }
    let bytes = if data.starts_with(ZSTD_MAGIC) { inflate(data)? } else { data.to_vec() };
    if bytes.len() > RECORD_INFLATED_BYTES_MAX {
        return Err(Unopenable::TooLarge);
    }
    String::from_utf8(bytes).map_err(|error| Unopenable::NotUtf8(error.utf8_error().valid_up_to()))
}

/// Inflates up to one byte beyond the limit, so that a decompression bomb costs no more than a full
/// record.
fn inflate(data: &[u8]) -> Result<Vec<u8>, Unopenable> {
    let broken = |error: std::io::Error| Unopenable::Zstd(error.to_string());
    let mut inflated = Vec::new();
    let mut decoder = zstd::stream::read::Decoder::new(data).map_err(broken)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(broken)?;
    decoder
        .take(RECORD_INFLATED_BYTES_MAX as u64 + 1)
        .read_to_end(&mut inflated)
        .map_err(broken)?;
    Ok(inflated)
}
