//! CloudEvents in binary mode: the body is the event, and headers are the attributes. Source:
//! CloudEvents 1.0.2, "HTTP Protocol Binding", section 3.1; the values of headers are
//! percent-encoded by section 3.1.3.2.

use std::borrow::Cow;

use domain::cloud_event;
use http::HeaderMap;
use percent_encoding::percent_decode;
use serde_json::{Map, Value};

use crate::format::BodyFormat;
use crate::problem::RequestProblem;
use crate::raw_event::{RawEvent, object};

/// Headers whose attributes are read, with the names of these.
const HEADERS: [(&str, &str); 3] =
    [("ce-specversion", "specversion"), ("ce-id", "id"), ("ce-time", "time")];

/// Attributes of a CloudEvent from the headers of its request.
#[derive(Debug)]
pub(crate) struct BinaryMode(Map<String, Value>);

impl BinaryMode {
    /// Reads the attributes; `None` if the headers have no `ce-specversion`, or if the content type
    /// names the structured mode.
    pub(crate) fn of(headers: &HeaderMap, format: BodyFormat) -> Option<Self> {
        let is_structured = matches!(format, BodyFormat::CloudEvent | BodyFormat::CloudEventBatch);
        if is_structured || !headers.contains_key("ce-specversion") {
            return None;
        }
        let attribute = |(header, name): (&str, &str)| {
            let value = percent_decode(headers.get(header)?.as_bytes());
            let value = value.decode_utf8_lossy().into_owned();
            Some((name.to_owned(), Value::String(value)))
        };
        Some(Self(HEADERS.into_iter().filter_map(attribute).collect()))
    }

    /// Returns the event of the body. `ce-id` and `ce-time` replace a missing `event_id` and
    /// `occurred_at`.
    ///
    /// # Errors
    /// Returns [`RequestProblem::InvalidJson`] if the body is not one JSON object.
    pub(crate) fn event(
        self,
        text: &str,
        format: BodyFormat,
    ) -> Result<RawEvent<'static>, RequestProblem> {
        let data = object(text, "one event, because the ce- headers describe one CloudEvent")?;
        let attributes = Value::Object(self.0).to_string();
        // The attributes are never empty: ce-specversion is among them.
        let attributes = attributes.strip_suffix('}').expect("an object");
        let envelope = format!("{attributes},\"data\":{data}}}");
        let text = cloud_event::data(&envelope).map(|event| Cow::Owned(event.into_owned()));
        let line = (format == BodyFormat::Ndjson).then_some(1);
        Ok(RawEvent { line, text })
    }
}
