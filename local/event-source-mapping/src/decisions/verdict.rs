//! A batch and the handler's answer -> what becomes of it. As Lambda decides, see each rule.

use std::collections::HashMap;
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::record::Delivered;

use crate::handler::{HandlerError, Response};
use crate::settings::OnError;

/// The handler's answer, held against the batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// All went well.
    Done,
    /// Everything before this record went well.
    FailedFrom(usize),
    /// Nothing can be said to have gone well.
    Error,
}

/// Finds the lowest reported failure. A number that is not in the batch makes the whole report
/// worthless, so the whole batch counts as failed.
#[must_use]
pub fn answer(batch: &[Delivered], said: &Result<Response, HandlerError>) -> Answer {
    let Ok(Response { batch_item_failures }) = said else { return Answer::Error };
    if batch_item_failures.is_empty() {
        return Answer::Done;
    }
    let numbers = batch.iter().map(|record| record.sequence_number.as_str());
    let places: HashMap<&str, usize> = numbers.zip(0..).collect();
    let failed = batch_item_failures.iter().map(|number| places.get(number.as_str()).copied());
    // `None` sorts first: one unknown number outweighs all the others.
    failed.min().flatten().map_or(Answer::Error, Answer::FailedFrom)
}

/// What becomes of a batch that fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// Handed over again whole or in halves.
    pub on_error: OnError,
    /// How often; `None` until its records expire.
    pub retry_attempts: Option<u32>,
}

/// What becomes of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is done.
    Checkpoint,
    /// What lies before `index` is done; the rest goes to the handler again.
    RetryFrom { index: usize, failures: u32 },
    /// Both parts go to the handler, one after the other.
    Halve { at: usize },
    /// What lies before `index` is done; the rest is given up.
    DiscardFrom { index: usize },
}

/// Judges a batch of `len` records that failed `failures` times before, as it is cut now.
///
/// - A reported failure moves the checkpoint up to it, and the count starts anew, because the
///   batch begins with another record now.
/// - With [`OnError::Bisect`] neither a cut at the reported record nor a halving uses up a retry.
///   A failure reported for the first record cuts nothing off, so it is halved like an error.
pub(crate) fn judge(len: usize, answer: Answer, failures: u32, policy: Policy) -> Verdict {
    let (index, failures) = match (answer, policy.on_error) {
        (Answer::Done, _) => return Verdict::Checkpoint,
        (Answer::FailedFrom(index), OnError::Bisect) if index > 0 => {
            return Verdict::RetryFrom { index, failures: 0 };
        }
        (Answer::FailedFrom(0) | Answer::Error, OnError::Bisect) if len > 1 => {
            return Verdict::Halve { at: len.div_ceil(2) };
        }
        (Answer::FailedFrom(index), _) if index > 0 => (index, 1),
        (Answer::FailedFrom(_) | Answer::Error, _) => (0, failures.saturating_add(1)),
    };
    if policy.retry_attempts.is_some_and(|allowed| failures > allowed) {
        Verdict::DiscardFrom { index }
    } else {
        Verdict::RetryFrom { index, failures }
    }
}

/// The first records of a batch, by age.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ages {
    /// So many are within the limit.
    Fresh(usize),
    /// So many are beyond it.
    Expired(usize),
}

/// Measures how far from the front the records are all within the limit, or all beyond it.
/// A record is too old when it is older than the limit; arrival times may go back a little within
/// a shard, so each one is looked at.
pub(crate) fn ages(records: &[Delivered], limit: Option<Duration>, now: DateTime<Utc>) -> Ages {
    let expired = |record: &Delivered| {
        limit.is_some_and(|limit| (now - record.arrived_at).to_std().is_ok_and(|age| age > limit))
    };
    match records.first() {
        Some(first) if expired(first) => {
            Ages::Expired(records.iter().take_while(|record| expired(record)).count())
        }
        _ => Ages::Fresh(records.iter().take_while(|record| !expired(record)).count()),
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
            let said = Ok(Response { batch_item_failures });
            assert_eq!(answer(&batch(&[5, 6, 7]), &said), expected, "{failures:?}");
        };
        check(&[], Answer::Done);
        check(&["7", "6", "7"], Answer::FailedFrom(1));
        check(&["5"], Answer::FailedFrom(0));
        check(&["7", ""], Answer::Error);
        check(&["8", "6"], Answer::Error);
        let said = Err(HandlerError("down".to_owned()));
        assert_eq!(answer(&batch(&[5]), &said), Answer::Error);
    }

    #[test]
    fn the_table_of_verdicts() {
        use Answer::{Done, Error, FailedFrom};
        use OnError::{Bisect, Retry};
        use Verdict::{Checkpoint, DiscardFrom, Halve, RetryFrom};
        for (on_error, attempts, len, answer, failures, expected) in [
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
            let policy = Policy { on_error, retry_attempts: attempts };
            let got = judge(len, answer, failures, policy);
            assert_eq!(got, expected, "{policy:?}, {len} records, {answer:?} after {failures}");
        }
    }

    #[test]
    fn a_record_is_too_old_only_beyond_the_limit() {
        let now = DateTime::UNIX_EPOCH + Duration::from_secs(100);
        let limit = Some(Duration::from_secs(60));
        assert_eq!(ages(&batch(&[39, 38, 40, 41]), limit, now), Ages::Expired(2));
        assert_eq!(ages(&batch(&[40, 41, 39]), limit, now), Ages::Fresh(2));
        assert_eq!(ages(&batch(&[1, 2]), None, now), Ages::Fresh(2));
        assert_eq!(ages(&batch(&[500]), limit, now), Ages::Fresh(1), "a clock behind the stream");
    }
}
