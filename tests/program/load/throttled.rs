//! Load runs while a table throttles. The stream and the tables are those of a machine; the event
//! source mapping and the processor are those of this process, so that a proxy stands between the
//! processor and the tables.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws::{AwsClients, Endpoints, ResourceNames, Tables};
use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use chrono::{DateTime, TimeDelta, Utc};
use domain::Delivered;
use event_source_mapping::{
    Checkpoints, Destination, EventSourceMapping, Handler, HandlerError, HandlerResponse,
    MappingSettings,
};
use processors::Processor;
use serde_json::json;
use tokio::net::TcpListener;

use super::{assert_equal, record, start};
use crate::support::{self, UpProcess, command, now};

/// Stream beside that of the machine, whose own processor would bypass the proxy.
const STREAM: &str = "throttled-events";
/// Writes before the table throttles.
const WRITES_BEFORE: u32 = 10;
/// Time for which each write is throttled.
const THROTTLED_FOR: TimeDelta = TimeDelta::seconds(3);

/// Proxy before the tables of a machine.
struct ThrottlingProxy {
    dynamodb: String,
    http: reqwest::Client,
    writes: Mutex<Writes>,
}

/// Writes so far.
#[derive(Default)]
struct Writes {
    all: u32,
    throttled: u32,
    since: Option<DateTime<Utc>>,
}

impl Writes {
    /// Counts a write. Returns `true` if the table throttles it.
    fn count(&mut self) -> bool {
        self.all += 1;
        if self.all <= WRITES_BEFORE {
            return false;
        }
        let is_throttled = now() - *self.since.get_or_insert_with(now) < THROTTLED_FOR;
        self.throttled += u32::from(is_throttled);
        is_throttled
    }
}

/// Passes a call on, or answers as a table over its throughput does.
async fn pass(
    State(proxy): State<Arc<ThrottlingProxy>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let target = headers["x-amz-target"].to_str().expect("a text");
    if target.ends_with(".BatchWriteItem") && proxy.writes.lock().unwrap().count() {
        let code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
        let answer = json!({ "__type": code, "message": "throughput exceeded" });
        return (StatusCode::BAD_REQUEST, answer.to_string());
    }
    let mut request = proxy.http.post(&proxy.dynamodb).body(body);
    for name in ["authorization", "content-type", "x-amz-date", "x-amz-target"] {
        request = request.header(name, &headers[name]);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.text().await.expect("a whole answer"))
}

/// Processor behind the mapping.
struct Processing(Processor<Tables>);

impl Handler for Processing {
    async fn handle(&self, batch: &[Delivered]) -> Result<HandlerResponse, HandlerError> {
        let failed = self.0.process(batch).await.retry_from;
        let failed = failed.map(|number| number.as_str().to_owned());
        Ok(HandlerResponse { batch_item_failures: failed.into_iter().collect() })
    }
}

#[test]
fn the_ledger_is_equal_after_a_table_throttled_in_the_middle() {
    let folder = tempfile::tempdir().expect("a folder");
    let report = folder.path().display().to_string();
    let up = UpProcess::start(&["--memory"]);
    let proxy = Arc::new(ThrottlingProxy {
        dynamodb: up.dynamodb.clone(),
        http: reqwest::Client::new(),
        writes: Mutex::default(),
    });
    support::run(async {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(pass).with_state(proxy.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });

        let endpoints = Endpoints { kinesis: up.kinesis.clone(), dynamodb: url };
        let clients = AwsClients::local(&endpoints);
        let create = clients.kinesis.create_stream().stream_name(STREAM).shard_count(1);
        create.send().await.expect("a stream");
        let tables = Tables::new(clients.dynamodb, &ResourceNames::default());
        let settings = MappingSettings {
            poll_interval: Duration::from_millis(250),
            ..MappingSettings::new(STREAM)
        };
        let mapping = EventSourceMapping::start(
            clients.kinesis,
            settings,
            Processing(Processor::new(tables, Arc::new(now))),
            Checkpoints::Memory,
            Destination::None,
            Arc::new(now),
        );
        let mapping = mapping.expect("started");
        let target = format!("kinesis:{STREAM}@{}", up.kinesis);
        let load = ["load", "--for", "8s", "--rate", "500", "--report", &report];
        let (target, tables) = (["--target", &target], ["--dynamodb-url", &up.dynamodb]);
        let mut load = start(command(load.iter().chain(&target).chain(&tables)));
        let waited = tokio::task::spawn_blocking(move || load.wait());
        waited.await.expect("no panic").expect("a status");
        mapping.stop().await;
    });
    let record = record(folder.path());
    assert_equal(&record);
    let writes = proxy.writes.lock().unwrap();
    assert!(writes.throttled > 0 && writes.all > writes.throttled + WRITES_BEFORE);
    let seconds = record["seconds"].as_array().unwrap();
    let backlog = seconds.iter().filter_map(|second| second["backlog_ms"].as_f64());
    let longest = backlog.fold(0.0, f64::max);
    assert!(longest > 1_500.0, "the backlog shows it: {longest} ms");
}
