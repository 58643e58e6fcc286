//! Processing of one shard between the poll and the checkpoint, without I/O and without a clock.
//!
//! A sub-shard is a part of a shard in which one batch runs at a time, as in Lambda. A partition
//! key always belongs to the same sub-shard, so the records of each key stay in order.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{BATCH_BYTES_MAX, GET_RECORDS_MAX};
use domain::record::{Delivered, SequenceNumber};
use md5::{Digest, Md5};

use super::batch::RecordBatch;
use super::batch_decision::{AgeRun, BatchDecision, InvocationOutcome, RetryPolicy};
use super::batching::{BatchLimits, Intake, NextBatch, RecordSize};
use super::watermark::Watermark;
use crate::settings::RETRY_BACKOFF_MAX;

/// Most records between the checkpoint and the newest one read. It limits the progress of the other
/// sub-shards while one of them is stuck.
const RECORDS_AHEAD_MAX: usize = 10 * GET_RECORDS_MAX;

/// Time of a decision, on both clocks of a shard.
#[derive(Debug, Clone, Copy)]
pub struct ShardTime {
    /// Time on the clock of the arrival times.
    pub wall: DateTime<Utc>,
    /// Time since the start of reading the shard, for windows and pauses.
    pub elapsed: Duration,
}

/// Settings of a mapping that one shard needs.
#[derive(Debug, Clone)]
pub struct ShardRules {
    /// Limits of a batch.
    pub batch_limits: BatchLimits,
    /// Rules for a batch that fails.
    pub retry_policy: RetryPolicy,
    /// Most batches that run at the same time: the number of sub-shards.
    pub parallelization_factor: usize,
    /// Pause before the first retry.
    pub retry_backoff: Duration,
    /// ARN of the stream, which is part of the payload of an invocation.
    pub stream_arn: String,
}

/// Next action for one sub-shard. The sub-shard waits until the action is reported as complete.
#[derive(Debug)]
pub enum ShardAction {
    /// Call the handler, then [`SubShards::complete_invocation`].
    Invoke {
        /// Index of the sub-shard.
        sub_shard: usize,
        /// Batch for the handler.
        batch: RecordBatch,
    },
    /// Store the batch in the destination, then [`SubShards::complete_discard`].
    Discard(DiscardedBatch),
}

/// Batch that is not passed to the handler again.
#[derive(Debug)]
pub struct DiscardedBatch {
    /// Index of the sub-shard.
    pub sub_shard: usize,
    /// Records of the batch.
    pub batch: RecordBatch,
    /// Reason for discarding.
    pub condition: DiscardCondition,
    /// Number of invocations with this batch or the batches it was split from.
    pub invocations: u32,
    /// Outcome of the last invocation, if there was one.
    pub last_outcome: Option<InvocationOutcome>,
}

/// Reason for discarding a batch, in the words of Lambda where they are documented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiscardCondition {
    /// The retries are used up. Documented by Lambda.
    RetryAttemptsExhausted,
    /// The records are too old. Lambda documents no word.
    RecordAgeExceeded,
    /// The record exceeds the payload of an invocation. Lambda documents no word.
    PayloadSizeExceeded,
}

/// Numbers of records that an invocation completed or left to retry.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct RecordCounts {
    /// Records that succeeded.
    pub processed: usize,
    /// Records that are passed to the handler again.
    pub retried: usize,
}

#[derive(Debug)]
struct PendingBatch {
    batch: RecordBatch,
    /// Failed invocations since the batch begins with its current first record.
    failures: u32,
    invocations: u32,
    last_outcome: Option<InvocationOutcome>,
    /// Set when the batch is to be discarded.
    discard: Option<DiscardCondition>,
}

#[derive(Debug, Default)]
struct SubShard {
    waiting: VecDeque<(u64, Delivered, RecordSize)>,
    waiting_bytes: usize,
    /// Start of the batching window of the waiting records.
    window_from: Duration,
    /// Closed batches, the next one first.
    queue: VecDeque<PendingBatch>,
    /// Batch in the handler or on its way to the destination.
    running: Option<PendingBatch>,
    /// Earliest time of the next invocation.
    not_before: Duration,
}

/// Processing of one shard between the poll and the checkpoint.
#[derive(Debug)]
pub struct SubShards {
    rules: ShardRules,
    sub_shards: Vec<SubShard>,
    watermark: Watermark,
    intake: Intake,
    /// Age limit of records; `None` until it is known.
    age_max: Option<Duration>,
}

impl SubShards {
    /// Creates the state of a shard before the first record.
    #[must_use]
    pub fn new(rules: ShardRules) -> Self {
        let sub_shards = (0..rules.parallelization_factor).map(|_| SubShard::default()).collect();
        let (watermark, intake) = (Watermark::default(), Intake::Open);
        Self { rules, sub_shards, watermark, intake, age_max: None }
    }

    /// Adds records, in the order of the shard.
    pub fn push(&mut self, records: impl IntoIterator<Item = Delivered>, now: ShardTime) {
        for record in records {
            let index = sub_shard_of(&record.partition_key, self.sub_shards.len());
            let sub_shard = &mut self.sub_shards[index];
            if sub_shard.waiting.is_empty() {
                // A window begins with its first record, but not while a batch runs.
                sub_shard.window_from = sub_shard.window_from.max(now.elapsed);
            }
            let ordinal = self.watermark.push(record.sequence_number.clone());
            let size = RecordSize::new(&record, &self.rules.stream_arn);
            sub_shard.waiting_bytes += size.data;
            sub_shard.waiting.push_back((ordinal, record, size));
        }
    }

    /// Sets the age beyond which records are discarded.
    pub fn set_age_max(&mut self, age_max: Duration) {
        self.age_max = Some(age_max);
    }

    /// Declares that no more records follow.
    pub fn end(&mut self) {
        self.intake = Intake::Ended;
    }

    /// Returns the next action, if there is one now.
    pub fn next_action(&mut self, now: ShardTime) -> Option<ShardAction> {
        (0..self.sub_shards.len()).find_map(|index| self.next_action_of(index, now))
    }

    fn next_action_of(&mut self, index: usize, now: ShardTime) -> Option<ShardAction> {
        let (rules, intake, age_max) = (&self.rules, self.intake, self.age_max);
        let sub_shard = &mut self.sub_shards[index];
        if sub_shard.running.is_some() {
            return None;
        }
        if sub_shard.queue.is_empty() {
            let NextBatch::Take(count) = sub_shard.next_batch(rules, intake, now) else {
                return None;
            };
            sub_shard.take(count);
        }
        let mut pending = sub_shard.queue.pop_front()?;
        if pending.discard.is_none() {
            pending = sub_shard.split_by_age(pending, age_max, now);
        }
        if pending.discard.is_none() && now.elapsed < sub_shard.not_before {
            sub_shard.queue.push_front(pending);
            return None;
        }
        let batch = pending.batch.clone();
        let action = match pending.discard {
            Some(condition) => ShardAction::Discard(DiscardedBatch {
                sub_shard: index,
                batch,
                condition,
                invocations: pending.invocations,
                last_outcome: pending.last_outcome,
            }),
            None => {
                pending.invocations += 1;
                ShardAction::Invoke { sub_shard: index, batch }
            }
        };
        sub_shard.running = Some(pending);
        Some(action)
    }

    /// Earliest time at which [`SubShards::next_action`] can return an action without new records
    /// and without a completed action.
    #[must_use]
    pub fn next_wake(&self, now: ShardTime) -> Option<Duration> {
        let wake = |sub_shard: &SubShard| match (&sub_shard.running, sub_shard.queue.is_empty()) {
            (Some(_), _) => None,
            (None, false) => Some(sub_shard.not_before),
            (None, true) => match sub_shard.next_batch(&self.rules, self.intake, now) {
                NextBatch::None => None,
                NextBatch::Take(_) => Some(now.elapsed),
                NextBatch::WaitUntil(end) => Some(end),
            },
        };
        self.sub_shards.iter().filter_map(wake).min()
    }

    /// Completes the invocation of a sub-shard.
    pub fn complete_invocation(
        &mut self,
        sub_shard: usize,
        outcome: InvocationOutcome,
        now: ShardTime,
    ) -> RecordCounts {
        let Some(mut pending) = self.sub_shards[sub_shard].running.take() else {
            return RecordCounts::default();
        };
        pending.last_outcome = Some(outcome);
        let len = pending.batch.len();
        let policy = self.rules.retry_policy;
        let decision = BatchDecision::new(len, outcome, pending.failures, policy);
        let (processed, retried) = match decision {
            BatchDecision::Checkpoint => (len, 0),
            BatchDecision::RetryFrom { index, .. } => (index, len - index),
            BatchDecision::Halve { .. } => (0, len),
            BatchDecision::DiscardFrom { index } => (index, 0),
        };
        let (done, rest) = pending.batch.split_at(processed);
        self.mark_done(&done);
        let sub_shard = &mut self.sub_shards[sub_shard];
        sub_shard.window_from = now.elapsed;
        pending.batch = rest;
        match decision {
            BatchDecision::Checkpoint => {}
            BatchDecision::RetryFrom { failures, .. } => {
                pending.failures = failures;
                sub_shard.not_before = now.elapsed + backoff(self.rules.retry_backoff, failures);
                sub_shard.queue.push_front(pending);
            }
            BatchDecision::Halve { at } => {
                // The halves are new inputs and not repetitions, so there is no pause.
                let (front, back) = pending.split_at(at);
                sub_shard.queue.push_front(back);
                sub_shard.queue.push_front(front);
            }
            BatchDecision::DiscardFrom { .. } => {
                pending.discard = Some(DiscardCondition::RetryAttemptsExhausted);
                sub_shard.queue.push_front(pending);
            }
        }
        RecordCounts { processed, retried }
    }

    /// Completes the discard of a sub-shard and returns the number of discarded records.
    pub fn complete_discard(&mut self, sub_shard: usize) -> usize {
        let Some(pending) = self.sub_shards[sub_shard].running.take() else { return 0 };
        self.mark_done(&pending.batch);
        pending.batch.len()
    }

    fn mark_done(&mut self, batch: &RecordBatch) {
        for &ordinal in batch.ordinals() {
            self.watermark.mark_done(ordinal);
        }
    }

    /// Last record up to which everything is done.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&SequenceNumber> {
        self.watermark.reached()
    }

    /// `true` if all records are done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.watermark.len() == 0
    }

    /// `true` if more records should be read.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let factor = self.rules.parallelization_factor;
        let waiting: usize = self.sub_shards.iter().map(|sub_shard| sub_shard.waiting.len()).sum();
        let bytes: usize = self.sub_shards.iter().map(|sub_shard| sub_shard.waiting_bytes).sum();
        waiting < self.rules.batch_limits.batch_size * factor
            && bytes < BATCH_BYTES_MAX * factor
            && self.watermark.len() < RECORDS_AHEAD_MAX
    }
}

impl SubShard {
    fn next_batch(&self, rules: &ShardRules, intake: Intake, now: ShardTime) -> NextBatch {
        let sizes = self.waiting.iter().map(|(_, _, size)| *size);
        NextBatch::new(sizes, rules.batch_limits, intake, self.window_from, now.elapsed)
    }

    fn take(&mut self, count: usize) {
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        self.waiting_bytes -= taken.iter().map(|(_, _, size)| size.data).sum::<usize>();
        let too_large = taken.len() == 1 && taken[0].2.exceeds_payload();
        let numbered = taken.into_iter().map(|(ordinal, record, _)| (ordinal, record));
        self.queue.push_back(PendingBatch {
            batch: RecordBatch::new(numbered),
            failures: 0,
            invocations: 0,
            last_outcome: None,
            discard: too_large.then_some(DiscardCondition::PayloadSizeExceeded),
        });
    }

    /// Reduces a batch to its first records that are all within the age limit, or all beyond it.
    /// The rest returns to the queue. Expired records are discarded without the pause of a retry.
    fn split_by_age(
        &mut self,
        pending: PendingBatch,
        age_max: Option<Duration>,
        now: ShardTime,
    ) -> PendingBatch {
        let (count, discard) = match AgeRun::new(pending.batch.records(), age_max, now.wall) {
            AgeRun::Expired(count) => (count, Some(DiscardCondition::RecordAgeExceeded)),
            AgeRun::Fresh(count) => (count, None),
        };
        let (front, back) = pending.split_at(count);
        if back.batch.len() > 0 {
            self.queue.push_front(back);
        }
        PendingBatch { discard, ..front }
    }
}

impl PendingBatch {
    fn split_at(self, at: usize) -> (Self, Self) {
        let (front, back) = self.batch.clone().split_at(at);
        (Self { batch: front, ..self }, Self { batch: back, ..self })
    }
}

/// Sub-shard of a partition key. Kinesis selects the shard by the upper half of the MD5, so the
/// lower half is evenly distributed within a shard.
fn sub_shard_of(partition_key: &str, count: usize) -> usize {
    let lower =
        Md5::digest(partition_key)[8..].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    (lower % count as u64) as usize
}

/// Pause after `failures` failures in a row. It doubles with each failure, without jitter, because
/// a shard has only one reader.
pub(crate) fn backoff(first: Duration, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    first.saturating_mul(1 << doublings).min(RETRY_BACKOFF_MAX)
}

#[cfg(test)]
mod tests;
