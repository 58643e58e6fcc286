//! Cuts a body into the texts of its events, without reading the events themselves.

use std::borrow::Cow;
use std::fmt;

use domain::Rejection;
use domain::limits::REQUEST_EVENTS_MAX;
use serde::Deserializer as _;
use serde::de::{SeqAccess, Visitor};
use serde_json::value::RawValue;

use crate::cloud_events;
use crate::format::Format;
use crate::problem::{Position, Problem};

/// One event's place in the body.
#[derive(Debug)]
pub(crate) struct Piece<'a> {
    /// Its line, counted from 1, where a line is an event.
    pub(crate) line: Option<usize>,
    /// Its JSON text, or what is wrong with the envelope around it.
    pub(crate) text: Result<Cow<'a, str>, Rejection>,
}

/// Cuts a body that is not empty.
///
/// # Errors
/// [`Problem::InvalidJson`] with the event and the place where an array or object breaks;
/// [`Problem::TooManyEvents`].
pub(crate) fn split(text: &str, format: Format) -> Result<Vec<Piece<'_>>, Problem> {
    let open = text.trim_start().chars().next().unwrap_or_default();
    match (format, open) {
        (Format::Ndjson, _) => lines(text),
        (Format::Json, '{') => object(text).map(|raw| vec![Piece::plain(raw)]),
        (Format::Json, '[') => Ok(array(text)?.into_iter().map(Piece::plain).collect()),
        (Format::CloudEvent, '{') => object(text).map(|raw| vec![Piece::enveloped(raw)]),
        (Format::CloudEventBatch, '[') => {
            Ok(array(text)?.into_iter().map(Piece::enveloped).collect())
        }
        (Format::Json, _) => Err(misshapen(text, "a JSON object or an array of objects")),
        (Format::CloudEvent, _) => Err(misshapen(text, "one CloudEvent, a JSON object")),
        (Format::CloudEventBatch, _) => Err(misshapen(text, "an array of CloudEvents")),
    }
}

impl<'a> Piece<'a> {
    fn plain(raw: &'a RawValue) -> Self {
        Self { line: None, text: Ok(Cow::Borrowed(raw.get())) }
    }

    fn enveloped(raw: &'a RawValue) -> Self {
        Self { line: None, text: cloud_events::data(raw.get()) }
    }
}

/// A line that is no JSON stays in: it is rejected on its own, and the rest is stored.
fn lines(text: &str) -> Result<Vec<Piece<'_>>, Problem> {
    let filled = || text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let count = filled().count();
    check_count(count)?;
    Ok(filled()
        .map(|(index, line)| Piece { line: Some(index + 1), text: Ok(Cow::Borrowed(line.trim())) })
        .collect())
}

fn object(text: &str) -> Result<&RawValue, Problem> {
    serde_json::from_str(text).map_err(|error| {
        let hint = if error.is_syntax() && error.to_string().starts_with("trailing characters") {
            "; several objects, one per line, are application/x-ndjson"
        } else {
            ""
        };
        invalid(text, 0, &error, hint)
    })
}

fn array(text: &str) -> Result<Vec<&RawValue>, Problem> {
    let mut elements = Elements::default();
    let mut deserializer = serde_json::Deserializer::from_str(text);
    deserializer
        .deserialize_seq(&mut elements)
        .and_then(|()| deserializer.end())
        .map_err(|error| invalid(text, elements.count, &error, ""))?;
    check_count(elements.count)?;
    Ok(elements.texts)
}

fn check_count(seen: usize) -> Result<(), Problem> {
    if seen > REQUEST_EVENTS_MAX { Err(Problem::TooManyEvents { seen }) } else { Ok(()) }
}

fn invalid(text: &str, index: usize, error: &serde_json::Error, hint: &str) -> Problem {
    let (line, column) = (error.line(), error.column());
    let before: usize = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = Position { line, column, byte: before + column };
    Problem::InvalidJson { index, at, reason: format!("{error}{hint}") }
}

fn misshapen(text: &str, expected: &str) -> Problem {
    let byte = text.len() - text.trim_start().len() + 1;
    let line = text[..byte - 1].matches('\n').count() + 1;
    let column = byte - text[..byte - 1].rfind('\n').map_or(0, |end| end + 1);
    let at = Position { line, column, byte };
    Problem::InvalidJson { index: 0, at, reason: format!("expected {expected}") }
}

/// Collects the elements of an array, so that their number is known even where it breaks off. Past
/// the limit they are only counted.
#[derive(Default)]
struct Elements<'a> {
    texts: Vec<&'a RawValue>,
    count: usize,
}

impl<'de> Visitor<'de> for &mut Elements<'de> {
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
