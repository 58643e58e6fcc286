//! Feeds a handler from a Kinesis stream as AWS Lambda's event source mapping would.
//!
//! It polls any Kinesis endpoint, an embedded one or AWS's own, and keeps Lambda's
//! promises: batches of one shard, in order; a failure is handed over again from its record on; a
//! batch that fails too often or grows too old is discarded and kept aside; what was handed over
//! may come again, and is never left out.
//!
//! How a record travels: `discovery` finds the shards and asks `lineage` whose turn it is. A
//! `poller` reads each one. `lanes` decides, with `cut`, `verdict` and `prefix`, what is handed
//! over, again or no more, and how far the shard is done; `shard` does it. `checkpoints` and
//! `destination` keep what must outlive the process.
//!
//! Where Lambda's documentation is silent or loses data, this is on the safe side:
//! - A retry count belongs to the batch's first record; it starts anew when the checkpoint moves.
//! - A batch that cannot be written to the destination holds its shard back; Lambda drops it.
//! - Records older than the stream's retention are discarded like those beyond `record_age_max`.

pub mod decisions;
mod handler;
#[cfg(feature = "runner")]
mod runner;
mod settings;

pub use handler::{Handler, HandlerError, Response};
#[cfg(feature = "runner")]
pub use runner::{
    Checkpoints, CheckpointsError, Clock, Destination, EventSourceMapping, Progress, ShardProgress,
    StartError, Watch,
};
pub use settings::{
    MappingSettings, OnError, POLL_INTERVAL_MIN, RECORD_AGE_MAX, RECORD_AGE_MIN,
    RETRY_ATTEMPTS_MAX, RETRY_BACKOFF_MAX, STREAM_NAME_CHARS_MAX, SettingsError, StartingPosition,
};
