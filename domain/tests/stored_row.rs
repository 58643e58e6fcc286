//! Stored form of a row: a row is read unchanged, and other bytes are an error and never a panic.

mod events;

use domain::stock::{StockWindow, Unreadable, WindowKey};
use events::{any_event, event, events_of_row, of_row, row};
use proptest::prelude::*;
use serde_json::json;

/// Reads bytes. Asserts that a row that is read is written with the same content.
fn unpack(row: &StockWindow, bytes: &[u8]) -> Result<StockWindow, Unreadable> {
    let read = StockWindow::unpack(row.key().clone(), bytes)?;
    assert_eq!(StockWindow::unpack(row.key().clone(), &read.pack()), Ok(read.clone()));
    assert_eq!(events::row(read.events()), read);
    Ok(read)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_row_is_read_unchanged(events in events_of_row()) {
        let row = row(&events);
        prop_assert_eq!(unpack(&row, &row.pack()), Ok(row));
    }

    #[test]
    fn any_event_is_read_unchanged(event in any_event()) {
        let mut row = StockWindow::new(WindowKey::of(&event));
        row.absorb(event);
        prop_assert_eq!(StockWindow::unpack(row.key().clone(), &row.pack()), Ok(row));
    }

    #[test]
    fn a_truncated_or_extended_row_is_unreadable(
        events in events_of_row(),
        cut in any::<prop::sample::Index>(),
        more in prop::collection::vec(any::<u8>(), 1..9),
    ) {
        let row = row(&events);
        let mut packed = row.pack();
        let shorter = &packed[..cut.index(packed.len())];
        prop_assert!(unpack(&row, shorter).is_err());
        packed.extend(more);
        prop_assert!(matches!(unpack(&row, &packed), Err(Unreadable::Damaged(_))));
    }

    #[test]
    fn a_damaged_row_never_panics(
        events in events_of_row(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let row = row(&events);
        let mut packed = row.pack();
        for (place, byte) in damage {
            let place = place.index(packed.len());
            packed[place] = byte;
        }
        let _ = unpack(&row, &packed);
    }

    #[test]
    fn any_bytes_never_panic(
        mut bytes in prop::collection::vec(any::<u8>(), 0..400),
        ours in any::<bool>(),
    ) {
        if let (true, Some(version)) = (ours, bytes.first_mut()) {
            *version = 1;
        }
        let _ = unpack(&row(&[]), &bytes);
    }
}

/// The stored form has the same rules as the text of a till, so that every event is valid.
#[test]
fn a_row_with_an_invalid_event_is_refused() {
    let damaged = |change: serde_json::Value, from: &[u8], to: &[u8]| {
        let row = row(&[event(&of_row(change))]);
        let mut packed = row.pack();
        let place =
            packed.windows(from.len()).position(|bytes| bytes == from).expect("it is there");
        packed[place..place + from.len()].copy_from_slice(to);
        unpack(&row, &packed).unwrap_err().to_string()
    };
    let ends = |what: &str| format!("the row's events are damaged: {what}");
    let lot = json!({ "lot": "ABC" });
    assert_eq!(damaged(lot.clone(), b"ABC", b"A\nC"), ends("a lot number"));
    // Days since year 1, in the variable length encoding of postcard.
    let expires = json!({ "expires_on": "9999-12-31" });
    let (last_day, next_day) = ([0xB6, 0xE7, 0xBD, 0x03], [0xB8, 0xE7, 0xBD, 0x03]);
    assert_eq!(damaged(expires, &last_day, &next_day), ends("an expiry date"));
    // Waste (3) with a reason of counts; a correction (7) with a quantity and a unit before it.
    let waste = json!({ "kind": "waste", "reason": "damaged" });
    assert_eq!(damaged(waste, &[3, 1, 0], &[3, 1, 11]), ends("a reason"));
    let correction = json!({ "kind": "correction", "corrects": "e-0" });
    let (nothing, something) = ([0, 0, 7, 3], [1, 0, 7, 3]);
    assert_eq!(damaged(correction, &nothing, &something), ends("a quantity"));
}

#[test]
fn the_message_names_the_damage() {
    let row = row(&[]);
    let message = |bytes: &[u8]| unpack(&row, bytes).unwrap_err().to_string();
    assert_eq!(message(&[]), "the row's events are empty");
    let later = "the row's events are of version 4; this program knows versions 1 to 3";
    assert_eq!(message(&[4, 0]), later);
    assert_eq!(message(&[1, 0, 7]), "the row's events are damaged: 1 bytes too many");
    assert_eq!(message(&[2, 7]), "the row's events are damaged: 1 bytes too many");
}

#[test]
fn unordered_or_repeated_events_are_damage() {
    let one = |id: &str| row([&event(&of_row(json!({ "event_id": id })))]).pack();
    let (a, b) = (one("a"), one("b"));
    // The version, a count of two, and the events.
    let two = |first: &[u8], second: &[u8]| [&[1, 2], &first[2..], &second[2..]].concat();
    let read = |bytes: &[u8]| unpack(&row(&[]), bytes).map(|row| row.len());
    assert_eq!(read(&two(&a, &b)), Ok(2));
    let damaged = Unreadable::Damaged("its events are not in the order of ids".to_owned());
    assert_eq!(read(&two(&b, &a)), Err(damaged.clone()));
    assert_eq!(read(&two(&a, &a)), Err(damaged));
}

/// Bytes of version 1 in tables. A change of these bytes makes stored rows unreadable.
#[test]
fn version_1_has_these_bytes() {
    let sale = event(&of_row(json!({
        "event_id": "a", "terminal_id": "t", "kind": "sale", "quantity": "0.375", "unit": "KGM",
        "unit_price": "2.40", "currency": "EUR", "occurred_at": "2026-03-12T15:15:00.300Z",
        "lot": "L", "sequence": { "epoch": "e", "number": 3 },
    })));
    let count = event(&of_row(json!({
        "event_id": "b", "terminal_id": "t", "kind": "count", "quantity": "2", "reason": "recount",
        "occurred_at": "2026-03-12T15:15:00.001Z",
    })));
    #[rustfmt::skip]
    let expected = [
        1, 2,
        1, b'a', 1, b't', 0xAC, 0x02, 0xF7, 0x02, 1, 0, 0xF0, 0x01, b'E', b'U', b'R',
        0, 1, 1, b'L', 0, 1, 1, b'e', 3, 0,
        1, b'b', 1, b't', 1, 0xD0, 0x0F, 0, 4, 1, 12,
        0, 0, 0, 0, 0,
    ];
    assert_eq!(row([&count, &sale]).pack(), expected);
}
