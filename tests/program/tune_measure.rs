//! `daymark tune measure`: against a Lambda endpoint whose functions are billed by the quota of
//! their memory, on a processor with half the speed of the recording's.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::thread;

use axum::body::Bytes;
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use domain::record::{Delivered, SequenceNumber, pack};
use domain::{Acceptance, Event};
use event_source_mapping::lambda_event;
use serde_json::{Value, json};
use tuning::{Quota, Trace};

use crate::support::{ProgramOutput, command, daymark, now, numbered, run};
use crate::tune::{recording, written};

/// Lambda with the copies of the stage `dev`.
#[derive(Clone, Default)]
struct Copies {
    memory: Arc<Mutex<BTreeMap<String, u64>>>,
    /// `false` if the log lacks the report.
    has_report: bool,
    /// Bodies of all invocations.
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Copies {
    /// Starts the endpoint, which runs until the tests end, and returns its URL.
    fn start(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        listener.set_nonblocking(true).expect("a socket of ours");
        let address = listener.local_addr().expect("an address");
        let functions = "/2015-03-31/functions/{name}";
        let configuration = get(configuration).put(configure);
        let router = Router::new()
            .route(&format!("{functions}/configuration"), configuration)
            .route(&format!("{functions}/invocations"), post(invoke))
            .layer(axum::extract::DefaultBodyLimit::disable())
            .with_state(self.clone());
        thread::spawn(move || {
            run(async {
                let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await.expect("served");
            });
        });
        format!("http://{address}")
    }
}

/// Source: Lambda, `GetFunctionConfiguration`.
async fn configuration(UrlPath(name): UrlPath<String>) -> Response {
    if !name.starts_with("daymark-dev-tuning-") {
        let kind = [("x-amzn-errortype", "ResourceNotFoundException")];
        let message = json!({ "Message": format!("Function not found: {name}") });
        return (StatusCode::NOT_FOUND, kind, Json(message)).into_response();
    }
    Json(json!({ "State": "Active", "LastUpdateStatus": "Successful" })).into_response()
}

async fn configure(
    State(copies): State<Copies>,
    UrlPath(name): UrlPath<String>,
    Json(change): Json<Value>,
) -> Json<Value> {
    let memory = change["MemorySize"].as_u64().expect("a size");
    copies.memory.lock().expect("no panic").insert(name, memory);
    Json(json!({}))
}

async fn invoke(
    State(copies): State<Copies>,
    UrlPath(name): UrlPath<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    assert_eq!(headers["x-amz-log-type"], "Tail");
    let memory = copies.memory.lock().expect("no panic")[&name];
    let mut bodies = copies.bodies.lock().expect("no panic");
    let is_first = bodies.is_empty();
    bodies.push(body.clone());
    let place = bodies.len() as u64 * 7_919 % 20_000 * 1_000;
    drop(bodies);
    let payload: Value = serde_json::from_slice(&body).expect("JSON");
    let records = payload["Records"].as_array().map_or(8, Vec::len) as u64;
    // The work of `recording(100)`, twice as long.
    let work = 2 * if name.ends_with("ingest") { 800 } else { 900 + records * 100 };
    let trace = Trace::alternating(work * 1_000, 1, 5_000_000);
    let duration = Quota::of_memory(memory as u32).duration(&trace, place);
    let billed = duration.div_ceil(1_000_000);
    let init = if is_first { "\tInit Duration: 31.20 ms" } else { "" };
    let report = format!(
        "END RequestId: 1\nREPORT RequestId: 1\tDuration: {billed}.00 ms\tBilled Duration: \
         {billed} ms\tMemory Size: {memory} MB\tMax Memory Used: 41 MB{init}\t\n"
    );
    let log = if copies.has_report { report } else { "{\"level\":\"INFO\"}".to_owned() };
    let log = ("x-amz-log-result", BASE64_STANDARD.encode(log));
    if memory == 128 && records == 500 {
        let died = json!({ "errorType": "Runtime.OutOfMemory", "errorMessage": "signal: killed" });
        let kind = ("x-amz-function-error", "Unhandled".to_owned());
        return ([log, kind], Json(died)).into_response();
    }
    let answer = json!({ "statusCode": 202, "batchItemFailures": [] });
    ([log], Json(answer)).into_response()
}

/// Writes a batch of four records, as a load run keeps it.
fn keep_batch(folder: &Path) -> String {
    let batches = folder.join("batches");
    fs::create_dir_all(&batches).expect("a folder");
    let record = |number: usize| {
        let store = format!("store-{number}");
        let acceptance = Acceptance::at(now());
        let parse = |event: &Value| Event::parse(&event.to_string(), &acceptance).expect("valid");
        let events: Vec<Event> = numbered(&store, 2, 2, now()).iter().map(parse).collect();
        Delivered {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new(number.to_string()),
            arrived_at: now(),
            data: pack(&store, &events).data,
            partition_key: store,
        }
    };
    let records: Vec<Delivered> = (1..=4).map(record).collect();
    let batch = lambda_event(&records, "arn:aws:kinesis:us-east-1:000000000000:stream/kept");
    fs::write(batches.join("batch-1.json"), batch.to_string()).expect("written");
    batches.display().to_string()
}

fn measure(url: &str, stage: &str, folder: &Path, traces: &str) -> ProgramOutput {
    let (file, batches) = (shown(folder, "billed.json"), keep_batch(folder));
    let words = ["tune", "measure", &file, "--stage", stage, "--traces", traces];
    let options = ["--function", "ingest", "--function", "stock-processor", "--batches", &batches];
    let sizes = ["--memory", "128,512,1769", "--repetitions", "20", "--format", "csv"];
    let mut command: Command = command([&words[..], &options, &sizes].concat());
    command
        .env("AWS_ENDPOINT_URL", url)
        .env("AWS_REGION", "eu-central-1")
        .env("AWS_ACCESS_KEY_ID", "key")
        .env("AWS_SECRET_ACCESS_KEY", "secret");
    ProgramOutput::of(command, "")
}

/// Recording of kept batches.
fn kept_recording() -> Value {
    let text = recording(100).to_string().replace("\"peak\"", "\"kept\"");
    serde_json::from_str(&text).expect("JSON")
}

fn shown(folder: &Path, name: &str) -> String {
    folder.join(name).display().to_string()
}

#[test]
fn copies_are_measured_with_fresh_events_and_the_choice_uses_what_they_are_billed() {
    let folder = tempfile::tempdir().expect("a folder");
    let traces = written(folder.path(), "traces.json", &kept_recording()).display().to_string();
    let file = shown(folder.path(), "billed.json");
    let copies = Copies { has_report: true, ..Copies::default() };
    let measured = measure(&copies.start(), "dev", folder.path(), &traces);
    let notes = measured.err.clone();
    let table = measured.success();

    // Each case of the recording at each memory size, but one that died.
    let (header, rows) = table.split_once('\n').expect("rows");
    assert_eq!(header, "function,case,memory,predicted_ms,billed_ms,percent");
    assert!(rows.contains("ingest,kept,128,") && rows.contains("ingest,kept,1769,"), "{rows}");
    assert!(rows.contains("stock-processor,\"kept, 500 records\",512,"), "{rows}");
    assert!(!rows.contains("500 records\",128,"), "{rows}");
    let died = "daymark-dev-tuning-stock-processor at 128 MB, kept, 500 records: Unhandled";
    assert!(notes.contains(died) && notes.contains("Runtime.OutOfMemory"), "{notes}");
    for row in rows.lines() {
        let percent: i32 = row.rsplit(',').next().expect("a cell").parse().expect("a number");
        assert!(percent.abs() <= 15, "{row}");
    }

    // No two payloads are equal: a copy would find its events stored.
    let bodies = copies.bodies.lock().expect("no panic");
    let distinct: BTreeSet<&Bytes> = bodies.iter().collect();
    assert_eq!(distinct.len(), bodies.len());

    let percent = |name: &str| -> u64 {
        let (_, after) = notes.split_once(name).expect("a factor");
        let figure = after.split_whitespace().next().expect("a number");
        figure.parse().expect("a number")
    };
    assert!((180..=220).contains(&percent("fitted: work ")), "{notes}");
    let chosen = daymark(["tune", "choose", &traces, "--measured", &file]);
    assert!(chosen.err.contains("measured in"), "{}", chosen.err);
    let chosen = chosen.success();
    let plain = daymark(["tune", "choose", &traces]).success();
    assert_ne!(chosen, plain);
}

#[test]
fn a_stage_without_copies_and_a_log_without_a_report_are_explained() {
    let folder = tempfile::tempdir().expect("a folder");
    let traces = written(folder.path(), "traces.json", &kept_recording()).display().to_string();
    let file = shown(folder.path(), "billed.json");
    let copies = Copies::default();
    let url = copies.start();
    let absent = measure(&url, "prod", folder.path(), &traces).failure();
    assert!(absent.contains("daymark-prod-tuning-ingest cannot be set to 128 MB"), "{absent}");
    assert!(absent.contains("`cdk deploy -c stage=prod -c tuning=true`"), "{absent}");
    let silent = measure(&url, "dev", folder.path(), &traces).failure();
    assert!(silent.contains("holds no REPORT line of Lambda"), "{silent}");
    assert!(!Path::new(&file).exists());

    let other = daymark(["tune", "choose", &traces, "--measured", &traces]).failure();
    assert!(other.contains("`daymark tune measure FILE` writes one"), "{other}");
}
