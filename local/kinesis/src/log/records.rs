//! Locations of the records of one segment.

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

/// Locations of the records of a segment, in order.
#[derive(Debug, Clone, Default)]
pub(super) struct SegmentRecords {
    entries: Vec<IndexEntry>,
    /// Positions of entries that arrived before their predecessor: the clock was set back.
    set_backs: Vec<usize>,
}

impl FromIterator<IndexEntry> for SegmentRecords {
    fn from_iter<I: IntoIterator<Item = IndexEntry>>(entries: I) -> Self {
        let mut records = Self::default();
        entries.into_iter().for_each(|entry| records.push(entry));
        records
    }
}

impl SegmentRecords {
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
    pub(super) fn first_at(&self, at_ms: i64) -> Option<usize> {
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
}
