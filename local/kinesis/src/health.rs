//! Health of the endpoint, for readiness checks within the process.

use std::sync::Arc;

use super::endpoint::{Endpoint, LiveShard};
use super::log::LogHealthError;

/// View of the health of an open endpoint. It may be used on another thread and runtime.
#[derive(Clone)]
pub struct KinesisHealth(pub(crate) Arc<Endpoint>);

/// Reason for which the endpoint takes no records.
#[derive(Debug, thiserror::Error)]
pub enum KinesisHealthError {
    /// The endpoint is closed.
    #[error("kinesis: the endpoint is closed")]
    Closed,
    /// The log of a shard takes no records.
    #[error("kinesis log {0}")]
    Log(#[from] LogHealthError),
}

impl KinesisHealth {
    /// Waits for the writer of each open shard, and looks at its file. No record is written.
    ///
    /// # Errors
    /// Returns the first reason for which an open shard would refuse a record. A log without a
    /// write since the start has only its file checked.
    pub async fn check(&self) -> Result<(), KinesisHealthError> {
        self.0.check_open().map_err(|_| KinesisHealthError::Closed)?;
        let shards: Vec<Arc<LiveShard>> = {
            let streams = self.0.streams.read().await;
            let live = streams.values();
            live.flat_map(|live| {
                live.stream.open_shards().filter_map(|shard| live.shards.get(&shard.number))
            })
            .cloned()
            .collect()
        };
        for shard in shards {
            shard.log.check().await?;
        }
        Ok(())
    }
}
