//! Check of the stock processor: a delivered record up to its rows and the quarantine.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use domain::limits::{RECORD_OPENED_BYTES_MAX, RECORD_TEXTS_MAX, STOCK_ROW_EVENTS_MAX};
use domain::quarantine::QuarantineReason;
use domain::record::{self, Unopenable};
use domain::stock::WindowKey;
use domain::{Acceptance, Delivered, Event, EventId, SequenceNumber, cloud_event};
use in_memory::Tables;
use processors::{BatchOutcome, Processor};

use crate::assertions::{now, on_one_line, run};
use crate::memory::within;

/// Memory for the text, the vector it is inflated into (which doubles as it grows) and its lines.
const BYTES_MAX: usize = 6 * RECORD_OPENED_BYTES_MAX;

/// Largest number of invalid events of a record with entries of their own.
const ENTRIES_MAX: usize = 100;

/// Row size that makes rows split early.
const FEW_EVENTS: usize = 2;

type World = Processor<Tables>;
type Expected = BTreeMap<(WindowKey, EventId), Event>;

/// Checks `record::open` and `Processor::process` with one record.
///
/// # Panics
/// Panics if memory is unbounded, an event is neither stored nor quarantined, or a second delivery
/// or compression changes the result.
pub fn check_record(data: &[u8]) {
    let parts = within(BYTES_MAX + 2 * data.len(), || record::parts(data));
    let Ok([Cow::Borrowed(data)]) = parts.as_deref() else {
        // Each part is judged like a record, under keys of its own.
        let world = world(FEW_EVENTS);
        assert_eq!(process(&world, data).retry_from, None, "no call failed");
        return redelivery_changes_nothing(&world, data);
    };
    let opened = within(BYTES_MAX + 2 * data.len(), || record::open(data));
    for row_events_max in [STOCK_ROW_EVENTS_MAX, FEW_EVENTS] {
        is_processed(data, &opened, row_events_max);
    }
    compression_changes_nothing(data, &opened);
}

fn is_processed(data: &[u8], opened: &Result<Vec<String>, Unopenable>, row_events_max: usize) {
    let world = world(row_events_max);
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

fn world(row_events_max: usize) -> World {
    Processor { row_events_max, ..Processor::new(Tables::default()) }
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

/// Parses each text on its own. Of events with one id in one row, the content that sorts first
/// counts.
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
        let place = good.entry((WindowKey::of(&event), event.event_id().clone()));
        let kept = place.or_insert_with(|| event.clone());
        let rank = |event: &Event| (event.content(), event.details().import_id.clone());
        if rank(&event) < rank(kept) {
            *kept = event;
        }
    }
    (good, bad)
}

fn holds_what_an_auditor_expects(
    world: &World,
    outcome: &BatchOutcome,
    texts: &[String],
    data: &[u8],
) {
    let (good, bad) = expected(texts);
    let rows = world.tables.stock.rows();
    let stored: Vec<&Event> = rows.iter().flat_map(|row| row.events()).collect();
    assert!(stored.iter().copied().eq(good.values()), "{stored:?} is not {good:?}");
    assert_eq!(outcome.stored as usize, good.len());
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
    let counted = outcome.stored + outcome.duplicate + outcome.quarantined;
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
    let rows = world.tables.stock.rows();
    let events: Vec<&Event> = rows.iter().flat_map(|row| row.events()).collect();
    if events.is_empty() {
        return;
    }
    let packed = record::pack("0042", events.iter().copied());
    let canonical: Vec<String> = events.iter().map(|event| event.canonical()).collect();
    assert_eq!(record::open(&packed.data), Ok(canonical));
    let other = self::world(world.row_events_max);
    process(&other, &packed.data);
    assert_eq!(other.tables.stock.bytes(), world.tables.stock.bytes());
    assert_eq!(other.tables.quarantine.kept(), []);
}

fn redelivery_changes_nothing(world: &World, data: &[u8]) {
    let before = (world.tables.stock.bytes(), world.tables.quarantine.kept());
    let outcome = process(world, data);
    assert_eq!((outcome.stored, outcome.rows_saved, outcome.retry_from), (0, 0, None));
    assert_eq!((world.tables.stock.bytes(), world.tables.quarantine.kept()), before);
}

/// Asserts that a record of text opens to the same events when it is compressed.
fn compression_changes_nothing(data: &[u8], opened: &Result<Vec<String>, Unopenable>) {
    if std::str::from_utf8(data).is_err() {
        return;
    }
    let compressed = zstd::bulk::compress(data, 1).expect("compression");
    assert_eq!(&record::open(&compressed), opened);
}
