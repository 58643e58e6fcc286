//! Rules of an event. Each row has the changed fields of a valid event and the expected message.

mod events;

use std::time::Duration;

use domain::{Acceptance, Event};
use events::{RECEIVED_AT, at, sale, with};
use serde_json::{Value, json};

/// Asserts the message for a sale with the fields of `change`. An empty message is a valid event.
fn check(change: &str, expected: &str) {
    check_text(&with(sale(), serde_json::from_str(change).expect(change)).to_string(), expected);
}

fn check_text(json: &str, expected: &str) {
    let message = match Event::parse(json, &Acceptance::at(at(RECEIVED_AT))) {
        Ok(_) => String::new(),
        Err(rejection) => rejection.to_string(),
    };
    assert_eq!(message, expected, "{json}");
}

fn check_all(rows: &[(&str, &str)]) {
    rows.iter().for_each(|(change, expected)| check(change, expected));
}

#[test]
fn every_kind_passes_with_its_required_fields() {
    check_all(&[
        ("{}", ""),
        (r#"{"kind":"return"}"#, ""),
        (r#"{"kind":"receipt","unit_price":null,"currency":null}"#, ""),
        (r#"{"kind":"waste","reason":"expired"}"#, ""),
        (r#"{"kind":"waste"}"#, ""),
        (r#"{"kind":"count","quantity":0,"reason":"cycle_count"}"#, ""),
        (r#"{"kind":"transfer_in"}"#, ""),
        (r#"{"kind":"transfer_out"}"#, ""),
        (r#"{"kind":"correction","corrects":"e-0","quantity":null}"#, ""),
        (r#"{"kind":"correction","corrects":"e-0","reason":"did_not_occur"}"#, ""),
    ]);
}

#[test]
fn a_missing_required_field_is_named() {
    check_all(&[
        (r#"{"event_id":null}"#, "event_id is required"),
        (r#"{"kind":null}"#, "event e-1: kind is required"),
        (r#"{"store_id":null}"#, "event e-1: store_id is required"),
        (r#"{"terminal_id":null}"#, "event e-1: terminal_id is required"),
        (r#"{"sku":null}"#, "event e-1: sku is required"),
        (r#"{"quantity":null}"#, "event e-1: quantity is required"),
        (r#"{"occurred_at":null}"#, "event e-1: occurred_at is required"),
        (r#"{"unit_price":null}"#, "event e-1: unit_price is required, or amount"),
        (r#"{"kind":"return","currency":null}"#, "event e-1: currency is required"),
        (r#"{"kind":"correction"}"#, "event e-1: corrects is required"),
    ]);
}

#[test]
fn a_wrong_type_is_named() {
    check_all(&[
        (r#"{"event_id":7}"#, "event_id 7 is a number; expected a text in quotes"),
        (
            r#"{"kind":["sale"]}"#,
            "event e-1: kind [\"sale\"] is a list; expected one of sale, return, receipt, waste, \
             count, transfer_in, transfer_out, correction, in quotes",
        ),
        (r#"{"sku":{"a":1}}"#, r#"event e-1: sku {"a":1} is an object; expected a text in quotes"#),
        (
            r#"{"quantity":true}"#,
            "event e-1: quantity true is a boolean; expected a quantity, like 2 or \"0.375\"",
        ),
        (
            r#"{"unit_price":2.4}"#,
            "event e-1: unit_price 2.4 is a number; expected a price in quotes, like \"2\"",
        ),
        (
            r#"{"occurred_at":1773328500}"#,
            "event e-1: occurred_at 1773328500 is a number; expected a time in quotes, like \
             \"2026-03-12T15:20:00+01:00\"",
        ),
        (r#"{"lot":5}"#, "event e-1: lot 5 is a number; expected a text in quotes"),
    ]);
    check_text("7", "7 is not a JSON object; expected a single object");
    check_text("[{}]", "[{}] is not a JSON object; expected a single object");
    check_text("", " is not valid JSON: EOF while parsing a value at line 1 column 0");
    check_text(
        "{\"event_id\":\u{7}}",
        "{\"event_id\":\\u{7}} is not valid JSON: expected value at line 1 column 13",
    );
}

#[test]
fn an_id_is_1_to_64_characters_of_its_alphabet() {
    let (longest, longer) = ("x".repeat(64), "x".repeat(65));
    for field in ["event_id", "store_id", "terminal_id", "sku"] {
        check(&format!(r#"{{"{field}":"{longest}"}}"#), "");
        check(&format!(r#"{{"{field}":"aZ0.9_:-"}}"#), "");
    }
    check(
        &format!(r#"{{"sku":"{longer}"}}"#),
        &format!(r#"event e-1: sku "{longer}" has 65 characters; at most 64 are allowed"#),
    );
    check(
        r#"{"store_id":""}"#,
        r#"event e-1: store_id "" is empty; expected 1 to 64 characters of A-Za-z0-9._:-"#,
    );
    check(
        r#"{"terminal_id":"till#1"}"#,
        "event e-1: terminal_id \"till#1\" has the character '#'; only A-Za-z0-9._:- are allowed",
    );
    check(
        r#"{"event_id":"a\nb\u001b"}"#,
        "event a\\nb\\u{1b}: event_id \"a\\nb\\u001b\" has the character '\\n'; only A-Za-z0-9._:- \
         are allowed",
    );
    check(
        r#"{"sku":"Brötchen"}"#,
        r#"event e-1: sku "Brötchen" has the character 'ö'; only A-Za-z0-9._:- are allowed"#,
    );
}

#[test]
fn the_message_for_an_unknown_kind_lists_the_kinds() {
    check(
        r#"{"kind":"gift"}"#,
        "event e-1: kind \"gift\" is not one of sale, return, receipt, waste, count, transfer_in, \
         transfer_out, correction",
    );
    check(r#"{"kind":"Sale"}"#, &{
        let kinds = "sale, return, receipt, waste, count, transfer_in, transfer_out, correction";
        format!("event e-1: kind \"Sale\" is not one of {kinds}")
    });
    check(r#"{"unit":"KG"}"#, "event e-1: unit \"KG\" is not one of EA, KGM, LTR");
}

#[test]
fn a_reason_belongs_to_its_kind() {
    check_all(&[
        (
            r#"{"kind":"waste","reason":"recount"}"#,
            "event e-1: reason \"recount\" is not one of damaged, expired, spoilage, theft, lost, \
             donation, sample, internal_use, production_waste, vendor_return, recall",
        ),
        (
            r#"{"kind":"count","reason":"damaged"}"#,
            "event e-1: reason \"damaged\" is not one of cycle_count, recount",
        ),
        (
            r#"{"kind":"correction","corrects":"e-0","reason":"theft"}"#,
            "event e-1: reason \"theft\" is not one of did_not_occur, incorrect_data",
        ),
    ]);
}

#[test]
fn optional_fields_are_checked_if_present() {
    check_all(&[
        (r#"{"gtin":"4006381333931","lot":"L-1","expires_on":"2026-03-14"}"#, ""),
        (r#"{"gtin":"00012345600012"}"#, ""),
        (r#"{"gtin":"123"}"#, "event e-1: gtin \"123\" is not 8, 12, 13 or 14 digits"),
        (
            r#"{"gtin":"4006381333932"}"#,
            "event e-1: gtin \"4006381333932\" has the check digit 2; by the GS1 rule it would be \
             1",
        ),
        (r#"{"lot":"12345678901234567890"}"#, ""),
        (
            r#"{"lot":"123456789012345678901"}"#,
            "event e-1: lot \"123456789012345678901\" is not 1 to 20 printable ASCII characters",
        ),
        (r#"{"lot":""}"#, "event e-1: lot \"\" is not 1 to 20 printable ASCII characters"),
        (r#"{"lot":"a b"}"#, "event e-1: lot \"a b\" is not 1 to 20 printable ASCII characters"),
        (r#"{"sequence":{"epoch":"2026-03-12","number":18446744073709551615,"more":1}}"#, ""),
        (
            r#"{"sequence":{"epoch":"2026-03-12"}}"#,
            "event e-1: sequence {\"epoch\":\"2026-03-12\"} is not like \
             {\"epoch\":\"2026-03-12\",\"number\":17}",
        ),
        (
            r#"{"sequence":{"epoch":"a b","number":1}}"#,
            "event e-1: sequence {\"epoch\":\"a b\",\"number\":1} has an epoch that has the \
             character ' '; only A-Za-z0-9._:- are allowed",
        ),
        (r#"{"offer_id":"2026-03-12/0042/BRT-1180/2"}"#, ""),
        (
            r#"{"offer_id":"2026-03-12/0042/BRT-1180/02"}"#,
            "event e-1: offer_id \"2026-03-12/0042/BRT-1180/02\" is not an offer id \
             (date/store/sku/revision) like 2026-03-12/0042/BRT-1180/2",
        ),
    ]);
    for wrong in ["2026-02-30", "2026-3-14", "+2026-03-14", "2026- 3-14", "14.03.2026", ""] {
        let message = format!("event e-1: expires_on \"{wrong}\" is not a date like 2026-03-12");
        check(&format!(r#"{{"expires_on":"{wrong}"}}"#), &message);
    }
}

#[test]
fn all_violations_are_reported_at_once() {
    check_text(
        r#"{"kind":"sale","sku":"a b","quantity":-1,"currency":"EUR","occurred_at":"noon"}"#,
        "event_id is required; store_id is required; terminal_id is required; sku \"a b\" has the \
         character ' '; only A-Za-z0-9._:- are allowed; quantity -1 is outside 0 to 1000000; \
         occurred_at \"noon\" is not an RFC 3339 instant with offset, like \
         2026-03-12T15:15:00+01:00 (premature end of input); unit_price is required, or amount",
    );
    check_text(
        "{}",
        "event_id is required; kind is required; store_id is required; terminal_id is required; \
         sku is required; quantity is required; occurred_at is required",
    );
}

#[test]
fn unknown_fields_and_fields_of_other_kinds_are_ignored() {
    let plain = events::event(&sale()).canonical();
    let more = r#"{"cashier":"Ada","corrects":"no id","reason":"theft","nested":{"a":[null]}}"#;
    let change: Value = serde_json::from_str(more).unwrap();
    assert_eq!(events::event(&with(sale(), change)).canonical(), plain);
    check(r#"{"kind":"receipt","unit_price":"cheap","currency":"?"}"#, "");
}

#[test]
fn the_last_of_two_fields_with_one_name_counts() {
    let twice = sale().to_string().replacen('{', r#"{"sku":"OTHER","quantity":"x","#, 1);
    let event = Event::parse(&twice, &Acceptance::at(at(RECEIVED_AT))).unwrap();
    assert_eq!(event.canonical(), events::event(&sale()).canonical());
}

#[test]
fn an_instant_after_the_year_9999_is_refused_by_any_receiver() {
    let anytime =
        Acceptance { age_max: None, ahead_max: Duration::MAX, ..Acceptance::at(at(RECEIVED_AT)) };
    let sale = |occurred_at: &str| with(sale(), json!({ "occurred_at": occurred_at })).to_string();
    assert!(Event::parse(&sale("9999-12-31T23:59:59Z"), &anytime).is_ok());
    let rejection = Event::parse(&sale("9999-12-31T23:59:59-01:00"), &anytime).unwrap_err();
    assert!(rejection.to_string().contains("is after the year 9999"), "{rejection}");
}
