//! The state behind the actions: live streams, found by name or ARN, and how they change.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::RwLock;
use tokio::time::Instant;

use super::api::NamesStream;
use super::error::{ApiError, Code};
use super::log::{LogSettings, Place, RecoveryError, SEGMENT_BYTES, ShardLog};
use super::metadata::Home;
use super::sequence::CREATED_MS_MAX;
use super::stream::{Shard, Stream};
use super::throughput::{ReadBudget, WriteBudget};
use super::{Clock, KinesisSettings, Limits, OpenError, Storage};

/// The account in every ARN. There are no accounts here.
const ACCOUNT: &str = "000000000000";
/// Longest stream name, in characters. Source: API reference, `CreateStream`.
const STREAM_NAME_CHARS_MAX: usize = 128;

/// One stream and its shards' logs.
pub(crate) struct Live {
    pub(crate) stream: Stream,
    pub(crate) retention_hours: Arc<AtomicU32>,
    pub(crate) shards: BTreeMap<u32, Arc<LiveShard>>,
}

/// One shard's log and budgets.
pub(crate) struct LiveShard {
    pub(crate) log: ShardLog,
    writes: Mutex<WriteBudget>,
    reads: Mutex<ReadBudget>,
}

impl LiveShard {
    /// What it may still take this second.
    pub(crate) fn writes(&self) -> MutexGuard<'_, WriteBudget> {
        self.writes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What it may still give this second.
    pub(crate) fn reads(&self) -> MutexGuard<'_, ReadBudget> {
        self.reads.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The whole state. Puts and reads share the streams; a change of streams or shards has them
/// alone for the few milliseconds it takes.
pub(crate) struct Endpoint {
    // Before `home`: logs come to rest before the folder is let go.
    pub(crate) streams: RwLock<BTreeMap<String, Live>>,
    pub(crate) home: Option<Arc<Home>>,
    pub(crate) limits: Limits,
    clock: Clock,
    region: String,
    last_created_ms: AtomicU64,
    closed: AtomicBool,
}

/// Runs blocking work off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, ApiError> {
    tokio::task::spawn_blocking(work).await.map_err(ApiError::internal)
}

impl Endpoint {
    /// Opens every stream in storage.
    pub(crate) fn open(settings: KinesisSettings) -> Result<Self, OpenError> {
        let (home, stored) = match settings.storage {
            Storage::Memory => (None, Vec::new()),
            Storage::Folder(root) => {
                let (home, stored) = Home::open(root)?;
                (Some(Arc::new(home)), stored)
            }
        };
        let endpoint = Self {
            streams: RwLock::new(BTreeMap::new()),
            home,
            limits: settings.limits,
            clock: settings.clock,
            region: settings.region,
            last_created_ms: AtomicU64::new(0),
            closed: AtomicBool::new(false),
        };
        let mut streams = BTreeMap::new();
        for mut stream in stored {
            endpoint.last_created_ms.fetch_max(stream.created_ms, Ordering::Relaxed);
            endpoint.forget_expired(&mut stream)?;
            streams.insert(stream.name.clone(), endpoint.live(stream)?);
        }
        Ok(Self { streams: RwLock::new(streams), ..endpoint })
    }

    fn forget_expired(&self, stream: &mut Stream) -> Result<(), OpenError> {
        let Some(home) = &self.home else { return Ok(()) };
        let folder = home.folder(&stream.name);
        let failed = |cause| OpenError::Folder { folder: folder.clone(), cause };
        if !stream.forget_expired(self.now_ms()).is_empty() {
            home.save(stream).map_err(failed)?;
        }
        home.sweep(stream).map_err(failed)
    }

    /// A stream with its shards' logs opened.
    pub(crate) fn live(&self, stream: Stream) -> Result<Live, RecoveryError> {
        let retention_hours = Arc::new(AtomicU32::new(stream.retention_hours));
        let mut live = Live { stream, retention_hours, shards: BTreeMap::new() };
        self.open_shards(&mut live)?;
        Ok(live)
    }

    /// Opens the logs of shards that have none yet.
    pub(crate) fn open_shards(&self, live: &mut Live) -> Result<(), RecoveryError> {
        for shard in &live.stream.shards {
            if live.shards.contains_key(&shard.number) {
                continue;
            }
            let place = match &self.home {
                None => Place::Memory,
                Some(home) => {
                    Place::Folder { folder: home.folder(&live.stream.name), shard: shard.id() }
                }
            };
            let settings = LogSettings {
                place,
                clock: self.clock.clone(),
                segment_bytes: SEGMENT_BYTES,
                retention_hours: live.retention_hours.clone(),
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

    /// The endpoint's clock, milliseconds since 1970.
    pub(crate) fn now_ms(&self) -> i64 {
        (self.clock)().timestamp_millis()
    }

    /// A creation stamp above every earlier one, so that no two streams share sequence numbers.
    pub(crate) fn creation_stamp(&self) -> u64 {
        let now_ms = self.now_ms().max(0) as u64;
        let last = self.last_created_ms.load(Ordering::Relaxed);
        let stamp = now_ms.max(last + 1).min(CREATED_MS_MAX);
        self.last_created_ms.store(stamp, Ordering::Relaxed);
        stamp
    }

    /// A stream's ARN.
    pub(crate) fn arn(&self, name: &str) -> String {
        format!("arn:aws:kinesis:{}:{ACCOUNT}:stream/{name}", self.region)
    }

    /// The name of the stream a request is about, checked.
    ///
    /// # Errors
    /// Neither name nor ARN, a malformed one, or two that disagree.
    pub(crate) fn name(&self, request: &impl NamesStream) -> Result<String, ApiError> {
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
                Code::ResourceNotFound,
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

/// The live stream of a name.
pub(crate) fn find<'a>(
    streams: &'a BTreeMap<String, Live>,
    name: &str,
) -> Result<&'a Live, ApiError> {
    streams.get(name).ok_or_else(|| no_stream(name))
}

/// No such stream.
pub(crate) fn no_stream(name: &str) -> ApiError {
    let message = format!("Stream {name} under account {ACCOUNT} not found.");
    ApiError::new(Code::ResourceNotFound, message)
}

/// No such shard.
pub(crate) fn no_shard(shard: &str, stream: &str) -> ApiError {
    let message = format!("Shard {shard} in stream {stream} under account {ACCOUNT} not found.");
    ApiError::new(Code::ResourceNotFound, message)
}

impl Live {
    /// A shard that is still known, with its log.
    pub(crate) fn shard(&self, number: u32, now_ms: i64) -> Option<(&Shard, &Arc<LiveShard>)> {
        let shard = self.stream.shard(number)?;
        if self.stream.is_expired(shard, now_ms) {
            return None;
        }
        Some((shard, self.shards.get(&number)?))
    }
}

impl Endpoint {
    /// Refuses what comes in after the end, with a code that callers retry on.
    ///
    /// # Errors
    /// The endpoint is closed.
    pub(crate) fn check_open(&self) -> Result<(), ApiError> {
        if self.closed.load(Ordering::SeqCst) {
            let message = "The endpoint is closed; try again once it is started";
            return Err(ApiError::new(Code::ServiceUnavailable, message));
        }
        Ok(())
    }

    /// Brings every log to rest and lets the folder go.
    pub(crate) async fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        let live = std::mem::take(&mut *self.streams.write().await);
        let closed = blocking(move || {
            let shards = live.values().flat_map(|live| live.shards.values());
            shards.for_each(|shard| shard.log.close());
        });
        // Its only error is a panic in there, which is logged where it is made.
        let _ = closed.await;
        if let Some(home) = &self.home {
            home.release();
        }
    }
}
