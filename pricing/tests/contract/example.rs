//! The description's example, and what every decision has.

use serde_json::{Value, json};

use crate::{decision, example, smallest, with};

/// An amount in minor units of two digits.
#[track_caller]
fn cents(value: &Value) -> i64 {
    let text = value.as_str().unwrap_or_else(|| panic!("money is text: {value}"));
    let (_, places) = text.split_once('.').unwrap_or_else(|| panic!("two digits: {text}"));
    assert_eq!(places.len(), 2, "{text}");
    text.replace('.', "").parse().expect("digits")
}

#[test]
fn prices_and_permissions_are_those_of_the_example() {
    let decision = decision(&example());
    let steps = [
        (0, "2.40", Some("shallower")),
        (10, "2.15", None),
        (20, "1.90", None),
        (30, "1.65", None),
        (40, "1.40", None),
        (50, "1.20", None),
        (60, "0.95", None),
        (70, "0.70", Some("floor")),
    ];
    let alternatives = decision["alternatives"].as_array().expect("steps");
    assert_eq!(alternatives.len(), steps.len());
    for (found, (percent, price, why_not)) in alternatives.iter().zip(steps) {
        assert_eq!(found["discount_percent"], percent);
        assert_eq!(found["price"], price);
        assert_eq!(found["allowed"], why_not.is_none());
        assert_eq!(found["why_not"].as_str(), why_not);
        for expected in ["expected_units", "expected_revenue", "expected_waste", "expected_value"] {
            assert_eq!(found.get(expected).is_none(), why_not.is_some(), "{found}");
        }
    }
    for name in ["request_id", "store_id", "sku", "as_of"] {
        assert_eq!(decision[name], example()[name]);
    }
}

#[test]
fn sums_are_right() {
    for request in [example(), smallest(), with(example(), "on_hand", json!(100_000))] {
        let on_hand = request["on_hand"].as_f64().expect("units");
        let salvage = request["salvage_value"].as_str().map_or(0.0, |_| -5.0);
        let decision = decision(&request);
        let all = decision["alternatives"].as_array().expect("steps");
        let allowed = all.iter().filter(|step| step["allowed"] == true);
        for expected in allowed.chain([&decision, &decision["if_unchanged"]]) {
            let number = |name: &str| expected[name].as_f64().expect("a number");
            let (units, waste) = (number("expected_units"), number("expected_waste"));
            assert!((units + waste - on_hand).abs() < 0.000_051, "{expected}");
            assert!(units >= 0.0 && waste >= 0.0, "{expected}");
            let revenue = cents(&expected["expected_revenue"]);
            if let Some(value) = expected.get("expected_value") {
                let sum = revenue as f64 + salvage * waste;
                // Each of the two amounts was rounded once.
                assert!((cents(value) as f64 - sum).abs() <= 1.001, "{expected}");
            }
        }
    }
}

#[test]
fn the_decision_is_its_alternative() {
    for request in [example(), smallest(), with(example(), "on_hand", json!(2))] {
        let decision = decision(&request);
        let all = decision["alternatives"].as_array().expect("steps");
        let chosen = all
            .iter()
            .find(|step| step["discount_percent"] == decision["discount_percent"])
            .expect("a step of the ladder");
        assert_eq!(chosen["allowed"], true);
        for same in ["price", "expected_units", "expected_revenue", "expected_waste"] {
            assert_eq!(decision[same], chosen[same], "{decision}");
        }
        let allowed = all.iter().filter(|step| step["allowed"] == true);
        let best = allowed.map(|step| cents(&step["expected_value"])).max();
        assert_eq!(Some(cents(&chosen["expected_value"])), best, "{decision}");
        let shelf = request["current"]["discount_percent"].as_u64().unwrap_or(0);
        let action = if decision["discount_percent"] == shelf { "keep" } else { "change" };
        assert_eq!(decision["action"], action, "{decision}");
    }
}

#[test]
fn the_reason_is_short_plain_and_of_the_decisions_own_figures() {
    for on_hand in [0, 1, 5, 23, 60, 100_000] {
        let decision = decision(&with(example(), "on_hand", json!(on_hand)));
        let reason = decision["reason"].as_str().expect("text");
        assert!(!reason.is_empty() && reason.chars().count() <= 400, "{reason}");
        let ends = reason.matches(". ").count() + usize::from(reason.ends_with('.'));
        assert!((1..=4).contains(&ends), "one to four sentences: {reason}");
        assert!(!reason.contains('\n'), "{reason}");
    }
}
