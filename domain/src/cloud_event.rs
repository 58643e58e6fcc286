//! Events in the envelope of a CloudEvent.
//!
//! Source: CloudEvents 1.0.2, "JSON Event Format". Attributes that Daymark does not use are not
//! checked: the libraries of tills leave some out and add others.

use std::borrow::Cow;

use serde_json::value::RawValue;

use crate::event::{Acceptance, Event, Rejection};
use crate::json_members::{Members, members};
use crate::violation::Violation;

/// Accepted version of CloudEvents.
const SPEC_VERSION: &str = "1.0";

/// Attributes that are read.
const ATTRIBUTES: &[&str] = &["id", "specversion", "time", "data", "data_base64"];

/// Parses an event, or the event in a CloudEvent. An event is tried first, because most texts are
/// one.
///
/// # Errors
/// Returns the violations of the event or of the envelope.
pub fn parse_event(text: &str, acceptance: &Acceptance) -> Result<Event, Rejection> {
    match Event::parse(text, acceptance) {
        Err(_) if is_envelope(text) => Event::parse(&data(text)?, acceptance),
        result => result,
    }
}

/// Returns the event in `data`. The `id` and `time` of the envelope replace a missing `event_id`
/// and `occurred_at`.
///
/// # Errors
/// Returns the violations of the envelope.
pub fn data(envelope: &str) -> Result<Cow<'_, str>, Rejection> {
    let attributes = members(envelope, ATTRIBUTES)
        .map_err(|_| rejection(None, "", None, "is not a CloudEvent: a JSON object is expected"))?;
    let id = present(&attributes, "id");
    let reject = |field, given: Option<&RawValue>, rule: &str| {
        Err(rejection(id, field, given.map(RawValue::get), rule))
    };

    let version = present(&attributes, "specversion");
    if version.and_then(string).as_deref() != Some(SPEC_VERSION) {
        return reject("specversion", version, "is not \"1.0\", the CloudEvents version taken");
    }
    let Some(data) = present(&attributes, "data") else {
        let rule = if attributes.contains_key("data_base64") {
            "is required; data_base64 is not taken, put the event into data as a JSON object"
        } else {
            "is required: the event, as a JSON object"
        };
        return reject("data", None, rule);
    };
    let Ok(event) = members(data.get(), &["event_id", "occurred_at"]) else {
        return reject("data", Some(data), "is not a JSON object; expected a single object");
    };

    let mut defaults = String::new();
    for (field, attribute) in [("event_id", "id"), ("occurred_at", "time")] {
        if present(&event, field).is_none()
            && let Some(default) = present(&attributes, attribute)
        {
            defaults.push_str(&format!(",\"{field}\":{default}"));
        }
    }
    let text = data.get();
    if defaults.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    // The defaults follow the members, because the last of two members with one name is read.
    let members = text.strip_suffix('}').expect("an object").trim_end();
    let defaults = if members == "{" { &defaults[1..] } else { &defaults };
    Ok(Cow::Owned(format!("{members}{defaults}}}")))
}

/// `true` if `json` is an object with the attribute that each CloudEvent has. It is cheap for other
/// texts.
#[must_use]
pub fn is_envelope(json: &str) -> bool {
    let has_version = |json| members(json, &["specversion"]).is_ok_and(|found| !found.is_empty());
    json.contains("\"specversion\"") && has_version(json)
}

/// Returns a member. `null` counts as absent.
fn present<'a>(object: &Members<'a>, name: &str) -> Option<&'a RawValue> {
    object.get(name).copied().filter(|raw| raw.get() != "null")
}

fn string(raw: &RawValue) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn rejection(
    id: Option<&RawValue>,
    field: &'static str,
    given: Option<&str>,
    rule: &str,
) -> Rejection {
    let violations = vec![Violation::new(field, given, rule)];
    Rejection { event_id: id.and_then(string), violations }
}
