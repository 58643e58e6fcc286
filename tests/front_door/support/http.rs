//! HTTP as any client speaks it.

use std::future::Future;

use reqwest::header::CONTENT_TYPE;
use serde_json::Value;

use super::Up;

/// Runs what is asynchronous to its end.
pub(crate) fn run<F: Future>(future: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime").block_on(future)
}

/// A client of the ingest API.
#[derive(Debug, Clone)]
pub(crate) struct Wire {
    http: reqwest::Client,
    api: String,
}

/// An answer, whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    /// The body as JSON.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// How many events were stored, given that all were.
    #[track_caller]
    pub(crate) fn stored(&self) -> u64 {
        assert_eq!(self.status, 202, "{}", self.text);
        self.json()["counts"]["stored"].as_u64().expect("a count")
    }
}

impl Wire {
    pub(crate) fn new(up: &Up) -> Self {
        Self { http: reqwest::Client::new(), api: up.api.clone() }
    }

    /// Fetches a path of the API.
    pub(crate) fn get(&self, path: &str) -> Answer {
        let request = self.http.get(format!("{}{path}", self.api));
        run(whole(request)).expect("an answer")
    }

    /// Posts one event.
    pub(crate) fn post(&self, event: &Value) -> Answer {
        run(self.try_post("application/json", event.to_string())).expect("an answer")
    }

    /// Posts events, one a line.
    pub(crate) fn post_lines(&self, events: &[Value]) -> Answer {
        run(self.try_post("application/x-ndjson", lines(events))).expect("an answer")
    }

    /// Posts a body to a server that may go away meanwhile.
    pub(crate) async fn try_post(
        &self,
        content_type: &str,
        body: String,
    ) -> reqwest::Result<Answer> {
        let request = self.http.post(format!("{}/v1/events", self.api));
        whole(request.header(CONTENT_TYPE, content_type).body(body)).await
    }
}

async fn whole(request: reqwest::RequestBuilder) -> reqwest::Result<Answer> {
    let response = request.send().await?;
    Ok(Answer { status: response.status().as_u16(), text: response.text().await? })
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}
