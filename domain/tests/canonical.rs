//! Canonical form of an event: one spelling, which parses to the same event. Any other text is
//! refused with one short line.

mod events;

use domain::limits::EVENT_BYTES_MAX;
use domain::{Acceptance, Event};
use events::{RECEIVED_AT, any_event, at};
use proptest::prelude::*;
use serde_json::{Value, json};

/// Length limit of a message, which fits on a log line and into a quarantine row.
const MESSAGE_CHARS_MAX: usize = 4096;

fn parse(json: &str) -> Result<Event, domain::Rejection> {
    Event::parse(json, &Acceptance { age_max: None, ..Acceptance::at(at(RECEIVED_AT)) })
}

/// Returns the same object with reversed fields, numbers for decimal strings and nulls for absent
/// fields.
fn other_spelling(canonical: &str) -> String {
    let fields: serde_json::Map<String, Value> = serde_json::from_str(canonical).unwrap();
    let mut spelled: Vec<String> = fields
        .iter()
        .map(|(field, value)| match (field.as_str(), value.as_str()) {
            ("quantity", Some(text)) => format!("\"{field}\" : {text}"),
            ("occurred_at", Some(text)) => {
                format!("\"{field}\":\"{}\"", text.replace('Z', "+00:00"))
            }
            _ => format!("\"{field}\": {value}"),
        })
        .collect();
    for absent in ["gtin", "lot", "expires_on", "sequence", "offer_id", "reason", "unknown"] {
        if !fields.contains_key(absent) {
            spelled.push(format!("\"{absent}\":null"));
        }
    }
    spelled.reverse();
    format!("{{{}}}", spelled.join(",\n"))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn reads_back_as_the_same_event(event in any_event()) {
        let canonical = event.canonical();
        let again = parse(&canonical).unwrap();
        prop_assert_eq!(&again, &event);
        prop_assert_eq!(again.canonical(), canonical);
    }

    #[test]
    fn equal_events_have_one_canonical_form_for_any_spelling(event in any_event()) {
        let other = parse(&other_spelling(&event.canonical())).unwrap();
        prop_assert_eq!(&other, &event);
        prop_assert_eq!(other.canonical(), event.canonical());
    }

    #[test]
    fn is_one_line_of_bounded_length(event in any_event()) {
        let canonical = event.canonical();
        prop_assert!(!canonical.contains(char::is_control));
        prop_assert!(canonical.len() <= EVENT_BYTES_MAX);
    }

    #[test]
    fn any_text_is_refused_in_one_short_line(text in any::<String>()) {
        refused_in_one_short_line(&text)?;
    }

    #[test]
    fn any_field_is_refused_in_one_short_line(
        place in any::<prop::sample::Index>(),
        value in any::<String>(),
        times in 1..5_000_usize,
    ) {
        let mut event: Value = serde_json::from_str(&full().canonical()).unwrap();
        let fields: Vec<String> = event.as_object().unwrap().keys().cloned().collect();
        event[place.get(&fields)] = json!(value.repeat(times));
        refused_in_one_short_line(&event.to_string())?;
    }
}

fn refused_in_one_short_line(text: &str) -> Result<(), TestCaseError> {
    if let Err(rejection) = parse(text) {
        let message = rejection.to_string();
        prop_assert!(!message.contains(char::is_control), "{message:?}");
        prop_assert!(message.chars().count() <= MESSAGE_CHARS_MAX, "{} characters", message.len());
        prop_assert!(!rejection.violations.is_empty());
    }
    Ok(())
}

/// Returns a sale with every field.
fn full() -> Event {
    events::event(&events::with(
        events::sale(),
        json!({
            "gtin": "4006381333931", "lot": "L-1", "expires_on": "2026-03-14",
            "sequence": { "epoch": "2026-03-12", "number": 17 }, "unit": "EA",
            "offer_id": "2026-03-12/0042/BRT-1180/2",
        }),
    ))
}

#[test]
fn the_canonical_form_has_these_bytes() {
    assert_eq!(
        full().canonical(),
        concat!(
            r#"{"event_id":"e-1","kind":"sale","store_id":"0042","terminal_id":"till-1","#,
            r#""sku":"BRT-1180","gtin":"4006381333931","lot":"L-1","expires_on":"2026-03-14","#,
            r#""quantity":"1","unit":"EA","unit_price":"2.40","currency":"EUR","#,
            r#""occurred_at":"2026-03-12T15:15:00.000Z","#,
            r#""sequence":{"epoch":"2026-03-12","number":17},"#,
            r#""offer_id":"2026-03-12/0042/BRT-1180/2"}"#
        )
    );
    let correction = events::with(
        events::sale(),
        json!({
            "kind": "correction", "corrects": "e-0", "reason": "did_not_occur", "quantity": "9",
        }),
    );
    assert_eq!(
        events::event(&correction).canonical(),
        concat!(
            r#"{"event_id":"e-1","kind":"correction","store_id":"0042","terminal_id":"till-1","#,
            r#""sku":"BRT-1180","quantity":"0","unit":"EA","#,
            r#""occurred_at":"2026-03-12T15:15:00.000Z","reason":"did_not_occur","corrects":"e-0"}"#
        )
    );
}
