//! Event ids derived from the content: the test vectors, and exports that overlap, grow or have
//! another order.

mod events;

use domain::event::{derived_id, equal_event_numbers, undo_id};
use domain::{Event, EventId, StockWindow};
use events::{any_event, event, of_row, row, with};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{select, subsequence};
use serde_json::{Value, json};

/// Test vectors, for producers in any language.
const VECTORS: &str = include_str!("../../docs/event-ids.json");

fn vectors(name: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(VECTORS).expect("JSON");
    all[name].as_array().expect("vectors").clone()
}

fn number(value: &Value) -> u32 {
    value.as_u64().and_then(|number| number.try_into().ok()).expect("a number")
}

/// Returns the events of an export under their derived ids, in the order of the export.
fn derived(export: &[Event]) -> Vec<Event> {
    let numbers = equal_event_numbers(export);
    let named = export
        .iter()
        .zip(numbers)
        .map(|(event, number)| event.clone().imported(derived_id(event, number, 1), None));
    named.collect()
}

/// Generates lines of a till without ids. They differ in a few fields only, so many are equal in
/// the fields of the id, with equal or with other fields beside.
fn lines() -> impl Strategy<Value = Vec<Event>> {
    let one = (
        select(vec!["t1", "t2"]),
        select(vec!["1", "2"]),
        select(vec![json!({}), json!({ "lot": "A" }), json!({ "lot": "B" })]),
        select(vec![json!({}), json!({ "expires_on": "2026-03-14" })]),
        select(vec![json!({}), json!({ "receipt": "r", "line": 1 })]),
    );
    let line = one.prop_map(|(till, quantity, lot, expires, receipt)| {
        let line = json!({ "event_id": "-", "terminal_id": till, "quantity": quantity });
        event(&of_row(with(with(with(line, lot), expires), receipt)))
    });
    vec(line, 0..24)
}

#[test]
fn ids_equal_the_test_vectors() {
    for vector in vectors("events") {
        let given = with(json!({ "event_id": "none" }), vector["event"].clone());
        let id =
            derived_id(&event(&given), number(&vector["number"]), number(&vector["generation"]));
        assert_eq!(id.as_str(), vector["event_id"], "{vector}");
    }
    for vector in vectors("undo") {
        let given = json!({ "event_id": vector["event_id"], "store_id": vector["store_id"] });
        let event = event(&of_row(given));
        let id = undo_id(event.store_id(), event.event_id());
        assert_eq!(id.as_str(), vector["undo_id"], "{vector}");
    }
}

#[test]
fn the_test_vectors_have_an_id_for_each_difference_in_the_fields_of_the_rule() {
    let vectors = vectors("events");
    let mut ids: Vec<&str> = vectors.iter().filter_map(|one| one["event_id"].as_str()).collect();
    ids.sort_unstable();
    ids.dedup();
    // Two of them differ in trailing zeros alone.
    assert_eq!(ids.len(), vectors.len() - 1);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_id_depends_on_neither_the_given_id_nor_the_import(
        given in any_event(), id in "[a-z]{1,64}", number in 1..99_u32, generation in 1..99_u32,
    ) {
        let id: EventId = id.parse().expect("an id");
        let other = given.clone().imported(id.clone(), Some(id));
        let derived = derived_id(&given, number, generation);
        prop_assert_eq!(&derived, &derived_id(&other, number, generation));
        prop_assert_ne!(&derived, &derived_id(&given, number + 1, generation));
        prop_assert_ne!(&derived, &derived_id(&given, number, generation + 1));
        prop_assert_ne!(&derived, &derived_id(&given, generation, number + 100));
    }

    #[test]
    fn another_order_gives_the_same_ids(
        (export, other) in lines().prop_flat_map(|lines| {
            (Just(lines.clone()), Just(lines).prop_shuffle())
        }),
    ) {
        let sorted = |export: &[Event]| {
            let mut events: Vec<String> = derived(export).iter().map(Event::canonical).collect();
            events.sort();
            events
        };
        prop_assert_eq!(sorted(&export), sorted(&other));
        // Every line counts.
        prop_assert_eq!(row(&derived(&export)).len(), export.len());
    }

    #[test]
    fn exports_that_grow_end_as_the_last_one_in_any_order_of_arrival(
        (last, first) in lines().prop_flat_map(|last| {
            let most = last.len();
            (Just(last.clone()), subsequence(last, 0..=most))
        }),
        newest_first in any::<bool>(),
    ) {
        let mut both = [derived(&first), derived(&last)];
        if newest_first {
            both.reverse();
        }
        prop_assert_eq!(row(both.iter().flatten()), row(&derived(&last)));
    }

    #[test]
    fn an_undone_event_counts_nothing_and_a_second_undo_is_the_same(export in lines()) {
        let named = derived(&export);
        let mut stored: StockWindow = row(&named);
        for event in &named {
            let undone = event.undone();
            prop_assert_eq!(undone.undoes(), Some(event.event_id()));
            let before = stored.len();
            stored.insert(undone.clone());
            let once = stored.clone();
            stored.insert(undone);
            prop_assert_eq!((once.len(), &stored), (before + 1, &once));
        }
        prop_assert_eq!(stored.figures().received, 0.into());
        prop_assert_eq!(stored.figures().voided, named.len() as u64);
    }
}
