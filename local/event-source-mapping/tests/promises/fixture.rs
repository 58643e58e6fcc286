//! Test fixture: an endpoint with planned errors, a test clock, and a handler that records its
//! batches.

use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::path::Path;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_sdk_kinesis::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_kinesis::primitives::Blob;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response as HttpResponse};
use chrono::{DateTime, TimeDelta, Utc};
use domain::record::{Delivered, SequenceNumber};
use event_source_mapping::{
    Checkpoints, Destination, EventSourceMapping, Handler, HandlerError, HandlerResponse,
    MappingSettings,
};
use local_kinesis::{Kinesis, KinesisSettings, KinesisStorage, ShardLimits};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

pub(crate) const STREAM: &str = "till-events";
/// Time limit of a test, far longer than needed.
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) async fn in_time<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, work).await.expect("within the time limit")
}

/// Clock that stands still until a test advances it.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<Mutex<DateTime<Utc>>>);

impl TestClock {
    pub(crate) fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap()
    }

    pub(crate) fn advance(&self, seconds: i64) {
        *self.0.lock().unwrap() += TimeDelta::seconds(seconds);
    }
}

/// Errors for the next calls of each action, in order. `None` forwards the call.
#[derive(Clone, Default)]
pub(crate) struct PlannedErrors(Arc<Mutex<BTreeMap<&'static str, Codes>>>);

type Codes = VecDeque<Option<&'static str>>;

impl PlannedErrors {
    pub(crate) fn plan(
        &self,
        action: &'static str,
        codes: impl IntoIterator<Item = Option<&'static str>>,
    ) {
        self.0.lock().unwrap().entry(action).or_default().extend(codes);
    }

    pub(crate) fn left(&self) -> usize {
        self.0.lock().unwrap().values().map(VecDeque::len).sum()
    }

    async fn answer(self, request: Request, next: Next) -> HttpResponse {
        let target = request.headers().get("x-amz-target").and_then(|value| value.to_str().ok());
        let action = target.and_then(|target| target.rsplit('.').next()).unwrap_or_default();
        let code = self.0.lock().unwrap().get_mut(action).and_then(VecDeque::pop_front).flatten();
        match code {
            None => next.run(request).await,
            Some(code) => {
                let body = format!(r#"{{"__type":"{code}","message":"on purpose"}}"#);
                (StatusCode::BAD_REQUEST, body).into_response()
            }
        }
    }
}

/// Kinesis endpoint in memory, served on a free port.
pub(crate) struct StreamFixture {
    pub(crate) client: Client,
    pub(crate) clock: TestClock,
    pub(crate) planned_errors: PlannedErrors,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
    kinesis: Kinesis,
}

impl StreamFixture {
    pub(crate) async fn empty() -> Self {
        let noon = DateTime::parse_from_rfc3339("2026-11-20T12:00:00Z").unwrap().to_utc();
        let clock = TestClock(Arc::new(Mutex::new(noon)));
        let kinesis_clock = clock.clone();
        let settings = KinesisSettings {
            storage: KinesisStorage::Memory,
            limits: ShardLimits::Off,
            clock: Arc::new(move || kinesis_clock.now()),
            region: "eu-central-1".to_owned(),
        };
        let kinesis = Kinesis::open(settings).unwrap();
        let planned_errors = PlannedErrors::default();
        let planned = planned_errors.clone();
        let router = kinesis
            .router()
            .layer(from_fn(move |request, next| planned.clone().answer(request, next)));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let client = client(listener.local_addr().unwrap());
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, router).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let served = tokio::spawn(async { serving.await.unwrap() });
        Self { client, clock, planned_errors, stop, served, kinesis }
    }

    /// Starts an endpoint with the stream.
    pub(crate) async fn with_shards(count: i32) -> Self {
        let fixture = Self::empty().await;
        fixture.create(count).await;
        fixture
    }

    pub(crate) async fn create(&self, shards: i32) {
        self.client.create_stream().stream_name(STREAM).shard_count(shards).send().await.unwrap();
    }

    /// Puts a record and returns its shard and sequence number.
    pub(crate) async fn put(&self, key: &str, text: &str) -> (String, SequenceNumber) {
        let request = self.client.put_record().stream_name(STREAM).partition_key(key);
        let put = request.data(Blob::new(text)).send().await.unwrap();
        (put.shard_id, SequenceNumber::new(put.sequence_number))
    }

    /// Puts records of one key. Returns their shard and the last sequence number.
    pub(crate) async fn put_all(&self, key: &str, texts: &[&str]) -> (String, SequenceNumber) {
        let mut last = None;
        for text in texts {
            last = Some(self.put(key, text).await);
        }
        last.unwrap()
    }

    pub(crate) fn map(
        &self,
        settings: MappingSettings,
        handler: impl Handler,
    ) -> EventSourceMapping {
        self.map_with(settings, handler, Checkpoints::Memory, Destination::None)
    }

    pub(crate) fn map_with(
        &self,
        settings: MappingSettings,
        handler: impl Handler,
        checkpoints: Checkpoints,
        destination: Destination,
    ) -> EventSourceMapping {
        let clock = self.clock.clone();
        let clock = Arc::new(move || clock.now());
        let client = self.client.clone();
        EventSourceMapping::start(client, settings, handler, checkpoints, destination, clock)
            .unwrap()
    }

    pub(crate) async fn close(self) {
        let _ = self.stop.send(());
        in_time(self.served).await.unwrap();
        in_time(self.kinesis.close()).await;
    }
}

fn client(address: SocketAddr) -> Client {
    let config = aws_sdk_kinesis::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .endpoint_url(format!("http://{address}"))
        .region(Region::new("eu-central-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "test"))
        .retry_config(RetryConfig::disabled())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// Settings with short pauses.
pub(crate) fn settings() -> MappingSettings {
    MappingSettings {
        poll_interval: Duration::from_millis(5),
        retry_backoff: Duration::from_millis(1),
        ..MappingSettings::new(STREAM)
    }
}

pub(crate) type HandlerResult = Result<HandlerResponse, HandlerError>;
pub(crate) type HandlerFuture = Pin<Box<dyn Future<Output = HandlerResult> + Send>>;
type Script = dyn Fn(Vec<Delivered>) -> HandlerFuture + Send + Sync;

/// Handler that records the text of every record, and responds by a script.
#[derive(Clone)]
pub(crate) struct RecordingHandler {
    batches: Arc<Mutex<Vec<Vec<String>>>>,
    script: Arc<Script>,
}

impl RecordingHandler {
    /// Handler that accepts every batch.
    pub(crate) fn accepting() -> Self {
        Self::responding(|_| Ok(HandlerResponse::default()))
    }

    pub(crate) fn responding(
        script: impl Fn(&[Delivered]) -> HandlerResult + Send + Sync + 'static,
    ) -> Self {
        Self::running(move |batch| {
            let result = script(&batch);
            Box::pin(async { result })
        })
    }

    pub(crate) fn running(
        script: impl Fn(Vec<Delivered>) -> HandlerFuture + Send + Sync + 'static,
    ) -> Self {
        Self { batches: Arc::default(), script: Arc::new(script) }
    }

    pub(crate) fn batches(&self) -> Vec<Vec<String>> {
        self.batches.lock().unwrap().clone()
    }

    pub(crate) fn records(&self) -> Vec<String> {
        self.batches().concat()
    }
}

impl Handler for RecordingHandler {
    async fn handle(&self, batch: &[Delivered]) -> HandlerResult {
        self.batches.lock().unwrap().push(batch.iter().map(text).collect());
        (self.script)(batch.to_vec()).await
    }
}

pub(crate) fn text(record: &Delivered) -> String {
    String::from_utf8(record.data.clone()).unwrap()
}

/// Response that reports these records as failed.
pub(crate) fn failed<'a>(records: impl IntoIterator<Item = &'a Delivered>) -> HandlerResponse {
    let numbers = records.into_iter().map(|record| record.sequence_number.to_string());
    HandlerResponse { batch_item_failures: numbers.collect() }
}

/// Returns the content of every file below a folder by relative path.
pub(crate) fn files(root: &Path) -> BTreeMap<String, serde_json::Value> {
    let mut files = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap());
            }
        }
    }
    files
}

pub(crate) fn fails() -> HandlerResult {
    Err(HandlerError("on purpose".to_owned()))
}

pub(crate) fn has(batch: &[Delivered], expected: &str) -> bool {
    batch.iter().any(|record| text(record) == expected)
}
