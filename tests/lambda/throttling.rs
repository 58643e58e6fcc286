//! DynamoDB that leaves writes of one partition unprocessed.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use serde_json::{Map, Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Endpoint before DynamoDB, stopped on drop. It answers batches of writes as DynamoDB does when a
/// partition is over its limit: the other items are stored, and those of the partition are left.
pub(crate) struct Throttling {
    /// URL of the endpoint.
    pub(crate) url: String,
    upstream: Arc<Upstream>,
    server: JoinHandle<()>,
}

struct Upstream {
    client: reqwest::Client,
    dynamodb: String,
    partition: String,
    is_full: AtomicBool,
}

impl Throttling {
    /// Starts an endpoint before `dynamodb` that leaves all writes of `partition`.
    pub(crate) async fn start(dynamodb: &str, partition: &str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let upstream = Arc::new(Upstream {
            client: reqwest::Client::new(),
            dynamodb: dynamodb.to_owned(),
            partition: partition.to_owned(),
            is_full: AtomicBool::new(true),
        });
        let router = Router::new().route("/", post(pass)).with_state(upstream.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { url, upstream, server }
    }

    /// Stores all writes from now on.
    pub(crate) fn end(&self) {
        self.upstream.is_full.store(false, Ordering::SeqCst);
    }
}

impl Drop for Throttling {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(
    State(upstream): State<Arc<Upstream>>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, [(&'static str, &'static str); 1], String) {
    let target = headers["x-amz-target"].to_str().expect("a text").to_owned();
    let mut input: Value = serde_json::from_slice(&body).expect("JSON");
    let mut left = Map::new();
    if target.ends_with(".BatchWriteItem") && upstream.is_full.load(Ordering::SeqCst) {
        let tables = input["RequestItems"].as_object_mut().expect("tables");
        for (table, requests) in tables.iter_mut() {
            let requests = requests.as_array_mut().expect("requests");
            let is_left = |request: &Value| {
                request["PutRequest"]["Item"]["pk"]["S"] == upstream.partition.as_str()
            };
            let (of_partition, others) = requests.drain(..).partition(is_left);
            *requests = others;
            if !Vec::is_empty(&of_partition) {
                left.insert(table.clone(), Value::Array(of_partition));
            }
        }
        tables.retain(|_, requests| requests.as_array().is_some_and(|some| !some.is_empty()));
        if tables.is_empty() {
            let answer = json!({ "UnprocessedItems": left });
            return (StatusCode::OK, [CONTENT_TYPE], answer.to_string());
        }
    }
    let request = upstream.client.post(&upstream.dynamodb).body(input.to_string());
    let request = request.header("x-amz-target", target).header(CONTENT_TYPE.0, CONTENT_TYPE.1);
    // The local endpoint wants a signature and does not verify it.
    let signature = ["authorization", "x-amz-date"];
    let request =
        signature.iter().fold(request, |request, name| request.header(*name, &headers[*name]));
    let answer = request.send().await.expect("an answer");
    let status = answer.status();
    let mut text = answer.text().await.expect("a whole answer");
    if !left.is_empty() {
        let mut output: Value = serde_json::from_str(&text).expect("JSON");
        output["UnprocessedItems"] = Value::Object(left);
        text = output.to_string();
    }
    (status, [CONTENT_TYPE], text)
}

const CONTENT_TYPE: (&str, &str) = ("content-type", "application/x-amz-json-1.0");
