//! State of the endpoint: the open streams, and the lookup of a stream by name or ARN.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::ports::Clock;
use tokio::sync::RwLock;
use tokio::time::Instant;

use super::api::NamedStream;
use super::consumer::Consumer;
use super::error::{ApiError, ApiErrorCode};
use super::log::{LogPlace, LogSettings, RecoveryError, SEGMENT_BYTES, ShardLog};
use super::metadata::StreamFolders;
use super::sequence::CREATED_MS_MAX;
use super::stream::{ShardMetadata, StreamMetadata};
use super::throughput::{ReadBudget, WriteBudget};
use super::{KinesisOpenError, KinesisSettings, KinesisStorage, ShardLimits};

/// Account id in every ARN. The endpoint has no accounts.
const ACCOUNT: &str = "000000000000";
/// Longest stream name, in characters. Source: API reference, `CreateStream`.
const STREAM_NAME_CHARS_MAX: usize = 128;

/// Open stream with the logs of its shards.
pub(crate) struct LiveStream {
    pub(crate) stream: StreamMetadata,
    pub(crate) consumer: Consumer,
    pub(crate) retention_hours: Arc<AtomicU32>,
    pub(crate) shards: BTreeMap<u32, Arc<LiveShard>>,
}

/// Log and throughput budgets of one shard.
pub(crate) struct LiveShard {
    pub(crate) log: ShardLog,
    writes: Mutex<WriteBudget>,
    reads: Mutex<ReadBudget>,
}

impl LiveShard {
    /// Budget for writes in the current second.
    pub(crate) fn writes(&self) -> MutexGuard<'_, WriteBudget> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Budget for reads in the current second.
    pub(crate) fn reads(&self) -> MutexGuard<'_, ReadBudget> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// State of the endpoint. Puts and reads share the lock on the streams. A change of streams or
/// shards holds it exclusively for a few milliseconds.
pub(crate) struct Endpoint {
    // Dropped before `folders`: the logs are closed before the folder is released.
    pub(crate) streams: RwLock<BTreeMap<String, LiveStream>>,
    pub(crate) folders: Option<Arc<StreamFolders>>,
    pub(crate) limits: ShardLimits,
    consumer: Consumer,
    clock: Clock,
    region: String,
    last_created_ms: AtomicU64,
    closed: AtomicBool,
}

/// Runs blocking work on a thread for blocking tasks.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
}

impl Endpoint {
    /// Opens every stream in storage.
    pub(crate) fn open(
        settings: KinesisSettings,
        consumer: Consumer,
    ) -> Result<Self, KinesisOpenError> {
        let (folders, stored) = match settings.storage {
            KinesisStorage::Memory => (None, Vec::new()),
            KinesisStorage::Folder(root) => {
                let (folders, stored) = StreamFolders::open(root)?;
                (Some(Arc::new(folders)), stored)
            }
        };
        let endpoint = Self {
            streams: RwLock::new(BTreeMap::new()),
            folders,
            limits: settings.limits,
            consumer,
            clock: settings.clock,
            region: settings.region,
            last_created_ms: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        };
        let mut streams = BTreeMap::new();
        for mut stream in stored {
            endpoint.last_created_ms.fetch_max(stream.created_ms, Ordering::Relaxed);
            endpoint.remove_expired(&mut stream)?;
            streams.insert(stream.name.clone(), endpoint.open_stream(stream)?);
        }
        Ok(Self { streams: RwLock::new(streams), ..endpoint })
    }

    fn remove_expired(&self, stream: &mut StreamMetadata) -> Result<(), KinesisOpenError> {
        let Some(folders) = &self.folders else { return Ok(()) };
        let folder = folders.folder(&stream.name);
        let failed = |cause| KinesisOpenError::Folder { folder: folder.clone(), cause };
        if !stream.remove_expired(&self.consumer, self.now_ms()).is_empty() {
            folders.save(stream).map_err(failed)?;
        }
        folders.sweep(stream).map_err(failed)
    }

    /// Opens the logs of a stream.
    pub(crate) fn open_stream(&self, stream: StreamMetadata) -> Result<LiveStream, RecoveryError> {
        let retention_hours = Arc::new(AtomicU32::new(stream.retention_hours));
        let consumer = self.consumer.clone();
        let mut live = LiveStream { stream, consumer, retention_hours, shards: BTreeMap::new() };
        self.open_shards(&mut live)?;
        Ok(live)
    }

    /// Opens the logs of shards that have no open log.
    pub(crate) fn open_shards(&self, live: &mut LiveStream) -> Result<(), RecoveryError> {
        for shard in &live.stream.shards {
            if live.shards.contains_key(&shard.number) {
                continue;
            }
            let place = match &self.folders {
                None => LogPlace::Memory,
                Some(folders) => LogPlace::Folder {
                    folder: folders.folder(&live.stream.name),
                    shard: shard.id(),
                },
            };
            let settings = LogSettings {
                place,
                clock: self.clock.clone(),
                segment_bytes: SEGMENT_BYTES,
                retention_hours: live.retention_hours.clone(),
                kept_from: self.kept_from(&live.stream, shard),
            };
            let log = ShardLog::open(settings, shard.closed.map(|closed| closed.last_counter))?;
            let now = Instant::now();
            let live_shard = LiveShard {
                log,
                writes: Mutex::new(WriteBudget::new(now)),
                reads: Mutex::new(ReadBudget::new(now)),
            };
            live.shards.insert(shard.number, Arc::new(live_shard));
        }
        Ok(())
    }

    /// Returns the counter of the first record of a shard that the consumer has not read.
    fn kept_from(
        &self,
        stream: &StreamMetadata,
        shard: &ShardMetadata,
    ) -> Arc<dyn Fn() -> u64 + Send + Sync> {
        let (consumer, shard) = (self.consumer.clone(), shard.clone());
        let stream = stream.without_shards();
        Arc::new(move || consumer.unread_from(&stream, &shard))
    }

    /// Time of the endpoint's clock, milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)().timestamp_millis()
    }

    /// Returns a creation time above all earlier ones, so that no two streams share sequence
    /// numbers.
    pub(crate) fn creation_stamp(&self) -> u64 {
        let now_ms = self.now_ms().max(0) as u64;
        let last = self.last_created_ms.load(Ordering::Relaxed);
        let stamp = now_ms.max(last + 1).min(CREATED_MS_MAX);
        self.last_created_ms.store(stamp, Ordering::Relaxed);
        stamp
    }

    /// ARN of a stream.
    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:kinesis:{}:{ACCOUNT}:stream/{name}", self.region)
    }

    /// Returns the valid stream name of a request.
    ///
    /// # Errors
    /// Returns an error if the request has neither name nor ARN, if one of them is malformed, or if
    /// they name different streams.
    pub(crate) fn name(&self, request: &impl NamedStream) -> Result<String, ApiError> {
        let (name, arn) = request.stream();
        let from_arn = arn.map(|arn| self.name_in_arn(arn)).transpose()?;
        match (name, from_arn) {
            (None, None) => Err(ApiError::argument("Either StreamName or StreamARN must be given")),
            (Some(name), Some(other)) if name != other => Err(ApiError::argument(format!(
                "StreamName {name:?} and StreamARN name two different streams; give one of them"
            ))),
            (Some(name), _) => check_name(name).map(|()| name.to_owned()),
            (None, Some(name)) => check_name(&name).map(|()| name),
        }
    }

    fn name_in_arn(&self, arn: &str) -> Result<String, ApiError> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        let [prefix, partition, "kinesis", region, account, resource] = parts[..] else {
            return Err(malformed_arn(arn));
        };
        let name = resource.strip_prefix("stream/").ok_or_else(|| malformed_arn(arn))?;
        if prefix != "arn" || !partition.starts_with("aws") {
            return Err(malformed_arn(arn));
        }
        if region != self.region || account != ACCOUNT {
            return Err(ApiError::new(
                ApiErrorCode::ResourceNotFound,
                format!(
                    "Stream {arn} not found: this endpoint has region {} and account {ACCOUNT}; \
                     {} would be found if the stream exists",
                    self.region,
                    self.arn(name)
                ),
            ));
        }
        Ok(name.to_owned())
    }
}

fn malformed_arn(arn: &str) -> ApiError {
    ApiError::constraint(
        "streamARN",
        arn,
        "Member must satisfy regular expression pattern: arn:aws.*:kinesis:.*:\\d{12}:stream/\\S+",
    )
}

fn check_name(name: &str) -> Result<(), ApiError> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-');
    if name.is_empty() || name.chars().count() > STREAM_NAME_CHARS_MAX || !name.chars().all(allowed)
    {
        let rule = format!(
            "Member must have 1 to {STREAM_NAME_CHARS_MAX} characters of the regular expression \
             pattern: [a-zA-Z0-9_.-]+"
        );
        return Err(ApiError::constraint("streamName", name, rule));
    }
    Ok(())
}

/// Looks up an open stream.
pub(crate) fn find<'a>(
    streams: &'a BTreeMap<String, LiveStream>,
    name: &str,
) -> Result<&'a LiveStream, ApiError> {
    streams.get(name).ok_or_else(|| no_stream(name))
}

/// Error for an unknown stream.
pub(crate) fn no_stream(name: &str) -> ApiError {
    let message = format!("Stream {name} under account {ACCOUNT} not found.");
    ApiError::new(ApiErrorCode::ResourceNotFound, message)
}

/// Error for an unknown shard.
pub(crate) fn no_shard(shard: &str, stream: &str) -> ApiError {
    let message = format!("Shard {shard} in stream {stream} under account {ACCOUNT} not found.");
    ApiError::new(ApiErrorCode::ResourceNotFound, message)
}

impl LiveStream {
    /// Returns the metadata and the log of a shard, or `None` if it is unknown or expired.
    pub(crate) fn shard(
        &self,
        number: u32,
        now_ms: i64,
    ) -> Option<(&ShardMetadata, &Arc<LiveShard>)> {
        let shard = self.stream.shard(number)?;
        if self.is_expired(shard, now_ms) {
            return None;
        }
        Some((shard, self.shards.get(&number)?))
    }

    /// Returns `true` if the shard is closed and none of its records is kept.
    pub(crate) fn is_expired(&self, shard: &ShardMetadata, now_ms: i64) -> bool {
        self.consumer.is_expired(&self.stream, shard, now_ms)
    }
}

impl Endpoint {
    /// Checks that the endpoint accepts requests.
    ///
    /// # Errors
    /// Returns a retryable error if the endpoint is closed.
    pub(crate) fn check_open(&self) -> Result<(), ApiError> {
        if self.closed.load(Ordering::SeqCst) {
            let message = "The endpoint is closed; try again after it is started";
            return Err(ApiError::new(ApiErrorCode::ServiceUnavailable, message));
        }
        Ok(())
    }

    /// Closes all logs and releases the folder.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let live = std::mem::take(&mut *self.streams.write().await);
        let closed = blocking(move || {
            let shards = live.values().flat_map(|live| live.shards.values());
            shards.for_each(|shard| shard.log.close());
        });
        // The only possible error is a panic, which `close` of the log has logged.
        let _ = closed.await;
        if let Some(folders) = &self.folders {
            folders.release();
        }
    }
}
