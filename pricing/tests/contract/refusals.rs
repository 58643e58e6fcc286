//! Refused requests: each error code and each field.

use serde_json::{Value, json};

use crate::{answer, answer_to, decision, example, smallest, with, without};

/// The code and the field of a refusal, which is told in full.
#[track_caller]
pub(crate) fn refusal(answer: &Value) -> (String, String) {
    let error = &answer["error"];
    let text = |name: &str| error[name].as_str().unwrap_or_default().to_owned();
    assert!(!text("message").is_empty(), "a message: {answer}");
    assert_eq!(answer["line"], 7, "{answer}");
    for decided in ["action", "price", "alternatives", "reason"] {
        assert!(answer.get(decided).is_none(), "{decided} in a refusal: {answer}");
    }
    (text("code"), text("field"))
}

/// Refuses `value` at `place` (indices written as parts) with this code, naming the place.
#[track_caller]
pub(crate) fn refuses(request: Value, place: &str, value: Value, code: &str) {
    let request = with(request, place, value.clone());
    let answer = answer(&request);
    let named = dotted(place);
    let (given, field) = refusal(&answer);
    assert_eq!((given.as_str(), field.as_str()), (code, named.as_str()), "{value}: {answer}");
    assert_eq!(answer["request_id"], request["request_id"], "{answer}");
    let message = answer["error"]["message"].as_str().unwrap_or_default();
    let last = named.rsplit('.').next().unwrap_or_default();
    assert!(message.contains(last), "{last} in {message}");
}

/// `sales_today.0.units` as `sales_today[0].units`.
fn dotted(place: &str) -> String {
    place.split('.').fold(String::new(), |path, part| match part.parse::<usize>() {
        Ok(index) => format!("{path}[{index}]"),
        Err(_) if path.is_empty() => part.to_owned(),
        Err(_) => format!("{path}.{part}"),
    })
}

#[test]
fn what_is_no_json_object_is_bad_json_without_a_field() {
    let whole = example().to_string();
    let half = &whole.as_bytes()[..whole.len() / 2];
    let twice = format!("{whole} {whole}");
    let lines: [&[u8]; 12] = [
        b"not json",
        b"{",
        b"[]",
        b"1",
        b"\"text\"",
        b"null",
        b"true",
        b"{\"store_id\":}",
        b"{\"store_id\":\"\xff\"}",
        b"\xef\xbb\xbf[]",
        half,
        twice.as_bytes(),
    ];
    for line in lines {
        let answer = answer_to(line);
        let (code, _) = refusal(&answer);
        assert_eq!(code, "bad_json", "{}", String::from_utf8_lossy(line));
        assert!(answer["error"].get("field").is_none(), "{answer}");
        assert!(answer.get("request_id").is_none(), "{answer}");
    }
}

#[test]
fn a_line_of_deep_brackets_is_bad_json_and_no_crash() {
    for open in ["[", "{\"a\":"] {
        let (code, _) = refusal(&answer_to(open.repeat(100_000).as_bytes()));
        assert_eq!(code, "bad_json");
    }
}

#[test]
fn a_required_field_that_is_absent_or_null_is_missing() {
    for place in [
        "store_id",
        "sku",
        "as_of",
        "closes_at",
        "on_hand",
        "regular_price",
        "unit_cost",
        "policy",
        "policy.ladder_percent",
        "sales_today.1.start",
        "sales_today.1.end",
        "sales_today.1.units",
        "sales_today.1.price",
        "profile.slots.2.start",
        "profile.slots.2.end",
        "profile.slots.2.units",
        "elasticity.mean",
        "offer_history.0.discount_percent",
        "offer_history.0.expected_units",
        "offer_history.0.units",
    ] {
        refuses(example(), place, Value::Null, "missing_field");
        let answer = answer(&without(example(), place));
        assert_eq!(refusal(&answer), ("missing_field".to_owned(), dotted(place)), "{answer}");
    }
}

#[test]
fn a_field_of_the_wrong_type_is_a_bad_value() {
    let (text, number, list) = (json!("text"), json!(-3.5), json!([[]]));
    for place in ["store_id", "sku", "request_id", "currency"] {
        for wrong in [json!(5), json!(true), json!(["a"]), json!({})] {
            let request = with(example(), place, wrong);
            let answer = answer(&request);
            assert_eq!(refusal(&answer), ("bad_value".to_owned(), place.to_owned()), "{answer}");
        }
    }
    for place in ["current", "profile", "elasticity", "policy"] {
        for wrong in [&text, &number, &list, &json!(true)] {
            refuses(example(), place, wrong.clone(), "bad_value");
        }
    }
    for place in [
        "sales_today",
        "offer_history",
        "profile.slots",
        "policy.ladder_percent",
        "policy.price_endings",
    ] {
        for wrong in [&text, &number, &json!({}), &json!(true)] {
            refuses(example(), place, wrong.clone(), "bad_value");
        }
    }
    for place in ["sales_today.1", "offer_history.0", "profile.slots.1"] {
        for wrong in [&text, &number, &list] {
            refuses(example(), place, wrong.clone(), "bad_value");
        }
    }
    for place in ["sales_today.0.sold_out", "offer_history.0.sold_out"] {
        for wrong in [&text, &number, &json!(0)] {
            refuses(example(), place, wrong.clone(), "bad_value");
        }
    }
}

#[test]
fn money_is_text_with_the_minor_digits_of_the_currency() {
    for place in [
        "regular_price",
        "unit_cost",
        "salvage_value",
        "current.price",
        "sales_today.1.price",
        "policy.min_price",
    ] {
        for wrong in [
            json!(2.40),
            json!(2),
            json!("2.405"),
            json!("2.4"),
            json!("2"),
            json!("2,40"),
            json!("+2.40"),
            json!(" 2.40"),
            json!("2.40 "),
            json!("2.40 EUR"),
            json!("1e2"),
            json!(".40"),
            json!("2."),
            json!("NaN"),
            json!(""),
            json!("--2.40"),
            json!("99999999999999999999999999999999.00"),
            json!(true),
        ] {
            refuses(example(), place, wrong, "bad_value");
        }
    }
    let yen = |price: &str| {
        let yen = with(with(smallest(), "currency", json!("JPY")), "unit_cost", json!("85"));
        with(yen, "regular_price", json!(price))
    };
    assert_eq!(decision(&yen("240"))["price"], "240");
    assert_eq!(refusal(&answer(&yen("240.00"))).1, "regular_price");
    let dinar = with(with(smallest(), "currency", json!("KWD")), "unit_cost", json!("0.850"));
    assert_eq!(decision(&with(dinar, "regular_price", json!("2.400")))["price"], "2.400");
}

#[test]
fn amounts_out_of_range_are_bad_values() {
    for (place, wrong) in [
        ("regular_price", "0.00"),
        ("regular_price", "-2.40"),
        ("unit_cost", "-0.01"),
        ("current.price", "-2.15"),
        ("sales_today.1.price", "-2.15"),
    ] {
        refuses(example(), place, json!(wrong), "bad_value");
    }
    for unknown in ["eur", "EURO", "XYZ", "", "€"] {
        refuses(example(), "currency", json!(unknown), "bad_value");
    }
}

#[test]
fn units_are_whole_and_none_is_negative() {
    for place in [
        "on_hand",
        "current.changes_today",
        "sales_today.1.units",
        "offer_history.0.units",
        "policy.min_minutes_between_changes",
        "policy.max_changes",
    ] {
        for wrong in [json!(-1), json!(1.5), json!("3"), json!(true), json!(1e30), json!([])] {
            refuses(example(), place, wrong, "bad_value");
        }
    }
    for wrong in [json!(0), json!(-15), json!(7.5), json!("15"), json!(1e30)] {
        refuses(example(), "policy.decision_interval_minutes", wrong, "bad_value");
    }
}

#[test]
fn instants_have_an_offset_and_clocks_are_those_of_a_day() {
    for place in ["as_of", "closes_at", "current.since", "sales_today.0.start", "sales_today.0.end"]
    {
        for wrong in [
            json!("2026-03-12T15:50:00"),
            json!("2026-03-12"),
            json!("15:50"),
            json!("2026-02-30T15:50:00+01:00"),
            json!("2026-03-12T25:50:00+01:00"),
            json!("soon"),
            json!(""),
            json!(1_773_327_000),
        ] {
            refuses(example(), place, wrong, "bad_value");
        }
    }
    for place in ["profile.slots.1.start", "profile.slots.1.end"] {
        for wrong in [
            json!("25:00"),
            json!("24:01"),
            json!("16:60"),
            json!("16"),
            json!("4 pm"),
            json!("-1:00"),
            json!("16:00:00"),
            json!(""),
            json!(16),
        ] {
            refuses(example(), place, wrong, "bad_value");
        }
    }
}

#[test]
fn expectations_are_numbers_within_their_range() {
    let text = json!("0.3");
    for (place, wrong) in [
        ("profile.days", json!(-1)),
        ("profile.days", json!("28")),
        ("profile.day_cv", json!(-0.1)),
        ("profile.day_cv", text.clone()),
        ("profile.slots.1.units", json!(-0.5)),
        ("profile.slots.1.units", text.clone()),
        ("profile.basis", json!("store")),
        ("profile.basis", json!(1)),
        ("elasticity.mean", json!(0)),
        ("elasticity.mean", json!(-1.8)),
        ("elasticity.mean", text.clone()),
        ("elasticity.sd", json!(-0.1)),
        ("elasticity.sd", text.clone()),
        ("elasticity.form", json!("linear")),
        ("elasticity.form", json!(1)),
        ("offer_history.0.discount_percent", json!(-10)),
        ("offer_history.0.discount_percent", json!(101)),
        ("offer_history.0.discount_percent", json!("30")),
        ("offer_history.0.expected_units", json!(-1)),
        ("offer_history.0.expected_units", text),
        ("offer_history.0.scope", json!("store")),
        ("offer_history.0.scope", json!(3)),
        ("policy.max_discount_percent", json!(-1)),
        ("policy.max_discount_percent", json!("50")),
        ("policy.min_margin_percent", json!(100)),
        ("policy.min_margin_percent", json!(250)),
        ("policy.min_margin_percent", json!("20")),
    ] {
        refuses(example(), place, wrong, "bad_value");
    }
}

#[test]
fn a_ladder_starts_with_zero_and_ascends() {
    for wrong in [
        json!([]),
        json!([10, 20]),
        json!([0, 20, 10]),
        json!([0, 10, 10]),
        json!([0, 96]),
        json!([0, 100]),
        json!([-10, 0]),
        json!((0..=100).collect::<Vec<u8>>()),
    ] {
        let request = with(smallest(), "policy.ladder_percent", wrong);
        let answer = answer(&request);
        assert_eq!(refusal(&answer).0, "bad_value", "{answer}");
        assert_eq!(refusal(&answer).1, "policy.ladder_percent", "{answer}");
    }
    for wrong in [json!([0, 10.5]), json!([0, "10"]), json!([0, [10]]), json!([0, true])] {
        let answer = answer(&with(smallest(), "policy.ladder_percent", wrong));
        let (code, field) = refusal(&answer);
        assert_eq!(code, "bad_value", "{answer}");
        assert!(field.starts_with("policy.ladder_percent"), "{answer}");
    }
}

#[test]
fn endings_are_digits() {
    for wrong in [json!([5]), json!([""]), json!(["x"]), json!(["-5"]), json!([null, "5", []])] {
        let answer = answer(&with(example(), "policy.price_endings", wrong));
        let (code, field) = refusal(&answer);
        assert_eq!(code, "bad_value", "{answer}");
        assert!(field.starts_with("policy.price_endings"), "{answer}");
    }
}

#[test]
fn a_refusal_repeats_the_request_id_if_there_is_one() {
    let refused = answer(&with(example(), "on_hand", json!(-1)));
    assert_eq!(refused["request_id"], "r-000123");
    for none in [
        with(smallest(), "on_hand", json!(-1)),
        with(with(smallest(), "on_hand", json!(-1)), "request_id", Value::Null),
    ] {
        assert!(answer(&none).get("request_id").is_none(), "{}", answer(&none));
    }
}
