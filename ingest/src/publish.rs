//! Puts records into the log. What fails is sent again, only that, until the deadline.

use std::time::Duration;

use domain::limits::REQUEST_STORE_MAX;
use domain::ports::{EventLog, Failure, Put};
use domain::record::{Record, SequenceNumber};
use tokio::time::{Instant, sleep, timeout_at};
use tracing::{Span, instrument, warn};

use crate::pack::calls;
use crate::{Entropy, metrics};

/// The first pause is at most this long; each further one at most twice as long as the last.
const PAUSE_BASE: Duration = Duration::from_millis(50);
/// No pause is longer.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// What became of a record, or of an event in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// The log has acknowledged it.
    Stored {
        /// The shard that took it.
        shard_id: String,
        /// Its place there.
        sequence_number: SequenceNumber,
    },
    /// Not acknowledged: the stream had too much to do.
    Throttled,
    /// Not acknowledged: the stream is broken, out of reach, or refused it. After a lost answer it
    /// may be stored all the same; sending it again is safe because the id is the identity.
    Unavailable,
}

/// Records on their way, each with its place among all.
struct Unsent {
    places: Vec<usize>,
    records: Vec<Record>,
}

/// Puts all records; answers for each, in order, within [`REQUEST_STORE_MAX`].
#[instrument(name = "publish", skip_all, fields(records = records.len(), attempts))]
pub(crate) async fn publish<L: EventLog>(
    log: &L,
    records: Vec<Record>,
    entropy: &Entropy,
) -> Vec<Fate> {
    let started = Instant::now();
    let deadline = started + REQUEST_STORE_MAX;
    let mut fates = vec![Fate::Unavailable; records.len()];
    let mut unsent = Unsent { places: (0..records.len()).collect(), records };
    let mut reason = None;
    let mut attempts = 0;
    loop {
        unsent = round(log, unsent, deadline, &mut fates, &mut reason).await;
        attempts += 1;
        let pause = pause(attempts, entropy());
        if unsent.records.is_empty() || Instant::now() + pause >= deadline {
            break;
        }
        sleep(pause).await;
        metrics::put_retries(unsent.records.len());
    }
    Span::current().record("attempts", attempts);
    metrics::store_seconds(started.elapsed().as_secs_f64());
    let failed = fates.iter().filter(|fate| !matches!(fate, Fate::Stored { .. })).count();
    if failed > 0 {
        let reason = reason.map_or_else(|| "no answer in time".to_owned(), |r| r.to_string());
        warn!(failed, attempts, reason, "records were not stored; their senders were told");
    }
    fates
}

/// One attempt at everything unsent; returns what to send again.
async fn round<L: EventLog>(
    log: &L,
    unsent: Unsent,
    deadline: Instant,
    fates: &mut [Fate],
    reason: &mut Option<Failure>,
) -> Unsent {
    let mut answers = Vec::with_capacity(unsent.records.len());
    for call in calls(&unsent.records) {
        if Instant::now() >= deadline {
            break;
        }
        let records = &unsent.records[call];
        let answer = timeout_at(deadline, log.put_records(records)).await.unwrap_or_else(|_| {
            Err(Failure::Unavailable("the call was not answered before the deadline".into()))
        });
        answers.extend(answer_for_each(answer, records.len()));
    }
    for (place, answer) in unsent.places.iter().zip(&answers) {
        fates[*place] = fate(answer);
        if let Put::Failed(failure) = answer {
            *reason = Some(failure.clone());
        }
    }
    let again = send_again(&answers);
    let Unsent { places, records } = unsent;
    let rest = places.into_iter().zip(records).zip(again).filter(|(_, again)| *again);
    let (places, records) = rest.map(|(placed, _)| placed).unzip();
    Unsent { places, records }
}

/// A failed call is a failure of each of its records; so is an answer that a call left out.
fn answer_for_each(answer: Result<Vec<Put>, Failure>, records: usize) -> Vec<Put> {
    let mut answers = answer.unwrap_or_else(|failure| vec![Put::Failed(failure); records]);
    let missing = Failure::Unavailable("the stream did not answer for this record".into());
    answers.resize(records, Put::Failed(missing));
    answers
}

/// Which of a round's records to send again: those that failed for now. What is stored would be
/// stored twice, what is refused would be refused again.
fn send_again(answers: &[Put]) -> Vec<bool> {
    let for_now = |answer: &Put| {
        matches!(answer, Put::Failed(Failure::Throttled(_) | Failure::Unavailable(_)))
    };
    answers.iter().map(for_now).collect()
}

fn fate(answer: &Put) -> Fate {
    match answer {
        Put::Stored { shard_id, sequence_number } => {
            Fate::Stored { shard_id: shard_id.clone(), sequence_number: sequence_number.clone() }
        }
        Put::Failed(Failure::Throttled(_)) => Fate::Throttled,
        Put::Failed(_) => Fate::Unavailable,
    }
}

/// Full jitter: anything up to the doubled bound, so that many senders do not return together.
/// At least a millisecond, so that no luck makes it a busy loop.
fn pause(attempts: u32, random: u64) -> Duration {
    let doubled = PAUSE_BASE.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let bound = doubled.min(PAUSE_MAX).as_millis() as u64;
    Duration::from_millis(1 + random % bound)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Put {
        Put::Stored { shard_id: "shard".into(), sequence_number: SequenceNumber::new("1") }
    }

    #[test]
    fn only_what_failed_for_now_is_sent_again() {
        let answers = [
            stored(),
            Put::Failed(Failure::Throttled(String::new())),
            Put::Failed(Failure::Refused(String::new())),
            Put::Failed(Failure::Unavailable(String::new())),
            Put::Failed(Failure::Unreadable(String::new())),
        ];
        assert_eq!(send_again(&answers), [false, true, false, true, false]);
    }

    #[test]
    fn a_missing_answer_is_a_failure_and_never_a_success() {
        let answers = answer_for_each(Ok(vec![stored()]), 2);
        assert_eq!(send_again(&answers), [false, true]);
        assert_eq!(answer_for_each(Ok(vec![stored(); 3]), 2).len(), 2);
    }

    #[test]
    fn pauses_double_up_to_two_seconds_and_never_vanish() {
        let longest = |attempts| {
            (0..4_000).map(|random| pause(attempts, random)).max().map(|pause| pause.as_millis())
        };
        assert_eq!(
            [1, 2, 3, 6, 7, 1_000].map(longest),
            [50, 100, 200, 1_600, 2_000, 2_000].map(Some)
        );
        assert_eq!(pause(1, 0), Duration::from_millis(1));
        assert_eq!(pause(u32::MAX, u64::MAX).as_millis() as u64, 1 + u64::MAX % 2_000);
    }
}
