//! Stub of DynamoDB: empty, accepts every call, and rejects the calls that a test names.

use std::net::TcpListener;
use std::thread;

use axum::body::Bytes;
use axum::http::{HeaderMap, StatusCode};
use axum::{Json, Router};
use serde_json::{Value, json};

use crate::support::run;

/// Starts a stub that rejects calls containing `word` with the error `code`, and returns its
/// address. The stub runs until the tests end.
pub(crate) fn start_stub(word: &'static str, code: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.set_nonblocking(true).expect("a socket of ours");
    let address = listener.local_addr().expect("an address");
    let answer = move |headers: HeaderMap, body: Bytes| async move {
        let call = headers["x-amz-target"].to_str().expect("text").to_owned();
        let (status, answer) = answer(&call, &String::from_utf8_lossy(&body), word, code);
        (status, Json(answer))
    };
    let router = Router::new().fallback(answer);
    thread::spawn(move || {
        run(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            axum::serve(listener, router).await.expect("served");
        });
    });
    format!("http://{address}")
}

/// Returns the response to a call. Source: "Error handling with DynamoDB" in the developer guide.
fn answer(call: &str, body: &str, word: &str, code: &str) -> (StatusCode, Value) {
    if body.contains(word) {
        let answer =
            json!({ "__type": format!("com.amazon.coral.service#{code}"), "message": "no" });
        return (StatusCode::BAD_REQUEST, answer);
    }
    let answer = match call.rsplit('.').next() {
        Some("BatchGetItem") => json!({ "Responses": {}, "UnprocessedKeys": {} }),
        _ => json!({}),
    };
    (StatusCode::OK, answer)
}
