//! Stock on hand is the latest count plus the movements after it, for any order of arrival.

mod events;

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Kind;
use domain::stock::{StockWindow, WindowKey, course, level_at, level_over_days};
use domain::{Event, Window};
use events::{at, event, of_row};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

const OPENED: &str = "2026-03-12T06:00:00Z";
/// Half an hour, which is six windows, in seconds.
const SECONDS: i64 = 1800;

fn instant(seconds: i64) -> DateTime<Utc> {
    at(OPENED) + TimeDelta::seconds(seconds)
}

/// Generates half an hour of events of one item. About every fifth event is voided.
fn half_hour() -> impl Strategy<Value = Vec<Event>> {
    const KINDS: &[&str] =
        &["sale", "return", "receipt", "waste", "count", "transfer_in", "transfer_out"];
    let one = (prop::sample::select(KINDS), 0..40_000_u32, 0..SECONDS / 10, 0..5_u8);
    prop::collection::vec(one, 0..60).prop_map(|lines| {
        let events =
            lines.into_iter().enumerate().flat_map(|(number, (kind, grams, tens, fate))| {
                // The order of the ids differs from the order of the instants.
                let id = format!("{:02}-{number}", number * 37 % 100);
                let quantity = format!("{}.{:03}", grams / 1000, grams % 1000);
                let line = of_row(json!({
                    "event_id": id, "kind": kind, "quantity": quantity,
                    "occurred_at": instant(tens * 10).to_rfc3339(),
                }));
                let its_id = format!("v-{id}");
                let voids = json!({ "event_id": its_id, "kind": "correction", "corrects": id });
                let correction = (fate == 0).then(|| event(&events::with(line.clone(), voids)));
                [Some(event(&line)), correction].into_iter().flatten()
            });
        events.collect()
    })
}

fn rows(events: &[Event]) -> Vec<StockWindow> {
    let mut rows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
    for event in events {
        let key = WindowKey::of(event);
        rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event.clone());
    }
    rows.into_values().collect()
}

/// Model: applies the events in order and sets the level at every count.
fn walked(events: &[Event], until: DateTime<Utc>) -> Decimal {
    let voided = |event: &Event| {
        events.iter().any(|other| other.action().corrects() == Some(event.event_id()))
    };
    let mut known: Vec<&Event> =
        events.iter().filter(|event| event.occurred_at() < until && !voided(event)).collect();
    known.sort_by_key(|event| (event.occurred_at(), event.event_id().clone()));
    known.iter().fold(Decimal::ZERO, |level, event| {
        let quantity = event.quantity().get();
        match event.action().kind() {
            Kind::Count => quantity,
            Kind::Receipt | Kind::Return | Kind::TransferIn => level + quantity,
            Kind::Sale | Kind::Waste | Kind::TransferOut => level - quantity,
            Kind::Correction => level,
        }
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn on_hand_equals_the_result_of_the_model(
        (events, arrived) in half_hour()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        until in 0..=SECONDS,
    ) {
        let mut rows = rows(&arrived);
        rows.reverse();
        let level = level_at(&rows, instant(until));
        prop_assert_eq!(level.on_hand, walked(&events, instant(until)));
        let course = course(Decimal::ZERO, &rows);
        prop_assert!(course.is_sorted_by_key(|(at, _)| *at));
        let last = course.iter().rfind(|(at, _)| *at < instant(until));
        prop_assert_eq!(last.map_or(Decimal::ZERO, |(_, left)| *left), level.on_hand);
    }

    #[test]
    fn windows_contain_their_instants_and_cover_all_time(
        millis in -62_135_596_800_000..253_402_300_799_999_i64,
    ) {
        let instant = DateTime::from_timestamp_millis(millis).unwrap();
        let window = Window::of(instant);
        prop_assert!(window.start() <= instant && instant < window.end());
        prop_assert_eq!(window.end() - window.start(), TimeDelta::minutes(5));
        prop_assert_eq!(window.start().timestamp() % 300, 0);
        prop_assert_eq!(Window::of(window.start()), window);
        prop_assert_eq!(Window::of(window.end()).start(), window.end());
        prop_assert_eq!(window.date(), instant.date_naive());
        prop_assert_eq!(window.is_over_at(instant), false);
        prop_assert_eq!(window.is_over_at(window.end()), true);
        let spelled = format!("{}:00Z", window.to_string().trim_end_matches('Z'));
        prop_assert_eq!(Window::of(at(&spelled)), window);
    }
}

#[test]
fn a_late_count_has_the_effect_of_a_timely_one() {
    let line = |id: &str, kind: &str, quantity: &str, time: &str| {
        event(&of_row(json!({
            "event_id": id, "kind": kind, "quantity": quantity,
            "occurred_at": format!("2026-03-12T{time}Z"),
        })))
    };
    let mut events = vec![
        line("a", "receipt", "30", "06:00:00"),
        line("b", "sale", "4", "09:00:00"),
        line("c", "sale", "5", "11:00:00"),
    ];
    let closes = at("2026-03-12T18:00:00Z");
    let level = |events: &[Event], at: DateTime<Utc>| level_at(&rows(events), at);
    assert_eq!(level(&events, closes).on_hand, Decimal::from(21));
    assert_eq!(level(&events, closes).counted, None);
    events.push(line("d", "count", "24", "10:00:00"));
    let counted = level(&events, closes);
    assert_eq!(counted.on_hand, Decimal::from(19));
    assert_eq!(counted.counted.unwrap().at, at("2026-03-12T10:00:00Z"));
    // Events of one instant are ordered by id: a sale after the count and one before it.
    events.push(line("e", "sale", "1", "10:00:00"));
    assert_eq!(level(&events, closes).on_hand, Decimal::from(18));
    events.push(line("ca", "sale", "1", "10:00:00"));
    assert_eq!(level(&events, closes).on_hand, Decimal::from(18));
    // Events at the requested instant are excluded.
    assert_eq!(level(&events, at("2026-03-12T10:00:00Z")).on_hand, Decimal::from(26));
    assert_eq!(level(&[], closes).on_hand, Decimal::ZERO);
}

#[test]
fn stock_below_zero_is_not_carried_over_the_start_of_a_day() {
    let lines = [
        ("a", "sale", "5", "2026-03-11T09:00:00Z"),
        ("b", "receipt", "10", "2026-03-12T06:00:00Z"),
        ("c", "sale", "2", "2026-03-12T09:00:00Z"),
    ];
    let lines = lines.map(|(id, kind, quantity, occurred_at)| {
        event(&of_row(json!({
            "event_id": id, "kind": kind, "quantity": quantity, "occurred_at": occurred_at,
        })))
    });
    let rows = rows(&lines);
    let start = [at("2026-03-12T00:00:00Z")];
    let level = |until| level_over_days(&start, &rows, at(until)).on_hand;
    assert_eq!(level("2026-03-12T00:00:00Z"), Decimal::from(0));
    assert_eq!(level("2026-03-11T23:00:00Z"), Decimal::from(-5));
    assert_eq!(level("2026-03-12T20:00:00Z"), Decimal::from(8));
    assert_eq!(level_at(&rows, at("2026-03-12T20:00:00Z")).on_hand, Decimal::from(3));
}
