//! The running mapping: polls the stream, calls the handler and keeps the checkpoints.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::Client;
use chrono::{DateTime, Utc};
use domain::record::SequenceNumber;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod checkpoints;
mod destination;
mod discovery;
mod durable;
mod event;
mod invocation;
mod poller;
mod progress;
mod shard;
mod stop;
mod stream;

pub use checkpoints::{Checkpoints, CheckpointsError};
pub use destination::Destination;
pub use progress::{Progress, ShardProgress};

use crate::handler::Handler;
use crate::settings::{MappingSettings, SettingsError};
use checkpoints::Book;
use progress::Board;
use shard::Shared;
use stop::Stop;
use stream::Stream;

/// Tells the time; arrival times are held against it. It should agree with the stream's clock.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// Why a mapping could not be started.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// A setting breaks its rule.
    #[error("the event source mapping cannot start: {0}")]
    Settings(#[from] SettingsError),
    /// The checkpoints are there, but of no use.
    #[error("the event source mapping cannot start: {0}")]
    Checkpoints(#[from] CheckpointsError),
    /// Nothing to run on.
    #[error("the event source mapping cannot start: it must be started inside a Tokio runtime")]
    NoRuntime,
}

/// A view of a mapping that runs.
#[derive(Debug, Clone)]
pub struct Watch(watch::Receiver<Progress>);

impl Watch {
    /// How far the mapping is, now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.0.borrow().clone()
    }

    /// Waits until everything up to `sequence_number` in the shard is checkpointed: handled or
    /// discarded, and noted where [`Checkpoints`] says. It waits as long as that takes, for a
    /// shard that does not exist for ever; put a limit around it.
    pub async fn wait_until(&self, shard_id: &str, sequence_number: &SequenceNumber) {
        let reached = |progress: &Progress| {
            progress.shards.get(shard_id).is_some_and(|shard| {
                shard.finished || shard.checkpoint.as_ref() >= Some(sequence_number)
            })
        };
        self.wait_for(reached).await;
    }

    /// Waits until the stream was found and it is settled where to read it from. What is put into
    /// the stream from then on is read, whatever became of what was there before.
    pub async fn wait_until_reading(&self) {
        self.wait_for(|progress| progress.reading).await;
    }

    async fn wait_for(&self, reached: impl FnMut(&Progress) -> bool) {
        if self.0.clone().wait_for(reached).await.is_err() {
            // The mapping ended early, which only a runtime that shuts down brings about.
            std::future::pending::<()>().await;
        }
    }
}

/// A mapping that runs. When it is dropped, it stops by itself, unobserved; [`Self::stop`] waits.
#[derive(Debug)]
pub struct EventSourceMapping {
    progress: watch::Receiver<Progress>,
    stop: watch::Sender<bool>,
    running: JoinHandle<()>,
}

impl EventSourceMapping {
    /// Starts reading, in the background. The stream may be created later: the mapping waits for
    /// it and says so in the log.
    ///
    /// # Errors
    /// [`StartError`] when a setting breaks its rule, when there are checkpoints that cannot be
    /// read, or outside a Tokio runtime.
    pub fn start(
        client: Client,
        settings: MappingSettings,
        handler: impl Handler,
        checkpoints: Checkpoints,
        destination: Destination,
        clock: Clock,
    ) -> Result<Self, StartError> {
        settings.check()?;
        let runtime = tokio::runtime::Handle::try_current().map_err(|_| StartError::NoRuntime)?;
        let book = Book::open(checkpoints, &settings.stream_name)?;
        let board = Board::new(&book.positions());
        let progress = board.watch();
        let (stop, stopped) = Stop::new();
        let shared = Shared {
            stream: Stream { client, name: settings.stream_name.clone() },
            settings,
            handler,
            book,
            destination,
            board,
            clock,
            stop: stopped,
            retention: watch::Sender::new(Duration::MAX),
        };
        let running = runtime.spawn(discovery::discover(Arc::new(shared)));
        Ok(Self { progress, stop, running })
    }

    /// A view of the mapping for somebody on another thread.
    #[must_use]
    pub fn watch(&self) -> Watch {
        Watch(self.progress.clone())
    }

    /// How far the mapping is, now.
    #[must_use]
    pub fn progress(&self) -> Progress {
        self.watch().progress()
    }

    /// As [`Watch::wait_until`].
    pub async fn wait_until(&self, shard_id: &str, sequence_number: &SequenceNumber) {
        self.watch().wait_until(shard_id, sequence_number).await;
    }

    /// Stops reading, waits for the batches that are with the handler, and saves the checkpoints.
    /// A batch that failed meanwhile comes again with the next mapping.
    pub async fn stop(self) {
        let _ = self.stop.send(true);
        if let Err(error) = self.running.await {
            tracing::error!(%error, "the event source mapping ended badly");
        }
    }
}
