//! Problems of a request as a whole, as RFC 9457 problem details.

use axum::response::{IntoResponse, Response};
use domain::limits::{BODY_BYTES_MAX, INFLATED_BYTES_MAX, REQUEST_EVENTS_MAX, REQUEST_READ_MAX};
use http::header::{self, HeaderValue};
use http::{Method, StatusCode};
use serde_json::{Value, json};

use crate::body::ContentEncoding;
use crate::format::BodyFormat;

/// Content type of problem details.
pub(crate) const PROBLEM_JSON: HeaderValue = HeaderValue::from_static("application/problem+json");

/// Reason for failing a request as a whole. The message is the `detail` of the problem.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum RequestProblem {
    #[error("the body holds no event; send a JSON object, a JSON array or NDJSON")]
    EmptyBody,
    /// `line` and `column` are counted from 1; `byte` is the number of bytes read.
    #[error("event {index} cannot be read: {reason} (after {byte} bytes); nothing was stored")]
    InvalidJson { index: usize, line: usize, column: usize, byte: usize, reason: String },
    #[error("the body is not UTF-8: the byte at offset {byte} does not belong; nothing was stored")]
    NotUtf8 { byte: usize },
    #[error("the body could not be read to its end ({0}); nothing was stored")]
    BodyUnreadable(String),
    #[error("the body cannot be inflated as {encoding}: {reason}; nothing was stored")]
    BrokenCompression { encoding: &'static str, reason: String },
    #[error("the body took longer than {} s to arrive; send it faster or in smaller pieces",
        REQUEST_READ_MAX.as_secs())]
    ReadTimeout,
    #[error(
        "the body has at least {seen} bytes as it travels; at most {BODY_BYTES_MAX} are allowed: \
         compress it or send fewer events at once"
    )]
    BodyTooLarge { seen: usize },
    #[error(
        "the body of {received} bytes inflates to at least {seen} bytes; at most \
         {INFLATED_BYTES_MAX} are allowed: send fewer events at once"
    )]
    InflatedTooLarge { seen: usize, received: usize },
    #[error(
        "the request holds {seen} events; at most {REQUEST_EVENTS_MAX} are allowed: send them in \
         several requests"
    )]
    TooManyEvents { seen: usize },
    #[error("{}; send one of {}", content_type(given.as_deref()), list(BodyFormat::accepted()))]
    ContentType { given: Option<String> },
    #[error("the charset {given} is not taken; send utf-8")]
    Charset { given: String },
    #[error(
        "the content encoding {given} is not taken; send one of {}, one at a time",
        list(ContentEncoding::ACCEPTED)
    )]
    Encoding { given: String },
    #[error(
        "nobody has checked who sends this, so nothing was stored; send a token of the user pool \
         to POST /v1/events as `Authorization: Bearer`, or a request signed by IAM to POST \
         /v1/internal/events"
    )]
    Unauthenticated,
    #[error("there is nothing at {path}; events go to POST /v1/events")]
    NotFound { path: String },
    #[error("{path} does not take {method}; the Allow header names what it takes")]
    MethodNotAllowed { method: Method, path: String },
    #[error("no events are taken now: {0}")]
    NotReady(String),
    #[error("all events were rejected; results tell why, nothing was stored")]
    AllRejected,
    #[error(
        "the sender may not write for the store of any of these events; results tell which it may \
         write for, nothing was stored"
    )]
    StoresNotAllowed,
    #[error("the stream is busy and nothing was acknowledged; send the events marked retry again")]
    Throttled,
    #[error(
        "the stream is out of reach and nothing was acknowledged; send the events marked \
        retry again, which is safe even if they were stored"
    )]
    Unavailable,
}

impl RequestProblem {
    /// Returns the HTTP status, the last part of the type and the title.
    fn class(&self) -> (StatusCode, &'static str, &'static str) {
        use StatusCode as S;
        match self {
            Self::EmptyBody => (S::BAD_REQUEST, "empty-body", "Empty body"),
            Self::InvalidJson { .. } => (S::BAD_REQUEST, "invalid-json", "Invalid JSON"),
            Self::NotUtf8 { .. } => (S::BAD_REQUEST, "not-utf8", "Not UTF-8"),
            Self::BodyUnreadable(_) => (S::BAD_REQUEST, "body-unreadable", "Unreadable body"),
            Self::BrokenCompression { .. } => {
                (S::BAD_REQUEST, "broken-compression", "Broken compression")
            }
            Self::ReadTimeout => (S::REQUEST_TIMEOUT, "read-timeout", "The body came too slowly"),
            Self::BodyTooLarge { .. } => {
                (S::PAYLOAD_TOO_LARGE, "body-too-large", "The body is too large")
            }
            Self::InflatedTooLarge { .. } => {
                (S::PAYLOAD_TOO_LARGE, "inflated-too-large", "The inflated body is too large")
            }
            Self::TooManyEvents { .. } => {
                (S::PAYLOAD_TOO_LARGE, "too-many-events", "Too many events")
            }
            Self::ContentType { .. } => {
                (S::UNSUPPORTED_MEDIA_TYPE, "content-type", "Unsupported content type")
            }
            Self::Charset { .. } => (S::UNSUPPORTED_MEDIA_TYPE, "charset", "Unsupported charset"),
            Self::Encoding { .. } => {
                (S::UNSUPPORTED_MEDIA_TYPE, "content-encoding", "Unsupported content encoding")
            }
            Self::Unauthenticated => {
                (S::UNAUTHORIZED, "unauthenticated", "Nobody has checked the sender")
            }
            Self::NotFound { .. } => (S::NOT_FOUND, "not-found", "Nothing here"),
            Self::MethodNotAllowed { .. } => {
                (S::METHOD_NOT_ALLOWED, "method-not-allowed", "Method not allowed")
            }
            Self::NotReady(_) => (S::SERVICE_UNAVAILABLE, "not-ready", "Not ready"),
            Self::AllRejected => {
                (S::UNPROCESSABLE_ENTITY, "all-events-rejected", "All events were rejected")
            }
            Self::StoresNotAllowed => {
                (S::FORBIDDEN, "stores-not-allowed", "Not a store of this sender")
            }
            Self::Throttled => (S::TOO_MANY_REQUESTS, "throttled", "The stream is busy"),
            Self::Unavailable => {
                (S::SERVICE_UNAVAILABLE, "stream-unavailable", "The stream is out of reach")
            }
        }
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.class().0
    }

    /// Returns the type, which never changes.
    pub(crate) fn urn(&self) -> String {
        format!("urn:daymark:problem:{}", self.class().1)
    }

    /// Returns the title, equal for all problems of a type.
    pub(crate) fn title(&self) -> &'static str {
        self.class().2
    }

    /// Returns the extension members.
    fn members(&self) -> Value {
        match self {
            Self::InvalidJson { index, line, column, byte, .. } => {
                json!({ "index": index, "line": line, "column": column, "byte": byte })
            }
            Self::NotUtf8 { byte } => json!({ "byte": byte }),
            Self::BodyTooLarge { seen } => json!({ "limit": BODY_BYTES_MAX, "seen": seen }),
            Self::InflatedTooLarge { seen, .. } => {
                json!({ "limit": INFLATED_BYTES_MAX, "seen": seen })
            }
            Self::TooManyEvents { seen } => json!({ "limit": REQUEST_EVENTS_MAX, "seen": seen }),
            Self::ContentType { .. } => {
                json!({ "accepted": BodyFormat::accepted().collect::<Vec<_>>() })
            }
            Self::Encoding { .. } => json!({ "accepted": ContentEncoding::ACCEPTED }),
            _ => json!({}),
        }
    }
}

impl IntoResponse for RequestProblem {
    fn into_response(self) -> Response {
        let mut body = json!({
            "type": self.urn(),
            "title": self.title(),
            "status": self.status().as_u16(),
            "detail": self.to_string(),
        });
        if let (Value::Object(body), Value::Object(members)) = (&mut body, self.members()) {
            body.extend(members);
        }
        let headers = [(header::CONTENT_TYPE, PROBLEM_JSON)];
        let mut response = (self.status(), headers, body.to_string()).into_response();
        // Source: RFC 9110, sections 12.5.3 and 15.5.16.
        if matches!(self, Self::Encoding { .. }) {
            let accepted = HeaderValue::from_static("gzip, zstd, identity");
            response.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
        }
        // Source: RFC 9110, section 15.5.2.
        if matches!(self, Self::Unauthenticated) {
            let bearer = HeaderValue::from_static("Bearer");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, bearer);
        }
        response
    }
}

fn content_type(given: Option<&str>) -> String {
    match given {
        Some(given) => format!("the content type {given} is not taken"),
        None => "the content type is missing".to_owned(),
    }
}

fn list(words: impl IntoIterator<Item = &'static str>) -> String {
    words.into_iter().collect::<Vec<_>>().join(", ")
}
