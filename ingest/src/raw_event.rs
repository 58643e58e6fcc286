//! Texts of the single events in a body, before the events themselves are parsed.

use std::borrow::Cow;
use std::fmt;

use domain::limits::REQUEST_EVENTS_MAX;
use domain::{Rejection, cloud_event};
use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::format::BodyFormat;
use crate::problem::RequestProblem;

/// Event of a body, not parsed yet.
#[derive(Debug)]
pub(crate) struct RawEvent<'a> {
    /// Number of the line, counted from 1, in a format with one event per line.
    pub(crate) line: Option<usize>,
    /// JSON text of the event, or the violations of its envelope.
    pub(crate) text: Result<Cow<'a, str>, Rejection>,
}

/// Splits a body into its events. The body must not be empty.
///
/// # Errors
/// Returns [`RequestProblem::InvalidJson`] if an array or object is malformed, with the event and
/// the position, and [`RequestProblem::TooManyEvents`] above [`REQUEST_EVENTS_MAX`] events.
pub(crate) fn split(text: &str, format: BodyFormat) -> Result<Vec<RawEvent<'_>>, RequestProblem> {
    let open = text.trim_start().chars().next().unwrap_or_default();
    match (format, open) {
        (BodyFormat::Ndjson, _) => lines(text),
        (BodyFormat::Json, '[') => Ok(array(text)?.into_iter().map(RawEvent::plain).collect()),
        (BodyFormat::Json, _) => {
            let raw = object(text, "a JSON object or an array of objects")?;
            Ok(vec![RawEvent::plain(raw)])
        }
        (BodyFormat::CloudEvent, _) => {
            let raw = object(text, "one CloudEvent, a JSON object")?;
            Ok(vec![RawEvent::enveloped(raw)])
        }
        (BodyFormat::CloudEventBatch, '[') => {
            Ok(array(text)?.into_iter().map(RawEvent::enveloped).collect())
        }
        (BodyFormat::CloudEventBatch, _) => Err(misshapen(text, "an array of CloudEvents")),
    }
}

impl<'a> RawEvent<'a> {
    fn plain(raw: &'a RawValue) -> Self {
        Self { line: None, text: Ok(Cow::Borrowed(raw.get())) }
    }

    fn enveloped(raw: &'a RawValue) -> Self {
        Self { line: None, text: cloud_event::data(raw.get()) }
    }
}

/// Splits NDJSON. A line that is not JSON is kept, so that only its event is rejected.
fn lines(text: &str) -> Result<Vec<RawEvent<'_>>, RequestProblem> {
    let filled = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let count = filled().count();
    check_count(count)?;
    Ok(filled()
        .map(|(index, line)| RawEvent {
            line: Some(index + 1),
            text: Ok(Cow::Borrowed(line.trim())),
        })
        .collect())
}

/// Reads a body that is one object.
///
/// # Errors
/// Returns [`RequestProblem::InvalidJson`] for another body; the message names `expected`.
pub(crate) fn object<'a>(text: &'a str, expected: &str) -> Result<&'a RawValue, RequestProblem> {
    if !text.trim_start().starts_with('{') {
        return Err(misshapen(text, expected));
    }
    serde_json::from_str(text).map_err(|error| {
        let hint = if error.is_syntax() && error.to_string().starts_with("trailing characters") {
            "; several objects, one per line, are application/x-ndjson"
        } else {
            ""
        };
        invalid(text, 0, &error, hint)
    })
}

fn array(text: &str) -> Result<Vec<&RawValue>, RequestProblem> {
    let mut elements = ElementCollector::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_seq(&mut elements)
        .and_then(|()| deserializer.end())
        .map_err(|error| invalid(text, elements.count, &error, ""))?;
    check_count(elements.count)?;
    Ok(elements.texts)
}

fn check_count(seen: usize) -> Result<(), RequestProblem> {
    if seen > REQUEST_EVENTS_MAX { Err(RequestProblem::TooManyEvents { seen }) } else { Ok(()) }
}

fn invalid(text: &str, index: usize, error: &serde_json::Error, hint: &str) -> RequestProblem {
    let (line, column) = (error.line(), error.column());
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let byte = before + column;
    RequestProblem::InvalidJson { index, line, column, byte, reason: format!("{error}{hint}") }
}

fn misshapen(text: &str, expected: &str) -> RequestProblem {
    let byte = text.len() - text.trim_start().len() + 1;
    let line = text[..byte - 1].matches('\n').count() + 1;
    let column = byte - text[..byte - 1].rfind('\n').map_or(0, |end| end + 1);
    let reason = format!("expected {expected}");
    RequestProblem::InvalidJson { index: 0, line, column, byte, reason }
}

/// Collector of the elements of an array. The number of elements is known even if the array breaks
/// off. Elements beyond the limit are counted and not kept.
#[derive(Default)]
struct ElementCollector<'a> {
    texts: Vec<&'a RawValue>,
    count: usize,
}

impl<'de> Visitor<'de> for &mut ElementCollector<'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<(), A::Error> {
        while let Some(element) = elements.next_element::<&RawValue>()? {
            self.count += 1;
            if self.count <= REQUEST_EVENTS_MAX {
                self.texts.push(element);
            }
        }
        Ok(())
    }
}
