//! Endpoint on a socket, and a client of it with the AWS SDK.

#![allow(dead_code, unused_imports, reason = "each test binary uses some of these")]

mod client;
pub(crate) mod wire;

use std::net::SocketAddr;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_kinesis::primitives::{Blob, DateTime as DateTimeOnWire};
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, Record, Shard};
use chrono::{DateTime, Utc};
pub(crate) use client::TestClient;
use local_kinesis::{Kinesis, KinesisOpenError, KinesisSettings, KinesisStorage, ShardLimits};
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// Initial time of the test clock, milliseconds since 1970.
pub(crate) const START_MS: i64 = 1_790_000_000_123;
pub(crate) const STREAM: &str = "till-events";
/// End of the first of two shards, and start of the second.
pub(crate) const HALF: u128 = 1 << 127;

/// Clock that stands still until a test advances it.
#[derive(Clone)]
pub(crate) struct TestClock(Arc<AtomicI64>);

impl TestClock {
    pub(crate) fn new() -> Self {
        Self(Arc::new(AtomicI64::new(START_MS)))
    }

    pub(crate) fn advance_ms(&self, by: i64) {
        self.0.fetch_add(by, Ordering::SeqCst);
    }

    pub(crate) fn advance_hours(&self, by: i64) {
        self.advance_ms(by * 3_600_000);
    }

    fn now(&self) -> DateTime<Utc> {
        DateTime::from_timestamp_millis(self.0.load(Ordering::SeqCst)).expect("in range")
    }
}

/// Endpoint that is served, and a client of it.
pub(crate) struct ServedEndpoint {
    test_client: TestClient,
    pub(crate) clock: TestClock,
    pub(crate) address: SocketAddr,
    kinesis: Kinesis,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

pub(crate) fn open(
    storage: KinesisStorage,
    limits: ShardLimits,
    clock: &TestClock,
) -> Result<Kinesis, KinesisOpenError> {
    let clock = clock.clone();
    let clock = Arc::new(move || clock.now());
    Kinesis::open(KinesisSettings { storage, limits, clock, region: "eu-west-1".to_owned() })
}

impl ServedEndpoint {
    pub(crate) async fn in_memory(limits: ShardLimits) -> Self {
        Self::start(KinesisStorage::Memory, limits, TestClock::new()).await
    }

    pub(crate) async fn on_disk(folder: &Path, clock: TestClock) -> Self {
        Self::start(KinesisStorage::Folder(folder.to_owned()), ShardLimits::Off, clock).await
    }

    pub(crate) async fn start(
        storage: KinesisStorage,
        limits: ShardLimits,
        clock: TestClock,
    ) -> Self {
        let kinesis = open(storage, limits, &clock).expect("the endpoint opens");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = axum::serve(listener, kinesis.router()).with_graceful_shutdown(async {
            let _ = stopped.await;
        });
        let served = tokio::spawn(async { serving.await.expect("it serves") });
        let test_client = TestClient::new(&format!("http://{address}"), STREAM);
        Self { test_client, clock, address, kinesis, stop, served }
    }

    /// Stops the server and closes the endpoint.
    pub(crate) async fn close(self) {
        let Self { test_client, kinesis, stop, served, .. } = self;
        drop(test_client);
        stop.send(()).expect("it was serving");
        served.await.expect("it served");
        kinesis.close().await;
    }
}

impl Deref for ServedEndpoint {
    type Target = TestClient;

    fn deref(&self) -> &TestClient {
        &self.test_client
    }
}

pub(crate) fn blob(data: &str) -> Blob {
    Blob::new(data.as_bytes())
}

pub(crate) fn entry(hash: u128, data: Vec<u8>) -> PutRecordsRequestEntry {
    PutRecordsRequestEntry::builder()
        .partition_key("key")
        .explicit_hash_key(hash.to_string())
        .data(Blob::new(data))
        .build()
        .expect("complete")
}

pub(crate) fn texts(records: &[Record]) -> Vec<String> {
    records.iter().map(|r| String::from_utf8_lossy(r.data.as_ref()).into_owned()).collect()
}

pub(crate) fn start_of(shard: &Shard) -> u128 {
    hash(shard.hash_key_range.as_ref().map(|range| range.starting_hash_key.as_str()))
}

pub(crate) fn end_of(shard: &Shard) -> u128 {
    hash(shard.hash_key_range.as_ref().map(|range| range.ending_hash_key.as_str()))
}

fn hash(text: Option<&str>) -> u128 {
    text.expect("a range").parse().expect("a number")
}

pub(crate) fn ending(shard: &Shard) -> Option<&str> {
    shard.sequence_number_range.as_ref()?.ending_sequence_number.as_deref()
}

/// Milliseconds since 1970, rounded because the SDK truncates the seconds of the response.
pub(crate) fn millis(instant: &DateTimeOnWire) -> i64 {
    (instant.as_secs_f64() * 1_000.0).round() as i64
}

/// Error code of a failed call.
pub(crate) fn code<
    T: std::fmt::Debug,
    E: ProvideErrorMetadata + std::fmt::Debug,
    R: std::fmt::Debug,
>(
    outcome: Result<T, SdkError<E, R>>,
) -> String {
    let error = outcome.expect_err("not refused");
    error.code().unwrap_or_else(|| panic!("no code in {error:?}")).to_owned()
}

/// Sort key of a sequence number: its length, then its digits.
pub(crate) fn rank(sequence: &str) -> (usize, String) {
    (sequence.len(), sequence.to_owned())
}
