//! Answer to a request with events: status, headers and JSON.
//!
//! The JSON has the same members at every status. On 4xx and 5xx it has the members of RFC 9457
//! problem details as well. Their `status` is the HTTP status, so the result of the whole request
//! is the member `outcome`.

use std::sync::Arc;

use axum::response::{IntoResponse, Response};
use domain::ports::PutOutcome;
use http::StatusCode;
use http::header::{self, HeaderName, HeaderValue};
use serde::Serialize;
use tracing::debug;

use crate::event_result::{EventCode, EventResult, EventStatus, results};
use crate::metrics;
use crate::problem::{PROBLEM_JSON, RequestProblem};
use crate::validate::ValidatedEvent;

/// Header with the counts, for tills that do not read JSON.
const BATCH_SUMMARY: HeaderName = HeaderName::from_static("x-batch-summary");

/// Upper bound of `Retry-After` after throttling, in seconds. The lower bound is 1.
const THROTTLED_SECONDS_MAX: u64 = 4;
/// Upper bound of `Retry-After` after an outage, in seconds. The lower bound is 5.
const UNAVAILABLE_SECONDS_MAX: u64 = 20;

/// Answer to a request with events.
#[derive(Debug)]
pub(crate) struct Reply<'a> {
    counts: Counts,
    results: Vec<EventResult<'a>>,
    /// `true` if some event was not stored because of an outage.
    outage: bool,
    /// `true` if the sender may not write for the store of any event.
    no_store_allowed: bool,
    random: u64,
}

/// Numbers of events by status. A dry run counts `valid` in place of `stored` and `retry`.
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

/// JSON of the answer.
#[derive(Serialize)]
struct ReplyBody<'a> {
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
    /// Creates the answer. `puts` holds the outcomes of the valid events by index, and is `None`
    /// for a dry run. `random` spreads the next requests of several senders.
    pub(crate) fn new(
        events: &'a [ValidatedEvent],
        puts: Option<&'a [Option<Arc<PutOutcome>>]>,
        random: u64,
    ) -> Self {
        let results = results(events, puts);
        let count = |status| results.iter().filter(|result| result.status == status).count();
        let counts = Counts {
            received: results.len(),
            valid: puts.is_none().then(|| count(EventStatus::Valid)),
            stored: puts.is_some().then(|| count(EventStatus::Stored)),
            duplicate: count(EventStatus::Duplicate),
            rejected: count(EventStatus::Rejected),
            retry: puts.is_some().then(|| count(EventStatus::Retry)),
        };
        let outage = results.iter().any(|result| result.code == Some(EventCode::Unavailable));
        let not_allowed =
            |result: &EventResult<'_>| result.code == Some(EventCode::StoreNotAllowed);
        let no_store_allowed = results.iter().all(not_allowed);
        Self { counts, results, outage, no_store_allowed, random }
    }

    /// Adds the events to the metrics. Not for dry runs.
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

    /// Returns the HTTP status, or the problem if no event was kept.
    fn status(&self) -> Result<StatusCode, RequestProblem> {
        let dry_run = self.counts.valid.is_some();
        if self.kept() == self.counts.received {
            return Ok(if dry_run { StatusCode::OK } else { StatusCode::ACCEPTED });
        }
        if self.kept() > 0 {
            return Ok(StatusCode::MULTI_STATUS);
        }
        Err(match (self.retry(), self.outage) {
            (0, _) if self.no_store_allowed => RequestProblem::StoresNotAllowed,
            (0, _) => RequestProblem::AllRejected,
            (_, false) => RequestProblem::Throttled,
            (_, true) => RequestProblem::Unavailable,
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
        let body = ReplyBody {
            problem_type: problem.as_ref().map(RequestProblem::urn),
            title: problem.as_ref().map(RequestProblem::title),
            status: problem.as_ref().map(|problem| problem.status().as_u16()),
            detail: problem.as_ref().map(RequestProblem::to_string),
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
