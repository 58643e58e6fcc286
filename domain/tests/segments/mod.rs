//! Segments for tests: packing, reading, and events of their store and date.
#![allow(dead_code, reason = "every test file takes a part of it")]

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::limits::SEGMENT_BYTES_MAX;
use domain::stock::segment::{self, Segment, Unreadable};
use domain::{Acceptance, Event, StoreId, Version, sha256};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::events::{any_event, at, events_of_row, sale, with};

pub(crate) const CHECKSUM_BYTES: usize = 4;

pub(crate) fn store_id() -> StoreId {
    "0042".parse().expect("an id")
}

pub(crate) fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

/// Parses an event of any instant of the date.
pub(crate) fn parse(json: &Value) -> Event {
    let anytime = Acceptance { age_max: None, ..Acceptance::at(at("2026-03-12T23:59:59Z")) };
    Event::parse(&json.to_string(), &anytime).unwrap_or_else(|error| panic!("{error}: {json}"))
}

pub(crate) fn arrived_at() -> DateTime<Utc> {
    at("2026-03-12T15:17:59.123Z")
}

pub(crate) fn cut<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<Segment> {
    Segment::cut(&store_id(), date(), arrived_at(), events.into_iter().collect())
}

/// Packs events that fit one segment.
pub(crate) fn pack<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u8> {
    let mut segments = cut(events);
    assert_eq!(segments.len(), 1);
    segments.remove(0).bytes
}

pub(crate) fn unpack(bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
    segment::unpack(&store_id(), date(), bytes)
}

pub(crate) fn message(bytes: &[u8]) -> String {
    unpack(bytes).unwrap_err().to_string()
}

/// Returns the events in the order of a segment, each once.
pub(crate) fn in_order(events: &[Event]) -> Vec<Event> {
    let mut events = events.to_vec();
    let key = |event: &Event| {
        let import_id = event.details().import_id.clone();
        (event.occurred_at(), event.event_id().clone(), event.content(), import_id)
    };
    events.sort_by_key(key);
    events.dedup();
    events
}

/// Reads all segments, and asserts what holds of each.
pub(crate) fn read_all(segments: &[Segment]) -> Vec<Event> {
    let read = |segment: &Segment| {
        assert!(segment.bytes.len() <= SEGMENT_BYTES_MAX);
        assert_eq!(segment.key.digest, Version::of(&segment.bytes));
        let events = unpack(&segment.bytes).expect("a segment");
        assert_eq!(events.len(), segment.event_count);
        assert_eq!(pack(&events), segment.bytes);
        events
    };
    segments.iter().flat_map(read).collect()
}

/// Returns the event in the store and on the date of the segments, with ids of the given form.
pub(crate) fn moved(event: &Event, uuids: bool) -> Event {
    let mut json: Value = serde_json::from_str(&event.canonical()).expect("JSON");
    let time = event.occurred_at().time();
    json["store_id"] = json!("0042");
    json["occurred_at"] = json!(format!("{}T{}Z", date(), time));
    for field in ["event_id", "terminal_id", "receipt", "transfer_id", "import_id"] {
        if let (true, Some(id)) = (uuids, json[field].as_str()) {
            let number = |number: u128, byte: u8| number.wrapping_mul(257) + u128::from(byte);
            json[field] = json!(uuid(id.bytes().fold(1, number)));
        }
    }
    parse(&json)
}

/// Returns the UUID of a number.
pub(crate) fn uuid(number: u128) -> String {
    let hex = format!("{:032x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Returns sales of two tills with sequence numbers and UUIDs, some of them on receipts.
pub(crate) fn sales(count: u32) -> Vec<Event> {
    let sale = |number: u32| {
        let till = number % 2;
        parse(&with(
            sale(),
            json!({
                "event_id": uuid(u128::from(number) + 1), "terminal_id": format!("till-{till}"),
                "sku": format!("{:08}", 10_000_000 + number * 7_919 % 1_000 * 63),
                "occurred_at": at("2026-03-12T15:17:42.118Z")
                    + TimeDelta::milliseconds(i64::from(number) * 731),
                "sequence": { "epoch": "2026-03-12", "number": 4_711 + number / 2 },
                "unit_price": format!("{}.{:02}", number % 7, number * 31 % 100),
                "receipt": (!number.is_multiple_of(3)).then(|| format!("r-{}", number / 3)),
                "line": (!number.is_multiple_of(3)).then_some(number % 3),
            }),
        ))
    };
    (0..count).map(sale).collect()
}

/// Returns an event with every field at its limit.
pub(crate) fn largest(number: usize) -> Event {
    let id = |name: &str| sha256(format!("{name} {number}").as_bytes());
    parse(&with(
        sale(),
        json!({
            "event_id": id("event"), "kind": "transfer_in", "terminal_id": id("till"),
            "sku": id("item"), "quantity": "999999.999", "unit": "KGM",
            "occurred_at": "2026-03-12T23:59:59.999Z", "gtin": "00012345600012",
            "lot": format!("{number:~>20}"), "expires_on": "9999-12-31",
            "sequence": { "epoch": id("epoch"), "number": u64::MAX },
            "offer_id": format!("2026-03-12/{}/{}/{}", id("store"), id("offer"), u32::MAX),
            "receipt": id("receipt"), "line": 1_000_000, "transfer_id": id("transfer"),
            "import_id": id("import"),
        }),
    ))
}

/// Generates events of one date: of every kind, with every optional field, and repetitions.
pub(crate) fn events_of_date() -> impl Strategy<Value = Vec<Event>> {
    let any = (any_event(), any::<bool>()).prop_map(|(event, uuids)| moved(&event, uuids));
    (prop::collection::vec(any, 0..6), events_of_row()).prop_map(|(any, of_row)| {
        let repeated = any.iter().take(3).cloned().collect::<Vec<_>>();
        [any, of_row, repeated].concat()
    })
}

/// Returns bytes with the checksum of a segment, so that the rest of the rules is tested.
pub(crate) fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    [bytes, &crc.sum().to_le_bytes()].concat()
}

/// Reads bytes. Asserts that a segment that is read has events that a till could have sent.
pub(crate) fn is_refused_or_valid(bytes: &[u8]) {
    let Ok(events) = unpack(bytes) else { return };
    for event in &events {
        let canonical = serde_json::from_str(&event.canonical()).expect("JSON");
        assert_eq!(&parse(&canonical), event);
    }
    assert_eq!(read_all(&cut(&events)), events);
}
