//! One shard between the poll and the checkpoint: what to do next, given what was read and what
//! the handler answered. No I/O and no clock; [`super::shard`] does what it asks for.
//!
//! A lane is Lambda's sub-shard: one for each batch that may run at a time. A partition key always
//! falls into the same lane, and a lane handles one batch at a time, so each key stays in order.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{BATCH_BYTES_MAX, GET_RECORDS_MAX};
use domain::record::{Delivered, SequenceNumber};
use md5::{Digest, Md5};

use super::batch::Batch;
use super::cut::{Cut, CutRules, Source, Weight, cut};
use super::prefix::Prefix;
use super::verdict::{Ages, Answer, Policy, Verdict, ages, judge};
use super::weight::weigh;
use crate::settings::RETRY_BACKOFF_MAX;

/// Most records between the checkpoint and the newest one read. A lane that is stuck lets the
/// others run ahead of it no further than this.
const RECORDS_AHEAD_MAX: usize = 10 * GET_RECORDS_MAX;

/// The two times a shard goes by.
#[derive(Debug, Clone, Copy)]
pub struct Now {
    /// The clock that arrival times are held against.
    pub wall: DateTime<Utc>,
    /// Time since the shard's reading began, for windows and pauses.
    pub elapsed: Duration,
}

/// What a mapping was told, as far as one shard needs it.
#[derive(Debug, Clone)]
pub struct Rules {
    /// When a batch is full.
    pub cut: CutRules,
    /// What becomes of a batch that fails.
    pub policy: Policy,
    /// Batches that may run side by side.
    pub lanes: usize,
    /// Pause before the first retry.
    pub retry_backoff: Duration,
    /// Named in every invocation, and so a part of its size.
    pub stream_arn: String,
}

/// What is to be done, for one lane. The lane waits until it is told that it was done.
#[derive(Debug)]
pub enum Step {
    /// Call the handler, then [`Lanes::answered`].
    Invoke {
        /// Whose it is.
        lane: usize,
        /// What to hand over.
        batch: Batch,
    },
    /// Keep the batch in the destination, then [`Lanes::kept`].
    Discard(Discarded),
}

/// A batch that is handed over no more.
#[derive(Debug)]
pub struct Discarded {
    /// Whose it was.
    pub lane: usize,
    /// What it holds.
    pub batch: Batch,
    /// Why.
    pub condition: Condition,
    /// How often the handler was called with it or with the batch it was cut from.
    pub invocations: u32,
    /// What the handler answered last.
    pub answer: Option<Answer>,
}

/// Why a batch is discarded, in Lambda's words where the documentation gives them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    /// Documented by Lambda.
    RetryAttemptsExhausted,
    /// Ours: Lambda's word is not documented.
    RecordAgeExceeded,
    /// Ours, as above: the record alone is more than an invocation's payload.
    PayloadSizeExceeded,
}

/// What changed through an answer, in records.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    /// Done with.
    pub processed: usize,
    /// To be handed over again.
    pub retried: usize,
}

#[derive(Debug)]
struct Piece {
    batch: Batch,
    /// Failed calls since the batch began with its first record.
    failures: u32,
    invocations: u32,
    answer: Option<Answer>,
    /// Set when it is not to be handed over again.
    given_up: Option<Condition>,
}

#[derive(Debug, Default)]
struct Lane {
    waiting: VecDeque<(u64, Delivered, Weight)>,
    waiting_bytes: usize,
    /// When the batching window of the waiting records began.
    window_from: Duration,
    /// Cut already, the next one in front.
    pieces: VecDeque<Piece>,
    /// With the handler or the destination.
    out: Option<Piece>,
    /// A failed batch is not handed over before.
    not_before: Duration,
}

/// One shard between the poll and the checkpoint.
#[derive(Debug)]
pub struct Lanes {
    rules: Rules,
    lanes: Vec<Lane>,
    prefix: Prefix,
    source: Source,
    /// Older records are given up. `None` until it is told.
    age_max: Option<Duration>,
}

impl Lanes {
    /// Nothing read yet.
    #[must_use]
    pub fn new(rules: Rules) -> Self {
        let lanes = (0..rules.lanes).map(|_| Lane::default()).collect();
        Self { rules, lanes, prefix: Prefix::default(), source: Source::Open, age_max: None }
    }

    /// Takes records in the order of the shard.
    pub fn offer(&mut self, records: impl IntoIterator<Item = Delivered>, now: Now) {
        for record in records {
            let index = lane_of(&record.partition_key, self.lanes.len());
            let lane = &mut self.lanes[index];
            if lane.waiting.is_empty() {
                // A window begins with its first record, but not while a batch runs.
                lane.window_from = lane.window_from.max(now.elapsed);
            }
            let ordinal = self.prefix.admit(record.sequence_number.clone());
            let weight = weigh(&record, &self.rules.stream_arn);
            lane.waiting_bytes += weight.raw;
            lane.waiting.push_back((ordinal, record, weight));
        }
    }

    /// From now on records older than this are given up.
    pub fn limit_age(&mut self, age_max: Duration) {
        self.age_max = Some(age_max);
    }

    /// Nothing more will be offered.
    pub fn end(&mut self) {
        self.source = Source::Ended;
    }

    /// The next thing to do now, if any.
    pub fn next(&mut self, now: Now) -> Option<Step> {
        (0..self.lanes.len()).find_map(|lane| self.next_of(lane, now))
    }

    fn next_of(&mut self, index: usize, now: Now) -> Option<Step> {
        let (rules, source, age_max) = (&self.rules, self.source, self.age_max);
        let lane = &mut self.lanes[index];
        if lane.out.is_some() {
            return None;
        }
        if lane.pieces.is_empty() {
            let Cut::Take(count) = lane.cut(rules, source, now) else { return None };
            lane.take(count);
        }
        let mut piece = lane.pieces.pop_front()?;
        if piece.given_up.is_none() {
            piece = lane.part(piece, age_max, now);
        }
        if piece.given_up.is_none() && now.elapsed < lane.not_before {
            lane.pieces.push_front(piece);
            return None;
        }
        let batch = piece.batch.clone();
        let step = match piece.given_up {
            Some(condition) => {
                let Piece { invocations, answer, .. } = piece;
                Step::Discard(Discarded { lane: index, batch, condition, invocations, answer })
            }
            None => {
                piece.invocations += 1;
                Step::Invoke { lane: index, batch }
            }
        };
        lane.out = Some(piece);
        Some(step)
    }

    /// When [`Lanes::next`] may have something again without an answer or new records.
    #[must_use]
    pub fn wakes_at(&self, now: Now) -> Option<Duration> {
        let wakes = |lane: &Lane| match (&lane.out, lane.pieces.is_empty()) {
            (Some(_), _) => None,
            (None, false) => Some(lane.not_before),
            (None, true) => match lane.cut(&self.rules, self.source, now) {
                Cut::Nothing => None,
                Cut::Take(_) => Some(now.elapsed),
                Cut::WaitUntil(over) => Some(over),
            },
        };
        self.lanes.iter().filter_map(wakes).min()
    }

    /// The handler answered the lane's batch.
    pub fn answered(&mut self, lane: usize, answer: Answer, now: Now) -> Tally {
        let Some(mut piece) = self.lanes[lane].out.take() else { return Tally::default() };
        piece.answer = Some(answer);
        let len = piece.batch.len();
        let verdict = judge(len, answer, piece.failures, self.rules.policy);
        let (processed, retried) = match verdict {
            Verdict::Checkpoint => (len, 0),
            Verdict::RetryFrom { index, .. } => (index, len - index),
            Verdict::Halve { .. } => (0, len),
            Verdict::DiscardFrom { index } => (index, 0),
        };
        let (done, rest) = piece.batch.split_at(processed);
        self.finish(&done);
        let lane = &mut self.lanes[lane];
        lane.window_from = now.elapsed;
        piece.batch = rest;
        match verdict {
            Verdict::Checkpoint => {}
            Verdict::RetryFrom { failures, .. } => {
                piece.failures = failures;
                lane.not_before = now.elapsed + backoff(self.rules.retry_backoff, failures);
                lane.pieces.push_front(piece);
            }
            Verdict::Halve { at } => {
                // Another input, not a repetition: nothing to wait for.
                let (front, back) = piece.split_at(at);
                lane.pieces.push_front(back);
                lane.pieces.push_front(front);
            }
            Verdict::DiscardFrom { .. } => {
                piece.given_up = Some(Condition::RetryAttemptsExhausted);
                lane.pieces.push_front(piece);
            }
        }
        Tally { processed, retried }
    }

    /// The lane's batch is safe in the destination; answers how many records it had.
    pub fn kept(&mut self, lane: usize) -> usize {
        let Some(piece) = self.lanes[lane].out.take() else { return 0 };
        self.finish(&piece.batch);
        piece.batch.len()
    }

    fn finish(&mut self, batch: &Batch) {
        for &ordinal in batch.ordinals() {
            self.prefix.done(ordinal);
        }
    }

    /// Everything up to here is done.
    #[must_use]
    pub fn checkpoint(&self) -> Option<&SequenceNumber> {
        self.prefix.reached()
    }

    /// Whether everything offered is done.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.prefix.len() == 0
    }

    /// Whether it makes sense to read more.
    #[must_use]
    pub fn has_room(&self) -> bool {
        let waiting: usize = self.lanes.iter().map(|lane| lane.waiting.len()).sum();
        let bytes: usize = self.lanes.iter().map(|lane| lane.waiting_bytes).sum();
        waiting < self.rules.cut.batch_size * self.rules.lanes
            && bytes < BATCH_BYTES_MAX * self.rules.lanes
            && self.prefix.len() < RECORDS_AHEAD_MAX
    }
}

impl Lane {
    fn cut(&self, rules: &Rules, source: Source, now: Now) -> Cut {
        let weights = self.waiting.iter().map(|(_, _, weight)| *weight);
        cut(weights, rules.cut, source, self.window_from, now.elapsed)
    }

    fn take(&mut self, count: usize) {
        let taken: Vec<_> = self.waiting.drain(..count).collect();
        self.waiting_bytes -= taken.iter().map(|(_, _, weight)| weight.raw).sum::<usize>();
        let too_much = taken.len() == 1 && taken[0].2.is_too_much();
        let numbered = taken.into_iter().map(|(ordinal, record, _)| (ordinal, record));
        self.pieces.push_back(Piece {
            batch: Batch::new(numbered),
            failures: 0,
            invocations: 0,
            answer: None,
            given_up: too_much.then_some(Condition::PayloadSizeExceeded),
        });
    }

    /// Leaves of the front piece what is all within the age limit or all beyond it, and gives up
    /// the latter. An expired record does not wait for a retry's pause.
    fn part(&mut self, piece: Piece, age_max: Option<Duration>, now: Now) -> Piece {
        let (count, given_up) = match ages(piece.batch.records(), age_max, now.wall) {
            Ages::Expired(count) => (count, Some(Condition::RecordAgeExceeded)),
            Ages::Fresh(count) => (count, None),
        };
        let (front, back) = piece.split_at(count);
        if back.batch.len() > 0 {
            self.pieces.push_front(back);
        }
        Piece { given_up, ..front }
    }
}

impl Piece {
    fn split_at(self, at: usize) -> (Self, Self) {
        let (front, back) = self.batch.clone().split_at(at);
        (Self { batch: front, ..self }, Self { batch: back, ..self })
    }
}

/// Kinesis chooses the shard by the upper end of the key's MD5, so the lower end is even within it.
fn lane_of(partition_key: &str, lanes: usize) -> usize {
    let lower =
        Md5::digest(partition_key)[8..].iter().fold(0, |sum, &byte| sum << 8 | u64::from(byte));
    (lower % lanes as u64) as usize
}

/// Doubles with each failure in a row, without jitter: there is only one reader of a shard.
pub(crate) fn backoff(first: Duration, failures: u32) -> Duration {
    let doublings = failures.saturating_sub(1).min(31);
    first.saturating_mul(1 << doublings).min(RETRY_BACKOFF_MAX)
}

#[cfg(test)]
mod tests;
