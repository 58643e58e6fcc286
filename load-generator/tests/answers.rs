//! Answers of an ingest API over HTTP, held against the request.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Router;
use axum::http::header::{LOCATION, RETRY_AFTER};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::post;
use load_generator::scenario::Compression;
use load_generator::sender::{
    AccessToken, Answer, HttpTarget, LineStatus, Lines, Prepared, Target,
};
use serde_json::json;

fn request() -> Prepared {
    Prepared {
        number: 7,
        at_us: 0,
        events: 3,
        poison: 0,
        plain: ["a", "b", "c"].map(|id| format!("{{\"event_id\":\"{id}\"}}\n")).concat(),
        compressed: None,
    }
}

/// Sends a request of the events a, b and c to a server that gives this answer.
async fn answered(answer: impl IntoResponse + Clone + Send + Sync + 'static) -> Answer {
    let router = Router::new().route("/v1/events", post(async move || answer.clone()));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address: SocketAddr = listener.local_addr().unwrap();
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let target =
        HttpTarget::new(&format!("http://{address}"), Compression::None, AccessToken::None)
            .unwrap();
    let request = request();
    let answer = target.send(&Lines { request: &request, places: None }).await;
    server.abort();
    answer
}

fn results(status: u16, results: &[(usize, &str, &str)]) -> (StatusCode, String) {
    let results: Vec<_> = results
        .iter()
        .map(|(index, id, status)| json!({"index": index, "event_id": id, "status": status}))
        .collect();
    let status = StatusCode::from_u16(status).unwrap();
    (status, json!({ "outcome": "stored", "results": results }).to_string())
}

#[tokio::test]
async fn each_event_has_the_fate_that_its_result_names() {
    use LineStatus::{Refused, Retry, Stored};
    let all = [(0, "a", "stored"), (1, "b", "duplicate"), (2, "c", "stored")];
    let answer = answered(results(202, &all)).await;
    assert_eq!((answer.lines, answer.mismatched), (vec![Stored; 3], vec![]));
    let some = [(2, "c", "retry"), (0, "a", "stored"), (1, "b", "rejected")];
    let answer = answered(results(207, &some)).await;
    assert_eq!((answer.lines, answer.mismatched), (vec![Stored, Refused, Retry], vec![]));
}

/// Something between the generator and the API has changed the request.
#[tokio::test]
async fn an_answer_that_leaves_out_or_adds_an_event_names_it() {
    let dropped = answered(results(202, &[(0, "a", "stored"), (1, "c", "stored")])).await;
    assert_eq!(dropped.mismatched, ["request 7: the answer leaves out event b"]);
    assert_eq!(dropped.lines, [LineStatus::Stored; 3], "202 says that every event is stored");
    let dropped = answered(results(207, &[(0, "a", "stored"), (1, "c", "rejected")])).await;
    assert_eq!(dropped.lines, [LineStatus::Stored, LineStatus::Unknown, LineStatus::Refused]);
    let doubled =
        [(0, "a", "stored"), (1, "b", "stored"), (2, "b", "duplicate"), (3, "c", "stored")];
    let doubled = answered(results(202, &doubled)).await;
    assert_eq!(doubled.mismatched.len(), 1);
    assert!(doubled.mismatched[0].contains("names event b at index 2 once more"));
}

#[tokio::test]
async fn an_answer_of_something_else_says_nothing_of_the_events() {
    let not_daymark = answered("<html>hello</html>").await;
    assert_eq!((not_daymark.status, &not_daymark.lines[..]), (Some(200), &[][..]));
    assert!(not_daymark.error.unwrap().contains("200 without results: <html>hello"));
    let gateway = answered((StatusCode::BAD_GATEWAY, "{\"message\":\"x\"}")).await;
    assert!(gateway.lines.is_empty() && gateway.error.unwrap().starts_with("502"));
    let elsewhere = "http://127.0.0.1:1/v1/events";
    let moved = answered((StatusCode::TEMPORARY_REDIRECT, [(LOCATION, elsewhere)])).await;
    assert_eq!(moved.status, Some(307), "a redirect is not followed");
}

#[tokio::test]
async fn a_busy_target_names_the_time_to_wait() {
    let problem = json!({"title": "Too many requests", "status": 429}).to_string();
    let busy = answered((StatusCode::TOO_MANY_REQUESTS, [(RETRY_AFTER, "4")], problem)).await;
    assert!(busy.is_throttled());
    assert_eq!(busy.retry_after.unwrap().as_secs(), 4);
    assert!(busy.error.unwrap().contains("Too many requests"));
}

#[tokio::test]
async fn a_url_that_is_none_is_refused_and_a_target_that_is_down_is_told() {
    for url in ["", "127.0.0.1:7400", "ftp://127.0.0.1", "http://"] {
        let error =
            HttpTarget::new(url, Compression::None, AccessToken::None).unwrap_err().to_string();
        assert!(error.contains("expected a URL such as"), "{url}: {error}");
    }
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let target = HttpTarget::new(&url, Compression::None, AccessToken::None).unwrap();
    let error = target.preflight().await.unwrap_err().to_string();
    assert!(error.contains("does not answer") && error.contains("daymark up"), "{error}");
}

/// A token costs money on AWS, so one serves many requests.
#[tokio::test]
async fn a_token_is_obtained_once_for_many_requests() {
    let issued = Arc::new(AtomicU64::new(0));
    let counted = issued.clone();
    let token = async move |headers: HeaderMap, body: String| {
        assert_eq!(headers["authorization"], "Basic dGlsbDpzZWNyZXQ=");
        assert!(body.starts_with("grant_type=client_credentials"));
        let number = counted.fetch_add(1, Ordering::Relaxed);
        json!({"access_token": format!("token-{number}"), "expires_in": 3_600}).to_string()
    };
    let events = async |headers: HeaderMap| {
        let bearer = headers["authorization"].to_str().unwrap().to_owned();
        (StatusCode::UNAUTHORIZED, json!({ "title": bearer }).to_string())
    };
    let router = Router::new().route("/token", post(token)).route("/v1/events", post(events));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    let token = AccessToken::of_client(&format!("{url}/token"), "till", "secret").unwrap();
    let target = HttpTarget::new(&url, Compression::None, token).unwrap();
    let request = request();
    for _ in 0..3 {
        let answer = target.send(&Lines { request: &request, places: None }).await;
        assert_eq!(answer.error.unwrap(), "401 Bearer token-0:");
    }
    assert_eq!(issued.load(Ordering::Relaxed), 1);
    server.abort();
}
