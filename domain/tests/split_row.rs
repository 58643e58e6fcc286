//! A full row becomes a signpost to its continuation rows, which together make the window.

mod events;

use std::collections::BTreeMap;

use domain::limits::{ITEM_BYTES_MAX, PACKED_EVENT_BYTES_MAX, STOCK_ROW_EVENTS_MAX};
use domain::stock::{Part, RowKey, StockWindow, WindowKey, assemble};
use domain::{Event, EventId};
use events::{event, events_of_row, of_row, row};
use proptest::prelude::*;
use serde_json::json;

/// Returns the continuation rows of `key` with these events.
fn continuations(key: &RowKey, events: &[Event]) -> Vec<StockWindow> {
    let mut rows: BTreeMap<RowKey, StockWindow> = BTreeMap::new();
    for event in events {
        let key = key.next(event.event_id());
        rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).absorb(event.clone());
    }
    rows.into_values().collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_split_window_is_assembled_as_if_it_were_not_split(events in events_of_row()) {
        let whole = row(&events);
        let key = RowKey::from(whole.key().clone());
        let signpost = StockWindow::signpost(key.clone());
        let parts = || continuations(&key, &events);
        prop_assert_eq!(assemble([vec![signpost.clone()], parts()].concat()), [whole.clone()]);
        // In reverse order, and twice.
        let twice = parts().into_iter().chain(parts()).chain([signpost]);
        prop_assert_eq!(assemble(twice.collect::<Vec<_>>().into_iter().rev()), [whole.clone()]);
        // Before the signpost is saved, the events are in the row as well.
        prop_assert_eq!(assemble([vec![whole.clone()], parts()].concat()), [whole]);
    }

    #[test]
    fn the_path_of_a_continuation_follows_the_digest_of_the_id(id in "[a-z0-9]{1,64}") {
        let id: EventId = id.parse().unwrap();
        let mut part = Part::default();
        prop_assert!(part.is_first());
        for depth in 1..=64 {
            let next = part.next(&id);
            prop_assert_eq!(next.to_string().len(), depth);
            prop_assert!(next.to_string().starts_with(&part.to_string()));
            prop_assert_eq!(next.to_string().parse(), Ok(next.clone()));
            part = next;
        }
    }
}

/// Stored paths depend on these values: sha256("a") is ca978112…
#[test]
fn the_path_is_the_sha_256_of_the_id() {
    let id: EventId = "a".parse().unwrap();
    let part = Part::default().next(&id).next(&id).next(&id);
    assert_eq!(part.to_string(), "ca9");
    assert!("cg".parse::<Part>().is_err());
}

#[test]
fn a_signpost_is_its_version_byte() {
    let key = RowKey::from(row(&[]).key().clone());
    let signpost = StockWindow::signpost(key.clone());
    assert_eq!(signpost.pack(), [2]);
    assert_eq!(StockWindow::unpack(key, &[2]), Ok(signpost.clone()));
    assert_eq!((signpost.len(), signpost.is_empty()), (0, true));
    assert_ne!(signpost.version(), row(&[]).version());
}

#[test]
fn a_row_of_the_largest_events_fits_into_an_item() {
    let long = "x".repeat(64);
    let largest = |number: usize| {
        event(&of_row(json!({
            "event_id": format!("{number:064}"), "terminal_id": long, "kind": "correction",
            "corrects": long, "reason": "incorrect_data", "unit": "KGM",
            "quantity": "1000000", "gtin": "00012345600012", "lot": "9".repeat(20),
            "expires_on": "9999-12-31", "occurred_at": "2026-03-12T15:19:59.999Z",
            "sequence": { "epoch": long, "number": u64::MAX },
            "offer_id": format!("2026-03-12/{long}/{long}/4294967295"),
        })))
    };
    let one = |number| row([&largest(number)]).pack().len();
    assert!(one(0) <= PACKED_EVENT_BYTES_MAX, "{} bytes", one(0));
    let events: Vec<Event> = (0..STOCK_ROW_EVENTS_MAX).map(largest).collect();
    let bytes = row(&events).pack().len();
    assert!(bytes < ITEM_BYTES_MAX, "{bytes} bytes");
    assert_eq!(WindowKey::of(&events[0]), *row(&[]).key());
}
