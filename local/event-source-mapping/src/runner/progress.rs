//! Progress of a mapping, for watchers and metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::record::SequenceNumber;
use tokio::sync::watch;

use crate::decisions::position::ShardPosition;
use crate::decisions::sub_shards::RecordCounts;

const RECORDS: &str = "daymark_mapping_records_total";
const BATCHES: &str = "daymark_mapping_batches_total";
const ITERATOR_AGE: &str = "daymark_mapping_iterator_age_seconds";

/// Progress of a mapping. The counters begin at zero with each mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MappingProgress {
    /// `true` after the stream is found and the start positions are stored.
    pub reading: bool,
    /// Progress by shard id, including finished shards.
    pub shards: BTreeMap<String, ShardProgress>,
}

/// Progress of a mapping in one shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardProgress {
    /// Stored checkpoint: all records up to it are handled or discarded.
    pub checkpoint: Option<SequenceNumber>,
    /// `true` if the shard is closed and all its records are done.
    pub finished: bool,
    /// Number of records that the handler processed.
    pub records_processed: u64,
    /// Number of records left to retry, counted after each invocation.
    pub records_retried: u64,
    /// Number of discarded records.
    pub records_discarded: u64,
    /// Number of invocations.
    pub batches: u64,
    /// Age of the last record of the last batch at its invocation; zero if there are no unread
    /// records.
    pub iterator_age: Duration,
}

impl MappingProgress {
    /// Sums the progress of all shards. The age is the largest one. There is no checkpoint, because
    /// a checkpoint belongs to one shard.
    #[must_use]
    pub fn total(&self) -> ShardProgress {
        let mut total = ShardProgress {
            finished: self.shards.values().all(|shard| shard.finished),
            ..ShardProgress::default()
        };
        for shard in self.shards.values() {
            total.records_processed += shard.records_processed;
            total.records_retried += shard.records_retried;
            total.records_discarded += shard.records_discarded;
            total.batches += shard.batches;
            total.iterator_age = total.iterator_age.max(shard.iterator_age);
        }
        total
    }
}

/// Publisher of the progress.
#[derive(Debug)]
pub(crate) struct ProgressPublisher(watch::Sender<MappingProgress>);

impl ProgressPublisher {
    pub(crate) fn new(positions: &BTreeMap<String, ShardPosition>) -> Self {
        let publisher = Self(watch::Sender::default());
        for (shard, position) in positions {
            publisher.set_checkpoint(shard, position);
        }
        publisher
    }

    pub(crate) fn subscribe(&self) -> watch::Receiver<MappingProgress> {
        self.0.subscribe()
    }

    pub(crate) fn set_reading(&self) {
        self.0.send_modify(|progress| progress.reading = true);
    }

    pub(crate) fn set_checkpoint(&self, shard: &str, position: &ShardPosition) {
        self.change(shard, |progress| match position {
            ShardPosition::After(number) => progress.checkpoint = Some(number.clone()),
            ShardPosition::End => progress.finished = true,
            // Reading begins, or begins again.
            ShardPosition::TrimHorizon | ShardPosition::Latest(_) | ShardPosition::Since(_) => {
                (progress.checkpoint, progress.finished) = (None, false);
            }
        });
    }

    pub(crate) fn count_invocation(&self, shard: &str, age: Duration) {
        self.change(shard, |progress| {
            progress.batches += 1;
            progress.iterator_age = age;
        });
        metrics::counter!(BATCHES).increment(1);
        self.record_age();
    }

    pub(crate) fn set_caught_up(&self, shard: &str) {
        let zeroed = self.0.send_if_modified(|progress| {
            let shard = progress.shards.entry(shard.to_owned()).or_default();
            !std::mem::take(&mut shard.iterator_age).is_zero()
        });
        if zeroed {
            self.record_age();
        }
    }

    pub(crate) fn count_records(&self, shard: &str, counts: RecordCounts) {
        let (processed, retried) = (counts.processed as u64, counts.retried as u64);
        self.change(shard, |progress| {
            progress.records_processed += processed;
            progress.records_retried += retried;
        });
        metrics::counter!(RECORDS, "outcome" => "processed").increment(processed);
        metrics::counter!(RECORDS, "outcome" => "retried").increment(retried);
    }

    pub(crate) fn count_discarded(&self, shard: &str, records: usize) {
        self.change(shard, |progress| progress.records_discarded += records as u64);
        metrics::counter!(RECORDS, "outcome" => "discarded").increment(records as u64);
    }

    /// Sets the iterator age of the mapping: the largest age of a shard, as in Lambda.
    fn record_age(&self) {
        let age = self.0.borrow().total().iterator_age;
        metrics::gauge!(ITERATOR_AGE).set(age.as_secs_f64());
    }

    fn change(&self, shard: &str, change: impl FnOnce(&mut ShardProgress)) {
        self.0.send_modify(|progress| match progress.shards.get_mut(shard) {
            Some(shard) => change(shard),
            None => change(progress.shards.entry(shard.to_owned()).or_default()),
        });
    }
}
