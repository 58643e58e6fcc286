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
    /// Arrival, milliseconds since 1970. Never decreases within a shard.
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
    pub(super) entries: Vec<IndexEntry>,
    /// Length in bytes.
    pub(super) bytes: u64,
    pub(super) body: SegmentBody,
}

impl Segment {
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
    /// Latest arrival, milliseconds since 1970.
    pub(super) last_arrival_ms: i64,
}

impl LogIndex {
    pub(super) fn empty() -> Self {
        Self { segments: VecDeque::new(), next: 1, last_arrival_ms: i64::MIN }
    }

    /// Counter of the first record that arrived at or after an instant, or of the next record.
    pub(super) fn first_at(&self, at_ms: i64) -> u64 {
        let found = self.segments.iter().find_map(|segment| {
            let before = segment.entries.partition_point(|entry| entry.arrival_ms < at_ms);
            (before < segment.entries.len()).then(|| segment.first + before as u64)
        });
        found.unwrap_or(self.next)
    }

    /// Removes the segments in which every record arrived before the horizon, and returns them.
    /// The newest segment stays, because it determines the next counter.
    pub(super) fn trim(&mut self, horizon_ms: i64) -> Vec<Segment> {
        let mut expired_segments = Vec::new();
        while self.segments.len() > 1 {
            let is_expired = self
                .segments
                .front()
                .is_some_and(|s| s.entries.last().is_none_or(|e| e.arrival_ms < horizon_ms));
            if !is_expired {
                break;
            }
            expired_segments.extend(self.segments.pop_front());
        }
        expired_segments
    }
}
