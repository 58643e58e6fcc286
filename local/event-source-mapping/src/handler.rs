//! Interface between the mapping and the handler of the records.

use domain::record::Delivered;

/// Response of a handler: `ReportBatchItemFailures` of Lambda.
///
/// The lowest reported number becomes the checkpoint. All records from it on are passed to the
/// handler again, even if some of them succeeded. An empty or unknown number means that the whole
/// batch failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandlerResponse {
    /// Sequence numbers of the failed records; empty if all records succeeded.
    pub batch_item_failures: Vec<String>,
}

/// Failure of a whole batch, as when a Lambda function returns an error.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the handler failed: {0}")]
pub struct HandlerError(pub String);

/// Receiver of the batches of a mapping.
///
/// A handler must tolerate repeated records, because delivery is at least once, as with Lambda.
pub trait Handler: Send + Sync + 'static {
    /// Handles a batch: records of one shard, in order. A panic counts as an error.
    fn handle(
        &self,
        batch: &[Delivered],
    ) -> impl Future<Output = Result<HandlerResponse, HandlerError>> + Send;
}
