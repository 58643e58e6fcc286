//! Throttled stores and quarantine tables: other stores are stored, and a redelivery writes only
//! what is left as long as the function is warm.

use std::collections::BTreeSet;

use domain::record::{self, Delivered};
use domain::{Event, SequenceNumber, StoreId};
use proptest::prelude::*;

use crate::any_delivery::{events_of, stream};
use crate::poison::line;
use crate::{TestProcessor, delivered, evening};

fn of_store(store_id: &str, number: usize) -> Delivered {
    let text = line(&format!("{store_id}-{number}"), "09:00:00");
    delivered(number, text.replace("0042", store_id).into_bytes())
}

fn store_ids(ids: &[&str]) -> Vec<StoreId> {
    ids.iter().map(|id| id.parse().expect("a store")).collect()
}

fn number(number: usize) -> Option<SequenceNumber> {
    Some(delivered(number, Vec::new()).sequence_number)
}

impl TestProcessor {
    /// Returns the ids of all stored segments.
    fn segments(&self) -> BTreeSet<String> {
        let segments = self.0.tables.log.segments().into_keys();
        segments.map(|(store_id, date, key)| format!("{store_id}#{date}/{key}")).collect()
    }
}

#[test]
fn a_throttled_store_does_not_keep_the_others_from_being_stored() {
    let processor = TestProcessor::new();
    processor.0.tables.log.throttle_stores(store_ids(&["b"]));
    let batch: Vec<Delivered> = ["a", "c", "b", "a", "b", "c"]
        .iter()
        .enumerate()
        .map(|(at, id)| of_store(id, at))
        .collect();
    let outcome = processor.process(&batch);
    assert_eq!((outcome.written, outcome.segments), (4, 2));
    assert_eq!(outcome.retry_from, number(2));
    let failure = outcome.failure.expect("a failure").to_string();
    assert_eq!(failure, "throttled: the partition of store b");
    let is_stored = |record: &Delivered| processor.0.tables.log.holds(&events_of(record)[0]);
    let stored: Vec<bool> = batch.iter().map(is_stored).collect();
    assert_eq!(stored, [true, true, false, true, false, true]);
}

#[test]
fn a_warm_function_writes_nothing_twice_and_a_cold_one_only_repetitions() {
    for is_cold in [false, true] {
        let mut processor = TestProcessor::new();
        let batch: Vec<Delivered> =
            ["a", "b", "a", "c"].iter().enumerate().map(|(at, id)| of_store(id, at)).collect();
        processor.0.tables.log.throttle_stores(store_ids(&["b"]));
        let outcome = processor.process(&batch);
        assert_eq!((outcome.retry_from, outcome.written), (number(1), 3));
        let before = processor.segments();
        let next = |processor: TestProcessor| match is_cold {
            true => TestProcessor::with_tables(processor.0.tables.clone()),
            false => processor,
        };
        processor = next(processor);
        // Throttled still: what was stored above the reported record stays remembered.
        let again = processor.process(&batch[1..]);
        assert_eq!(again.written, if is_cold { 2 } else { 0 });
        processor.0.tables.log.throttle_stores([]);
        processor = next(processor);
        // A record that was not in the batch before is new.
        let more = [&batch[1..], &[of_store("a", 4)]].concat();
        let last = processor.process(&more);
        assert_eq!((last.retry_from, last.written), (None, if is_cold { 4 } else { 2 }));
        let added = processor.segments().difference(&before).count();
        // The cold function cuts the events of store a in another way.
        assert_eq!(added, if is_cold { 3 } else { 2 });
        let whole = TestProcessor::new();
        whole.process(&[&batch[..1], &more[..]].concat());
        assert_eq!(processor.stored(), whole.stored(), "cold: {is_cold}");
        // Once all is stored, nothing is remembered: the stream may be read again from the start.
        assert_eq!(processor.process(&batch).written, 4);
    }
}

#[test]
fn records_of_other_shards_with_the_same_numbers_are_not_taken_for_stored() {
    let processor = TestProcessor::new();
    processor.0.tables.log.throttle_stores(store_ids(&["b"]));
    processor.process(&[of_store("b", 0), of_store("a", 1)]);
    let mut other = of_store("c", 1);
    other.shard_id = "shardId-000000000001".to_owned();
    assert_eq!(processor.process(&[other]).written, 1);
    assert_eq!(processor.process(&[of_store("a", 1)]).written, 0);
}

#[test]
fn a_date_with_very_many_events_is_cut_by_bytes() {
    let processor = TestProcessor::new();
    let event = |number: u32| {
        // Ids without a pattern, so that compression does not hide the size.
        let id = domain::sha256(number.to_string().as_bytes());
        let json = line(&id[..40], "09:00:00");
        Event::parse(&json, &domain::Acceptance::at(evening())).expect("an event")
    };
    let events: Vec<Event> = (0..20_000).map(event).collect();
    let records: Vec<Delivered> = events
        .chunks(500)
        .enumerate()
        .map(|(at, events)| delivered(at, record::pack("0042", events).data))
        .collect();
    let outcome = processor.process(&records);
    assert_eq!((outcome.retry_from, outcome.written), (None, 20_000));
    let segments = processor.0.tables.log.segments();
    assert!(segments.values().all(|bytes| bytes.len() <= 64 * 1024));
    assert_eq!(segments.len() as u64, outcome.segments);
    assert!(segments.len() > 1, "one segment does not test the limit");
    let stored: usize = processor.windows().iter().map(domain::stock::StockWindow::len).sum();
    assert_eq!(stored, 20_000);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 32, ..ProptestConfig::default()
    })]

    #[test]
    fn the_reported_record_is_the_lowest_behind_what_is_left_and_redelivery_converges(
        (stream, stores) in (stream(), prop::collection::vec(0..4_usize, 1..6)),
        throttled in prop::collection::btree_set(0..4_usize, 1..4),
        is_down in any::<bool>(),
    ) {
        let records: Vec<Delivered> = stream
            .into_iter()
            .enumerate()
            .map(|(at, record)| {
                let id = format!("s-{}", stores[at % stores.len()]);
                let texts: Vec<String> =
                    events_of(&record).iter().map(|event| of(event, &id)).collect();
                let is_poison = texts.is_empty();
                delivered(at, if is_poison { record.data } else { texts.join("\n").into() })
            })
            .collect();
        let whole = TestProcessor::new();
        whole.process(&records);

        let processor = TestProcessor::new();
        let throttled: Vec<StoreId> =
            throttled.iter().map(|id| format!("s-{id}").parse().unwrap()).collect();
        processor.0.tables.log.throttle_stores(throttled.clone());
        processor.0.tables.quarantine.set_down(is_down);
        let outcome = processor.process(&records);
        let is_left = |record: &&Delivered| {
            let events = events_of(record);
            (events.is_empty() && is_down)
                || events.iter().any(|event| throttled.contains(event.store_id()))
        };
        let left = records.iter().filter(is_left).map(|record| &record.sequence_number);
        prop_assert_eq!(outcome.retry_from.as_ref(), left.min());
        let whole_windows = whole.windows();
        let others = whole_windows.iter().filter(|one| !throttled.contains(&one.key().store_id));
        let stored = processor.windows();
        prop_assert!(stored.iter().eq(others));

        processor.0.tables.log.throttle_stores([]);
        processor.0.tables.quarantine.set_down(false);
        let outcome = crate::redeliver(&processor, &records, outcome);
        prop_assert_eq!(outcome.retry_from, None);
        prop_assert_eq!(processor.stored(), whole.stored());
    }
}

/// Returns the text of an event, for another store.
fn of(event: &Event, store_id: &str) -> String {
    let own = format!("\"store_id\":\"{}\"", event.store_id());
    event.canonical().replace(&own, &format!("\"store_id\":\"{store_id}\""))
}
