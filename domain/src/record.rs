//! Our record in Kinesis: events as NDJSON of their canonical form, in zstd when that is smaller.

use std::cmp::Ordering;
use std::fmt;
use std::io::Read;

use chrono::{DateTime, Utc};

use crate::event::Event;
use crate::limits::{RECORD_EVENTS_MAX, RECORD_INFLATED_BYTES_MAX};

/// Source: RFC 8878, section 3.1.1.
const ZSTD_MAGIC: &[u8] = &[0x28, 0xB5, 0x2F, 0xFD];
/// Source: the aggregation format of the Kinesis Producer Library.
const KPL_MAGIC: &[u8] = &[0xF3, 0x89, 0x9A, 0xC2];
/// The largest window a frame may ask for: 8 MiB, which every decoder has to support. Without it a
/// frame of a few bytes asks for 128 MiB. Source: RFC 8878, section 3.1.1.1.2.
const ZSTD_WINDOW_LOG_MAX: u32 = 23;
/// Fast; a record is compressed once and opened a few times.
const ZSTD_LEVEL: i32 = 1;

/// A record to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Decides the shard.
    pub partition_key: String,
    /// The packed events.
    pub data: Vec<u8>,
}

/// A record as the event source mapping delivers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// The shard it was read from.
    pub shard_id: String,
    /// Its place in the shard.
    pub sequence_number: SequenceNumber,
    /// The key it was put with.
    pub partition_key: String,
    /// When Kinesis took it, as Kinesis says: to the millisecond, without guarantee.
    pub arrived_at: DateTime<Utc>,
    /// What was put.
    pub data: Vec<u8>,
}

/// A place in a shard: a decimal number of up to 129 digits, too large for `u128`, ordered by
/// length and then by digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SequenceNumber(String);

impl SequenceNumber {
    /// Takes a number as Kinesis writes it.
    #[must_use]
    pub fn new(digits: impl Into<String>) -> Self {
        Self(digits.into())
    }

    /// The digits.
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

/// Why a record cannot be opened. Such a record is poison: a retry would meet it unchanged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unopenable {
    /// Nothing in it.
    #[error("the record is empty")]
    Empty,
    /// The aggregation format of the Kinesis Producer Library.
    #[error("the record is aggregated by the Kinesis Producer Library; send plain or zstd NDJSON")]
    Aggregated,
    /// Compression that cannot be undone.
    #[error("the record starts like zstd but cannot be inflated: {0}")]
    Zstd(String),
    /// More text than a record may hold.
    #[error("the record inflates to more than {RECORD_INFLATED_BYTES_MAX} bytes")]
    TooLarge,
    /// Bytes that are no text.
    #[error("the record is not UTF-8 (byte {0})")]
    NotUtf8(usize),
    /// More events than a record may hold.
    #[error("the record holds {0} events; at most {RECORD_EVENTS_MAX} are allowed")]
    TooManyEvents(usize),
}

/// Packs events of one partition key; at most [`RECORD_EVENTS_MAX`] of them.
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

/// Opens a record into the JSON texts of its events. It takes what [`pack`] makes and what a
/// producer may put by hand: NDJSON, or one JSON object over several lines.
///
/// # Errors
/// [`Unopenable`] when there is no text to read events from.
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
    // Counted before they are kept: a hundred bytes inflate to half a million lines.
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

/// Inflates at most one byte more than allowed, so that a bomb costs no more than a full record.
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
