//! Runner of the mapping: polls the stream, calls the handler and stores the checkpoints.

mod checkpoints;
mod destination;
mod discovery;
mod durable_file;
mod invocation;
mod lambda_event;
mod poller;
mod progress;
mod retry;
mod shard_runner;
mod stream_client;

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use domain::ports::Clock;
use domain::record::SequenceNumber;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::{CancellationToken, DropGuard};

pub use checkpoints::{Checkpoints, CheckpointsError};
pub use destination::Destination;
pub use lambda_event::lambda_event;
pub use progress::{MappingProgress, ShardProgress};

use crate::handler::Handler;
use crate::settings::{MappingSettings, MappingSettingsError};
use checkpoints::CheckpointStore;
use progress::ProgressPublisher;
use shard_runner::MappingContext;
use stream_client::StreamClient;

/// Failure to start a mapping.
#[derive(Debug, thiserror::Error)]
pub enum MappingStartError {
    /// A setting breaks its rule.
    #[error("the event source mapping cannot start: {0}")]
    Settings(#[from] MappingSettingsError),
    /// The stored checkpoints are unusable.
    #[error("the event source mapping cannot start: {0}")]
    Checkpoints(#[from] CheckpointsError),
    /// The caller is outside of a Tokio runtime.
    #[error("the event source mapping cannot start: it must be started inside a Tokio runtime")]
    NoRuntime,
}

/// View of the progress of a running mapping.
#[derive(Debug, Clone)]
pub struct MappingWatch(watch::Receiver<MappingProgress>);

impl MappingWatch {
    /// Current progress.
    #[must_use]
    pub fn progress(&self) -> MappingProgress {
        self.0.borrow().clone()
    }

    /// Progress in a shard, or `None` if the mapping does not know the shard.
    #[must_use]
    pub fn shard(&self, shard_id: &str) -> Option<ShardProgress> {
        self.0.borrow().shards.get(shard_id).cloned()
    }

    /// `true` until the mapping ends.
    #[must_use]
    pub fn is_running(&self) -> bool {
        self.0.has_changed().is_ok()
    }

    /// Waits until all records of the shard up to `sequence_number` are handled or discarded, and
    /// the checkpoint is stored. There is no time limit, so a caller should add one: for an unknown
    /// shard the wait never ends.
    pub async fn wait_until(&self, shard_id: &str, sequence_number: &SequenceNumber) {
        let is_reached = |progress: &MappingProgress| {
            progress.shards.get(shard_id).is_some_and(|shard| {
                shard.finished || shard.checkpoint.as_ref() >= Some(sequence_number)
            })
        };
        self.wait_for(is_reached).await;
    }

    /// Waits until the stream is found and the start positions are stored. Every record that is put
    /// into the stream afterwards is read.
    pub async fn wait_until_reading(&self) {
        self.wait_for(|progress| progress.reading).await;
    }

    async fn wait_for(&self, is_reached: impl FnMut(&MappingProgress) -> bool) {
        if self.0.clone().wait_for(is_reached).await.is_err() {
            // The mapping ended early, which happens only while the runtime shuts down.
            std::future::pending::<()>().await;
        }
    }
}

/// Running mapping. A dropped mapping stops in the background; [`Self::stop`] waits for the end.
///
/// The example reads a stream of the embedded Kinesis endpoint.
///
/// ```
/// use std::sync::Arc;
///
/// use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
/// use aws_sdk_kinesis::{Client, Config, primitives::Blob};
/// use chrono::{DateTime, Utc};
/// use domain::record::{Delivered, SequenceNumber};
/// use event_source_mapping::{
///     Checkpoints, Destination, EventSourceMapping, Handler, HandlerError, HandlerResponse,
///     MappingSettings,
/// };
/// use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
///
/// struct Print;
///
/// impl Handler for Print {
///     async fn handle(&self, batch: &[Delivered]) -> Result<HandlerResponse, HandlerError> {
///         println!("{} records", batch.len());
///         Ok(HandlerResponse::default())
///     }
/// }
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let clock = Arc::new(|| DateTime::<Utc>::UNIX_EPOCH);
/// let kinesis = Kinesis::open(KinesisSettings {
///     storage: KinesisStorage::Memory,
///     limits: ShardLimits::Off,
///     clock: clock.clone(),
///     region: "eu-west-1".to_owned(),
/// })?;
/// let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let config = Config::builder()
///     .behavior_version(BehaviorVersion::latest())
///     .region(Region::new("eu-west-1"))
///     .credentials_provider(Credentials::new("key", "secret", None, None, "example"))
///     .endpoint_url(format!("http://{}", listener.local_addr()?))
///     .http_client(aws_smithy_http_client::Builder::new().build_http())
///     .build();
/// tokio::spawn(axum::serve(listener, kinesis.router()).into_future());
/// let client = Client::from_conf(config);
/// client.create_stream().stream_name("till-events").shard_count(1).send().await?;
///
/// let settings = MappingSettings::new("till-events");
/// let (checkpoints, destination) = (Checkpoints::Memory, Destination::None);
/// let mapping = EventSourceMapping::start(
///     client.clone(),
///     settings,
///     Print,
///     checkpoints,
///     destination,
///     clock,
/// )?;
/// let put = client.put_record().stream_name("till-events").partition_key("s-01");
/// let put = put.data(Blob::new("event")).send().await?;
/// mapping.wait_until(&put.shard_id, &SequenceNumber::new(put.sequence_number)).await;
/// assert_eq!(mapping.progress().total().records_processed, 1);
/// mapping.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct EventSourceMapping {
    progress: watch::Receiver<MappingProgress>,
    stop: DropGuard,
    running: JoinHandle<()>,
}

impl EventSourceMapping {
    /// Starts reading in the background. If the stream does not exist yet, the mapping waits for it
    /// and logs that.
    ///
    /// # Errors
    /// Returns [`MappingStartError`] if a setting breaks its rule, if stored checkpoints are
    /// unreadable, or if the caller is outside of a Tokio runtime.
    pub fn start(
        client: Client,
        settings: MappingSettings,
        handler: impl Handler,
        checkpoints: Checkpoints,
        destination: Destination,
        clock: Clock,
    ) -> Result<Self, MappingStartError> {
        settings.check()?;
        let runtime =
            tokio::runtime::Handle::try_current().map_err(|_| MappingStartError::NoRuntime)?;
        let checkpoints = CheckpointStore::open(checkpoints, &settings.stream_name)?;
        let publisher = ProgressPublisher::new(&checkpoints.positions());
        let progress = publisher.subscribe();
        let stop = CancellationToken::new();
        let context = MappingContext {
            stream: StreamClient { client, name: settings.stream_name.clone() },
            settings,
            handler,
            checkpoints,
            destination,
            progress: publisher,
            clock,
            stop: stop.clone(),
            retention: watch::Sender::new(Duration::MAX),
        };
        let running = runtime.spawn(discovery::discover(Arc::new(context)));
        Ok(Self { progress, stop: stop.drop_guard(), running })
    }

    /// Returns a view of the progress, which can be used on another thread.
    #[must_use]
    pub fn watch(&self) -> MappingWatch {
        MappingWatch(self.progress.clone())
    }

    /// Current progress.
    #[must_use]
    pub fn progress(&self) -> MappingProgress {
        self.watch().progress()
    }

    /// Waits as [`MappingWatch::wait_until`] does.
    pub async fn wait_until(&self, shard_id: &str, sequence_number: &SequenceNumber) {
        self.watch().wait_until(shard_id, sequence_number).await;
    }

    /// Stops reading, waits for the running invocations and stores the checkpoints. A batch that
    /// fails meanwhile is passed to the handler of the next mapping.
    pub async fn stop(self) {
        let Self { stop, running, .. } = self;
        drop(stop);
        if let Err(error) = running.await {
            tracing::error!(%error, "the event source mapping panicked");
        }
    }
}
