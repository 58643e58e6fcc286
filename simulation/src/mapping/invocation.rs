//! Invocation of the batch handler, as by Lambda. The handler may crash at any point and may keep
//! running after its caller is gone.

use std::time::Duration;

use domain::Delivered;
use event_source_mapping::decisions::{InvocationOutcome, RecordBatch};
use event_source_mapping::{HandlerError, HandlerResponse};
use in_memory::at_most;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use super::SimulatedMapping;
use crate::context::SimContext;
use crate::injected_fault::InjectedFault;

/// Timeout of the Lambda function.
const TIMEOUT: Duration = Duration::from_secs(60);
/// Maximum number of polls before a handler crashes in the middle.
const POLLS_MAX: u64 = 30;

/// Result of an invocation.
pub(super) struct InvocationResult {
    pub(super) sub_shard: usize,
    pub(super) outcome: InvocationOutcome,
}

/// Invokes the handler with a batch.
pub(super) async fn invoke(
    mapping: SimulatedMapping,
    shard: String,
    sub_shard: usize,
    batch: RecordBatch,
) -> InvocationResult {
    let records = batch.records();
    mapping.auditor.delivered(records, &mapping.stream);
    let sim = mapping.sim.clone();
    let numbers = || records.iter().map(|record| record.sequence_number.as_str());
    let span =
        || format!("{shard}/{sub_shard}: {:?}..{:?}", numbers().next(), numbers().next_back());
    sim.log(|| format!("{}: delivered", span()));
    sim.count("invocations", 1);
    let task = tokio::spawn(handle(mapping.clone(), records.to_vec()));
    let _guard = HandlerGuard { handler: task.abort_handle(), sim: sim.clone() };
    let response = task.await.unwrap_or_else(|error| Err(HandlerError(error.to_string())));
    let outcome = InvocationOutcome::new(records, &response);
    sim.log(|| format!("{}: {outcome:?} {response:?}", span()));
    InvocationResult { sub_shard, outcome }
}

/// Aborts the handler when its mapping is killed, unless the handler outlives it as a zombie.
struct HandlerGuard {
    handler: AbortHandle,
    sim: SimContext,
}

impl Drop for HandlerGuard {
    fn drop(&mut self) {
        if !self.handler.is_finished() && !self.sim.injects(InjectedFault::Zombie) {
            self.handler.abort();
        }
    }
}

async fn handle(
    mapping: SimulatedMapping,
    records: Vec<Delivered>,
) -> Result<HandlerResponse, HandlerError> {
    let sim = &mapping.sim;
    let crashed = |when: &str| Err(HandlerError(format!("the handler crashed {when}")));
    if sim.injects(InjectedFault::CrashBefore) {
        return crashed("before its work");
    }
    let work = mapping.handlers.process(&records);
    let polls = if sim.injects(InjectedFault::CrashDuring) {
        1 + sim.below(InjectedFault::CrashDuring, POLLS_MAX) as usize
    } else {
        usize::MAX
    };
    let outcome = match timeout(TIMEOUT, at_most(polls, work)).await {
        Ok(Some(outcome)) => outcome,
        Ok(None) => return crashed("during its work"),
        Err(_) => return crashed("by its timeout"),
    };
    if sim.injects(InjectedFault::CrashAfter) {
        return crashed("after its work");
    }
    sim.log(|| format!("handler: {outcome:?}"));
    let failed = outcome.retry_from.map(|number| number.as_str().to_owned());
    sim.count("partial batch responses", usize::from(failed.is_some()));
    Ok(HandlerResponse { batch_item_failures: failed.into_iter().collect() })
}
