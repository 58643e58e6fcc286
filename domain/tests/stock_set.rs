//! A stock window is a set of events: it does not depend on their order and repetition.

mod events;

use domain::event::Kind;
use domain::stock::Figures;
use domain::{Event, EventId};
use events::{event, events_of_row, of_row, row, that_count};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::json;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_order_and_repetition_gives_the_same_row(
        (events, shuffled) in events_of_row()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        repeated in prop::collection::vec(any::<prop::sample::Index>(), 0..10),
    ) {
        let expected = row(&events);
        let again = repeated.iter().filter(|_| !events.is_empty()).map(|at| at.get(&shuffled));
        let other = row(shuffled.iter().chain(again));
        prop_assert_eq!(other.version(), expected.version());
        prop_assert_eq!(other.figures(), expected.figures());
        prop_assert_eq!(&other, &expected);
        prop_assert!(other.events().eq(that_count(&events).values()));
    }

    #[test]
    fn the_version_differs_exactly_when_the_content_does(
        a in events_of_row(),
        b in events_of_row(),
    ) {
        // The import is no part of the content.
        let contents = |events: &[Event]| -> Vec<String> {
            that_count(events).values().map(Event::content).collect()
        };
        for (a, b) in [(&a[..], &b[..]), (&a[..], &a[..a.len() / 2])] {
            prop_assert_eq!(row(a).version() == row(b).version(), contents(a) == contents(b));
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
