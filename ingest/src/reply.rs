//! From what became of each event to the answer: status, headers and JSON.
//!
//! The shape is the same at every status. On 4xx and 5xx it is at once RFC 9457 problem details,
//! whose `status` is the HTTP status; so the word for the request as a whole is `outcome`.

use axum::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;
use tracing::debug;

use crate::accept::Verdict;
use crate::metrics;
use crate::problem::{PROBLEM_JSON, Problem};
use crate::publish::Fate;
use crate::result::{Code, EventResult, Status, results};

/// The counts in a header, for a till that reads no JSON.
const BATCH_SUMMARY: HeaderName = HeaderName::from_static("x-batch-summary");

/// After throttling a sender waits 1 to this many seconds, as it is told.
const THROTTLED_SECONDS_MAX: u64 = 4;
/// After an outage a sender waits 5 to this many seconds, as it is told.
const UNAVAILABLE_SECONDS_MAX: u64 = 20;

/// The answer for a request's events.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    counts: Counts,
    results: Vec<EventResult<'a>>,
    /// Some event waits for an outage, not only for a busy stream.
    outage: bool,
    /// The sender may write for the store of none of them.
    all_foreign: bool,
    random: u64,
}

/// How many events became what. A dry run counts `valid` in place of `stored` and `retry`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
struct Counts {
    received: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    valid: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stored: Option<usize>,
    duplicate: usize,
    rejected: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    retry: Option<usize>,
}

/// The answer as it is written.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    problem_type: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
    #[serde(skip_serializing_if = "Option::is_none")]
    detail: Option<String>,
    outcome: &'static str,
    counts: Counts,
    results: &'a [EventResult<'a>],
}

impl<'a> Reply<'a> {
    /// What to answer. `fates` are those of the fresh events by their index; `None` for a dry run.
    /// `random` spreads the senders that are told to come again.
    pub(crate) fn new(
        verdicts: &'a [Verdict],
        fates: Option<&'a [Option<Fate>]>,
        random: u64,
    ) -> Self {
        let results = results(verdicts, fates);
        let count = |status| results.iter().filter(|result| result.status == status).count();
        let counts = Counts {
            received: results.len(),
            valid: fates.is_none().then(|| count(Status::Valid)),
            stored: fates.is_some().then(|| count(Status::Stored)),
            duplicate: count(Status::Duplicate),
            rejected: count(Status::Rejected),
            retry: fates.is_some().then(|| count(Status::Retry)),
        };
        let outage = results.iter().any(|result| result.code == Some(Code::Unavailable));
        let foreign = |result: &EventResult<'_>| result.code == Some(Code::StoreNotAllowed);
        let all_foreign = results.iter().all(foreign);
        Self { counts, results, outage, all_foreign, random }
    }

    /// Makes the events of a request that was to store them visible to the operator.
    pub(crate) fn count(&self) {
        let Counts { stored, duplicate, rejected, retry, .. } = self.counts;
        debug!(stored, duplicate, rejected, retry, "events were answered");
        metrics::events("stored", stored.unwrap_or_default());
        metrics::events("duplicate", duplicate);
        metrics::events("rejected", rejected);
        metrics::events("retry", retry.unwrap_or_default());
    }

    fn kept(&self) -> usize {
        self.counts.valid.or(self.counts.stored).unwrap_or_default() + self.counts.duplicate
    }

    fn retry(&self) -> usize {
        self.counts.retry.unwrap_or_default()
    }

    /// Its status, or the problem when no event was kept.
    fn status(&self) -> Result<StatusCode, Problem> {
        let dry_run = self.counts.valid.is_some();
        if self.kept() == self.counts.received {
            return Ok(if dry_run { StatusCode::OK } else { StatusCode::ACCEPTED });
        }
        if self.kept() > 0 {
            return Ok(StatusCode::MULTI_STATUS);
        }
        Err(match (self.retry(), self.outage) {
            (0, _) if self.all_foreign => Problem::StoresNotAllowed,
            (0, _) => Problem::AllRejected,
            (_, false) => Problem::Throttled,
            (_, true) => Problem::Unavailable,
        })
    }

    fn outcome(&self) -> &'static str {
        let all = self.kept() == self.counts.received;
        match (self.counts.valid.is_some(), all, self.kept()) {
            (false, true, _) => "stored",
            (false, false, 0) => "not_stored",
            (false, false, _) => "partly_stored",
            (true, true, _) => "valid",
            (true, false, 0) => "not_valid",
            (true, false, _) => "partly_valid",
        }
    }

    fn summary(&self) -> String {
        let Counts { valid, stored, duplicate, rejected, retry, .. } = self.counts;
        let part = |name, count: Option<usize>| count.map(|count| format!("{name}={count}"));
        let parts = [
            part("valid", valid),
            part("stored", stored),
            part("duplicate", Some(duplicate)),
            part("rejected", Some(rejected)),
            part("retry", retry),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join(";")
    }

    fn retry_after_seconds(&self) -> Option<u64> {
        let range =
            if self.outage { 5..=UNAVAILABLE_SECONDS_MAX } else { 1..=THROTTLED_SECONDS_MAX };
        let spread = range.end() - range.start() + 1;
        (self.retry() > 0).then(|| range.start() + self.random % spread)
    }
}

impl IntoResponse for Reply<'_> {
    fn into_response(self) -> Response {
        let (status, problem) = match self.status() {
            Ok(status) => (status, None),
            Err(problem) => (problem.status(), Some(problem)),
        };
        let body = Body {
            problem_type: problem.as_ref().map(Problem::urn),
            title: problem.as_ref().map(Problem::title),
            status: problem.as_ref().map(|problem| problem.status().as_u16()),
            detail: problem.as_ref().map(Problem::to_string),
            outcome: self.outcome(),
            counts: self.counts,
            results: &self.results,
        };
        let body = serde_json::to_vec(&body).expect("strings and numbers always serialize");
        let json = HeaderValue::from_static("application/json");
        let content_type = if problem.is_some() { PROBLEM_JSON } else { json };
        let mut response = (status, body).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, content_type);
        let summary = HeaderValue::try_from(self.summary()).expect("words and digits");
        headers.insert(BATCH_SUMMARY, summary);
        if let Some(seconds) = self.retry_after_seconds() {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        response
    }
}
