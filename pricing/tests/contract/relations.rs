//! Fields that must fit one another: windows and slots in order, the shelf on the ladder, the close
//! after the decision.

use serde_json::json;

use crate::refusals::{refusal, refuses};
use crate::{answer, decision, example, with};

#[test]
fn windows_ascend_do_not_overlap_and_are_over() {
    let at = |clock: &str| json!(format!("2026-03-12T{clock}:00+01:00"));
    for (place, wrong) in [
        // Overlapping, in the wrong order, backwards, without length, not over yet.
        ("sales_today.1.start", at("15:54")),
        ("sales_today.0.start", at("15:55")),
        ("sales_today.0.start", at("15:56")),
        ("sales_today.1.end", at("16:01")),
    ] {
        let answer = answer(&with(example(), place, wrong));
        let (code, field) = refusal(&answer);
        assert_eq!(code, "bad_value", "{place}: {answer}");
        assert!(field.starts_with("sales_today["), "{place}: {answer}");
    }
    let mut twice = example();
    let again = twice["sales_today"][1].clone();
    twice["sales_today"].as_array_mut().expect("windows").push(again);
    let answer = answer(&twice);
    let (code, field) = refusal(&answer);
    assert_eq!(code, "bad_value", "{answer}");
    assert!(field.starts_with("sales_today[2]"), "{answer}");
}

#[test]
fn slots_ascend_and_do_not_overlap() {
    for (place, wrong) in [
        ("profile.slots.1.start", "15:59"),
        ("profile.slots.2.start", "15:00"),
        ("profile.slots.0.end", "15:45"),
        ("profile.slots.0.end", "15:30"),
    ] {
        let answer = answer(&with(example(), place, json!(wrong)));
        let (code, field) = refusal(&answer);
        assert_eq!(code, "bad_value", "{place}: {answer}");
        assert!(field.starts_with("profile.slots["), "{place}: {answer}");
    }
}

#[test]
fn the_shelf_shows_a_step_at_its_price() {
    for wrong in [5, 35, 80, 96] {
        refuses(example(), "current.discount_percent", json!(wrong), "bad_value");
    }
    refuses(example(), "current.discount_percent", json!("10"), "bad_value");
    for wrong in ["2.16", "2.40", "0.00"] {
        refuses(example(), "current.price", json!(wrong), "bad_value");
    }
    refuses(example(), "current.discount_percent", json!(-10), "bad_value");
}

#[test]
fn a_store_that_has_closed_decides_nothing() {
    for closed in ["2026-03-12T16:00:00+01:00", "2026-03-12T15:59:59+01:00", "2026-03-12T15:30:00Z"]
    {
        let late = with(example(), "closes_at", json!(closed));
        refuses(late, "as_of", json!("2026-03-12T16:30:00+01:00"), "closed");
    }
    // The same clock, but another offset: an hour is left.
    decision(&with(example(), "closes_at", json!("2026-03-12T16:00:00Z")));
}
