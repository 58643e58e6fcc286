//! Format of a body, by its content type.

use http::{HeaderMap, header};

use crate::problem::RequestProblem;

/// Format of a body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyFormat {
    /// One object or an array of objects.
    Json,
    /// One object per line.
    Ndjson,
    /// One CloudEvent whose `data` is the event.
    CloudEvent,
    /// An array of CloudEvents.
    CloudEventBatch,
}

impl BodyFormat {
    /// Accepted content types with their formats. Source of the last two: CloudEvents 1.0.2, "JSON
    /// Event Format", sections 3 and 4.
    const CONTENT_TYPES: [(&str, Self); 7] = [
        ("application/json", Self::Json),
        ("application/x-ndjson", Self::Ndjson),
        ("application/ndjson", Self::Ndjson),
        ("application/jsonlines", Self::Ndjson),
        ("application/jsonl", Self::Ndjson),
        ("application/cloudevents+json", Self::CloudEvent),
        ("application/cloudevents-batch+json", Self::CloudEventBatch),
    ];

    /// Returns the accepted content types.
    pub(crate) fn accepted() -> impl Iterator<Item = &'static str> {
        Self::CONTENT_TYPES.iter().map(|(content_type, _)| *content_type)
    }

    /// Reads `Content-Type`.
    ///
    /// # Errors
    /// Returns [`RequestProblem::ContentType`] if the header is missing or names another type, and
    /// [`RequestProblem::Charset`] if it names a charset other than UTF-8.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, RequestProblem> {
        let given = headers
            .get(header::CONTENT_TYPE)
            .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
        let value = given.as_deref().unwrap_or_default();
        let mut parts = value.split(';').map(str::trim);
        let essence = parts.next().unwrap_or_default();
        let format = Self::CONTENT_TYPES
            .iter()
            .find(|(content_type, _)| content_type.eq_ignore_ascii_case(essence))
            .map(|(_, format)| *format);
        for (name, value) in parts.filter_map(|part| part.split_once('=')) {
            let value = value.trim().trim_matches('"');
            let utf8 = ["utf-8", "utf8"].iter().any(|utf8| utf8.eq_ignore_ascii_case(value));
            if name.trim().eq_ignore_ascii_case("charset") && !utf8 {
                return Err(RequestProblem::Charset { given: value.to_owned() });
            }
        }
        format.ok_or(RequestProblem::ContentType { given })
    }

    /// Returns the name in traces.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Ndjson => "ndjson",
            Self::CloudEvent => "cloudevent",
            Self::CloudEventBatch => "cloudevent_batch",
        }
    }
}
