//! Index of a shard: its segments, and the records of those that are in memory. Counters have no
//! gaps, so an entry needs no counter.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;

use super::records::{IndexEntry, SegmentRecords};

/// Storage of the bytes of a segment.
pub(super) enum SegmentBody {
    File(PathBuf),
    /// Frames with their offsets.
    Memory(Vec<(u32, Bytes)>),
}

/// Figures of a segment, which are known without its records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct SegmentSummary {
    /// Counter of the first record.
    pub(super) first: u64,
    /// Counter after the last record.
    pub(super) next: u64,
    /// Length in bytes.
    pub(super) bytes: u64,
    /// Earliest arrival, milliseconds since 1970; `i64::MAX` without records.
    pub(super) earliest_ms: i64,
    /// Latest arrival, milliseconds since 1970; `i64::MIN` without records.
    pub(super) latest_ms: i64,
}

impl SegmentSummary {
    /// Creates the figures of a segment without records.
    pub(super) fn empty(first: u64, bytes: u64) -> Self {
        Self { first, next: first, bytes, earliest_ms: i64::MAX, latest_ms: i64::MIN }
    }

    /// Creates the figures of a segment with records.
    pub(super) fn new(first: u64, bytes: u64, records: &SegmentRecords) -> Self {
        let mut summary = Self::empty(first, bytes);
        records.entries().iter().for_each(|entry| summary.count(entry));
        summary
    }

    fn count(&mut self, entry: &IndexEntry) {
        self.next += 1;
        self.earliest_ms = self.earliest_ms.min(entry.arrival_ms);
        self.latest_ms = self.latest_ms.max(entry.arrival_ms);
    }
}

/// Consecutive records in one file.
pub(super) struct Segment {
    pub(super) summary: SegmentSummary,
    /// Records, unless they are only on disk.
    pub(super) records: Option<Arc<SegmentRecords>>,
    pub(super) body: SegmentBody,
}

impl Segment {
    /// Creates a segment whose records are in memory.
    pub(super) fn new(first: u64, bytes: u64, records: SegmentRecords, body: SegmentBody) -> Self {
        let summary = SegmentSummary::new(first, bytes, &records);
        Self { summary, records: Some(Arc::new(records)), body }
    }

    /// Creates a segment whose records are only in its file.
    pub(super) fn on_disk(summary: SegmentSummary, path: PathBuf) -> Self {
        Self { summary, records: None, body: SegmentBody::File(path) }
    }

    /// Adds records at the end. The records of the last segment are always in memory.
    pub(super) fn extend(&mut self, entries: Vec<IndexEntry>, bytes: u64) {
        let records = Arc::make_mut(self.records.get_or_insert_default());
        for entry in entries {
            self.summary.count(&entry);
            records.push(entry);
        }
        self.summary.bytes += bytes;
    }
}

/// Oldest records that a log still returns.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Horizon {
    /// Records that arrived before are past retention, milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// Counter from which on records are kept at any age, for a consumer that has not read them.
    pub(crate) kept_from: u64,
}

impl Horizon {
    /// Returns `true` if no record of the segment is kept.
    pub(super) fn is_past(&self, segment: &SegmentSummary) -> bool {
        segment.latest_ms < self.at_ms && segment.next <= self.kept_from
    }
}

/// All segments of a shard, oldest first.
pub(super) struct LogIndex {
    pub(super) segments: VecDeque<Segment>,
    /// Counter of the next record.
    pub(super) next: u64,
}

impl LogIndex {
    pub(super) fn empty() -> Self {
        Self { segments: VecDeque::new(), next: 1 }
    }

    /// File of the last segment, and its length in bytes. `None` in memory, and before a write.
    pub(super) fn last_file(&self) -> Option<(PathBuf, u64)> {
        let last = self.segments.back()?;
        match &last.body {
            SegmentBody::File(path) => Some((path.clone(), last.summary.bytes)),
            SegmentBody::Memory(_) => None,
        }
    }

    /// Latest arrival, milliseconds since 1970.
    pub(super) fn latest_arrival_ms(&self) -> Option<i64> {
        let with_records =
            self.segments.iter().filter(|segment| segment.summary.next > segment.summary.first);
        with_records.map(|segment| segment.summary.latest_ms).max()
    }

    /// Removes the segments of which no record is kept, and returns them. The newest segment stays,
    /// because it determines the next counter.
    pub(super) fn trim(&mut self, horizon: Horizon) -> Vec<Segment> {
        let mut expired_segments = Vec::new();
        while self.segments.len() > 1
            && self.segments.front().is_some_and(|oldest| horizon.is_past(&oldest.summary))
        {
            expired_segments.extend(self.segments.pop_front());
        }
        expired_segments
    }
}
