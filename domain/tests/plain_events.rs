//! The reader of plain events and the parser agree on every text.

mod events;

use domain::{Acceptance, Event, EventRef};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use serde_json::{Value, json};

use crate::events::{RECEIVED_AT, any_event, at, sale, with};

fn anytime() -> Acceptance {
    Acceptance { age_max: None, ..Acceptance::at(at(RECEIVED_AT)) }
}

/// Asserts that the reader is not sure, or returns what the parser returns. Returns `true` if the
/// reader is sure.
fn agree(text: &str, acceptance: &Acceptance) -> bool {
    let Some(read) = EventRef::read(text, acceptance) else { return false };
    let parsed = Event::parse_any(text, acceptance);
    assert_eq!(Ok(read.to_event()), parsed, "{text}");
    let parsed = parsed.expect("equal to an event");
    assert_eq!(parsed.as_event_ref(), read, "{text}");
    assert_eq!(parsed.canonical(), read.to_event().canonical());
    true
}

/// Values of fields: valid ones, unusual spellings of them, and invalid ones.
fn value() -> impl Strategy<Value = Value> {
    let texts = select(vec![
        "",
        "e-1",
        "0042",
        "e 1",
        "é",
        "sale",
        "return",
        "count",
        "waste",
        "correction",
        "EA",
        "KGM",
        "kgm",
        "EUR",
        "eur",
        "JPY",
        "KWD",
        "XXX",
        "0",
        "-0",
        "-1",
        "1",
        "1.",
        ".5",
        "01",
        "0.375",
        "2.50",
        "2.5000",
        "1.2345",
        "1000000",
        "1000000.001",
        "1000001",
        "1e3",
        "999999999999999",
        "1000000000000000",
        "damaged",
        "recount",
        "did_not_occur",
        "4006381333931",
        "4006381333932",
        "96385074",
        "L-1",
        "a\"b",
        "2026-03-12",
        "2026-3-12",
        "2026-02-29",
        "2024-02-29",
        "2026-03-12/0042/BRT-1180/2",
        "2026-03-12/0042/BRT-1180/02",
        "2026-03-12/0042/BRT-1180/2/1",
        "2026-03-12/0042/BRT-1180/+2",
        "2026-03-12T15:15:00Z",
        "2026-03-12T15:15:00.123456789+01:00",
        "2026-03-12T15:15:00-00:00",
        "2026-03-12T15:15:60Z",
        "2026-03-12T24:00:00Z",
        "2026-03-12t15:15:00z",
        "2026-03-12 15:15:00Z",
        "2026-03-12T15:15:00.Z",
        "2026-03-12T15:15:00",
        "1999-12-31T23:59:59Z",
        "2000-01-01T00:30:00+01:00",
        "2026-03-12T15:15:00+24:00",
        "2026-03-12T15:15:00.1234567891Z",
        "2026-03-12T15:35:00Z",
        "2026-03-12T15:35:00.001Z",
        "2026-02-30T15:15:00Z",
    ]);
    prop_oneof![
        4 => texts.prop_map(Value::from),
        1 => any::<u32>().prop_map(Value::from),
        1 => select(vec![json!(1.5), json!(0.375), json!(1e3), json!(-1), json!(1e-7), json!(null),
            json!(true), json!([1]), json!({"epoch": "e", "number": 7}), json!({"number": 7}),
            json!({"epoch": "e", "number": 7, "more": 1}), json!({"epoch": "é", "number": 7})]),
    ]
}

/// Changes that keep a text JSON, or break it.
fn damage(text: &str, place: Index, byte: char) -> String {
    let places: Vec<usize> = text.char_indices().map(|(place, _)| place).collect();
    let place = places[place.index(places.len())];
    let mut text = text.to_owned();
    let length = text[place..].chars().next().map_or(0, char::len_utf8);
    text.replace_range(place..place + length, &byte.to_string());
    text
}

proptest! {
    #[test]
    fn a_canonical_event_is_plain(event in any_event()) {
        let canonical = event.canonical();
        let has_escape = canonical.contains('\\');
        let details = event.details();
        let has_long_number = details.sequence.as_ref().is_some_and(|at| at.number > 1 << 49);
        let later = at("2100-01-01T00:00:00Z").date_naive();
        let expires_later = details.expires_on.is_some_and(|date| date >= later);
        let is_plain = agree(&canonical, &anytime());
        prop_assert!(is_plain || has_escape || has_long_number || expires_later, "{}", canonical);
    }

    #[test]
    fn any_values_of_fields_are_read_as_they_are_parsed(
        base in any_event(),
        changes in vec((select(Event::FIELDS.to_vec()), value()), 0..4),
        pretty in any::<bool>(),
    ) {
        let mut json: Value = serde_json::from_str(&base.canonical()).unwrap();
        for (field, value) in changes {
            json[field] = value;
        }
        let text = if pretty { format!("{json:#}") } else { json.to_string() };
        agree(&text, &anytime());
    }

    #[test]
    fn a_damaged_text_is_read_as_it_is_parsed(
        event in any_event(),
        place in any::<Index>(),
        byte in select("\"\\{}[]:,.-+0159eEzTtn \n\u{7f}é".chars().collect::<Vec<_>>()),
    ) {
        agree(&damage(&event.canonical(), place, byte), &anytime());
    }

    #[test]
    fn an_instant_near_a_limit_is_read_as_it_is_parsed(
        nanos in -3_000_000..3_000_000_i64,
        age_millis in select(vec![None, Some(0_u64), Some(1), Some(1_000)]),
        received in select(vec!["2026-03-12T15:30:00Z", "2026-03-12T15:30:00.000000001Z",
            "2026-03-12T15:30:00.000999999Z"]),
    ) {
        let received_at = at(received);
        let age_max = age_millis.map(std::time::Duration::from_millis);
        let acceptance = Acceptance { received_at, age_max, ..Acceptance::at(received_at) };
        for base in [received_at, received_at - age_max.unwrap_or_default(),
            received_at + acceptance.ahead_max] {
            let instant = base + chrono::TimeDelta::nanoseconds(nanos);
            let event = with(sale(), json!({ "occurred_at": instant.to_rfc3339() }));
            agree(&event.to_string(), &acceptance);
        }
    }
}

#[test]
fn unusual_forms_are_left_to_the_parser() {
    let sale = sale().to_string();
    let is_plain = |text: &str| agree(text, &anytime());
    assert!(is_plain(&sale));
    assert!(is_plain(&sale.replace(',', " , ")), "blanks between members");
    assert!(is_plain(&sale.replacen('{', r#"{"till_version":"7.1","is_open":true,"n":12,"#, 1)));
    for unusual in [
        sale.replacen('{', r#"{"sku":"other","#, 1),
        sale.replacen('{', r#"{"note":null,"lines":[],"#, 1),
        sale.replacen('{', r#"{"n":-1,"#, 1),
        sale.replacen('{', r#"{"n":1e5,"#, 1),
        sale.replacen('{', r#"{"n":01,"#, 1),
        sale.replacen('{', "{\"n\":\"a\u{1}\",", 1),
        sale.replace(',', ",\n\t"),
        sale.replace("0042", "\\u00342"),
        format!("{sale}{sale}"),
        format!("[{sale}]"),
        format!("{sale},"),
        sale.replacen('}', ",}", 1),
        String::new(),
        "{}".to_owned(),
        "{\"sku\"".to_owned(),
        "{\"sku\":\"a".to_owned(),
    ] {
        assert!(!is_plain(&unusual), "{unusual}");
    }
}
