//! Decisions of the mapping, without I/O and without a clock.
//!
//! [`initial_positions`] and [`readable_shards`] select the shards to read. [`SubShards`] decides
//! for one shard which batch is passed to the handler, retried or discarded, and how far the shard
//! is done. The caller reads the stream, calls the handler and reports the outcome.

pub(crate) mod batch;
pub(crate) mod batch_decision;
pub(crate) mod batching;
pub(crate) mod lineage;
pub(crate) mod position;
pub(crate) mod sub_shards;
mod watermark;

pub use batch::RecordBatch;
pub use batch_decision::{InvocationOutcome, RetryPolicy};
pub use batching::BatchLimits;
pub use lineage::{ShardDescription, ShardState, initial_positions, readable_shards};
pub use position::ShardPosition;
pub use sub_shards::{
    DiscardCondition, DiscardedBatch, RecordCounts, ShardAction, ShardRules, ShardTime, SubShards,
};
