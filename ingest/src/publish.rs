//! Publication of records to the log. Failed records are sent again until the deadline.

use std::time::Duration;

use domain::limits::REQUEST_STORE_MAX;
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::Record;
use tokio::time::{sleep, timeout};
use tracing::{Span, instrument, warn};

use crate::pack::calls;
use crate::{IngestService, metrics};

/// Upper bound of the first pause. The bound doubles with each further pause.
const PAUSE_BASE: Duration = Duration::from_millis(50);
/// Upper bound of every pause.
const PAUSE_MAX: Duration = Duration::from_secs(2);

/// Records to send, each with its place among all records.
struct Unsent {
    places: Vec<usize>,
    records: Vec<Record>,
}

/// Puts all records into the log of `service` within [`REQUEST_STORE_MAX`]. Returns an outcome for
/// each record, in order.
///
/// A record may be stored even if its outcome is a failure: the acknowledgement can get lost. A
/// second send is safe, because the event id is the identity.
#[instrument(name = "publish", skip_all, fields(records = records.len(), attempts))]
pub(crate) async fn publish<L: EventLog>(
    service: &IngestService<L>,
    records: Vec<Record>,
) -> Vec<PutOutcome> {
    let started = (service.monotonic)();
    let elapsed = || (service.monotonic)().saturating_sub(started);
    let time_left = || REQUEST_STORE_MAX.saturating_sub(elapsed());
    let mut puts = vec![not_sent(); records.len()];
    let mut unsent = Unsent { places: (0..records.len()).collect(), records };
    let mut attempts = 0;
    loop {
        unsent = attempt(&service.log, unsent, &time_left, &mut puts).await;
        attempts += 1;
        let pause = pause(attempts, (service.entropy)());
        if unsent.records.is_empty() || pause >= time_left() {
            break;
        }
        sleep(pause).await;
        metrics::put_retries(unsent.records.len());
    }
    Span::current().record("attempts", attempts);
    metrics::store_seconds(elapsed().as_secs_f64());
    let mut failures = puts.iter().filter_map(|put| match put {
        PutOutcome::Failed(failure) => Some(failure),
        PutOutcome::Stored { .. } => None,
    });
    let failed = failures.clone().count();
    if let Some(reason) = failures.next_back() {
        warn!(failed, attempts, %reason, "records were not stored; the answer says so");
    }
    puts
}

/// Sends everything unsent once. Returns the records to send again.
async fn attempt<L: EventLog>(
    log: &L,
    unsent: Unsent,
    time_left: &impl Fn() -> Duration,
    puts: &mut [PutOutcome],
) -> Unsent {
    let mut answers = Vec::with_capacity(unsent.records.len());
    for call in calls(&unsent.records) {
        let time_left = time_left();
        if time_left.is_zero() {
            break;
        }
        let records = &unsent.records[call];
        let answer = timeout(time_left, log.put_records(records)).await.unwrap_or_else(|_| {
            Err(Failure::Unavailable("the call was not answered before the deadline".into()))
        });
        answers.extend(answer_for_each(answer, records.len()));
    }
    let Unsent { places, records } = unsent;
    // Records without an answer were not sent, because the deadline has passed.
    let mut again = Unsent { places: Vec::new(), records: Vec::new() };
    for ((place, record), answer) in places.into_iter().zip(records).zip(answers) {
        if is_temporary(&answer) {
            again.places.push(place);
            again.records.push(record);
        }
        puts[place] = answer;
    }
    again
}

fn not_sent() -> PutOutcome {
    PutOutcome::Failed(Failure::Unavailable("the deadline passed before the call".into()))
}

/// Returns an answer for each record of a call. A failed call and a missing answer are failures of
/// their records.
fn answer_for_each(answer: Result<Vec<PutOutcome>, Failure>, records: usize) -> Vec<PutOutcome> {
    let mut answers = answer.unwrap_or_else(|failure| vec![PutOutcome::Failed(failure); records]);
    let missing = Failure::Unavailable("the stream did not answer for this record".into());
    answers.resize(records, PutOutcome::Failed(missing));
    answers
}

/// `true` if a record has to be sent again. A stored record would be stored twice, and a refused
/// record would be refused again.
fn is_temporary(answer: &PutOutcome) -> bool {
    matches!(answer, PutOutcome::Failed(Failure::Throttled(_) | Failure::Unavailable(_)))
}

/// Returns a pause with full jitter, between 1 ms and the doubled bound. Jitter keeps many senders
/// from returning together; the minimum prevents a busy loop.
fn pause(attempts: u32, random: u64) -> Duration {
    let doubled = PAUSE_BASE.saturating_mul(1 << attempts.saturating_sub(1).min(16));
    let bound = doubled.min(PAUSE_MAX).as_millis() as u64;
    Duration::from_millis(1 + random % bound)
}

#[cfg(test)]
mod tests {
    use domain::record::SequenceNumber;

    use super::*;

    fn stored() -> PutOutcome {
        PutOutcome::Stored { shard_id: "shard".into(), sequence_number: SequenceNumber::new("1") }
    }

    #[test]
    fn only_temporary_failures_are_sent_again() {
        let answers = [
            stored(),
            PutOutcome::Failed(Failure::Throttled(String::new())),
            PutOutcome::Failed(Failure::Refused(String::new())),
            PutOutcome::Failed(Failure::Unavailable(String::new())),
            PutOutcome::Failed(Failure::Unreadable(String::new())),
        ];
        assert_eq!(answers.each_ref().map(is_temporary), [false, true, false, true, false]);
    }

    #[test]
    fn a_missing_answer_is_a_failure_and_never_a_success() {
        let answers = answer_for_each(Ok(vec![stored()]), 2);
        assert_eq!([&answers[0], &answers[1]].map(is_temporary), [false, true]);
        assert_eq!(answer_for_each(Ok(vec![stored(); 3]), 2).len(), 2);
    }

    #[test]
    fn pauses_double_up_to_two_seconds_and_last_at_least_a_millisecond() {
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
