//! The ingest API as a target.

use std::time::Duration;

use reqwest::Url;
use reqwest::header::{AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, RETRY_AFTER};

use super::{Answer, Lines, Target};
use crate::scenario::Compression;

/// Timeout of a request: that of a till. The API answers within 30 s.
const TIMEOUT: Duration = Duration::from_secs(40);
/// Time for the preflight.
const PREFLIGHT_TIMEOUT: Duration = Duration::from_secs(5);
/// Media type of the events.
const FORM: &str = "application/x-ndjson";

/// Ingest API, by HTTP.
#[derive(Debug, Clone)]
pub struct HttpTarget {
    http: reqwest::Client,
    base: Url,
    events_url: Url,
    compression: Compression,
    token: Option<String>,
}

/// Target that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// The URL is none of HTTP.
    #[error("{0:?} is no target: expected a URL such as http://127.0.0.1:7400")]
    Url(String),
    /// Nothing answers.
    #[error("{url} does not answer: {error}; is `daymark up` running there?")]
    Down {
        /// Address.
        url: String,
        /// Error of the connection.
        error: String,
    },
    /// The client cannot be built.
    #[error("no HTTP client: {0}")]
    Client(#[from] reqwest::Error),
}

impl HttpTarget {
    /// Creates the target of an ingest API. A token is sent as bearer token.
    ///
    /// # Errors
    /// Returns an error if the URL is none of HTTP.
    pub fn new(
        url: &str,
        compression: Compression,
        token: Option<String>,
    ) -> Result<Self, TargetError> {
        let refused = || TargetError::Url(url.to_owned());
        let base: Url = url.parse().map_err(|_| refused())?;
        if !matches!(base.scheme(), "http" | "https") || base.host().is_none() {
            return Err(refused());
        }
        let path = format!("{}/v1/events", base.path().trim_end_matches('/'));
        let events_url = base.join(&path).map_err(|_| refused())?;
        let http = reqwest::Client::builder()
            .timeout(TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(usize::MAX)
            .no_proxy()
            .build()?;
        Ok(Self { http, base, events_url, compression, token })
    }

    /// Asks the target for its limits. Returns a remark if the answer is not one of Daymark's.
    ///
    /// # Errors
    /// Returns an error if nothing answers.
    pub async fn preflight(&self) -> Result<Option<String>, TargetError> {
        let path = format!("{}/v1/limits", self.base.path().trim_end_matches('/'));
        let url = self.base.join(&path).map_err(|_| TargetError::Url(self.base.to_string()))?;
        let request = self.http.get(url).timeout(PREFLIGHT_TIMEOUT);
        let answer = self.with_token(request).send().await.map_err(|error| TargetError::Down {
            url: self.base.to_string(),
            error: root_cause(&error),
        })?;
        let status = answer.status();
        let is_limits = |value: serde_json::Value| value.is_object();
        match answer.json().await.map(is_limits) {
            Ok(true) if status.is_success() => Ok(None),
            _ => Ok(Some(format!(
                "{} answers {status} to GET /v1/limits: it is no ingest API of Daymark, or needs a \
                 token",
                self.base
            ))),
        }
    }

    fn with_token(&self, request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }
}

impl Target for HttpTarget {
    async fn send(&self, lines: &Lines<'_>) -> Answer {
        let request = self.http.post(self.events_url.clone()).header(CONTENT_TYPE, FORM);
        let request = match (&lines.places, self.compression) {
            (Some(_), _) => request.body(lines.texts().join("\n")),
            (None, Compression::None) => request.body(lines.request.body()),
            (None, Compression::Gzip) => {
                request.header(CONTENT_ENCODING, "gzip").body(lines.request.body())
            }
            (None, Compression::Zstd) => {
                request.header(CONTENT_ENCODING, "zstd").body(lines.request.body())
            }
        };
        let answer = match self.with_token(request).send().await {
            Ok(answer) => answer,
            Err(error) => return Answer::none(&root_cause(&error)),
        };
        let status = answer.status().as_u16();
        let retry_after = retry_after(answer.headers());
        match answer.bytes().await {
            Ok(body) => Answer::parse(status, retry_after, &body, lines),
            Err(error) => Answer::none(&root_cause(&error)),
        }
    }
}

fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let seconds = headers.get(RETRY_AFTER)?.to_str().ok()?.parse().ok()?;
    Some(Duration::from_secs(seconds))
}

/// Returns the innermost cause of an error, without addresses: equal errors count as one.
fn root_cause(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}
