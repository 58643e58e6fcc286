//! Where each record of a shard is. Counters run without a gap, so an entry needs no counter.

use std::collections::VecDeque;
use std::path::PathBuf;

use bytes::Bytes;

/// One record: 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Entry {
    /// Where it begins in its segment, in bytes.
    pub(super) offset: u32,
    /// How long it is there, in bytes.
    pub(super) length: u32,
    /// When it arrived, milliseconds since 1970; never falls within a shard.
    pub(super) arrival_ms: i64,
}

/// What holds a segment's bytes.
pub(super) enum Body {
    File(PathBuf),
    /// The frames, with the offset of each.
    Memory(Vec<(u32, Bytes)>),
}

/// A run of records.
pub(super) struct Segment {
    /// The counter of the first record.
    pub(super) first: u64,
    pub(super) entries: Vec<Entry>,
    /// How long it is, in bytes.
    pub(super) bytes: u64,
    pub(super) body: Body,
}

impl Segment {
    /// The counter after its last record.
    pub(super) fn next(&self) -> u64 {
        self.first + self.entries.len() as u64
    }
}

/// All segments of a shard, oldest first.
pub(super) struct Index {
    pub(super) segments: VecDeque<Segment>,
    /// The counter the next record gets.
    pub(super) next: u64,
    /// The newest arrival, milliseconds since 1970.
    pub(super) last_arrival_ms: i64,
}

impl Index {
    pub(super) fn empty() -> Self {
        Self { segments: VecDeque::new(), next: 1, last_arrival_ms: i64::MIN }
    }

    /// The counter of the first record that arrived at or after an instant.
    pub(super) fn first_at(&self, at_ms: i64) -> u64 {
        let found = self.segments.iter().find_map(|segment| {
            let before = segment.entries.partition_point(|entry| entry.arrival_ms < at_ms);
            (before < segment.entries.len()).then(|| segment.first + before as u64)
        });
        found.unwrap_or(self.next)
    }

    /// Takes out the segments whose records all arrived before the horizon. The newest one
    /// stays: it says which counter is next.
    pub(super) fn trim(&mut self, horizon_ms: i64) -> Vec<Segment> {
        let mut gone = Vec::new();
        while self.segments.len() > 1 {
            let expired = self
                .segments
                .front()
                .is_some_and(|s| s.entries.last().is_none_or(|e| e.arrival_ms < horizon_ms));
            if !expired {
                break;
            }
            gone.extend(self.segments.pop_front());
        }
        gone
    }
}
