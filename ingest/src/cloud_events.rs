//! Takes our event out of a CloudEvent.
//!
//! Source: CloudEvents 1.0.2, "JSON Event Format". Only what Daymark uses is looked at: a till's
//! library may leave out or add other attributes.

use std::borrow::Cow;
use std::collections::BTreeMap;

use domain::{Fault, Rejection};
use serde_json::value::RawValue;

/// The version that is understood.
const SPEC_VERSION: &str = "1.0";

type Object<'a> = BTreeMap<String, &'a RawValue>;

/// The event in `data`. Where it has no `event_id` or `occurred_at` of its own, the envelope's `id`
/// and `time` stand in.
///
/// # Errors
/// The faults of the envelope.
pub(crate) fn data(envelope: &str) -> Result<Cow<'_, str>, Rejection> {
    let attributes: Object<'_> = serde_json::from_str(envelope)
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
    let Ok(mut event) = serde_json::from_str::<Object<'_>>(data.get()) else {
        return reject("data", Some(data), "is not a JSON object; one event is one object");
    };

    let mut filled = false;
    for (field, attribute) in [("event_id", "id"), ("occurred_at", "time")] {
        if present(&event, field).is_none()
            && let Some(stand_in) = present(&attributes, attribute)
        {
            event.insert(field.to_owned(), stand_in);
            filled = true;
        }
    }
    if filled {
        let text = serde_json::to_string(&event).expect("texts of JSON always serialize");
        return Ok(Cow::Owned(text));
    }
    // The envelope's text outlives this function, `data` is a piece of it.
    Ok(Cow::Borrowed(data.get()))
}

/// A member that is there; `null` is the same as absent.
fn present<'a>(object: &Object<'a>, name: &str) -> Option<&'a RawValue> {
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
