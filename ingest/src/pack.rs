//! Records for events, and calls for records.

use std::collections::HashMap;
use std::ops::Range;

use domain::Event;
use domain::limits::{PUT_RECORDS_BYTES_MAX, PUT_RECORDS_MAX, RECORD_EVENTS_MAX};
use domain::record::{self, Record};

/// Record with the indexes of its events in the request.
#[derive(Debug)]
pub(crate) struct PackedRecord {
    pub(crate) record: Record,
    pub(crate) indexes: Vec<usize>,
}

/// Returns the partition key of an event: its store.
///
/// - Rows are sets, so the order in which a store's events arrive does not matter. No finer key is
///   needed to keep the events of an item in order.
/// - The events of a store, packed hundreds to a record, stay far below the limits of one shard. A
///   finer key would make records of one event each.
/// - With a parallelization factor, records of one key still go to one worker at a time. The rows
///   of a store have one writer, and its saves rarely meet a version conflict.
fn partition_key(event: &Event) -> &str {
    event.store_id().as_str()
}

/// Packs events into records of one partition key each, in the order of first appearance of the
/// keys. Each event comes with its index in the request.
///
/// A record holds at most [`RECORD_EVENTS_MAX`] events. `domain::limits` asserts that this many of
/// the largest events stay below `RECORD_INFLATED_BYTES_MAX`, so bytes are not counted here.
pub(crate) fn pack<'a>(events: impl Iterator<Item = (usize, &'a Event)>) -> Vec<PackedRecord> {
    let mut places: HashMap<&str, usize> = HashMap::new();
    let mut groups: Vec<(&str, Vec<(usize, &Event)>)> = Vec::new();
    for (index, event) in events {
        let key = partition_key(event);
        let place = *places.entry(key).or_insert_with(|| {
            groups.push((key, Vec::new()));
            groups.len() - 1
        });
        groups[place].1.push((index, event));
    }
    let records_of = |(key, events): &(&str, Vec<(usize, &Event)>)| -> Vec<PackedRecord> {
        let packed = |events: &[(usize, &Event)]| PackedRecord {
            record: record::pack(key, events.iter().map(|(_, event)| *event)),
            indexes: events.iter().map(|(index, _)| *index).collect(),
        };
        events.chunks(RECORD_EVENTS_MAX).map(packed).collect()
    };
    groups.iter().flat_map(records_of).collect()
}

/// Returns the ranges of `records` for single `PutRecords` calls.
pub(crate) fn calls(records: &[Record]) -> Vec<Range<usize>> {
    let mut calls = Vec::new();
    let (mut start, mut bytes) = (0, 0);
    for (index, record) in records.iter().enumerate() {
        let size = record.data.len() + record.partition_key.len();
        let full = index - start == PUT_RECORDS_MAX || bytes + size > PUT_RECORDS_BYTES_MAX;
        if full && index > start {
            calls.push(start..index);
            (start, bytes) = (index, 0);
        }
        bytes += size;
    }
    if start < records.len() {
        calls.push(start..records.len());
    }
    calls
}

#[cfg(test)]
mod tests {
    use domain::Acceptance;
    use domain::limits::{EVENT_BYTES_MAX, RECORD_INFLATED_BYTES_MAX};

    use super::*;

    fn event(event_id: &str, store_id: &str) -> Event {
        let json = format!(
            r#"{{"event_id":"{event_id}","kind":"receipt","store_id":"{store_id}",
                "terminal_id":"t","sku":"rye","quantity":1,"occurred_at":"2026-03-12T15:00:00Z"}}"#
        );
        let acceptance = Acceptance::at("2026-03-12T15:00:00Z".parse().expect("an instant"));
        Event::parse(&json, &acceptance).expect("a valid event")
    }

    #[test]
    fn a_record_holds_one_store_and_at_most_400_events() {
        let events: Vec<Event> = (0..1_000)
            .map(|number| event(&format!("e{number}"), if number % 10 == 0 { "b" } else { "a" }))
            .collect();
        let packed = pack(events.iter().enumerate());
        let shape: Vec<(&str, usize)> = packed
            .iter()
            .map(|packed| (packed.record.partition_key.as_str(), packed.indexes.len()))
            .collect();
        assert_eq!(shape, [("b", 100), ("a", 400), ("a", 400), ("a", 100)]);
        for PackedRecord { record, indexes } in &packed {
            let opened = record::open(&record.data).expect("a packed record");
            let expected: Vec<String> =
                indexes.iter().map(|index| events[*index].canonical()).collect();
            assert_eq!(opened, expected);
        }
    }

    #[test]
    fn a_full_record_of_the_largest_events_fits() {
        let id = "x".repeat(64);
        let lot = "\\\"".repeat(20);
        let json = format!(
            r#"{{"event_id":"{id}","kind":"sale","store_id":"{id}","terminal_id":"{id}",
                "sku":"{id}","gtin":"00012345600012","lot":"{lot}","expires_on":"2026-03-12",
                "quantity":"999999.999","unit":"KGM","unit_price":"999999.99","currency":"EUR",
                "occurred_at":"2026-03-12T15:00:00Z",
                "sequence":{{"epoch":"{id}","number":18446744073709551615}},
                "offer_id":"2026-03-12/{id}/{id}/4294967295"}}"#
        );
        let acceptance = Acceptance::at("2026-03-12T15:00:00Z".parse().expect("an instant"));
        let largest = Event::parse(&json, &acceptance).expect("a valid event").canonical().len();
        assert!(largest <= EVENT_BYTES_MAX, "{largest} bytes");
        assert!(RECORD_EVENTS_MAX * (largest + 1) <= RECORD_INFLATED_BYTES_MAX);
    }

    #[test]
    fn a_call_carries_at_most_500_records_and_10_mib_keys_included() {
        let record = |bytes: usize| Record { partition_key: "key".into(), data: vec![0; bytes] };
        let small: Vec<Record> = (0..1_001).map(|_| record(1)).collect();
        assert_eq!(calls(&small), [0..500, 500..1_000, 1_000..1_001]);

        let tenth = PUT_RECORDS_BYTES_MAX / 10;
        let fitting: Vec<Record> = (0..20).map(|_| record(tenth - 3)).collect();
        assert_eq!(calls(&fitting), [0..10, 10..20]);
        let larger: Vec<Record> = (0..20).map(|_| record(tenth - 2)).collect();
        assert_eq!(calls(&larger), [0..9, 9..18, 18..20]);
        assert_eq!(calls(&[]), []);
    }
}
