//! Segments of the stock log: events are read unchanged, and other bytes are an error and never a
//! panic.

mod events;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::limits::{SEGMENT_BYTES_MAX, SEGMENT_OF_ONE_BYTES_MAX, SEGMENT_UNPACKED_BYTES_MAX};
use domain::stock::segment::{self, Segment, SegmentKey, Unreadable};
use domain::{Acceptance, Event, StoreId, Version, sha256};
use events::{any_event, at, events_of_row, of_row, sale, with};
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::{Value, json};

fn store_id() -> StoreId {
    "0042".parse().expect("an id")
}

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

/// Parses an event of any instant of the date.
fn parse(json: &Value) -> Event {
    let anytime = Acceptance { age_max: None, ..Acceptance::at(at("2026-03-12T23:59:59Z")) };
    Event::parse(&json.to_string(), &anytime).unwrap_or_else(|error| panic!("{error}: {json}"))
}

fn arrived_at() -> DateTime<Utc> {
    at("2026-03-12T15:17:59.123Z")
}

fn cut<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<Segment> {
    Segment::cut(&store_id(), date(), arrived_at(), events.into_iter().collect())
}

/// Packs events that fit one segment.
fn pack<'a>(events: impl IntoIterator<Item = &'a Event>) -> Vec<u8> {
    let mut segments = cut(events);
    assert_eq!(segments.len(), 1);
    segments.remove(0).bytes
}

fn unpack(bytes: &[u8]) -> Result<Vec<Event>, Unreadable> {
    segment::unpack(&store_id(), date(), bytes)
}

fn message(bytes: &[u8]) -> String {
    unpack(bytes).unwrap_err().to_string()
}

/// Returns the events in the order of a segment, each once.
fn in_order(events: &[Event]) -> Vec<Event> {
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
fn read_all(segments: &[Segment]) -> Vec<Event> {
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
fn moved(event: &Event, uuids: bool) -> Event {
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
fn uuid(number: u128) -> String {
    let hex = format!("{:032x}", number.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835));
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// Returns sales of two tills with sequence numbers and UUIDs, some of them on receipts.
fn sales(count: u32) -> Vec<Event> {
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
                "receipt": (number % 3 > 0).then(|| format!("r-{}", number / 3)),
                "line": (number % 3 > 0).then_some(number % 3),
            }),
        ))
    };
    (0..count).map(sale).collect()
}

/// Returns an event with every field at its limit.
fn largest(number: usize) -> Event {
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
fn events_of_date() -> impl Strategy<Value = Vec<Event>> {
    let any = (any_event(), any::<bool>()).prop_map(|(event, uuids)| moved(&event, uuids));
    (prop::collection::vec(any, 0..6), events_of_row()).prop_map(|(any, of_row)| {
        let repeated = any.iter().take(3).cloned().collect::<Vec<_>>();
        [any, of_row, repeated].concat()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn events_are_read_unchanged(events in events_of_date()) {
        prop_assert_eq!(read_all(&cut(&events)), in_order(&events));
    }

    #[test]
    fn the_same_events_in_any_order_have_the_same_bytes(
        (events, shuffled) in events_of_date()
            .prop_flat_map(|events| (Just(events.clone()), Just(events).prop_shuffle())),
    ) {
        prop_assert_eq!(cut(&events), cut(&shuffled));
        prop_assert_eq!(cut(events.iter().chain(&shuffled)), cut(&events));
    }

    #[test]
    fn damaged_bytes_are_an_error_or_valid_events(
        events in events_of_date(),
        damage in prop::collection::vec((any::<Index>(), any::<u8>()), 1..4),
        cut_at in any::<Index>(),
    ) {
        let bytes = pack(events.iter().chain(&sales(1)));
        let mut damaged = bytes[..bytes.len() - CHECKSUM_BYTES].to_vec();
        for (place, byte) in damage {
            let place = place.index(damaged.len());
            damaged[place] = byte;
        }
        is_refused_or_valid(&with_checksum(&damaged));
        is_refused_or_valid(&with_checksum(&damaged[..cut_at.index(damaged.len())]));
    }

    #[test]
    fn any_bytes_never_panic(
        bytes in prop::collection::vec(prop_oneof![any::<u8>(), 0..4_u8], 0..200),
        ours in any::<bool>(),
    ) {
        is_refused_or_valid(&bytes);
        let head: &[u8] = if ours { &[1, 0] } else { &[] };
        is_refused_or_valid(&with_checksum(&[head, &bytes].concat()));
    }
}

const CHECKSUM_BYTES: usize = 4;

/// Returns bytes with the checksum of a segment, so that the rest of the rules is tested.
fn with_checksum(bytes: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(bytes);
    [bytes, &crc.sum().to_le_bytes()].concat()
}

/// Reads bytes. Asserts that a segment that is read has events that a till could have sent.
fn is_refused_or_valid(bytes: &[u8]) {
    let Ok(events) = unpack(bytes) else { return };
    for event in &events {
        let canonical = serde_json::from_str(&event.canonical()).expect("JSON");
        assert_eq!(&parse(&canonical), event);
    }
    assert_eq!(read_all(&cut(&events)), events);
}

#[test]
fn every_flipped_bit_and_every_truncation_is_noticed() {
    for events in [sales(1), sales(10), sales(100), vec![largest(1), largest(2)]] {
        let bytes = pack(&events);
        for bit in 0..bytes.len() * 8 {
            assert!(unpack(&flipped(&bytes, bit)).is_err(), "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert!(unpack(&bytes[..length]).is_err(), "{length} bytes");
        }
    }
}

/// Damage that has the checksum of the damaged bytes, as only a program could make it.
#[test]
fn a_flipped_bit_behind_the_checksum_is_refused_or_a_valid_event() {
    for events in [sales(1), sales(3), vec![largest(1)]] {
        let bytes = pack(&events);
        let (bytes, _) = bytes.split_at(bytes.len() - CHECKSUM_BYTES);
        (0..bytes.len() * 8)
            .for_each(|bit| is_refused_or_valid(&with_checksum(&flipped(bytes, bit))));
        (0..bytes.len()).for_each(|length| is_refused_or_valid(&with_checksum(&bytes[..length])));
    }
}

fn flipped(bytes: &[u8], bit: usize) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[bit / 8] ^= 1 << (bit % 8);
    bytes
}

#[test]
fn no_events_make_no_segment_and_a_repetition_makes_one_event() {
    assert_eq!(cut([]), []);
    let events = sales(2);
    let [segment] = &cut(events.iter().chain(&events))[..] else { panic!("one segment") };
    assert_eq!(segment.event_count, 2);
    // Another import is another event, which the reader has to choose from.
    let imported = events[0].clone().imported(events[0].event_id().clone(), "i".parse().ok());
    assert_eq!(unpack(&pack([&imported, &events[0]])), Ok(vec![events[0].clone(), imported]));
}

#[test]
fn the_largest_event_is_a_segment() {
    let largest = largest(7);
    let bytes = pack([&largest]);
    assert!(bytes.len() <= SEGMENT_OF_ONE_BYTES_MAX, "{} bytes", bytes.len());
    assert_eq!(unpack(&bytes), Ok(vec![largest]));
}

#[test]
fn segments_are_cut_by_bytes() {
    // Many short events fit into the bytes of few long ones.
    let short = sales(5_000);
    let segments = cut(&short);
    assert_eq!(read_all(&segments), short);
    let counts: Vec<usize> = segments.iter().map(|segment| segment.event_count).collect();
    assert!(counts.iter().all(|count| *count > 1_000), "{counts:?}");

    let mut mixed: Vec<Event> = (0..1_000).map(largest).collect();
    mixed.extend(sales(1_000));
    let segments = cut(&mixed);
    assert_eq!(read_all(&segments), in_order(&mixed));
    let (first, last) = (segments[0].event_count, segments[segments.len() - 1].event_count);
    assert!(first > 2 * last, "{first} short events, {last} long ones");
}

#[test]
fn contents_of_one_id_are_cut_as_well() {
    let content = |number: u32| {
        let receipt = sha256(&number.to_le_bytes());
        parse(&of_row(json!({ "event_id": "e-1", "receipt": receipt })))
    };
    let contents: Vec<Event> = (0..3_000).map(content).collect();
    let segments = cut(&contents);
    assert!(segments.len() > 1);
    assert_eq!(read_all(&segments), in_order(&contents));
}

#[test]
fn events_that_pack_to_nothing_are_cut_by_their_memory() {
    let content = |number: u32| parse(&of_row(json!({ "quantity": number.to_string() })));
    let contents: Vec<Event> = (0..9_000).map(content).collect();
    let segments = cut(&contents);
    assert_eq!(read_all(&segments), in_order(&contents));
    let largest = segments.iter().map(|segment| segment.event_count).max().unwrap_or_default();
    assert!(largest <= SEGMENT_UNPACKED_BYTES_MAX / size_of::<Event>(), "{largest} events");
}

#[test]
#[should_panic(expected = "an event of another date")]
fn an_event_of_another_date_is_never_packed() {
    cut([&parse(&of_row(json!({ "occurred_at": "2026-03-11T23:59:59.999Z" })))]);
}

#[test]
fn the_message_names_the_damage() {
    assert_eq!(message(&[]), "the segment is empty");
    let mut bytes = pack(&sales(3));
    bytes[20] ^= 1;
    assert_eq!(message(&bytes), "the segment is damaged: its checksum does not match");
    let rules: [(&[u8], &str); 5] = [
        (&[1], "its end is missing"),
        (&[1, 2, 0], "unknown compression 2"),
        (&[1, 0, 9], "its end is missing"),
        (&[1, 0, 1, 0], "it has no event"),
        (
            &[1, 0, 5, 0xFF, 0xFF, 0xFF, 0xFF, 7],
            "its events take more than 4194304 bytes of memory",
        ),
    ];
    for (bytes, rule) in rules {
        assert_eq!(message(&with_checksum(bytes)), format!("the segment is damaged: {rule}"));
    }
}

#[test]
fn a_later_version_is_told() {
    let mut bytes = pack(&sales(3));
    bytes[0] = 2;
    assert_eq!(message(&bytes), "the segment is of version 2; this program knows version 1");
    assert_eq!(message(&[7]), "the segment is of version 7; this program knows version 1");
}

#[test]
fn a_small_frame_does_not_inflate_without_bound() {
    let inflated = |size: usize| {
        let frame = zstd::bulk::compress(&vec![0; size], 19).expect("a frame");
        let mut bytes = vec![1, 1];
        bytes.extend(postcard::to_allocvec(&frame.len()).expect("a number"));
        bytes.extend(frame);
        message(&with_checksum(&bytes))
    };
    let limit = SEGMENT_UNPACKED_BYTES_MAX;
    let damaged = "the segment is damaged: ";
    assert_eq!(inflated(limit), format!("{damaged}it has no event"));
    let more = limit + 1;
    let refused = format!("{damaged}it inflates to {more} bytes; at most {limit} are allowed");
    assert_eq!(inflated(more), refused);
}

#[test]
fn the_version_byte_is_part_of_the_digest() {
    let segment = &cut(&sales(3))[0];
    let mut later = segment.bytes.clone();
    later[0] += 1;
    assert_ne!(Version::of(&later), segment.key.digest);
}

#[test]
fn a_sort_key_is_read_again_and_sorts_by_arrival() {
    let key = &cut(&sales(3))[0].key;
    let text = key.sort_key();
    assert!(text.starts_with("2026-03-12T15:17:59.123Z#"), "{text}");
    let read = |text: &str| SegmentKey::parse(store_id(), date(), text);
    assert_eq!(read(&text).as_ref(), Ok(key));
    let digest = "0123456789abcdef0123456789abcdef";
    for wrong in [
        String::new(),
        format!("2026-03-12T15:17:59.123Z{digest}"),
        format!("2026-03-12T15:17:59Z#{digest}"),
        format!("2026-03-12T16:17:59.123+01:00#{digest}"),
        format!("2026-03-12T15:17:59.123Z#{}", digest.to_uppercase()),
        format!("2026-03-12T15:17:59.123Z#{}", &digest[1..]),
        format!("{text}#"),
    ] {
        let told = read(&wrong).unwrap_err().to_string();
        assert!(told.ends_with(&format!("like 2026-03-12T15:17:59.123Z#{}", "0".repeat(32))));
    }
    let exact = at("2026-03-12T15:17:59.123999Z");
    let cut = Segment::cut(&store_id(), date(), exact, sales(3).iter().collect());
    assert_eq!(&cut[0].key, key, "a key has whole milliseconds");
}

/// Returns a few events that together have every column.
fn of_every_column() -> Vec<Event> {
    let ids = ["8e8c2a43-6c1e-4f0a-9a53-0b6a7f6d2c11", "0f0b1b0e-3f5e-4d5a-8c6b-7f1f7c7c9a02"];
    let changes = [
        json!({ "event_id": ids[0], "quantity": "0.375", "unit": "KGM", "lot": "L-7",
            "sequence": { "epoch": "boot", "number": 3 }, "gtin": "4006381333931",
            "offer_id": "2026-03-12/0042/BRT-1180/2", "receipt": "981", "line": 2 }),
        json!({ "event_id": ids[1], "occurred_at": "2026-03-12T15:15:00.250Z", "kind": "return",
            "amount": "2.10", "sequence": { "epoch": "boot", "number": 5 }, "receipt": "981" }),
        json!({ "event_id": "e-3", "kind": "waste", "reason": "expired", "sku": "10045123",
            "expires_on": "2026-03-11", "occurred_at": "2026-03-12T15:16:00Z" }),
        json!({ "event_id": "e-4", "kind": "transfer_out", "transfer_id": "t-1",
            "occurred_at": "2026-03-12T15:17:00Z", "terminal_id": "back-office" }),
        json!({ "event_id": "e-5", "kind": "correction", "corrects": ids[0],
            "reason": "did_not_occur", "import_id": "i-1",
            "occurred_at": "2026-03-12T15:17:00Z", "sequence": { "epoch": "boot", "number": 6 } }),
    ];
    changes.map(|change| parse(&with(sale(), change))).to_vec()
}

/// Bytes of version 1 in tables. A change of these bytes makes stored segments unreadable.
#[test]
fn version_1_has_these_bytes() {
    let waste = &of_every_column()[2];
    #[rustfmt::skip]
    let expected: &[&[u8]] = &[
        // Version, plain, length of the columns, one event, its time in milliseconds, no gaps.
        &[1, 0, 58], &[1], &[0x80, 0xBF, 0x9A, 0x1A, 0],
        // Id: place 1, three characters, which are all that is shared.
        &[1, 1, 1, 6, 3], b"e-3",
        // Kind, terminal, and an item of eight digits.
        &[1, 3], &[1, 1, 1, 12, 6], b"till-1", &[1, 1, 1, 17, 4, 0x10, 0x04, 0x51, 0x23],
        // Scale, quantity and unit; no price, amount or currency; the second reason.
        &[0, 1, 1, 0], &[0, 0, 0], &[1, 2],
        // No corrected event, GTIN or lot; the day before; nothing else.
        &[0, 0, 0], &[1, 2], &[0, 0, 0, 0, 0, 0, 0, 0],
        // CRC-32.
        &[0x0C, 0x4F, 0x0E, 0xB7],
    ];
    assert_eq!(pack([waste]), expected.concat());
}

/// Another version of zstd may compress to other bytes, so these are only read.
#[test]
fn a_segment_with_every_column_stays_readable() {
    let digits = EVERY_COLUMN.replace(' ', "");
    let byte = |pair: &[u8]| {
        let pair = str::from_utf8(pair).expect("digits");
        u8::from_str_radix(pair, 16).expect("hexadecimal digits")
    };
    let bytes: Vec<u8> = digits.as_bytes().chunks(2).map(byte).collect();
    assert_eq!(unpack(&bytes), Ok(of_every_column()));
}

const EVERY_COLUMN: &str = "\
    0101f40128b52ffd602100550700d24c2f32604fd201841dcf4600a482208880389d0412bc1363067593 \
    d09b1015b3ec87b0fc4108d9097e342b75e303a26bb62569a71431af3bbb313d77fe1f498bdc4992a60a \
    42698a49c17c98e084a91af4db93651b28c086c88a3f11ea20e322a2041b34787c700c60940858286013 \
    0c2021af7e415b7b8d06c59d8dd27ffc79dbfa8d589acbbf70013d9889313334127dcdb73857a7936507 \
    67631313c32e4f1108ee66fb91bb7b87b4aab4a8b4ea9c6befd6a7a8fc64c52fc78cb49800041100af28 \
    811d2099c6b10acc64487834ff1326809bae0c80f585306152f129c154ceb1d8943331b435a38e8c2a43 \
    6c1e4f0a9a530b6a7f6d2c110f0b1b0e3f5e4d5a8c6b7f1f7c7c9a0267f232bc";
