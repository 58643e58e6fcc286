//! Another version of the program at work on the same tables: it packs the same events into other
//! segments.

use chrono::NaiveDate;
use domain::ports::{Failure, LogEntry, QuarantineTable, Saved, SegmentPage, StockLog};
use domain::quarantine::{QuarantineId, Quarantined};
use domain::stock::{CloseState, Progress, RollupState, Segment, segment};
use domain::{StoreId, Version};
use flate2::Crc;
use in_memory::Tables;

/// Compression in the second byte of a segment.
const PLAIN: u8 = 0;
const ZSTD: u8 = 1;
const CHECKSUM_BYTES: usize = 4;

/// Difference from the segments that this version writes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackingForm {
    /// Columns are never compressed.
    Plain,
    /// A segment holds one event.
    OneEvent,
}

/// Tables as another version of the program writes them.
#[derive(Clone)]
pub(crate) struct OtherVersion {
    pub(crate) tables: Tables,
    pub(crate) form: PackingForm,
}

impl OtherVersion {
    fn packed(&self, entry: &LogEntry) -> Vec<LogEntry> {
        let LogEntry::Segment(segment) = entry else { return vec![entry.clone()] };
        let segments = match self.form {
            PackingForm::Plain => vec![plain(segment)],
            PackingForm::OneEvent => one_event_each(segment),
        };
        segments.into_iter().map(LogEntry::Segment).collect()
    }
}

/// Returns the segment with plain columns.
fn plain(segment: &Segment) -> Segment {
    let [version, ZSTD, rest @ ..] = &segment.bytes[..] else { return segment.clone() };
    let (length, rest) = varint(rest);
    let (columns, rest) = rest.split_at(length);
    let uuids = &rest[..rest.len() - CHECKSUM_BYTES];
    let columns = zstd::decode_all(columns).expect("the program compressed them");
    let mut bytes = vec![*version, PLAIN];
    put_varint(&mut bytes, columns.len());
    bytes.extend(columns);
    bytes.extend(uuids);
    let mut checksum = Crc::new();
    checksum.update(&bytes);
    bytes.extend(checksum.sum().to_le_bytes());
    let mut key = segment.key.clone();
    key.digest = Version::of(&bytes);
    Segment { key, bytes, ..segment.clone() }
}

fn one_event_each(segment: &Segment) -> Vec<Segment> {
    let key = &segment.key;
    let events = segment::unpack(&key.store_id, key.date, &segment.bytes);
    let cut = |event| Segment::cut(&key.store_id, key.date, key.arrived_at, vec![event]);
    events.expect("the program packed them").iter().flat_map(cut).collect()
}

fn varint(bytes: &[u8]) -> (usize, &[u8]) {
    let end = bytes.iter().position(|byte| *byte < 0x80).expect("a number ends") + 1;
    let (number, rest) = bytes.split_at(end);
    (number.iter().rev().fold(0, |sum, byte| sum << 7 | usize::from(byte & 0x7F)), rest)
}

fn put_varint(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

impl StockLog for OtherVersion {
    async fn append(&self, entries: &[LogEntry]) -> Vec<Result<(), Failure>> {
        let packed: Vec<Vec<LogEntry>> = entries.iter().map(|entry| self.packed(entry)).collect();
        let mut results = self.tables.append(&packed.concat()).await.into_iter();
        let of_entry = |entries: &Vec<LogEntry>| {
            // Taken whole: to collect into a `Result` would end at the first failure, and leave the
            // rest to the next entry.
            let of_entry: Vec<_> = results.by_ref().take(entries.len()).collect();
            of_entry.into_iter().collect()
        };
        packed.iter().map(of_entry).collect()
    }

    async fn query_segments(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        after: Option<&str>,
    ) -> Result<SegmentPage, Failure> {
        self.tables.query_segments(store_id, date, after).await
    }

    async fn query_progress(
        &self,
        store_id: &StoreId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Progress, Failure> {
        self.tables.query_progress(store_id, first, last).await
    }

    async fn save_close_state(&self, state: &CloseState) -> Result<Saved<CloseState>, Failure> {
        self.tables.save_close_state(state).await
    }

    async fn put_rollup_state(&self, state: &RollupState) -> Result<(), Failure> {
        self.tables.put_rollup_state(state).await
    }

    async fn query_active_stores(&self, stored_on: NaiveDate) -> Result<Vec<StoreId>, Failure> {
        self.tables.query_active_stores(stored_on).await
    }
}

impl QuarantineTable for OtherVersion {
    async fn put_quarantined(&self, quarantined: &Quarantined) -> Result<(), Failure> {
        self.tables.put_quarantined(quarantined).await
    }

    async fn list_quarantined(&self) -> Result<Vec<Quarantined>, Failure> {
        self.tables.list_quarantined().await
    }

    async fn query_quarantined(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        self.tables.query_quarantined(date).await
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        self.tables.load_quarantined(id).await
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        self.tables.remove_quarantined(id).await
    }
}
