//! How far a mapping is, for those who watch it and for the metrics.

use std::collections::BTreeMap;
use std::time::Duration;

use domain::record::SequenceNumber;
use tokio::sync::watch;

use crate::decisions::lanes::Tally;
use crate::decisions::position::Position;

const RECORDS: &str = "daymark_mapping_records_total";
const BATCHES: &str = "daymark_mapping_batches_total";
const ITERATOR_AGE: &str = "daymark_mapping_iterator_age_seconds";

/// How far a mapping is. The counters begin at zero with each mapping.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Progress {
    /// The stream was found, and where to read it from is settled.
    pub reading: bool,
    /// By shard id; finished shards stay.
    pub shards: BTreeMap<String, ShardProgress>,
}

/// How far a mapping is in one shard.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShardProgress {
    /// Everything up to here is checkpointed: handled or discarded, and noted.
    pub checkpoint: Option<SequenceNumber>,
    /// The shard was closed and everything in it is checkpointed.
    pub finished: bool,
    /// Records the handler took.
    pub records_processed: u64,
    /// Records that were to be handed over again, counted each time.
    pub records_retried: u64,
    /// Records that went to the destination.
    pub records_discarded: u64,
    /// Calls of the handler.
    pub batches: u64,
    /// How old the last record of the last batch was when it was handed over; zero when there is
    /// nothing left to read.
    pub iterator_age: Duration,
}

impl Progress {
    /// All shards together; the age is that of the shard that is furthest behind. The checkpoint
    /// is left out: it means nothing across shards.
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

/// Writes the progress, where everybody can see it.
#[derive(Debug, Clone)]
pub(crate) struct Board(watch::Sender<Progress>);

impl Board {
    pub(crate) fn new(positions: &BTreeMap<String, Position>) -> Self {
        let board = Self(watch::Sender::default());
        for (shard, position) in positions {
            board.checkpointed(shard, position);
        }
        board
    }

    pub(crate) fn watch(&self) -> watch::Receiver<Progress> {
        self.0.subscribe()
    }

    pub(crate) fn reading(&self) {
        self.0.send_modify(|progress| progress.reading = true);
    }

    pub(crate) fn checkpointed(&self, shard: &str, position: &Position) {
        self.change(shard, |progress| match position {
            Position::After(number) => progress.checkpoint = Some(number.clone()),
            Position::End => progress.finished = true,
            // It begins, or begins again.
            Position::TrimHorizon | Position::Latest(_) | Position::Since(_) => {
                (progress.checkpoint, progress.finished) = (None, false);
            }
        });
    }

    pub(crate) fn handed_over(&self, shard: &str, age: Duration) {
        self.change(shard, |progress| {
            progress.batches += 1;
            progress.iterator_age = age;
        });
        metrics::counter!(BATCHES).increment(1);
        self.show_age();
    }

    pub(crate) fn caught_up(&self, shard: &str) {
        let zeroed = self.0.send_if_modified(|progress| {
            let shard = progress.shards.entry(shard.to_owned()).or_default();
            !std::mem::take(&mut shard.iterator_age).is_zero()
        });
        if zeroed {
            self.show_age();
        }
    }

    pub(crate) fn answered(&self, shard: &str, tally: Tally) {
        let (processed, retried) = (tally.processed as u64, tally.retried as u64);
        self.change(shard, |progress| {
            progress.records_processed += processed;
            progress.records_retried += retried;
        });
        metrics::counter!(RECORDS, "outcome" => "processed").increment(processed);
        metrics::counter!(RECORDS, "outcome" => "retried").increment(retried);
    }

    pub(crate) fn discarded(&self, shard: &str, records: usize) {
        self.change(shard, |progress| progress.records_discarded += records as u64);
        metrics::counter!(RECORDS, "outcome" => "discarded").increment(records as u64);
    }

    /// One figure for the mapping, as Lambda has it: the shard that is furthest behind.
    fn show_age(&self) {
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
