//! HTTP client of the API.

use std::future::Future;

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::UpProcess;

/// Runs a future to its end.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// Client of the ingest API.
#[derive(Debug, Clone)]
pub(crate) struct ApiClient {
    http: reqwest::Client,
    api: String,
}

/// Response with its complete body.
#[derive(Debug)]
pub(crate) struct ApiResponse {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl ApiResponse {
    /// Parses the body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// Returns the number of stored events. Asserts that all were stored.
    #[track_caller]
    pub(crate) fn stored(&self) -> u64 {
        assert_eq!(self.status, 202, "{}", self.text);
        self.json()["counts"]["stored"].as_u64().expect("a count")
    }
}

impl ApiClient {
    pub(crate) fn new(up: &UpProcess) -> Self {
        Self { http: reqwest::Client::new(), api: up.api.clone() }
    }

    /// Fetches a path of the API.
    pub(crate) fn get(&self, path: &str) -> ApiResponse {
        let request = self.http.get(format!("{}{path}", self.api));
        run(whole(request)).expect("an answer")
    }

    /// Posts one event.
    pub(crate) fn post(&self, event: &Value) -> ApiResponse {
        run(self.try_post("application/json", event.to_string())).expect("an answer")
    }

    /// Posts events, one on each line.
    pub(crate) fn post_lines(&self, events: &[Value]) -> ApiResponse {
        run(self.try_post("application/x-ndjson", lines(events))).expect("an answer")
    }

    /// Posts a body to a server that may stop during the request.
    pub(crate) async fn try_post(
        &self,
        content_type: &str,
        body: String,
    ) -> reqwest::Result<ApiResponse> {
        let request = self.http.post(format!("{}/v1/events", self.api));
        whole(request.header(CONTENT_TYPE, content_type).body(body)).await
    }
}

async fn whole(request: reqwest::RequestBuilder) -> reqwest::Result<ApiResponse> {
    let response = request.send().await?;
    Ok(ApiResponse { status: response.status().as_u16(), text: response.text().await? })
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}
