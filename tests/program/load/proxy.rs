//! Servers between a load run and the API that do not tell the truth.

use std::sync::{Arc, Mutex};
use std::thread;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::Value;
use tokio::net::TcpListener;

use crate::support::UpProcess;

/// Change of one event of a run.
#[derive(Debug, Clone, Copy)]
pub(super) enum Lie {
    /// The event is left out, and the answer says that it is stored.
    Drop,
    /// The event is sent a second time under another id.
    Double,
    /// The price of the event is another one.
    Alter,
}

/// Server that changes one event of one request.
pub(super) struct LyingProxy {
    pub(super) url: String,
    state: Arc<ProxyState>,
}

struct ProxyState {
    /// API behind the proxy. Without one, each answer is `hello`.
    api: Option<String>,
    lie: Lie,
    http: reqwest::Client,
    /// Number of requests, and the id of the changed event.
    seen: Mutex<(u32, Option<String>)>,
}

/// Request whose event is changed.
const VICTIM_REQUEST: u32 = 5;

impl LyingProxy {
    pub(super) fn start(up: &UpProcess, lie: Lie) -> Self {
        Self::serve(Some(up.api.clone()), lie)
    }

    /// Starts a server that answers every request with `hello`.
    pub(super) fn nonsense() -> Self {
        Self::serve(None, Lie::Drop)
    }

    fn serve(api: Option<String>, lie: Lie) -> Self {
        let http = reqwest::Client::new();
        let state = Arc::new(ProxyState { api, lie, http, seen: Mutex::default() });
        let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a listener");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let router = Router::new().fallback(forward).with_state(state.clone());
        // The thread ends with the process of the test.
        thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                let listener = TcpListener::from_std(listener).expect("a listener");
                axum::serve(listener, router).await
            })
        });
        Self { url, state }
    }

    /// Returns the id of the changed event.
    pub(super) fn victim(&self) -> String {
        self.state.seen.lock().unwrap().1.clone().expect("an event was changed")
    }
}

async fn forward(
    State(state): State<Arc<ProxyState>>,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, String) {
    let Some(api) = &state.api else { return (StatusCode::OK, "hello".to_owned()) };
    let url = format!("{api}{uri}");
    if body.is_empty() {
        let answer = state.http.get(url).send().await.expect("an answer");
        return (answer.status(), answer.text().await.expect("a body"));
    }
    let mut lines: Vec<String> =
        String::from_utf8(body.to_vec()).expect("text").lines().map(str::to_owned).collect();
    let place = lines.iter().position(|line| line.contains("unit_price"));
    let changed = {
        let mut seen = state.seen.lock().unwrap();
        seen.0 += 1;
        let is_due = seen.0 >= VICTIM_REQUEST && seen.1.is_none();
        place.filter(|_| is_due).map(|place| {
            let event: Value = serde_json::from_str(&lines[place]).expect("an event");
            seen.1 = event["event_id"].as_str().map(str::to_owned);
            (place, event)
        })
    };
    if let Some((place, event)) = &changed {
        let mut other = event.clone();
        match state.lie {
            Lie::Drop => drop(lines.remove(*place)),
            Lie::Double => {
                let id = format!("{}x", event["event_id"].as_str().expect("an id"));
                other["event_id"] = id.into();
                lines.push(other.to_string());
            }
            Lie::Alter => {
                other["unit_price"] = "777".into();
                lines[*place] = other.to_string();
            }
        }
    }
    let request = state.http.post(url).header("content-type", &headers["content-type"]);
    let answer = request.body(lines.join("\n")).send().await.expect("an answer");
    let (status, mut text) = (answer.status(), answer.text().await.expect("a body"));
    if let (Some((place, event)), false) = (&changed, matches!(state.lie, Lie::Alter)) {
        let mut body: Value = serde_json::from_str(&text).expect("JSON");
        let results = body["results"].as_array_mut().expect("results");
        match state.lie {
            Lie::Drop => {
                let stored = serde_json::json!({
                    "index": place, "event_id": event["event_id"], "status": "stored",
                });
                results.insert(*place, stored);
            }
            _ => drop(results.pop()),
        }
        for (index, result) in results.iter_mut().enumerate() {
            result["index"] = index.into();
        }
        text = body.to_string();
    }
    (status, text)
}
