//! A run of records that is handed over together, and may be taken apart again.

use std::ops::Range;
use std::sync::Arc;

use domain::record::Delivered;

/// Some neighbouring records of one lane. Taking it apart copies no record.
#[derive(Debug, Clone)]
pub struct Batch {
    all: Arc<[Delivered]>,
    /// For each record its ordinal in the shard, see `prefix`.
    ordinals: Arc<[u64]>,
    range: Range<usize>,
}

impl Batch {
    pub(crate) fn new(numbered: impl IntoIterator<Item = (u64, Delivered)>) -> Self {
        let (ordinals, all): (Vec<u64>, Vec<Delivered>) = numbered.into_iter().unzip();
        let range = 0..all.len();
        Self { all: all.into(), ordinals: ordinals.into(), range }
    }

    /// The records, in the order of their shard.
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

    /// The first `at` records, and the rest.
    pub(crate) fn split_at(self, at: usize) -> (Self, Self) {
        let middle = self.range.start + at.min(self.len());
        let front = Self { range: self.range.start..middle, ..self.clone() };
        (front, Self { range: middle..self.range.end, ..self })
    }
}
