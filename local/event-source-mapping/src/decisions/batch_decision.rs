//! Decision about a batch after an invocation, by the rules of Lambda.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::record::Delivered;

use crate::handler::{HandlerError, HandlerResponse};
use crate::settings::OnError;

/// Outcome of an invocation for a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InvocationOutcome {
    /// All records succeeded.
    Done,
    /// The records before this index succeeded.
    FailedFrom(usize),
    /// The whole batch failed.
    Error,
}

impl InvocationOutcome {
    /// Finds the lowest reported failure in the batch. A number that is not in the batch
    /// invalidates the report, so the whole batch failed.
    #[must_use]
    pub fn new(batch: &[Delivered], result: &Result<HandlerResponse, HandlerError>) -> Self {
        let Ok(HandlerResponse { batch_item_failures }) = result else { return Self::Error };
        if batch_item_failures.is_empty() {
            return Self::Done;
        }
        let numbers = batch.iter().map(|record| record.sequence_number.as_str());
        let indices: HashMap<&str, usize> = numbers.zip(0..).collect();
        let failed = batch_item_failures.iter().map(|number| indices.get(number.as_str()).copied());
        // `None` sorts first, so one unknown number outweighs all others.
        failed.min().flatten().map_or(Self::Error, Self::FailedFrom)
    }
}

/// Rules for a batch that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retry of the whole batch, or of its halves.
    pub on_error: OnError,
    /// Most retries, or `None` to retry until the records expire.
    pub retry_attempts: Option<u32>,
}

/// Decision about a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BatchDecision {
    /// All records are done.
    Checkpoint,
    /// The records before `index` are done. The rest is passed to the handler again.
    RetryFrom { index: usize, failures: u32 },
    /// Both halves are passed to the handler, one after the other.
    Halve { at: usize },
    /// The records before `index` are done. The rest is discarded.
    DiscardFrom { index: usize },
}

impl BatchDecision {
    /// Decides about a batch of `len` records that failed `failures` times before.
    ///
    /// - A reported failure moves the checkpoint up to it. The count starts again, because the
    ///   batch then begins with another record.
    /// - With [`OnError::Bisect`] neither a split at the reported record nor a halving uses up a
    ///   retry. A failure reported for the first record splits nothing off, so the batch is halved.
    pub(crate) fn new(
        len: usize,
        outcome: InvocationOutcome,
        failures: u32,
        policy: RetryPolicy,
    ) -> Self {
        use InvocationOutcome::{Done, Error, FailedFrom};
        let (index, failures) = match (outcome, policy.on_error) {
            (Done, _) => return Self::Checkpoint,
            (FailedFrom(index), OnError::Bisect) if index > 0 => {
                return Self::RetryFrom { index, failures: 0 };
            }
            (FailedFrom(0) | Error, OnError::Bisect) if len > 1 => {
                return Self::Halve { at: len.div_ceil(2) };
            }
            (FailedFrom(index), _) if index > 0 => (index, 1),
            (FailedFrom(_) | Error, _) => (0, failures.saturating_add(1)),
        };
        if policy.retry_attempts.is_some_and(|allowed| failures > allowed) {
            Self::DiscardFrom { index }
        } else {
            Self::RetryFrom { index, failures }
        }
    }
}

/// First records of a batch that are all within the age limit, or all beyond it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AgeRun {
    /// Number of records within the limit.
    Fresh(usize),
    /// Number of records beyond the limit.
    Expired(usize),
}

impl AgeRun {
    /// Compares each record with the limit, because arrival times can decrease slightly within a
    /// shard. A record exactly at the limit is fresh.
    pub(crate) fn new(records: &[Delivered], limit: Option<Duration>, now: DateTime<Utc>) -> Self {
        let is_expired = |record: &Delivered| {
            let age = (now - record.arrived_at).to_std().unwrap_or_default();
            limit.is_some_and(|limit| age > limit)
        };
        let first_is_expired = records.first().is_some_and(is_expired);
        let count = records.iter().take_while(|r| is_expired(r) == first_is_expired).count();
        if first_is_expired { Self::Expired(count) } else { Self::Fresh(count) }
    }
}

#[cfg(test)]
mod tests {
    use domain::record::SequenceNumber;

    use super::*;

    fn batch(numbers: &[u32]) -> Vec<Delivered> {
        let record = |number: &u32| Delivered {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new(number.to_string()),
            partition_key: "s-01".to_owned(),
            arrived_at: DateTime::UNIX_EPOCH + Duration::from_secs((*number).into()),
            data: Vec::new(),
        };
        numbers.iter().map(record).collect()
    }

    #[test]
    fn the_lowest_reported_failure_counts_and_an_unknown_one_fails_the_batch() {
        let check = |failures: &[&str], expected| {
            let batch_item_failures = failures.iter().map(|&number| number.to_owned()).collect();
            let result = Ok(HandlerResponse { batch_item_failures });
            assert_eq!(
                InvocationOutcome::new(&batch(&[5, 6, 7]), &result),
                expected,
                "{failures:?}"
            );
        };
        check(&[], InvocationOutcome::Done);
        check(&["7", "6", "7"], InvocationOutcome::FailedFrom(1));
        check(&["5"], InvocationOutcome::FailedFrom(0));
        check(&["7", ""], InvocationOutcome::Error);
        check(&["8", "6"], InvocationOutcome::Error);
        let result = Err(HandlerError("down".to_owned()));
        assert_eq!(InvocationOutcome::new(&batch(&[5]), &result), InvocationOutcome::Error);
    }

    #[test]
    fn each_outcome_leads_to_the_documented_decision() {
        use BatchDecision::{Checkpoint, DiscardFrom, Halve, RetryFrom};
        use InvocationOutcome::{Done, Error, FailedFrom};
        use OnError::{Bisect, Retry};
        for (on_error, attempts, len, outcome, failures, expected) in [
            (Retry, Some(0), 9, Done, 0, Checkpoint),
            (Retry, None, 9, Error, 99, RetryFrom { index: 0, failures: 100 }),
            (Retry, Some(2), 9, Error, 1, RetryFrom { index: 0, failures: 2 }),
            (Retry, Some(2), 9, Error, 2, DiscardFrom { index: 0 }),
            (Retry, Some(2), 9, FailedFrom(4), 2, RetryFrom { index: 4, failures: 1 }),
            (Retry, Some(0), 9, FailedFrom(4), 0, DiscardFrom { index: 4 }),
            (Bisect, Some(0), 9, Error, 0, Halve { at: 5 }),
            (Bisect, Some(0), 2, FailedFrom(0), 0, Halve { at: 1 }),
            (Bisect, Some(0), 9, FailedFrom(4), 0, RetryFrom { index: 4, failures: 0 }),
            (Bisect, Some(1), 1, Error, 0, RetryFrom { index: 0, failures: 1 }),
            (Bisect, Some(1), 1, FailedFrom(0), 1, DiscardFrom { index: 0 }),
        ] {
            let policy = RetryPolicy { on_error, retry_attempts: attempts };
            let got = BatchDecision::new(len, outcome, failures, policy);
            assert_eq!(got, expected, "{policy:?}, {len} records, {outcome:?} after {failures}");
        }
    }

    #[test]
    fn a_record_is_too_old_only_beyond_the_limit() {
        let now = DateTime::UNIX_EPOCH + Duration::from_secs(100);
        let limit = Some(Duration::from_secs(60));
        assert_eq!(AgeRun::new(&batch(&[39, 38, 40, 41]), limit, now), AgeRun::Expired(2));
        assert_eq!(AgeRun::new(&batch(&[40, 41, 39]), limit, now), AgeRun::Fresh(2));
        assert_eq!(AgeRun::new(&batch(&[1, 2]), None, now), AgeRun::Fresh(2));
        assert_eq!(
            AgeRun::new(&batch(&[500]), limit, now),
            AgeRun::Fresh(1),
            "a clock behind the stream"
        );
    }
}
