//! Errors of the reading API, as RFC 9457 problem details.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::StoreId;
use domain::ports::Failure;
use serde_json::json;

/// Error of a request. Its text is the `detail` of the answer.
#[derive(Debug)]
pub(super) enum ReadProblem {
    /// The request has no authority.
    Unauthenticated,
    /// The sender may not read the store.
    StoreNotAllowed { store_id: StoreId, allowed: String },
    /// The store is not in the catalogue.
    NoStore(StoreId),
    /// The store id in the path is invalid, for the reason given.
    StoreIdInPath(String),
    /// A parameter is unknown, repeated or invalid.
    Parameter(String),
    /// The dates are no span, or too long a one.
    Span(String),
    /// The cursor is none of this question.
    Cursor(&'static str),
    /// Amounts in different currencies would be added up.
    MixedCurrencies(String),
    /// No format of the answer is accepted.
    NotAcceptable(String),
    /// Method other than GET.
    MethodNotAllowed,
    /// A table cannot be read.
    Tables(Failure),
}

impl From<Failure> for ReadProblem {
    fn from(failure: Failure) -> Self {
        Self::Tables(failure)
    }
}

impl ReadProblem {
    /// Returns the status, the last part of the type, and the title.
    fn class(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::Unauthenticated => {
                (S::UNAUTHORIZED, "unauthenticated", "Nobody has checked the sender")
            }
            Self::StoreNotAllowed { .. } => {
                (S::FORBIDDEN, "stores-not-allowed", "Not a store of this sender")
            }
            Self::NoStore(_) => (S::NOT_FOUND, "no-such-store", "No such store"),
            Self::StoreIdInPath(_) => (S::BAD_REQUEST, "store-id", "No store id"),
            Self::Parameter(_) => (S::BAD_REQUEST, "parameter", "Wrong parameter"),
            Self::Span(_) => (S::BAD_REQUEST, "span", "Wrong dates"),
            Self::Cursor(_) => (S::BAD_REQUEST, "cursor", "No cursor of this question"),
            Self::MixedCurrencies(_) => (S::BAD_REQUEST, "mixed-currencies", "Several currencies"),
            Self::NotAcceptable(_) => {
                (S::NOT_ACCEPTABLE, "not-acceptable", "No format that is accepted")
            }
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::Tables(_) => {
                (S::SERVICE_UNAVAILABLE, "tables-unavailable", "The tables are out of reach")
            }
        }
    }
}

impl fmt::Display for ReadProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated => f.write_str(
                "nobody has checked who asks; send a token of the user pool with the scope \
                 figures:read as `Authorization: Bearer`",
            ),
            Self::StoreNotAllowed { store_id, allowed } => write!(
                f,
                "store {store_id} is not a store that this sender may read, which is {allowed}; \
                 `daymark clients grant` names the stores of a client, for its next token"
            ),
            Self::NoStore(store_id) => write!(
                f,
                "store {store_id} is not in the catalogue; GET /v1/stores lists those that are"
            ),
            Self::StoreIdInPath(error) => write!(f, "the store id in the path {error}"),
            Self::Parameter(message) | Self::Span(message) => f.write_str(message),
            Self::Cursor(reason) => write!(
                f,
                "the cursor {reason}; send the `next_cursor` of an answer, with the parameters of \
                 the same question, or no cursor to begin again"
            ),
            Self::MixedCurrencies(currencies) => write!(
                f,
                "the stores have prices in {currencies}, which cannot be added up; name one with \
                 store="
            ),
            Self::NotAcceptable(given) => write!(
                f,
                "Accept is {given:?}, and the answer is application/json, application/x-ndjson or \
                 text/csv"
            ),
            Self::MethodNotAllowed => f.write_str("figures are read with GET"),
            // The failure itself is logged and not shown to the sender.
            Self::Tables(_) => f.write_str("the tables do not answer; ask again in a moment"),
        }
    }
}

impl IntoResponse for ReadProblem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.class();
        if let Self::Tables(failure) = &self {
            tracing::warn!(%failure, "figures could not be read");
        }
        let body = json!({
            "type": format!("urn:daymark:problem:{name}"),
            "title": title,
            "status": status.as_u16(),
            "detail": self.to_string(),
        });
        let mut response = (status, Json(body)).into_response();
        let headers = response.headers_mut();
        let problem_json = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem_json);
        // Source: RFC 9110, section 15.5.2.
        if matches!(self, Self::Unauthenticated) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
