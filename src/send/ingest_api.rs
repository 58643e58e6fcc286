//! Client of the ingest API. Responses of every status have the same form, and the client sends
//! only the events with the status `retry` again.

use std::time::Duration;

use clap::Args;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use serde::Deserialize;

use crate::{CommandError, connect};

/// Maximum number of times that an event is sent.
const ATTEMPTS_MAX: u32 = 10;
/// Timeout of a request, above the time limit of the API.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Delay before a retry if the response has no `Retry-After`.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// Flags for the location of the API.
#[derive(Debug, Args)]
pub(crate) struct ApiArgs {
    /// URL of the ingest API, as `daymark up` prints it
    #[arg(
        long,
        env = "DAYMARK_API_URL",
        default_value_t = format!("http://127.0.0.1:{}", connect::PORT),
        value_name = "URL",
        value_parser = plain_http
    )]
    api_url: String,
}

impl ApiArgs {
    /// Creates the client of the API.
    pub(crate) fn client(&self) -> Result<IngestApi, CommandError> {
        IngestApi::new(&self.api_url)
    }
}

/// Parses the URL of an API on this machine. The client sends no token, which a deployed API needs.
fn plain_http(url: &str) -> Result<String, String> {
    if url.starts_with("http://") {
        return Ok(url.to_owned());
    }
    Err("expected http:// and the address of `daymark up`; to a deployed API a file of events goes \
         by curl, with a token: docs/deploy.md shows how"
        .to_owned())
}

/// Result of one event.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct EventAnswer {
    /// Index in the sent events.
    pub(crate) index: usize,
    pub(crate) status: AnswerStatus,
    /// Shard of the record with the event.
    pub(crate) shard_id: Option<String>,
    /// Sequence number of the record with the event.
    pub(crate) sequence_number: Option<String>,
    code: Option<String>,
    message: Option<String>,
    #[serde(default)]
    errors: Vec<AnswerError>,
}

/// Status of an event in a response.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum AnswerStatus {
    Stored,
    Duplicate,
    Rejected,
    Retry,
}

#[derive(Debug, Clone, Deserialize)]
struct AnswerError {
    field: Option<String>,
    message: String,
}

impl EventAnswer {
    /// Returns the reason why the event was not stored, without details that differ between events.
    pub(crate) fn explanation(&self) -> String {
        let error = |error: &AnswerError| match &error.field {
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

/// Response body: results, or problem details.
#[derive(Debug, Deserialize)]
struct AnswerBody {
    results: Option<Vec<EventAnswer>>,
    title: Option<String>,
    detail: Option<String>,
}

/// Client of the ingest API.
#[derive(Debug, Clone)]
pub(crate) struct IngestApi {
    http: reqwest::Client,
    events_url: String,
}

impl IngestApi {
    /// Creates a client of the API at `url`, like `http://127.0.0.1:7400`.
    pub(crate) fn new(url: &str) -> Result<Self, CommandError> {
        let http = reqwest::Client::builder().timeout(TIMEOUT).build()?;
        Ok(Self { http, events_url: format!("{}/v1/events", url.trim_end_matches('/')) })
    }

    /// Sends events in JSON and returns their results, in the same order.
    ///
    /// # Errors
    /// Returns an error if the API does not respond, refuses the request, or lacks results.
    pub(crate) async fn send(&self, events: &[String]) -> Result<Vec<EventAnswer>, CommandError> {
        let mut results: Vec<Option<EventAnswer>> = vec![None; events.len()];
        let mut open: Vec<usize> = (0..events.len()).collect();
        for attempt in 1..=ATTEMPTS_MAX {
            let body: Vec<&str> = open.iter().map(|index| events[*index].as_str()).collect();
            let (answers, delay) = self.post(body.join("\n")).await?;
            let mut retries = Vec::new();
            for mut answer in answers {
                let Some(index) = open.get(answer.index).copied() else { continue };
                answer.index = index;
                if answer.status == AnswerStatus::Retry && attempt < ATTEMPTS_MAX {
                    retries.push(index);
                } else {
                    results[index] = Some(answer);
                }
            }
            open = retries;
            if open.is_empty() {
                break;
            }
            tokio::time::sleep(delay).await;
        }
        let answered = results.iter().filter(|result| result.is_some()).count();
        if answered < events.len() {
            return Err(format!("{answered} of {} events were answered", events.len()).into());
        }
        Ok(results.into_iter().flatten().collect())
    }

    async fn post(&self, body: String) -> Result<(Vec<EventAnswer>, Duration), CommandError> {
        let request = self.http.post(&self.events_url).header(CONTENT_TYPE, "application/x-ndjson");
        let response = request.body(body).send().await.map_err(|error| {
            format!(
                "the ingest API does not answer at {} ({error}); is `daymark up` running? Another \
                 place is given with --api-url",
                self.events_url
            )
        })?;
        let status = response.status();
        let delay = retry_after(response.headers());
        let body: AnswerBody = response
            .json()
            .await
            .map_err(|error| format!("{status} with an answer that cannot be read: {error}"))?;
        match body.results {
            Some(results) => Ok((results, delay)),
            None => {
                let words = [body.title, body.detail].map(Option::unwrap_or_default);
                Err(format!("the ingest API says {status}: {}", words.join(": ")).into())
            }
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Duration {
    let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
    seconds.map_or(RETRY_DELAY, Duration::from_secs)
}
