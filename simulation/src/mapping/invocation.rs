//! One call of the batch handler, as Lambda would make it: it may die at any point, and it may go
//! on when nobody waits for it any more.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use domain::Delivered;
use event_source_mapping::decisions::{Answer, Batch, answer};
use event_source_mapping::{HandlerError, Response};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::Mapping;
use crate::fault::Fault;
use crate::weather::Weather;

/// The function's timeout.
const TIMEOUT: Duration = Duration::from_secs(60);
/// A handler that dies in the middle has been polled at most so often.
const POLLS_MAX: u64 = 30;

/// What came of an invocation.
pub(super) struct Answered {
    pub(super) lane: usize,
    pub(super) answer: Answer,
}

/// Calls the handler with a batch.
pub(super) async fn invoke(mapping: Mapping, shard: String, lane: usize, batch: Batch) -> Answered {
    let records = batch.records();
    mapping.auditor.handed_over(records, &mapping.stream);
    let weather = mapping.weather.clone();
    let numbers = || records.iter().map(|record| record.sequence_number.as_str());
    let span = || format!("{shard}/{lane}: {:?}..{:?}", numbers().next(), numbers().next_back());
    weather.tell(|| format!("{}: handed over", span()));
    weather.count("invocations", 1);
    let task = tokio::spawn(handle(mapping.clone(), records.to_vec()));
    let _bond = Bond { handler: task.abort_handle(), weather: weather.clone() };
    let said = task.await.unwrap_or_else(|error| Err(HandlerError(error.to_string())));
    let answer = answer(records, &said);
    weather.tell(|| format!("{}: {answer:?} {said:?}", span()));
    Answered { lane, answer }
}

/// Between a mapping and a handler that runs for it: mostly they die together.
struct Bond {
    handler: AbortHandle,
    weather: Weather,
}

impl Drop for Bond {
    fn drop(&mut self) {
        if !self.handler.is_finished() && !self.weather.strikes(Fault::Zombie) {
            self.handler.abort();
        }
    }
}

async fn handle(mapping: Mapping, records: Vec<Delivered>) -> Result<Response, HandlerError> {
    let weather = &mapping.weather;
    let died = |when: &str| Err(HandlerError(format!("it died {when}")));
    if weather.strikes(Fault::CrashBefore) {
        return died("before it did anything");
    }
    let work = mapping.processor.process(&records);
    let polls = if weather.strikes(Fault::CrashDuring) {
        1 + weather.below(Fault::CrashDuring, POLLS_MAX)
    } else {
        u64::MAX
    };
    let outcome = match timeout(TIMEOUT, at_most(polls, work)).await {
        Ok(Some(outcome)) => outcome,
        Ok(None) => return died("in the middle"),
        Err(_) => return died("of its timeout"),
    };
    if weather.strikes(Fault::CrashAfter) {
        return died("after its work");
    }
    weather.tell(|| format!("handler: {outcome:?}"));
    let failed = outcome.retry_from.map(|number| number.as_str().to_owned());
    weather.count("partial batch responses", usize::from(failed.is_some()));
    Ok(Response { batch_item_failures: failed.into_iter().collect() })
}

/// Polls `work` so often and then lets go of it; `None` when it was not ready by then.
async fn at_most<T>(mut polls: u64, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
