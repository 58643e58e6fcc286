//! Reasons of items without a change: each names the one rule that holds, with its figures.

use domain::Event;
use pricing::store_snapshot::ItemDecision;

use crate::{at, corner, event, run, too_much};

/// Returns the reason for deciding nothing about an item, or for keeping its price, at a time in
/// UTC. It is one hour later in the store.
fn reason(policy: &str, item: &str, events: &[Event], time: &str) -> String {
    let world = corner(policy, &[item]);
    world.store(events);
    let (store_id, slot) =
        ("corner".parse().expect("an id"), at(&format!("2026-03-12T{time}:00Z")));
    let snapshot = run(world.pricing().read(&store_id, slot)).expect("rows");
    let decisions = snapshot.expect("an afternoon").decide();
    match decisions.unchanged.into_values().next().expect("a decision") {
        ItemDecision::Skip(reason) => reason.sentence(),
        ItemDecision::Keep(reason) => reason,
        other => panic!("{other:?}"),
    }
}

const ROLL: &str = r#"{"sku":"roll","price":"2.40","cost":"0.60","category":"bread"}"#;

/// Receives a quantity of rolls.
fn received(quantity: &str, unit: &str) -> Vec<Event> {
    let unit = format!(r#","unit":"{unit}""#);
    vec![event("r", "receipt", "roll", quantity, "2026-03-12T06:10:00Z", &unit)]
}

#[test]
fn a_small_stock_is_compared_with_the_figure_that_it_misses() {
    let least = r#"{"min_on_hand":"10"}"#;
    let sold = event("s", "waste", "roll", "2", "2026-03-12T09:10:00Z", "");
    for (policy, events, expected) in [
        (least, received("8", "KGM"), "8 kg on hand, less than 10 kg, min_on_hand."),
        (least, received("3", "EA"), "3 on hand, less than 10, min_on_hand."),
        (least, Vec::new(), "No stock: 0 on hand."),
        ("{}", vec![sold], "No stock: -2 on hand."),
        (
            r#"{"min_on_hand":"0.1"}"#,
            received("0.2", "KGM"),
            "0.2 kg on hand, less than one portion of 0.25 kg.",
        ),
    ] {
        assert_eq!(reason(policy, ROLL, &events, "15:00"), expected);
    }
}

#[test]
fn an_exclusion_and_a_time_name_the_entry_that_has_them() {
    let bread = |rules: &str| {
        format!(r#"{{"latest_change":"18:00","categories":{{"bread":{{{rules}}}}}}}"#)
    };
    let flagged = r#"{"sku":"roll","price":"2.40","no_discount":true}"#;
    for (policy, item, time, expected) in [
        ("{}", flagged, "15:00", "Never discounted: no_discount of the item is set."),
        (
            &*bread(r#""exclude":true"#),
            ROLL,
            "15:00",
            "Never discounted: exclude of its category is set.",
        ),
        (&bread(r#""earliest":"16:30""#), ROLL, "15:00", "Before 16:30, earliest of its category."),
        (&bread(r#""latest":"17:00""#), ROLL, "16:15", "After 17:00, latest of its category."),
        (&bread(""), ROLL, "17:15", "After 18:00, latest_change of the policy."),
    ] {
        assert_eq!(reason(policy, item, &too_much("roll"), time), expected);
    }
}

#[test]
fn prices_without_a_lower_one_name_the_endings_or_the_smallest_amount() {
    let cheap = |price: &str| format!(r#"{{"sku":"roll","price":"{price}"}}"#);
    for (endings, price, expected) in [
        (r#"["99"]"#, "0.45", "a lower price that ends in 99 (price_endings)."),
        (r#"["0","5"]"#, "0.02", "a lower price that ends in 0 or 5 (price_endings)."),
        ("[]", "0.01", "a lower price of at least 0.01 EUR."),
    ] {
        let policy = format!(r#"{{"price_endings":{endings}}}"#);
        let reason = reason(&policy, &cheap(price), &received("60", "EA"), "15:00");
        let expected = format!("No deeper allowed step has {expected}");
        assert!(reason.contains(&expected) && !reason.contains("floor"), "{reason}");
    }
}
