//! The handler's side of an invocation.

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
