//! Batches of consecutive records, which can be split.

use std::ops::Range;
use std::sync::Arc;

use domain::record::Delivered;

/// Consecutive records of one sub-shard. A split copies no records.
#[derive(Debug, Clone)]
pub struct RecordBatch {
    all: Arc<[Delivered]>,
    /// Ordinal of each record in the shard; see [`super::watermark`].
    ordinals: Arc<[u64]>,
    range: Range<usize>,
}

impl RecordBatch {
    pub(crate) fn new(numbered: impl IntoIterator<Item = (u64, Delivered)>) -> Self {
        let (ordinals, all): (Vec<u64>, Vec<Delivered>) = numbered.into_iter().unzip();
        let range = 0..all.len();
        Self { all: all.into(), ordinals: ordinals.into(), range }
    }

    /// Records of the batch, in the order of their shard.
    #[must_use]
    pub fn records(&self) -> &[Delivered] {
        &self.all[self.range.clone()]
    }

    pub(crate) fn ordinals(&self) -> &[u64] {
        &self.ordinals[self.range.clone()]
    }

    pub(crate) fn len(&self) -> usize {
        self.range.len()
    }

    /// Splits the batch into its first `at` records and the rest.
    pub(crate) fn split_at(self, at: usize) -> (Self, Self) {
        let middle = self.range.start + at.min(self.len());
        let front = Self { range: self.range.start..middle, ..self.clone() };
        (front, Self { range: middle..self.range.end, ..self })
    }
}
