//! Takes our event out of a CloudEvent.
//!
//! Source: CloudEvents 1.0.2, "JSON Event Format". Only what Daymark uses is looked at: a till's
//! library may leave out or add other attributes.

use std::borrow::Cow;

use domain::{Fault, Members, Rejection, members};
use serde_json::value::RawValue;

/// The version that is understood.
const SPEC_VERSION: &str = "1.0";

/// What is looked at.
const ATTRIBUTES: &[&str] = &["id", "specversion", "time", "data", "data_base64"];

/// The event in `data`. Where it has no `event_id` or `occurred_at` of its own, the envelope's `id`
/// and `time` stand in.
///
/// # Errors
/// The faults of the envelope.
pub(crate) fn data(envelope: &str) -> Result<Cow<'_, str>, Rejection> {
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
        return reject("data", Some(data), "is not a JSON object; one event is one object");
    };

    let mut stand_ins = String::new();
    for (field, attribute) in [("event_id", "id"), ("occurred_at", "time")] {
        if present(&event, field).is_none()
            && let Some(stand_in) = present(&attributes, attribute)
        {
            stand_ins.push_str(&format!(",\"{field}\":{stand_in}"));
        }
    }
    // The envelope's text outlives this function, `data` is a piece of it.
    let text = data.get();
    if stand_ins.is_empty() {
        return Ok(Cow::Borrowed(text));
    }
    // At its end, for of two members with one name the last is read.
    let members = text.strip_suffix('}').expect("an object").trim_end();
    let stand_ins = if members == "{" { &stand_ins[1..] } else { &stand_ins };
    Ok(Cow::Owned(format!("{members}{stand_ins}}}")))
}

/// A member that is there; `null` is the same as absent.
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
    let faults = vec![Fault::new(field, given, rule)];
    Rejection { event_id: id.and_then(string), faults }
}
