//! Index of a shard, shared by its writer and the readers.

use std::collections::VecDeque;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use super::index::{LogIndex, SegmentBody};
use super::records::SegmentRecords;

/// Number of sealed segments whose records stay in memory: one for a consumer that catches up, and
/// one for another reader.
const LOADED_MAX: usize = 2;

/// Index with the records of the sealed segments that were read last.
pub(super) struct SharedIndex {
    index: RwLock<LogIndex>,
    /// By the counter of the first record, the latest at the end.
    loaded: Mutex<VecDeque<(u64, Arc<SegmentRecords>)>>,
}

impl SharedIndex {
    pub(super) fn new(index: LogIndex) -> Self {
        Self { index: RwLock::new(index), loaded: Mutex::default() }
    }

    pub(super) fn read(&self) -> RwLockReadGuard<'_, LogIndex> {
        self.index.read().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn write(&self) -> RwLockWriteGuard<'_, LogIndex> {
        self.index.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns `true` if a segment has this file.
    pub(super) fn lists(&self, path: &Path) -> bool {
        let index = self.read();
        let mut segments = index.segments.iter();
        segments.any(|segment| matches!(&segment.body, SegmentBody::File(file) if file == path))
    }

    /// Returns the records of the sealed segment that begins with the counter `first`, if they are
    /// in memory.
    pub(super) fn loaded(&self, first: u64) -> Option<Arc<SegmentRecords>> {
        let loaded = self.lock_loaded();
        loaded.iter().find(|(of, _)| *of == first).map(|(_, records)| records.clone())
    }

    /// Keeps the records of a sealed segment in memory, instead of those that were kept longest.
    pub(super) fn keep_loaded(&self, first: u64, records: Arc<SegmentRecords>) {
        let mut loaded = self.lock_loaded();
        loaded.retain(|(of, _)| *of != first);
        loaded.push_back((first, records));
        while loaded.len() > LOADED_MAX {
            loaded.pop_front();
        }
    }

    fn lock_loaded(&self) -> MutexGuard<'_, VecDeque<(u64, Arc<SegmentRecords>)>> {
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
