//! The handler's side of an invocation.

use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::task::Poll;

use domain::record::Delivered;

/// What a handler answers: Lambda's `ReportBatchItemFailures`.
///
/// The lowest reported number is the checkpoint: everything from it on is handed over again,
/// whether it succeeded or not. An empty or unknown number means that the whole batch failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Response {
    /// Sequence numbers of records that failed; none when all went well.
    pub batch_item_failures: Vec<String>,
}

/// The whole batch failed, as when a Lambda function returns an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the handler failed: {0}")]
pub struct HandlerError(pub String);

/// What the mapping feeds.
///
/// It must bear to see a record more than once: Lambda delivers at least once, and so does this.
pub trait Handler: Send + Sync + 'static {
    /// Handles a batch: records of one shard, in order. A panic counts as an error.
    fn handle(
        &self,
        batch: &[Delivered],
    ) -> impl Future<Output = Result<Response, HandlerError>> + Send;
}

/// Calls the handler and turns a panic into an error, so that the mapping outlives it.
pub(crate) async fn call(
    handler: &impl Handler,
    batch: &[Delivered],
) -> Result<Response, HandlerError> {
    let mut invocation = pin!(async { handler.handle(batch).await });
    poll_fn(|context| {
        // After a panic the future is never polled again, so nothing half-changed is seen.
        match catch_unwind(AssertUnwindSafe(|| invocation.as_mut().poll(context))) {
            Ok(poll) => poll,
            Err(panic) => Poll::Ready(Err(HandlerError(said_by(panic.as_ref())))),
        }
    })
    .await
}

fn said_by(panic: &(dyn std::any::Any + Send)) -> String {
    let message = panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned());
    format!("it panicked: {}", message.as_deref().unwrap_or("no message"))
}
