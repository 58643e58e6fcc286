//! Embedded Amazon Kinesis Data Streams endpoint: AWS JSON 1.1 over HTTP on a durable log.
//!
//! Every AWS SDK and the AWS CLI can use the endpoint with its address as endpoint URL and with any
//! credentials. A record is acknowledged after it is on disk. Changes of streams and shards take
//! effect at once: a stream is ACTIVE when `CreateStream` returns.
//!
//! Not supported: encryption, tags, enhanced fan-out, automatic scaling of on-demand streams,
//! records over 1 MiB, and CBOR. An AWS SDK for Java must be configured to send JSON.
//!
//! ```
//! use std::sync::Arc;
//!
//! use axum::body::Body;
//! use axum::http::{Request, StatusCode};
//! use chrono::DateTime;
//! use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
//! use tower::ServiceExt;
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let kinesis = Kinesis::open(KinesisSettings {
//!     storage: KinesisStorage::Memory,
//!     limits: ShardLimits::Enforced,
//!     clock: Arc::new(|| DateTime::UNIX_EPOCH),
//!     region: "eu-west-1".to_owned(),
//! })?;
//! // A program serves the router, for example with `axum::serve`. Here one request calls it.
//! let create = Request::post("/")
//!     .header("content-type", "application/x-amz-json-1.1")
//!     .header("x-amz-target", "Kinesis_20131202.CreateStream")
//!     .header("authorization", "AWS4-HMAC-SHA256 any")
//!     .body(Body::from(r#"{"StreamName":"events","ShardCount":2}"#))?;
//! let response = kinesis.router().oneshot(create).await?;
//! assert_eq!(response.status(), StatusCode::OK);
//! kinesis.close().await;
//! # Ok(())
//! # }
//! ```

mod actions;
mod api;
mod consumer;
mod endpoint;
mod error;
mod handler;
mod hash_range;
mod health;
mod iterator;
mod log;
mod metadata;
mod sequence;
mod stream;
mod throughput;
mod verify;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use domain::ports::Clock;

use consumer::Consumer;
pub use consumer::{Consumed, ConsumerPositions};
use endpoint::Endpoint;
pub use health::{KinesisHealth, KinesisHealthError};
pub use log::{LogHealthError, RecoveryError};
pub use verify::{LogFigures, verify};

/// Storage of records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KinesisStorage {
    /// A folder, created if absent. One endpoint at a time can use it.
    Folder(PathBuf),
    /// Memory. The records are lost when the endpoint closes.
    Memory,
}

/// Throughput limits of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardLimits {
    /// The limits of AWS, per shard and second: 1,000 records and 1 MiB in, 5 reads and 2 MiB out.
    Enforced,
    /// No limits per second. The limits of a single call still apply.
    Off,
}

/// Settings of an endpoint.
pub struct KinesisSettings {
    /// Storage of records.
    pub storage: KinesisStorage,
    /// Throughput limits per shard.
    pub limits: ShardLimits,
    /// Clock for arrivals, retention and creation times. Rate limits and the life of iterators use
    /// real time.
    pub clock: Clock,
    /// Region in ARNs, such as `eu-west-1`.
    pub region: String,
}

/// Failure to open an endpoint. The files on disk stay unchanged.
#[derive(Debug, thiserror::Error)]
pub enum KinesisOpenError {
    /// The folder cannot be created, listed or written.
    #[error("kinesis folder {folder}: {cause}; a writable folder with free space would pass")]
    Folder {
        /// Path of the folder.
        folder: PathBuf,
        /// Error of the system.
        cause: io::Error,
    },
    /// Another endpoint uses the folder.
    #[error("kinesis folder {folder} is in use; stop the other process or choose another folder")]
    InUse {
        /// Path of the folder.
        folder: PathBuf,
    },
    /// The metadata of a stream cannot be read.
    #[error("kinesis stream metadata {file}: {cause}; restore the file from a copy")]
    Metadata {
        /// Path of the `stream.json`.
        file: PathBuf,
        /// Reason for the refusal.
        cause: String,
    },
    /// The log of a shard is damaged or incomplete.
    #[error("kinesis log {0}")]
    Log(#[from] RecoveryError),
}

/// Open endpoint. The caller serves its [`router`](Kinesis::router).
pub struct Kinesis {
    endpoint: Arc<Endpoint>,
}

impl Kinesis {
    /// Opens the storage and verifies the last segment of every log in it. Blocks.
    ///
    /// # Errors
    /// Returns an error if the folder is unusable or in use, or if its files are damaged. The torn
    /// end of a log is no error, because it was never acknowledged: it is cut with a warning.
    pub fn open(settings: KinesisSettings) -> Result<Self, KinesisOpenError> {
        Ok(Self { endpoint: Arc::new(Endpoint::open(settings, Consumer::default())?) })
    }

    /// Opens the storage for a consumer, as [`Self::open`] does. Records that it has not read are
    /// verified, and are kept and returned beyond the retention.
    ///
    /// # Errors
    /// Returns an error as [`Self::open`] does.
    pub fn open_for(
        settings: KinesisSettings,
        consumer: ConsumerPositions,
    ) -> Result<Self, KinesisOpenError> {
        Ok(Self { endpoint: Arc::new(Endpoint::open(settings, Consumer(Some(consumer)))?) })
    }

    /// Returns the endpoint as a router that handles `POST /`.
    pub fn router(&self) -> axum::Router {
        handler::router(self.endpoint.clone())
    }

    /// Returns a view of the health, which can be used on another thread.
    #[must_use]
    pub fn health(&self) -> KinesisHealth {
        KinesisHealth(self.endpoint.clone())
    }

    /// Waits until all queued records are durable, stops the writers and releases the folder. Later
    /// requests get a `ServiceUnavailableException`.
    pub async fn close(self) {
        self.endpoint.close().await;
    }
}
