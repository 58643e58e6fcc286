//! Segments of the stock log: immutable sets of events of one store and one UTC date.
//!
//! # Format
//!
//! A segment begins with a version byte. Version 1 ends with the CRC-32 of all bytes before it,
//! little-endian. Between them:
//!
//! 1. A byte: 0 if the columns are plain, 1 if they are one zstd frame that tells its size.
//! 2. The length of the columns as stored, the columns, and the bytes of the UUIDs in the columns.
//!
//! The columns are of the events in their order: instant, id, content, import. Each number is a
//! varint of postcard (<https://postcard.jamesmunns.com/wire-format>).
//!
//! - **Numbers**: the form of the column, then its contents. Form 0: each is 0. Form 1: all are
//!   the one that follows. Form 2: each is one more than the one before; the first follows.
//!   Form 3: each follows.
//! - **Texts**: numbers, which are places in a dictionary in the order of first use, from 1; 0 is
//!   an absent text. If the dictionary is not empty, it follows: a number for the form and length
//!   of each text, how many bytes all texts begin with, these bytes, and the rest of each text. The
//!   number is 0 for a UUID in lowercase with hyphens: 16 bytes, whose rest is with the UUIDs. The
//!   number is `2n + 1` for `n` decimal digits, two in a byte, and `2n` for any other text of `n`
//!   bytes.
//!
//! The order of the columns is in `write.rs`. An absent word, price, amount, line or date is 0,
//! and any other is one more than its number. A word is its position among the words of its type.
//!
//! **The format is append only.** Columns, forms and words are never reordered or removed. A word
//! is added at the end of its type, and a reader before it refuses the segment as damaged. A new
//! column or form is a new version, with its columns behind those of version 1. A release that
//! reads a version comes before the release that writes it.

mod columns;
mod frame;
mod read;
mod text;
mod write;

use std::cmp::Ordering;

use chrono::{DateTime, NaiveDate, NaiveTime, SubsecRound, Utc};

use crate::digest::Version;
use crate::event::{Event, EventRef};
use crate::identifier::{EventId, StoreId};
use crate::limits::{
    LOT_CHARS_MAX, SEGMENT_BYTES_MAX, SEGMENT_EVENT_BYTES, SEGMENT_UNPACKED_BYTES_MAX,
};
use crate::offer::OfferIdRef;
use crate::window::DATE_MILLIS;

/// Version of the format that this program writes.
const VERSION: u8 = 1;

const _: () = {
    let texts = LOT_CHARS_MAX + "00012345600012".len();
    assert!(size_of::<Event>() + texts <= SEGMENT_EVENT_BYTES);
};

/// Reason for failing to read a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    /// There are no bytes.
    #[error("the segment is empty")]
    Empty,
    /// A later version of the program wrote the segment.
    #[error("the segment is of version {0}; this program knows version {VERSION}")]
    Version(u8),
    /// The bytes are damaged.
    #[error("the segment is damaged: {0}")]
    Damaged(String),
}

/// Segment of the stock log, as stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Segment {
    /// Key.
    pub key: SegmentKey,
    /// Number of events, at least 1.
    pub event_count: usize,
    /// Packed events, at most [`SEGMENT_BYTES_MAX`] bytes.
    pub bytes: Vec<u8>,
}

/// Key of a segment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SegmentKey {
    /// Store of the events.
    pub store_id: StoreId,
    /// UTC date of the events.
    pub date: NaiveDate,
    /// Newest arrival of the events, in whole milliseconds.
    pub arrived_at: DateTime<Utc>,
    /// Version of the stored bytes. Programs that pack differently never replace each other's
    /// segments.
    pub digest: Version,
}

/// Text that is not the sort key of a segment.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not a sort key (arrival#digest) like 2026-03-12T15:17:59.123Z#{}", "0".repeat(32))]
pub struct SortKeyError;

impl SegmentKey {
    /// Returns the sort key, such as `2026-03-12T15:17:59.123Z#` and 32 hexadecimal digits.
    #[must_use]
    pub fn sort_key(&self) -> String {
        format!("{}#{}", self.arrived_at.format("%Y-%m-%dT%H:%M:%S%.3fZ"), self.digest)
    }

    /// Parses a stored sort key.
    ///
    /// # Errors
    /// Returns an error for any text that [`SegmentKey::sort_key`] does not return.
    pub fn parse(store_id: StoreId, date: NaiveDate, sort_key: &str) -> Result<Self, SortKeyError> {
        let (arrived_at, digest) = sort_key.split_once('#').ok_or(SortKeyError)?;
        let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        if digest.len() != 32 || !digest.bytes().all(is_digit) {
            return Err(SortKeyError);
        }
        let arrived_at = arrived_at.parse().map_err(|_| SortKeyError)?;
        let key = Self { store_id, date, arrived_at, digest: Version::stored(digest.to_owned()) };
        // Only the canonical spelling is accepted, so that equal keys have equal texts.
        if key.sort_key() == sort_key { Ok(key) } else { Err(SortKeyError) }
    }
}

impl Segment {
    /// Packs events of one store and UTC date into segments of at most [`SEGMENT_BYTES_MAX`]
    /// bytes. Exact repetitions are removed. Equal sets of events make equal segments.
    ///
    /// # Panics
    /// Panics if an event is of another store or date.
    #[must_use]
    pub fn cut(
        store_id: &StoreId,
        date: NaiveDate,
        arrived_at: DateTime<Utc>,
        events: Vec<&Event>,
    ) -> Vec<Self> {
        let events: Vec<EventRef<'_>> =
            events.into_iter().map(|event| event.as_event_ref()).collect();
        Self::cut_refs(store_id, date, arrived_at, events.iter().collect())
    }

    /// Packs events with borrowed texts, as [`Segment::cut`] does.
    ///
    /// # Panics
    /// Panics if an event is of another store or date.
    #[must_use]
    pub fn cut_refs(
        store_id: &StoreId,
        date: NaiveDate,
        arrived_at: DateTime<Utc>,
        mut events: Vec<&EventRef<'_>>,
    ) -> Vec<Self> {
        let starts_at = date.and_time(NaiveTime::MIN).and_utc().timestamp_millis();
        for event in &events {
            assert_eq!(event.store_id, store_id.as_str(), "an event of another store");
            let is_of_date = (0..DATE_MILLIS).contains(&(event.occurred_at - starts_at));
            assert!(is_of_date, "an event of another date");
        }
        let by_instant_and_id = |a: &EventRef<'_>, b: &EventRef<'_>| {
            (a.occurred_at, a.event_id).cmp(&(b.occurred_at, b.event_id))
        };
        events.sort_unstable_by(|a, b| by_instant_and_id(a, b));
        for same in events.chunk_by_mut(|a, b| by_instant_and_id(a, b).is_eq()) {
            if same.len() > 1 {
                let content_and_import = |event: &EventRef<'_>| {
                    (event.to_event().content(), event.import_id.map(str::to_owned))
                };
                same.sort_by_cached_key(|event| content_and_import(event));
            }
        }
        events.dedup();
        let arrived_at = arrived_at.trunc_subsecs(3);
        let segment = |(event_count, bytes): (usize, Vec<u8>)| {
            let digest = Version::of(&bytes);
            let key = SegmentKey { store_id: store_id.clone(), date, arrived_at, digest };
            Self { key, event_count, bytes }
        };
        let mut packed = Vec::new();
        pack(date, &events, &mut packed);
        packed.into_iter().map(segment).collect()
    }
}

/// Packs sorted events, in halves where they are too large for one segment.
fn pack(date: NaiveDate, events: &[&EventRef<'_>], packed: &mut Vec<(usize, Vec<u8>)>) {
    let size: usize = events.iter().map(|event| unpacked_bytes(event)).sum();
    if events.len() == 1 || size <= SEGMENT_UNPACKED_BYTES_MAX {
        if events.is_empty() {
            return;
        }
        let bytes = frame::close(&write::write(date, events));
        if events.len() == 1 || bytes.len() <= SEGMENT_BYTES_MAX {
            return packed.push((events.len(), bytes));
        }
    }
    let mut sum = 0;
    let half = events.iter().take_while(|event| {
        sum += unpacked_bytes(event);
        sum <= size / 2
    });
    let (first, second) = events.split_at(half.count().clamp(1, events.len() - 1));
    pack(date, first, packed);
    pack(date, second, packed);
}

/// Reads the events of a segment, sorted by instant, id, content and import.
///
/// # Errors
/// Returns an error if the bytes are damaged, of a later version, or not what [`Segment::cut`]
/// makes of valid events.
pub fn unpack(store_id: &StoreId, date: NaiveDate, bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
    let opened = frame::open(bytes)?;
    read::read(store_id, date, opened.reader())
}

/// Order of events in a segment. Only equal events are equal in it.
fn order(a: &Event, b: &Event) -> Ordering {
    let by_content = || content_and_import(a).cmp(&content_and_import(b));
    instant_and_id(a).cmp(&instant_and_id(b)).then_with(by_content)
}

fn instant_and_id(event: &Event) -> (DateTime<Utc>, &EventId) {
    (event.occurred_at, &event.event_id)
}

fn content_and_import(event: &Event) -> (String, Option<&EventId>) {
    (event.content(), event.details.import_id.as_ref())
}

/// Returns an upper bound of the memory of an event, in bytes, which depends on its texts alone.
fn unpacked_bytes(event: &EventRef<'_>) -> usize {
    let length = |text: Option<&str>| text.map_or(0, str::len);
    SEGMENT_EVENT_BYTES
        + event.event_id.len()
        + event.store_id.len()
        + event.terminal_id.len()
        + event.sku.len()
        + length(event.corrects)
        + length(event.sequence.map(|(epoch, _)| epoch))
        + length(event.receipt.map(|(receipt, _)| receipt))
        + length(event.transfer_id)
        + length(event.import_id)
        + event.offer_id.map_or(0, OfferIdRef::texts_length)
}
