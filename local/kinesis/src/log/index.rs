//! Index of the records of a shard. Counters have no gaps, so an entry needs no counter.

use std::collections::VecDeque;
use std::path::PathBuf;

use bytes::Bytes;

/// Location of one record, in 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct IndexEntry {
    /// Offset in the segment, in bytes.
    pub(super) offset: u32,
    /// Stored length, in bytes.
    pub(super) length: u32,
    /// Arrival by the clock of the machine, milliseconds since 1970.
    pub(super) arrival_ms: i64,
}

/// Storage of the bytes of a segment.
pub(super) enum SegmentBody {
    File(PathBuf),
    /// Frames with their offsets.
    Memory(Vec<(u32, Bytes)>),
}

/// Consecutive records in one file.
pub(super) struct Segment {
    /// Counter of the first record.
    pub(super) first: u64,
    entries: Vec<IndexEntry>,
    /// Positions of entries that arrived before their predecessor: the clock was set back.
    set_backs: Vec<usize>,
    /// Length in bytes.
    pub(super) bytes: u64,
    pub(super) body: SegmentBody,
}

impl Segment {
    pub(super) fn new(first: u64, bytes: u64, body: SegmentBody) -> Self {
        Self { first, entries: Vec::new(), set_backs: Vec::new(), bytes, body }
    }

    pub(super) fn entries(&self) -> &[IndexEntry] {
        &self.entries
    }

    pub(super) fn push(&mut self, entry: IndexEntry) {
        if self.entries.last().is_some_and(|last| entry.arrival_ms < last.arrival_ms) {
            self.set_backs.push(self.entries.len());
        }
        self.entries.push(entry);
    }

    /// Position of the first record that arrived at or after an instant. Between two set-backs of
    /// the clock, arrivals are sorted.
    fn first_at(&self, at_ms: i64) -> Option<usize> {
        let mut start = 0;
        for end in self.set_backs.iter().copied().chain([self.entries.len()]) {
            let run = &self.entries[start..end];
            let found = start + run.partition_point(|entry| entry.arrival_ms < at_ms);
            if found < end {
                return Some(found);
            }
            start = end;
        }
        None
    }

    /// Counter after the last record.
    pub(super) fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
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

    /// Counter of the first record that arrived at or after an instant, or of the next record.
    pub(super) fn first_at(&self, at_ms: i64) -> u64 {
        let found = self.segments.iter().find_map(|segment| {
            segment.first_at(at_ms).map(|position| segment.first + position as u64)
        });
        found.unwrap_or(self.next)
    }

    /// File of the last segment, and its length in bytes. `None` in memory, and before a write.
    pub(super) fn last_file(&self) -> Option<(PathBuf, u64)> {
        let last = self.segments.back()?;
        match &last.body {
            SegmentBody::File(path) => Some((path.clone(), last.bytes)),
            SegmentBody::Memory(_) => None,
        }
    }

    /// Latest arrival, milliseconds since 1970.
    pub(super) fn latest_arrival_ms(&self) -> Option<i64> {
        let entries = self.segments.iter().flat_map(Segment::entries);
        entries.map(|entry| entry.arrival_ms).max()
    }

    /// Removes the segments in which every record arrived before the horizon, and returns them.
    /// The newest segment stays, because it determines the next counter.
    pub(super) fn trim(&mut self, horizon_ms: i64) -> Vec<Segment> {
        let mut expired_segments = Vec::new();
        while self.segments.len() > 1 {
            let oldest = self.segments.front();
            let is_expired = oldest.is_some_and(|segment| segment.first_at(horizon_ms).is_none());
            if !is_expired {
                break;
            }
            expired_segments.extend(self.segments.pop_front());
        }
        expired_segments
    }
}
