//! A store's day is a set of events: it does not depend on their order, repetition or distribution
//! over segments. Windows and their rows are functions of the set.

mod events;

use std::collections::{BTreeMap, BTreeSet};

use domain::limits::{WINDOW_ITEM_BYTES_MAX, WINDOW_REVENUE_BYTES_MAX, WINDOW_ROW_BYTES_MAX};
use domain::stock::{
    Added, Figures, StockWindow, StoreDay, WindowKey, WindowRow, quarantined_conflict, window_rows,
};
use domain::{Event, Sku};
use events::{RECEIVED_AT, at, event, events_of_date, of_row, that_count};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn empty_day() -> StoreDay {
    StoreDay::new("0042".parse().unwrap(), at(RECEIVED_AT).date_naive())
}

fn day<'a>(events: impl IntoIterator<Item = &'a Event>) -> StoreDay {
    let mut day = empty_day();
    day.extend(events.into_iter().cloned());
    day
}

fn receipt(change: Value) -> Event {
    event(&of_row(change))
}

fn conflicting(day: &StoreDay) -> Vec<String> {
    day.conflicting().map(Event::content).collect()
}

/// Model: the events that count, by item and window, and the contents that do not, sorted.
fn model(events: &[Event]) -> (BTreeMap<WindowKey, Vec<Event>>, Vec<String>) {
    let counted = that_count(events);
    let contents: BTreeSet<String> = events.iter().map(Event::content).collect();
    let winners: BTreeSet<String> = counted.values().map(Event::content).collect();
    let mut windows: BTreeMap<WindowKey, Vec<Event>> = BTreeMap::new();
    for event in counted.into_values() {
        windows.entry(WindowKey::of(&event)).or_default().push(event);
    }
    (windows, contents.difference(&winners).cloned().collect())
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_repetition_and_grouping_gives_the_set_of_the_model(
        (events, shuffled) in events_of_date()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
        groups in prop::collection::vec(0..4_usize, 50),
    ) {
        let again = repeated.iter().filter(|_| !events.is_empty()).map(|at| at.get(&shuffled));
        let mut parts = vec![empty_day(); 4];
        for (event, group) in shuffled.iter().chain(again).zip(groups) {
            parts[group].insert(event.clone());
        }
        let grouped = day(parts.iter().flat_map(|part| part.events().chain(part.conflicting())));
        let (windows, losers) = model(&events);
        let count = windows.values().map(Vec::len).sum::<usize>() + losers.len();
        for found in [day(&events), grouped] {
            prop_assert_eq!(found.count(), count as u64);
            prop_assert_eq!(conflicting(&found), losers.clone());
            let found = found.into_windows();
            prop_assert!(found.iter().map(StockWindow::key).eq(windows.keys()));
            for (window, events) in found.iter().zip(windows.values()) {
                prop_assert!(window.events().eq(events));
            }
        }
    }

    #[test]
    fn the_count_grows_with_each_pair_of_id_and_content_and_never_falls(
        events in events_of_date(),
    ) {
        let mut day = empty_day();
        let mut pairs = BTreeSet::new();
        let mut ids = BTreeSet::new();
        for event in &events {
            let expected = match (ids.insert(event.event_id()), pairs.insert(event.content())) {
                (true, _) => Added::New,
                (false, true) => Added::Conflict,
                (false, false) => Added::Known,
            };
            prop_assert_eq!(day.insert(event.clone()), expected);
            prop_assert_eq!((day.count(), day.len()), (pairs.len() as u64, ids.len()));
        }
    }

    #[test]
    fn window_rows_hold_the_figures_of_each_item_once_and_in_order(events in events_of_date()) {
        let day = day(&events);
        let (count, store_id) = (day.count(), day.store_id().clone());
        let windows = day.into_windows();
        let rows = window_rows(&store_id, count, &windows);
        let figures: BTreeMap<_, _> = windows
            .iter()
            .map(|window| ((window.key().window, window.key().sku.clone()), window.figures()))
            .collect();
        let found: Vec<((_, Sku), Figures)> = rows
            .iter()
            .flat_map(|(window, rows)| rows.iter().map(|row| (*window, row)))
            .flat_map(|(window, row)| {
                assert_eq!((row.window, row.count, row.parts), (window, count, 1));
                row.items.iter().map(move |(sku, figures)| ((window, sku.clone()), figures.clone()))
            })
            .collect();
        prop_assert!(found.into_iter().eq(figures));
    }
}

#[test]
fn the_first_content_counts_across_items_and_windows_in_any_order() {
    let first = receipt(json!({ "sku": "bun", "quantity": "2" }));
    let later = "2026-03-12T15:25:00Z";
    let others = [
        receipt(json!({ "sku": "bun", "quantity": "3" })),
        receipt(json!({ "sku": "rye", "quantity": "1" })),
        receipt(json!({ "sku": "bun", "quantity": "2", "occurred_at": later })),
    ];
    assert!(others.iter().all(|other| first.content() < other.content()));
    for other in others {
        let mut kept = Vec::new();
        for (one, two) in [(&first, &other), (&other, &first)] {
            let mut day = day([one]);
            assert_eq!(day.insert(two.clone()), Added::Conflict);
            assert_eq!(day.insert(one.clone()), Added::Known);
            assert_eq!((day.len(), day.count()), (1, 2));
            kept.extend(day.conflicting().map(quarantined_conflict));
            let mut window = StockWindow::new(WindowKey::of(&first));
            window.insert(first.clone());
            assert_eq!(day.into_windows(), [window]);
        }
        assert_eq!((kept.len(), &kept[0]), (2, &kept[1]));
        assert_eq!(kept[0].bytes, other.canonical().into_bytes());
        assert_eq!(
            kept[0].message,
            "event e-1 of store 0042 came with two contents; the one that sorts first counts"
        );
    }
}

#[test]
fn three_contents_of_one_id_make_two_entries_in_quarantine() {
    let three = ["1", "2", "3"].map(|quantity| receipt(json!({ "quantity": quantity })));
    let mut keys = BTreeSet::new();
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0], [2, 0, 1]] {
        let day = day(order.map(|place: usize| &three[place]));
        assert_eq!(conflicting(&day), [three[1].content(), three[2].content()]);
        keys.extend(day.conflicting().map(|event| quarantined_conflict(event).id.key));
        assert_eq!(day.into_windows()[0].figures().received, Decimal::ONE);
    }
    assert_eq!(keys.len(), 2, "{keys:?}");
}

#[test]
fn retain_keeps_the_chosen_events_and_none_of_their_conflicting_contents() {
    let rye = receipt(json!({"event_id": "e1", "sku": "rye"}));
    let again = receipt(json!({"event_id": "e1", "sku": "rye", "quantity": "7"}));
    let spelt = receipt(json!({"event_id": "e2", "sku": "spelt"}));
    let mut day = day([&rye, &again, &spelt]);
    assert_eq!(day.count(), 3);
    day.retain(|event| event.sku().as_str() == "rye");
    assert_eq!((day.len(), day.count()), (1, 1));
    assert_eq!(day.into_windows()[0].key().sku.as_str(), "rye");
}

#[test]
fn an_id_on_two_dates_counts_twice() {
    let dates = ["2026-03-11T23:59:59.999Z", "2026-03-12T00:00:00Z"];
    let received: Decimal = dates
        .iter()
        .map(|instant| {
            let event = receipt(json!({ "quantity": "4", "occurred_at": instant }));
            let mut day = StoreDay::new("0042".parse().unwrap(), event.occurred_at().date_naive());
            assert_eq!(day.insert(event), Added::New);
            day.into_windows()[0].figures().received
        })
        .sum();
    assert_eq!(received, Decimal::from(8));
}

#[test]
fn an_event_that_two_imports_brought_is_one_event() {
    let [first, second] = ["import-1", "import-2"]
        .map(|import| receipt(json!({ "quantity": "4", "import_id": import })));
    let one = day([&second, &first]);
    assert_eq!((one.len(), one.count(), conflicting(&one)), (1, 1, vec![]));
    assert_eq!(one.events().collect::<Vec<_>>(), [&first]);
    // A content that does not count is one content as well, whichever import brought it.
    let counts = receipt(json!({ "quantity": "3" }));
    for order in [[&counts, &first, &second], [&first, &second, &counts]] {
        assert_eq!((day(order).count(), conflicting(&day(order)).len()), (2, 1));
    }
}

#[test]
fn a_window_of_which_everything_was_voided_has_a_row_of_zeros() {
    let sold = receipt(json!({ "event_id": "a", "kind": "sale" }));
    let voids = receipt(json!({ "event_id": "b", "kind": "correction", "corrects": "a" }));
    let day = day([&sold, &voids]);
    let rows = window_rows(&"0042".parse().unwrap(), day.count(), &day.into_windows());
    let rows: Vec<&WindowRow> = rows.values().flatten().collect();
    let zeros = Figures { events: 1, voided: 1, ..Figures::default() };
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].items, BTreeMap::from([(sold.sku().clone(), zeros)]));
}

#[test]
fn a_large_window_is_divided_by_items_into_parts_that_fit() {
    const ITEMS: usize = 2000;
    let events: Vec<Event> = (0..ITEMS)
        .map(|item| {
            let (id, sku) = (format!("e{item}"), format!("item-{item:04}"));
            receipt(json!({ "event_id": id, "sku": sku, "kind": "sale" }))
        })
        .collect();
    let store_id = "0042".parse().unwrap();
    let rows_of = |events: &[Event], count| {
        let windows = day(events).into_windows();
        window_rows(&store_id, count, &windows).into_values().flatten().collect::<Vec<_>>()
    };
    let rows = rows_of(&events, 7);
    let size = WINDOW_ITEM_BYTES_MAX + WINDOW_REVENUE_BYTES_MAX;
    assert_eq!(rows.len(), ITEMS.div_ceil(WINDOW_ROW_BYTES_MAX / size));
    for (part, row) in rows.iter().enumerate() {
        assert_eq!((row.part, row.parts), (part, rows.len()));
        assert!(row.items.len() * size <= WINDOW_ROW_BYTES_MAX);
    }
    let skus: Vec<&str> = rows.iter().flat_map(|row| row.items.keys().map(Sku::as_str)).collect();
    assert!(skus.is_sorted() && skus.len() == ITEMS);

    // The count of the date is no part of the version: other windows change it.
    let versions = |rows: &[WindowRow]| rows.iter().map(WindowRow::version).collect::<Vec<_>>();
    assert_eq!(versions(&rows), versions(&rows_of(&events, 8)));
    assert_ne!(versions(&rows), versions(&rows_of(&events[1..], 7)));

    // A window that is divided into fewer rows leaves rows behind, which no longer count.
    let fewer = rows_of(&events[..10], 9);
    let stored = [fewer.clone(), rows[1..].to_vec()].concat();
    assert_eq!(WindowRow::current(stored), fewer);
    assert_eq!(WindowRow::current(rows.clone()), rows);
}
