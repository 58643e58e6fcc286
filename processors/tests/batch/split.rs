//! A row with more events than it may hold is split, and nobody can tell from the events.

use domain::record::{self, Delivered};
use domain::stock::{RowKey, StockWindow};
use domain::{Acceptance, Event};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{TestProcessor, delivered, evening, redeliver};

/// Many events of one item in five minutes: some come twice, some under another content.
fn crowd() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0..120_u32, 1..3_u32), 1..200).prop_map(|crowd| {
        let event = |(id, quantity): (u32, u32)| {
            let json = format!(
                r#"{{"event_id":"e-{id}","kind":"receipt","store_id":"0042","terminal_id":"t",
                    "sku":"rye","quantity":{quantity},"occurred_at":"2026-03-12T09:00:00Z"}}"#
            );
            Event::parse(&json, &Acceptance::at(evening())).expect("a valid event")
        };
        crowd.into_iter().map(event).collect()
    })
}

fn records(events: &[Event], length: usize) -> Vec<Delivered> {
    let pack =
        |(number, events): (usize, &[Event])| delivered(number, record::pack("0042", events).data);
    events.chunks(length).enumerate().map(pack).collect()
}

fn processor(row_events_max: usize) -> TestProcessor {
    let mut processor = TestProcessor::new();
    processor.0.row_events_max = row_events_max;
    processor
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn which_rows_are_split_depends_on_the_events_alone(
        (events, shuffled) in crowd()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
        row_events_max in 1..40_usize,
        (length, batch) in (1..30_usize, 1..6_usize),
    ) {
        let whole = processor(usize::MAX);
        whole.process(&records(&events, 400));
        let at_once = processor(row_events_max);
        prop_assert_eq!(at_once.process(&records(&events, 400)).retry_from, None);
        let bit_by_bit = processor(row_events_max);
        for batch in records(&shuffled, length).chunks(batch) {
            prop_assert_eq!(bit_by_bit.process(batch).retry_from, None);
        }
        prop_assert_eq!(bit_by_bit.stored(), at_once.stored());
        // Put together it is the row that was never split, and the conflicts are the same.
        let windows = |processor: &TestProcessor| processor.0.tables.stock.rows();
        prop_assert_eq!(windows(&at_once), windows(&whole));
        prop_assert_eq!(at_once.stored().1, whole.stored().1);
        for (key, bytes) in at_once.stored().0 {
            let row = StockWindow::unpack(key, &bytes).unwrap();
            prop_assert!(row.len() <= row_events_max);
        }
    }

    #[test]
    fn a_split_that_was_interrupted_is_finished_by_the_redelivery(
        events in crowd(),
        row_events_max in 1..20_usize,
        broken in prop::collection::vec(any::<Index>(), 1..4),
    ) {
        let records = records(&events, 10);
        let whole = processor(row_events_max);
        whole.process(&records);
        let (rows, _) = whole.stored();
        let keys: Vec<&RowKey> = rows.keys().collect();

        let processor = processor(row_events_max);
        processor.0.tables.stock.break_rows(broken.iter().map(|at| (*at.get(&keys)).clone()));
        let outcome = processor.process(&records);
        prop_assert!(outcome.retry_from.is_some());
        // What stands there already is read as one.
        let read: usize = processor.0.tables.stock.rows().iter().map(StockWindow::len).sum();
        let all: usize = whole.0.tables.stock.rows().iter().map(StockWindow::len).sum();
        prop_assert!(read <= all);

        processor.0.tables.stock.break_rows([]);
        prop_assert_eq!(redeliver(&processor, &records, outcome).retry_from, None);
        prop_assert_eq!(processor.stored(), whole.stored());
    }
}
