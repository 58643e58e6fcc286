//! Reading of requests: defaults, ignored differences, and fields that are returned unchanged.

use serde_json::{Value, json};

use crate::{answer, decision, example, smallest, with, without};

#[test]
fn null_is_the_same_as_absent() {
    let places = [
        "request_id",
        "currency",
        "salvage_value",
        "current",
        "current.since",
        "current.changes_today",
        "sales_today",
        "sales_today.0.sold_out",
        "profile",
        "profile.day_cv",
        "elasticity",
        "offer_history",
        "offer_history.0.scope",
        "policy.max_discount_percent",
        "policy.min_price",
        "policy.min_margin_percent",
        "policy.price_endings",
        "policy.decision_interval_minutes",
        "policy.min_minutes_between_changes",
        "policy.max_changes",
    ];
    // At a price that is the step's with and without endings.
    let priced = with(example(), "regular_price", json!("2.50"));
    let priced = with(priced, "current.price", json!("2.25"));
    for place in places {
        let null = with(priced.clone(), place, Value::Null);
        assert_eq!(decision(&null), decision(&without(null.clone(), place)), "{place}");
    }
}

#[test]
fn what_is_left_out_has_its_default() {
    let request = without(example(), "current");
    for (place, default) in [
        ("currency", json!("EUR")),
        ("salvage_value", json!("0.00")),
        ("current", json!({"price": "2.40", "discount_percent": 0, "changes_today": 0})),
        ("sales_today", json!([])),
        ("offer_history", json!([])),
    ] {
        let given = with(request.clone(), place, default);
        assert_eq!(decision(&without(given.clone(), place)), decision(&given), "{place}");
    }
    for (place, default) in [
        ("profile.day_cv", json!(0.3)),
        ("offer_history.0.scope", json!("sku")),
        ("sales_today.0.sold_out", json!(false)),
        ("policy.max_discount_percent", json!(95)),
        ("policy.decision_interval_minutes", json!(15)),
        ("policy.min_minutes_between_changes", json!(0)),
    ] {
        let given = with(request.clone(), place, default);
        assert_eq!(decision(&without(given.clone(), place)), decision(&given), "{place}");
    }
}

#[test]
fn unknown_fields_are_ignored_everywhere() {
    let plain = decision(&example());
    for place in ["x_new", "current.x", "sales_today.0.x", "profile.x", "policy.x"] {
        for value in [json!(1), json!({"deep": [1, 2, {}]}), json!("text")] {
            assert_eq!(decision(&with(example(), place, value)), plain, "{place}");
        }
    }
    for place in ["profile.slots.0.x", "elasticity.x", "offer_history.0.x"] {
        assert_eq!(decision(&with(example(), place, json!([]))), plain, "{place}");
    }
}

#[test]
fn the_order_of_fields_does_not_matter() {
    let request = example();
    let fields = request.as_object().expect("an object");
    let turned: Vec<String> =
        fields.iter().rev().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    let turned = crate::answer_to(format!("{{{}}}", turned.join(",")).as_bytes());
    assert_eq!(turned, decision(&request));
}

#[test]
fn the_smallest_request_is_decided() {
    let decision = decision(&smallest());
    assert!(decision.get("request_id").is_none(), "{decision}");
    assert_eq!(decision["alternatives"].as_array().map(Vec::len), Some(3));
    for step in decision["alternatives"].as_array().expect("steps") {
        assert_eq!(step["allowed"], true, "{decision}");
    }
}

#[test]
fn names_come_back_as_they_were_sent() {
    let text = "käse \"1\" \\ \u{1f35e} \t/";
    let request = with(with(example(), "store_id", json!(text)), "sku", json!(text));
    let request = with(request, "request_id", json!(text));
    let decision = decision(&request);
    for name in ["store_id", "sku", "request_id", "as_of"] {
        assert_eq!(decision[name], request[name]);
    }
    // Seconds that are not zero, a fraction of one, and Zulu.
    for at in ["2026-03-12T16:00:01+01:00", "2026-03-12T16:00:00.250+01:00", "2026-03-12T15:00:00Z"]
    {
        assert_eq!(crate::decision(&with(example(), "as_of", json!(at)))["as_of"], at);
    }
}

#[test]
fn instants_of_any_offset_are_compared_as_instants() {
    let plain = decision(&example());
    let elsewhere = with(example(), "closes_at", json!("2026-03-12T23:15:00+05:45"));
    let elsewhere = with(elsewhere, "current.since", json!("2026-03-12T14:15:00Z"));
    let elsewhere = with(elsewhere, "sales_today.0.start", json!("2026-03-12T09:50:00-05:00"));
    assert_eq!(decision(&elsewhere), plain);
}

#[test]
fn a_line_of_a_mebibyte_is_read() {
    let room = (1 << 20) - with(example(), "note", json!("")).to_string().len();
    let long = with(example(), "note", json!("x".repeat(room)));
    assert_eq!(long.to_string().len(), 1 << 20);
    assert_eq!(decision(&long), decision(&example()));
    // As many windows as fit, a second each.
    let windows = (0..6_000).map(|second| {
        let at = |second: u32| {
            format!(
                "2026-03-12T{:02}:{:02}:{:02}+01:00",
                12 + second / 3_600,
                second / 60 % 60,
                second % 60
            )
        };
        json!({"start": at(second), "end": at(second + 1), "units": 0, "price": "2.15"})
    });
    decision(&with(example(), "sales_today", windows.collect()));
}

#[test]
fn nothing_in_stock_is_kept_without_expectations() {
    let decision = decision(&with(example(), "on_hand", json!(0)));
    assert_eq!(decision["action"], "keep");
    assert_eq!(decision["price"], "2.15");
    assert_eq!(decision["discount_percent"], 10);
    for expected in [&decision, &decision["if_unchanged"]] {
        assert_eq!(expected["expected_units"].as_f64(), Some(0.0), "{decision}");
        assert_eq!(expected["expected_waste"].as_f64(), Some(0.0), "{decision}");
        assert_eq!(expected["expected_revenue"], "0.00", "{decision}");
    }
}

#[test]
fn without_history_the_sales_of_today_are_enough() {
    for basis in [json!({"basis": "none"}), json!({"basis": "none", "days": 0, "slots": []})] {
        decision(&with(example(), "profile", basis));
    }
    decision(&without(without(example(), "profile"), "elasticity"));
    let quiet = decision(&without(without(example(), "profile"), "sales_today"));
    assert!(quiet["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{quiet}");
}

#[test]
fn the_shop_may_close_after_midnight_and_a_slot_end_with_the_day() {
    let late = with(example(), "closes_at", json!("2026-03-13T01:30:00+01:00"));
    let slots = json!([
        {"start": "00:00", "end": "02:00", "units": 4}, {"start": "15:00", "end": "24:00",
         "units": 9.5},
    ]);
    decision(&with(late, "profile.slots", slots));
}

#[test]
fn the_same_line_has_the_same_answer_whatever_was_asked_before() {
    let first = answer(&example());
    answer(&with(example(), "on_hand", json!(-1)));
    decision(&with(example(), "on_hand", json!(60)));
    decision(&smallest());
    assert_eq!(answer(&example()), first);
}
