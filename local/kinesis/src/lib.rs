//! An embedded Amazon Kinesis Data Streams endpoint: AWS JSON 1.1 over HTTP on a durable log.
//!
//! Any AWS SDK and the AWS CLI speak to it; give them its address as endpoint URL and any
//! credentials. A record is acknowledged after it is on disk. Streams and shards change at once:
//! a stream is ACTIVE when `CreateStream` answers.
//!
//! Not here: encryption, tags, enhanced fan-out, on-demand scaling by itself, records over 1 MiB,
//! CBOR (an AWS SDK for Java has to be told to send JSON).

mod actions;
mod api;
mod endpoint;
mod error;
mod handler;
mod hash_range;
mod iterator;
mod log;
mod metadata;
mod sequence;
mod stream;
mod throughput;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use chrono::{DateTime, Utc};

use endpoint::Endpoint;
pub use log::RecoveryError;

/// Gives the endpoint its time: arrivals, retention, creation times. Rate limits and the life of
/// iterators are in real time.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Where records are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// In this folder, made if absent; one endpoint at a time.
    Folder(PathBuf),
    /// Nowhere: they are gone with the endpoint.
    Memory,
}

/// What a shard takes and gives in a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limits {
    /// As at AWS: 1,000 records and 1 MiB in, 5 calls and 2 MiB out, a second and shard.
    Enforced,
    /// As fast as the machine is. Limits of a call stay.
    Off,
}

/// What an endpoint needs to know.
pub struct KinesisSettings {
    /// Where records are kept.
    pub storage: Storage,
    /// Whether the limits per shard hold.
    pub limits: Limits,
    /// The time of arrivals and retention.
    pub clock: Clock,
    /// The region in ARNs, such as `eu-west-1`.
    pub region: String,
}

/// Why an endpoint does not open. What is on disk stays as it is.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The folder cannot be made, listed or written.
    #[error("kinesis folder {folder}: {cause}; it takes a folder that can be written, with room")]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        cause: io::Error,
    },
    /// Another endpoint has the folder open.
    #[error("kinesis folder {folder} is in use; stop the other process or choose another folder")]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// A stream's metadata cannot be read.
    #[error("kinesis stream metadata {file}: {cause}; restore the file from a copy")]
    Metadata {
        /// The `stream.json`.
        file: PathBuf,
        /// What is wrong with it.
        cause: String,
    },
    /// A shard's log is damaged or incomplete.
    #[error("kinesis log {0}")]
    Log(#[from] RecoveryError),
}

/// An open endpoint; the caller serves its [`router`](Kinesis::router).
pub struct Kinesis {
    endpoint: Arc<Endpoint>,
}

impl Kinesis {
    /// Opens the storage and reads every log in it. Blocks.
    ///
    /// # Errors
    /// The folder cannot be used or is in use, or what is in it is damaged. The torn end of a
    /// log, which was never acknowledged, is no error: it is cut and reported as a warning.
    pub fn open(settings: KinesisSettings) -> Result<Self, OpenError> {
        Ok(Self { endpoint: Arc::new(Endpoint::open(settings)?) })
    }

    /// The endpoint as routes; it answers `POST /`.
    pub fn router(&self) -> axum::Router {
        handler::router(self.endpoint.clone())
    }

    /// Waits until everything queued is durable, stops the writers and lets the folder go.
    /// Requests that still come in are refused.
    pub async fn close(self) {
        self.endpoint.close().await;
    }
}
