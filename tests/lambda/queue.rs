//! SQS FIFO queue with the calls that a schedule and its consumer use.

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Endpoint with one queue, stopped on drop.
pub(crate) struct Queue {
    /// URL of the endpoint.
    pub(crate) endpoint: String,
    /// URL of the queue.
    pub(crate) url: String,
    taken: Arc<Mutex<QueueContent>>,
    server: JoinHandle<()>,
}

#[derive(Default)]
struct QueueContent {
    calls: usize,
    messages: Vec<Value>,
    /// Messages by deduplication id. A test is shorter than the five minutes of deduplication.
    known: HashSet<String>,
    /// Number of messages to refuse in the next calls, and `true` if the sender is at fault.
    left_out: (usize, bool),
}

impl Queue {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let endpoint = format!("http://{}", listener.local_addr().expect("an address"));
        let url = format!("{endpoint}/000000000000/due.fifo");
        let taken = Arc::<Mutex<QueueContent>>::default();
        let router = Router::new().route("/", post(send)).with_state(taken.clone());
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { endpoint, url, taken, server }
    }

    /// Refuses the next `messages`.
    pub(crate) fn leave_out(&self, messages: usize, is_senders_fault: bool) {
        self.taken.lock().expect("nobody panicked").left_out = (messages, is_senders_fault);
    }

    /// Returns the number of calls.
    pub(crate) fn calls(&self) -> usize {
        self.taken.lock().expect("nobody panicked").calls
    }

    /// Returns group, deduplication id and body of each message, sorted by group.
    pub(crate) fn messages(&self) -> Vec<[String; 3]> {
        let taken = self.taken.lock().expect("nobody panicked");
        let text = |value: &Value| value.as_str().expect("a text").to_owned();
        let parts = ["MessageGroupId", "MessageDeduplicationId", "MessageBody"];
        let message = |message: &Value| parts.map(|part| text(&message[part]));
        let mut messages: Vec<_> = taken.messages.iter().map(message).collect();
        messages.sort();
        messages
    }
}

impl Drop for Queue {
    fn drop(&mut self) {
        self.server.abort();
    }
}

/// Request of Lambda with these groups and bodies. The message ids are `m0`, `m1` and so on.
pub(crate) fn batch<'a>(messages: impl IntoIterator<Item = (&'a str, &'a str)>) -> Value {
    let record = |(index, (group, body)): (usize, (&str, &str))| {
        json!({
            "messageId": format!("m{index}"),
            "receiptHandle": "handle",
            "body": body,
            "attributes": {
                "ApproximateReceiveCount": "1", "SentTimestamp": "1773324900000",
                "SequenceNumber": "18849496460467696128", "MessageGroupId": group,
                "SenderId": "daymark", "MessageDeduplicationId": "id",
                "ApproximateFirstReceiveTimestamp": "1773324900001",
            },
            "messageAttributes": {},
            "md5OfBody": "098f6bcd4621d373cade4e832627b4f6",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:eu-west-1:000000000000:due.fifo",
            "awsRegion": "eu-west-1",
        })
    };
    json!({ "Records": messages.into_iter().enumerate().map(record).collect::<Vec<_>>() })
}

/// Handles `SendMessageBatch` in the JSON protocol.
async fn send(
    state: State<Arc<Mutex<QueueContent>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Json<Value> {
    assert_eq!(headers["x-amz-target"], "AmazonSQS.SendMessageBatch");
    let body: Value = serde_json::from_slice(&body).expect("JSON");
    let entries = body["Entries"].as_array().expect("entries");
    assert!((1..=10).contains(&entries.len()), "a call takes one to ten: {body}");
    let mut taken = state.lock().expect("nobody panicked");
    taken.calls += 1;
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        let id = &entry["Id"];
        let (left_out, is_senders_fault) = taken.left_out;
        if left_out > 0 {
            taken.left_out.0 -= 1;
            let code = if is_senders_fault { "InvalidParameterValue" } else { "InternalError" };
            failed.push(json!({
                "Id": id, "SenderFault": is_senders_fault, "Code": code, "Message": "not now",
            }));
            continue;
        }
        let known = entry["MessageDeduplicationId"].as_str().expect("an id").to_owned();
        if taken.known.insert(known) {
            taken.messages.push(entry.clone());
        }
        successful.push(json!({ "Id": id, "MessageId": "m", "MD5OfMessageBody": "d" }));
    }
    Json(json!({ "Successful": successful, "Failed": failed }))
}
