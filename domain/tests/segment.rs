//! Segments of the stock log: events are read unchanged, and cut by bytes.

mod events;
mod segments;

use domain::limits::{SEGMENT_OF_ONE_BYTES_MAX, SEGMENT_UNPACKED_BYTES_MAX};
use domain::stock::segment::{Segment, SegmentKey};
use domain::{Event, Version, sha256};
use events::{at, of_row, sale, with};
use proptest::prelude::*;
use segments::{
    cut, date, events_of_date, in_order, largest, pack, parse, read_all, sales, store_id, unpack,
};
use serde_json::json;

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
