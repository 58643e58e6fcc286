//! Errors of the offers API, as RFC 9457 problem details.

use std::fmt;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use domain::StoreId;
use domain::identifier::IdError;
use domain::ports::Failure;
use serde_json::json;

/// Error of a request. Its text is the `detail` of the answer.
#[derive(Debug)]
pub(super) enum OffersProblem {
    /// The request has no authority.
    Unauthenticated,
    /// The sender may not act for the store.
    StoreNotAllowed { store_id: StoreId, allowed: String },
    /// The path is unknown.
    NotFound { path: String },
    /// The store id in the path is invalid.
    NoStoreId(IdError),
    /// The store id in the path is not UTF-8.
    NoText,
    /// Unknown parameter.
    Parameter(String),
    /// Invalid date.
    Date(String),
    /// Second date.
    DateAgain,
    /// The store is not in the catalogue.
    NoStore(StoreId),
    /// Method other than GET.
    MethodNotAllowed,
    /// A table cannot be read.
    Tables(Failure),
}

impl OffersProblem {
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
            Self::NotFound { .. } => (S::NOT_FOUND, "not-found", "Nothing here"),
            Self::NoStoreId(_) | Self::NoText => (S::BAD_REQUEST, "store-id", "No store id"),
            Self::Parameter(_) => (S::BAD_REQUEST, "parameter", "Unknown parameter"),
            Self::Date(_) => (S::BAD_REQUEST, "date", "No date"),
            Self::DateAgain => (S::BAD_REQUEST, "parameter", "Parameter given twice"),
            Self::NoStore(_) => (S::NOT_FOUND, "no-such-store", "No such store"),
            Self::MethodNotAllowed => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::Tables(_) => {
                (S::SERVICE_UNAVAILABLE, "tables-unavailable", "The offers are out of reach")
            }
        }
    }
}

impl fmt::Display for OffersProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unauthenticated => f.write_str(
                "nobody has checked who asks; send a token of the user pool with the scope \
                 offers:read as `Authorization: Bearer`",
            ),
            Self::StoreNotAllowed { store_id, allowed } => write!(
                f,
                "store {store_id} is not a store that this sender may read, which is {allowed}; \
                 `daymark clients grant` names the stores of a client, for its next token"
            ),
            Self::NotFound { path } => write!(
                f,
                "there is nothing at {path}; offers are read at /v1/stores/{{store_id}}/offers"
            ),
            Self::NoText => f.write_str("the store id in the path is no text in UTF-8"),
            Self::NoStoreId(error) => write!(f, "the store id in the path {error}"),
            Self::Parameter(given) => write!(
                f,
                "the parameter {given:?} is not known; date=YYYY-MM-DD is, and without it the \
                 store's business day of now is meant"
            ),
            Self::Date(given) => {
                write!(f, "the date {given:?} is none; send it as YYYY-MM-DD, like 2026-03-12")
            }
            Self::DateAgain => f.write_str("the date is given twice; send it once"),
            Self::NoStore(store_id) => write!(
                f,
                "store {store_id} is not in the catalogue; `daymark catalog import` puts it there"
            ),
            Self::MethodNotAllowed => f.write_str("offers are read with GET"),
            // The failure itself is logged and not shown to the sender.
            Self::Tables(_) => f.write_str("the tables do not answer; ask again in a moment"),
        }
    }
}

impl IntoResponse for OffersProblem {
    fn into_response(self) -> Response {
        let (status, name, title) = self.class();
        if let Self::Tables(failure) = &self {
            tracing::warn!(%failure, "offers could not be read");
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
