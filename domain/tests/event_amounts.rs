//! Quantities, prices and instants of an event: accepted spellings and their canonical values.

mod events;

use std::time::Duration;

use domain::limits::{EVENT_AGE_MAX, EVENT_AHEAD_MAX};
use domain::{Acceptance, Event};
use events::{RECEIVED_AT, at, sale};

/// Asserts the canonical value of a sale's `field` with this JSON, or the end of its message.
fn check(field: &str, json: &str, expected: Result<&str, &str>) {
    check_at(Acceptance::at(at(RECEIVED_AT)), field, json, expected);
}

fn check_at(acceptance: Acceptance, field: &str, json: &str, expected: Result<&str, &str>) {
    // As text, because a number must be read as it is written.
    let mut fields = sale();
    fields.as_object_mut().unwrap().remove(field);
    let text = fields.to_string().replacen('{', &format!(r#"{{"{field}":{json},"#), 1);
    match (Event::parse(&text, &acceptance), expected) {
        (Ok(event), Ok(expected)) => {
            let canonical: serde_json::Value = serde_json::from_str(&event.canonical()).unwrap();
            assert_eq!(canonical[field], expected, "{text}");
        }
        (Err(rejection), Err(expected)) => {
            assert_eq!(rejection.to_string(), format!("event e-1: {field} {json} {expected}"));
        }
        (found, expected) => panic!("{text}\nfound {found:?}\nexpected {expected:?}"),
    }
}

#[test]
fn a_quantity_is_exact_as_a_number_and_as_a_string() {
    for (given, exact) in [
        ("0.1", "0.1"),
        ("0.3", "0.3"),
        ("1.500", "1.5"),
        ("2", "2"),
        ("0", "0"),
        ("0.000", "0"),
        ("1E+3", "1000"),
        ("1.5e-1", "0.15"),
        ("1000000", "1000000"),
        ("999999.999", "999999.999"),
        ("0.001", "0.001"),
        ("1.0000000", "1"),
    ] {
        check("quantity", given, Ok(exact));
        check("quantity", &format!("\"{given}\""), Ok(exact));
    }
    check("quantity", "\"007\"", Ok("7"));
}

#[test]
fn a_quantity_is_0_to_1_000_000_with_at_most_three_places() {
    let decimal = "is not a decimal number; write it like 2 or 0.375, with a point, and \
                   without currency and blanks";
    for (given, message) in [
        ("-1", "is outside 0 to 1000000"),
        ("-0.001", "is outside 0 to 1000000"),
        ("1000000.001", "is outside 0 to 1000000"),
        ("123456789012", "is outside 0 to 1000000"),
        ("0.1234", "has 4 decimal places; at most 3 are allowed"),
        ("1E-4", "has 4 decimal places; at most 3 are allowed"),
        ("1E+7", "is outside 0 to 1000000"),
        ("1E+999", decimal),
        ("-0", "is a negative zero; write 0"),
        ("-0.000", "is a negative zero; write 0"),
        ("\"\"", decimal),
        ("\" 1\"", decimal),
        ("\"+1\"", decimal),
        ("\"1,5\"", decimal),
        ("\".5\"", decimal),
        ("\"NaN\"", decimal),
        ("\"99999999999999999999999999999999999\"", decimal),
    ] {
        check("quantity", given, Err(message));
    }
}

#[test]
fn a_price_has_at_most_the_minor_digits_of_its_currency() {
    let price = |price: &str, currency: &str| {
        let change = serde_json::json!({ "unit_price": price, "currency": currency });
        let json = events::with(sale(), change).to_string();
        let read = Event::parse(&json, &Acceptance::at(at(RECEIVED_AT)));
        let message = |error: domain::Rejection| error.to_string().replace("event e-1: ", "");
        read.map(|event| event.action().charge().unwrap().unit_price().unwrap().to_string())
            .map_err(message)
    };
    let fails = |text: &str| Err(text.to_owned());
    assert_eq!(price("2.4", "EUR"), Ok("2.40".to_owned()));
    assert_eq!(price("2.400", "EUR"), Ok("2.40".to_owned()));
    assert_eq!(price("240.0", "JPY"), Ok("240".to_owned()));
    assert_eq!(price("1.125", "KWD"), Ok("1.125".to_owned()));
    assert_eq!(price("0", "EUR"), Ok("0.00".to_owned()));
    assert_eq!(
        price("2.405", "EUR"),
        fails("unit_price \"2.405\" has 3 decimal places; at most 2 are allowed (a price in EUR)")
    );
    assert_eq!(
        price("0.5", "JPY"),
        fails("unit_price \"0.5\" has 1 decimal places; at most 0 are allowed (a price in JPY)")
    );
    assert_eq!(
        price("1.1255", "KWD"),
        fails("unit_price \"1.1255\" has 4 decimal places; at most 3 are allowed (a price in KWD)")
    );
    assert_eq!(
        price("-2", "EUR"),
        fails("unit_price \"-2\" is outside 0 to 1000000 (a price in EUR)")
    );
    for code in ["eur", "EURO", "E1R", "", "€", "XXX", "ABC", "EUR USD"] {
        let rule = "is not a currency of ISO 4217, like EUR";
        assert_eq!(price("2.40", code), Err(format!("currency \"{code}\" {rule}")));
    }
}

#[test]
fn an_instant_is_canonical_in_utc_with_milliseconds() {
    for (given, canonical) in [
        ("2026-03-12T15:15:00Z", "2026-03-12T15:15:00.000Z"),
        ("2026-03-12T16:15:00+01:00", "2026-03-12T15:15:00.000Z"),
        ("2026-03-12T20:45:00.5+05:30", "2026-03-12T15:15:00.500Z"),
        ("2026-03-11T23:15:00-16:00", "2026-03-12T15:15:00.000Z"),
        ("2026-03-12T15:15:00.123999999Z", "2026-03-12T15:15:00.123Z"),
        ("2026-03-11T23:59:60Z", "2026-03-12T00:00:00.000Z"),
    ] {
        check("occurred_at", &format!("\"{given}\""), Ok(canonical));
    }
}

#[test]
fn a_text_that_is_not_an_instant_is_refused() {
    for (given, why) in [
        ("2026-02-30T12:00:00Z", "input is out of range"),
        ("2026-13-01T12:00:00Z", "input is out of range"),
        ("2026-03-12T25:00:00Z", "input is out of range"),
        ("2026-03-12T15:15:00+25:00", "input is out of range"),
        ("2026-03-12T15:15:00", "premature end of input"),
        ("2026-03-12", "premature end of input"),
        ("", "premature end of input"),
    ] {
        let like = "is not an RFC 3339 instant with offset, like 2026-03-12T15:15:00+01:00";
        check("occurred_at", &format!("\"{given}\""), Err(&format!("{like} ({why})")));
    }
}

#[test]
fn an_event_is_at_most_7_days_old_and_5_minutes_ahead() {
    let old = "is more than 7 days before it was received; history is taken when the receiver's \
               age limit is lifted";
    let ahead = "is more than 5 minutes ahead of the receiver's clock, 2026-03-12T15:30:00Z; \
                 check the till's clock and offset";
    for (given, expected) in [
        ("2026-03-05T15:30:00.000Z", Ok("2026-03-05T15:30:00.000Z")),
        ("2026-03-05T15:29:59.999Z", Err(old)),
        ("1970-01-01T00:00:00Z", Err(old)),
        ("2026-03-12T15:35:00.000Z", Ok("2026-03-12T15:35:00.000Z")),
        ("2026-03-12T15:35:00.001Z", Err(ahead)),
        ("9999-12-31T23:59:59Z", Err(ahead)),
    ] {
        check("occurred_at", &format!("\"{given}\""), expected);
    }
}

#[test]
fn events_from_2000_on_are_accepted_without_an_age_limit() {
    let lifted = Acceptance { age_max: None, ..Acceptance::at(at(RECEIVED_AT)) };
    let early = "is before 2000-01-01T00:00:00Z; check the till's clock";
    for (given, expected) in [
        ("2000-01-01T00:00:00.000Z", Ok("2000-01-01T00:00:00.000Z")),
        ("2026-03-05T15:29:59.999Z", Ok("2026-03-05T15:29:59.999Z")),
        ("1999-12-31T23:59:59.999Z", Err(early)),
        ("1970-01-01T00:00:00Z", Err(early)),
        ("0000-01-01T00:00:00Z", Err(early)),
    ] {
        check_at(lifted, "occurred_at", &format!("\"{given}\""), expected);
    }
}

#[test]
fn grace_extends_both_limits_and_no_other_rule() {
    let hour = Duration::from_secs(3600);
    let usual = Acceptance::at(at(RECEIVED_AT));
    let grace = usual.with_grace(hour);
    assert_eq!(grace.age_max, Some(EVENT_AGE_MAX + hour));
    assert_eq!(grace.ahead_max, EVENT_AHEAD_MAX + hour);
    let lifted = Acceptance { age_max: None, ..usual };
    assert_eq!(lifted.with_grace(hour).age_max, None);
    check_at(grace, "occurred_at", "\"2026-03-05T14:30:00Z\"", Ok("2026-03-05T14:30:00.000Z"));
    check_at(grace, "occurred_at", "\"2026-03-12T16:35:00Z\"", Ok("2026-03-12T16:35:00.000Z"));
}
