//! Event source mapping of AWS Lambda for a Kinesis stream, outside of AWS.
//!
//! The mapping polls any Kinesis endpoint and passes the records to a [`Handler`] in batches. It
//! keeps the guarantees of Lambda:
//! - A batch contains records of one shard, in order.
//! - After a partial failure the batch is retried from the failed record on.
//! - A batch that fails too often or is too old is discarded and stored in a destination.
//! - Each record is passed to the handler at least once, or is discarded.
//!
//! The module [`decisions`] contains the rules, without I/O and without a clock. The runner, behind
//! the feature `runner`, executes them: it lists the shards, polls each one, calls the handler, and
//! stores checkpoints and discarded batches on disk.
//!
//! The mapping takes the safe choice where the documentation of Lambda is silent or loses data:
//! - A retry count belongs to the first record of a batch. It starts again when the checkpoint
//!   moves.
//! - A batch that cannot be written to the destination holds its shard back. Lambda drops it.
//! - Records older than the retention of the stream are discarded like those beyond
//!   `record_age_max`, unless the stream keeps them (`discards_expired`).
//!
//! The example drives the decisions for one shard by hand.
//!
//! ```
//! use std::time::Duration;
//!
//! use chrono::DateTime;
//! use domain::record::{Delivered, SequenceNumber};
//! use event_source_mapping::OnError;
//! use event_source_mapping::decisions::{
//!     BatchLimits, InvocationOutcome, RetryPolicy, ShardAction, ShardRules, ShardTime, SubShards,
//! };
//!
//! let mut shard = SubShards::new(ShardRules {
//!     batch_limits: BatchLimits { batch_size: 100, batching_window: Duration::ZERO },
//!     retry_policy: RetryPolicy { on_error: OnError::Retry, retry_attempts: None },
//!     parallelization_factor: 1,
//!     retry_backoff: Duration::from_millis(100),
//!     stream_arn: "arn:aws:kinesis:eu-central-1:000000000000:stream/till-events".to_owned(),
//! });
//! let now = ShardTime { wall: DateTime::UNIX_EPOCH, elapsed: Duration::ZERO };
//! let record = |number: &str| Delivered {
//!     shard_id: "shardId-000000000000".to_owned(),
//!     sequence_number: SequenceNumber::new(number),
//!     partition_key: "s-01".to_owned(),
//!     arrived_at: now.wall,
//!     data: Vec::new(),
//! };
//! shard.push([record("1"), record("2")], now);
//!
//! let Some(ShardAction::Invoke { sub_shard, batch }) = shard.next_action(now) else { panic!() };
//! assert_eq!(batch.records().len(), 2);
//! shard.complete_invocation(sub_shard, InvocationOutcome::FailedFrom(1), now);
//! assert_eq!(shard.checkpoint(), Some(&SequenceNumber::new("1")));
//! ```

pub mod decisions;
mod handler;
#[cfg(feature = "runner")]
mod runner;
mod settings;

pub use handler::{Handler, HandlerError, HandlerResponse};
#[cfg(feature = "runner")]
pub use runner::{
    Checkpoints, CheckpointsError, Destination, EventSourceMapping, MappingProgress,
    MappingStartError, MappingWatch, ShardProgress, lambda_event,
};
pub use settings::{
    MappingSettings, MappingSettingsError, OnError, POLL_INTERVAL_MIN, RECORD_AGE_MAX,
    RECORD_AGE_MIN, RETRY_ATTEMPTS_MAX, RETRY_BACKOFF_MAX, STREAM_NAME_CHARS_MAX, StartingPosition,
};
