//! A stock window is a set of events: it does not depend on their order, repetition or distribution
//! over saves.

mod events;

use std::collections::BTreeMap;

use domain::event::Kind;
use domain::stock::{Absorbed, Figures, StockWindow};
use domain::{Event, EventId};
use events::{event, events_of_row, of_row, row};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

/// Returns the event that counts for each id: the one whose content sorts first, under the earliest
/// of its imports.
fn that_count(events: &[Event]) -> BTreeMap<EventId, Event> {
    let mut first: BTreeMap<EventId, Event> = BTreeMap::new();
    for event in events {
        let known = first.entry(event.event_id().clone()).or_insert_with(|| event.clone());
        let rank = |event: &Event| (event.content(), event.details().import_id.clone());
        if rank(event) < rank(known) {
            *known = event.clone();
        }
    }
    first
}

/// Adds an event and returns the quarantined content of a conflict.
fn refused(row: &mut StockWindow, event: &Event) -> Option<(String, Vec<u8>)> {
    match row.absorb(event.clone()) {
        Absorbed::Conflict(conflict) => {
            let refused = conflict.quarantined();
            Some((refused.id.key, refused.bytes))
        }
        _ => None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_repetition_and_distribution_gives_the_same_row(
        (events, shuffled) in events_of_row()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        cuts in prop::collection::vec(any::<bool>(), 40),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let expected = row(&events);
        let mut other = row(&[]);
        let mut refused_events = BTreeMap::new();
        let again = repeated.iter().filter(|_| !events.is_empty()).map(|at| at.get(&shuffled));
        for (place, event) in shuffled.iter().chain(again).enumerate() {
            refused_events.extend(refused(&mut other, event));
            if cuts.get(place).is_some_and(|cut| *cut) {
                // Save and load.
                other = StockWindow::unpack(other.key().clone(), &other.pack()).unwrap();
            }
        }
        prop_assert_eq!(other.pack(), expected.pack());
        prop_assert_eq!(other.version(), expected.version());
        prop_assert_eq!(other.figures(), expected.figures());
        prop_assert_eq!(&other, &expected);

        let counted = that_count(&events);
        prop_assert!(other.events().eq(counted.values()));
        let others =
            events.iter().filter(|event| !event.has_content_of(&counted[event.event_id()]));
        let expected_refused: BTreeMap<_, _> = others
            .map(|event| event.content().into_bytes())
            .map(|bytes| {
                let refused = |(_, kept): &(&String, &Vec<u8>)| **kept == bytes;
                let key = refused_events.iter().find(refused).map(|(key, _)| key.clone());
                (key.expect("a conflict is kept"), bytes)
            })
            .collect();
        prop_assert_eq!(refused_events, expected_refused);
    }

    #[test]
    fn the_version_differs_exactly_when_the_content_does(
        a in events_of_row(),
        b in events_of_row(),
    ) {
        for (a, b) in [(&a[..], &b[..]), (&a[..], &a[..a.len() / 2])] {
            let same = that_count(a) == that_count(b);
            prop_assert_eq!(row(a).version() == row(b).version(), same);
            prop_assert_eq!(row(a).pack() == row(b).pack(), same);
        }
    }

    #[test]
    fn figures_equal_a_plain_sum(events in events_of_row()) {
        let counted = that_count(&events);
        let corrected = |id: &EventId, at| {
            let names = |event: &Event| event.action().corrects() == Some(id);
            counted.values().any(|event| names(event) && event.occurred_at() == at)
        };
        let valid = || counted.values().filter(|event| {
            event.action().kind() == Kind::Correction
                || !corrected(event.event_id(), event.occurred_at())
        });
        let sum = |kind: Kind| -> Decimal {
            let of_kind = valid().filter(|event| event.action().kind() == kind);
            of_kind.map(|event| event.quantity().get()).sum()
        };
        let figures = row(&events).figures();
        prop_assert_eq!(&Figures::of(counted.values().rev()), &figures);
        prop_assert_eq!(figures.sold, sum(Kind::Sale));
        prop_assert_eq!(figures.returned, sum(Kind::Return));
        prop_assert_eq!(figures.received, sum(Kind::Receipt));
        prop_assert_eq!(figures.wasted, sum(Kind::Waste));
        prop_assert_eq!(figures.transferred_in, sum(Kind::TransferIn));
        prop_assert_eq!(figures.transferred_out, sum(Kind::TransferOut));
        prop_assert_eq!(figures.events, valid().count() as u64);
        prop_assert_eq!(figures.voided, (counted.len() - valid().count()) as u64);
        for (currency, revenue) in &figures.revenue {
            let expected: Decimal = valid()
                .filter_map(|event| Some((event, event.action().charge()?)))
                .filter(|(_, charge)| charge.currency() == *currency)
                .map(|(event, charge)| match event.action().kind() {
                    Kind::Return => -charge.total(event.quantity()),
                    _ => charge.total(event.quantity()),
                })
                .sum();
            prop_assert_eq!(*revenue, expected);
        }
    }
}

#[test]
fn the_first_in_order_of_two_contents_with_one_id_counts() {
    let two = event(&of_row(json!({ "quantity": "2" })));
    let three = event(&of_row(json!({ "quantity": "3" })));
    let mut kept = Vec::new();
    for (first, second) in [(&two, &three), (&three, &two)] {
        let mut row = row([first]);
        let Absorbed::Conflict(conflict) = row.absorb(second.clone()) else {
            panic!("no conflict")
        };
        assert_eq!(conflict.refused, three);
        assert_eq!(conflict.replaced, second == &two);
        assert_eq!(row.figures().received, Decimal::TWO);
        kept.push(conflict.quarantined());
    }
    assert_eq!(kept[0], kept[1]);
    assert_eq!(kept[0].bytes, three.canonical().into_bytes());
    assert_eq!(
        kept[0].message,
        "event e-1 of store 0042 came with two contents; the one that sorts first counts"
    );
}

#[test]
fn a_correction_voids_its_event_in_any_order_of_arrival() {
    let sold = event(&of_row(json!({
        "event_id": "a", "kind": "sale", "quantity": "4", "unit_price": "1.10", "currency": "EUR",
    })));
    let count = event(&of_row(json!({ "event_id": "b", "kind": "count", "quantity": "9" })));
    let voids_sale =
        event(&of_row(json!({ "event_id": "c", "kind": "correction", "corrects": "a" })));
    let voids_correction =
        event(&of_row(json!({ "event_id": "d", "kind": "correction", "corrects": "c" })));
    for events in [
        [&sold, &count, &voids_sale, &voids_correction],
        [&voids_correction, &voids_sale, &count, &sold],
        [&voids_sale, &sold, &voids_correction, &count],
    ] {
        let figures = row(events).figures();
        // A correction cannot be voided.
        assert_eq!((figures.sold, figures.voided, figures.events), (Decimal::ZERO, 1, 3));
        assert_eq!(figures.counted.unwrap().quantity, Decimal::from(9));
        assert!(figures.revenue.is_empty());
    }
}
