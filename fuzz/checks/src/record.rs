//! Check of the stock processor: a delivered record up to the log and the quarantine.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use chrono::NaiveDate;
use domain::limits::{RECORD_OPENED_BYTES_MAX, RECORD_TEXTS_MAX};
use domain::quarantine::QuarantineReason;
use domain::record::{self, Unopenable};
use domain::{
    Acceptance, Delivered, Event, EventId, SequenceNumber, StoreDay, StoreId, cloud_event,
};
use in_memory::Tables;
use processors::{BatchOutcome, Processor};

use crate::assertions::{now, on_one_line, run};
use crate::memory::within;

/// Memory for the text, the vector it is inflated into (which doubles as it grows) and its lines.
const BYTES_MAX: usize = 6 * RECORD_OPENED_BYTES_MAX;

/// Largest number of invalid events of a record with entries of their own.
const ENTRIES_MAX: usize = 100;

type World = Processor<Tables>;
/// Contents by store, date and id, and by their bytes. The first one counts.
type Expected = BTreeMap<(StoreId, NaiveDate, EventId), BTreeMap<String, Event>>;

/// Checks `record::open` and `Processor::process` with one record.
///
/// # Panics
/// Panics if memory is unbounded, an event is neither stored nor quarantined, or a second delivery
/// or compression changes the result.
pub fn check_record(data: &[u8]) {
    let parts = within(BYTES_MAX + 2 * data.len(), || record::parts(data));
    let Ok([Cow::Borrowed(data)]) = parts.as_deref() else {
        // Each part is judged like a record, under keys of its own.
        let world = world();
        assert_eq!(process(&world, data).retry_from, None, "no call failed");
        return redelivery_changes_nothing(&world, data);
    };
    let opened = within(BYTES_MAX + 2 * data.len(), || record::open(data));
    is_processed(data, &opened);
    compression_changes_nothing(data, &opened);
}

fn is_processed(data: &[u8], opened: &Result<Vec<String>, Unopenable>) {
    let world = world();
    let outcome = process(&world, data);
    assert_eq!(outcome.retry_from, None, "no call failed");
    match opened {
        Ok(texts) => {
            assert!((1..=RECORD_TEXTS_MAX).contains(&texts.len()), "{} events", texts.len());
            holds_what_an_auditor_expects(&world, &outcome, texts, data);
            packed_again_opens_to_the_same(&world);
        }
        Err(reason) => is_quarantined_whole(&world, &outcome, data, reason),
    }
    redelivery_changes_nothing(&world, data);
}

fn world() -> World {
    Processor::new(Tables::default(), Arc::new(now))
}

fn process(world: &World, data: &[u8]) -> BatchOutcome {
    let delivered = Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: SequenceNumber::new("1"),
        partition_key: "0042".to_owned(),
        arrived_at: now(),
        data: data.to_vec(),
    };
    run(world.process(&[delivered]))
}

/// Parses each text on its own.
fn expected(texts: &[String]) -> (Expected, Vec<&String>) {
    let acceptance = Acceptance::at(now()).with_grace(Duration::from_secs(3600));
    let (mut good, mut bad) = (Expected::new(), Vec::new());
    for text in texts {
        let parsed = Event::parse(text, &acceptance).or_else(|rejection| {
            let event = cloud_event::is_envelope(text).then(|| cloud_event::data(text));
            Event::parse(&event.unwrap_or(Err(rejection))?, &acceptance)
        });
        let Ok(event) = parsed else {
            bad.push(text);
            continue;
        };
        let date = event.occurred_at().date_naive();
        let place = (event.store_id().clone(), date, event.event_id().clone());
        let contents = good.entry(place).or_default();
        let kept = contents.entry(event.content()).or_insert_with(|| event.clone());
        if event.details().import_id < kept.details().import_id {
            *kept = event;
        }
    }
    (good, bad)
}

/// Returns the events that count, sorted by store, date and id.
fn stored(world: &World) -> Vec<Event> {
    let windows = world.tables.log.windows();
    let mut events: Vec<Event> = windows.iter().flat_map(|row| row.events().cloned()).collect();
    let place = |event: &Event| {
        let date = event.occurred_at().date_naive();
        (event.store_id().clone(), date, event.event_id().clone())
    };
    events.sort_by_cached_key(place);
    events
}

fn holds_what_an_auditor_expects(
    world: &World,
    outcome: &BatchOutcome,
    texts: &[String],
    data: &[u8],
) {
    let (good, bad) = expected(texts);
    let (stored, days) = (stored(world), world.tables.log.days());
    let counts = good.values().filter_map(|contents| contents.values().next());
    assert!(stored.iter().eq(counts), "{stored:?} is not {good:?}");
    let contents: usize = good.values().map(BTreeMap::len).sum();
    assert_eq!(days.iter().map(StoreDay::count).sum::<u64>() as usize, contents);
    let kept = world.tables.quarantine.kept();
    let invalid = kept.iter().filter(|kept| kept.reason == QuarantineReason::InvalidEvent);
    let invalid: Vec<&[u8]> = invalid.map(|kept| kept.bytes.as_slice()).collect();
    // A record with many of them is one entry.
    let expected: Vec<&[u8]> = if bad.len() > ENTRIES_MAX {
        vec![data]
    } else {
        bad.iter().map(|text| text.as_bytes()).collect()
    };
    assert_eq!(invalid, expected);
    let counted = outcome.written + outcome.duplicate + outcome.quarantined;
    assert_eq!(counted as usize, texts.len() - bad.len() + expected.len(), "{outcome:?}");
    kept.iter().for_each(|kept| on_one_line(&kept.message));
}

fn is_quarantined_whole(world: &World, outcome: &BatchOutcome, data: &[u8], reason: &Unopenable) {
    let expected = BatchOutcome { quarantined: 1, ..BatchOutcome::default() };
    assert_eq!(outcome, &expected);
    let [kept] = &world.tables.quarantine.kept()[..] else { panic!("one record is kept") };
    assert_eq!((&kept.bytes[..], kept.reason), (data, QuarantineReason::Unopenable));
    assert_eq!(kept.message, reason.to_string());
    on_one_line(&kept.message);
}

fn packed_again_opens_to_the_same(world: &World) {
    let events = stored(world);
    if events.is_empty() {
        return;
    }
    let packed = record::pack("0042", &events);
    let canonical: Vec<String> = events.iter().map(|event| event.canonical()).collect();
    assert_eq!(record::open(&packed.data), Ok(canonical));
    let other = self::world();
    process(&other, &packed.data);
    assert_eq!(self::stored(&other), events);
    assert_eq!(other.tables.quarantine.kept(), []);
}

fn redelivery_changes_nothing(world: &World, data: &[u8]) {
    let before = (world.tables.log.segments(), world.tables.quarantine.kept());
    assert_eq!(process(world, data).retry_from, None);
    assert_eq!((world.tables.log.segments(), world.tables.quarantine.kept()), before);
}

/// Asserts that a record of text opens to the same events when it is compressed.
fn compression_changes_nothing(data: &[u8], opened: &Result<Vec<String>, Unopenable>) {
    if std::str::from_utf8(data).is_err() {
        return;
    }
    let compressed = zstd::bulk::compress(data, 1).expect("compression");
    assert_eq!(&record::open(&compressed), opened);
}
