//! The ingest API as a client sees it. Every status has the same answer shape, and events that are
//! answered `retry` are sent again, only those.

use std::time::Duration;

use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::Failed;

/// How often events are sent again before they are given up.
const ATTEMPTS_MAX: u32 = 10;
/// Longer than the API may take for an answer.
const TIMEOUT: Duration = Duration::from_secs(40);
/// How long to wait where the API does not say.
const PAUSE: Duration = Duration::from_secs(1);

/// What became of one event.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventResult {
    /// Its place in what was sent.
    pub(crate) index: usize,
    pub(crate) status: Status,
    /// The receipt: where it is in the stream.
    pub(crate) shard_id: Option<String>,
    pub(crate) sequence_number: Option<String>,
    code: Option<String>,
    message: Option<String>,
    #[serde(default)]
    errors: Vec<EventError>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Status {
    Stored,
    Duplicate,
    Rejected,
    Retry,
}

#[derive(Debug, Clone, Deserialize)]
struct EventError {
    field: Option<String>,
    message: String,
}

impl EventResult {
    /// Why it was not stored, without what differs from event to event.
    pub(crate) fn explanation(&self) -> String {
        let error = |error: &EventError| match &error.field {
            Some(field) => format!("{field} {}", error.message),
            None => error.message.clone(),
        };
        let errors: Vec<String> = self.errors.iter().map(error).collect();
        let code = self.code.as_deref().unwrap_or("refused");
        match (errors.is_empty(), &self.message) {
            (false, _) => format!("{code}: {}", errors.join("; ")),
            (true, Some(message)) => format!("{code}: {message}"),
            (true, None) => code.to_owned(),
        }
    }
}

/// An answer with results, or problem details without.
#[derive(Debug, Deserialize)]
struct Answer {
    results: Option<Vec<EventResult>>,
    title: Option<String>,
    detail: Option<String>,
}

/// The ingest API.
#[derive(Debug, Clone)]
pub(crate) struct Api {
    http: reqwest::Client,
    events_url: String,
}

impl Api {
    /// The API at `url`, like `http://127.0.0.1:7400`.
    pub(crate) fn new(url: &str) -> Result<Self, Failed> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { http, events_url: format!("{}/v1/events", url.trim_end_matches('/')) })
    }

    /// Sends JSON events and answers for each, in order.
    pub(crate) async fn send(&self, events: &[String]) -> Result<Vec<EventResult>, Failed> {
        let mut results: Vec<Option<EventResult>> = vec![None; events.len()];
        let mut open: Vec<usize> = (0..events.len()).collect();
        for attempt in 1..=ATTEMPTS_MAX {
            let body: Vec<&str> = open.iter().map(|index| events[*index].as_str()).collect();
            let (answered, pause) = self.post(body.join("\n")).await?;
            let mut again = Vec::new();
            for mut result in answered {
                let Some(index) = open.get(result.index).copied() else { continue };
                result.index = index;
                if result.status == Status::Retry && attempt < ATTEMPTS_MAX {
                    again.push(index);
                } else {
                    results[index] = Some(result);
                }
            }
            open = again;
            if open.is_empty() {
                break;
            }
            tokio::time::sleep(pause).await;
        }
        let answered = results.iter().filter(|result| result.is_some()).count();
        if answered < events.len() {
            return Err(format!("{answered} of {} events were answered", events.len()).into());
        }
        Ok(results.into_iter().flatten().collect())
    }

    async fn post(&self, body: String) -> Result<(Vec<EventResult>, Duration), Failed> {
        let request = self.http.post(&self.events_url).header(CONTENT_TYPE, "application/x-ndjson");
        let response = request.body(body).send().await.map_err(|error| {
            format!(
                "the ingest API does not answer at {} ({error}); is `daymark up` running? Another \
                 place is given with --api-url",
                self.events_url
            )
        })?;
        let status = response.status();
        let pause = retry_after(response.headers());
        let answer: Answer = response
            .json()
            .await
            .map_err(|error| format!("{status} with an answer that cannot be read: {error}"))?;
        match answer.results {
            Some(results) => Ok((results, pause)),
            None => {
                let words = [answer.title, answer.detail].map(Option::unwrap_or_default);
                Err(format!("the ingest API says {status}: {}", words.join(": ")).into())
            }
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(PAUSE, Duration::from_secs)
}
