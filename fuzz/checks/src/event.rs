//! Check of the event parser.

use std::time::Duration;

use domain::limits::{
    EVENT_BYTES_MAX, ITEM_BYTES_MAX, QUARANTINE_BYTES_MAX, SEGMENT_OF_ONE_BYTES_MAX,
};
use domain::stock::{Added, Segment, StoreDay, segment};
use domain::{Acceptance, Event, EventRef, Rejection, record};

use crate::assertions::{now, on_one_line, reread};
use crate::memory::within;

/// Memory for the violations of an event and its known fields.
const BYTES_MAX: usize = 64 * 1024;
/// Room for the message in a quarantine row, beside its bytes and keys.
const MESSAGE_BYTES_MAX: usize = ITEM_BYTES_MAX - QUARANTINE_BYTES_MAX - 1024;

/// Checks `Event::parse` with one text.
///
/// # Panics
/// Panics if memory is unbounded, a refusal has no reason, the reader of plain events differs from
/// the parser, or an accepted event changes on its way through text, record and segment.
pub fn check_event(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let acceptance = Acceptance::at(now());
    if let Some(plain) = EventRef::read(text, &acceptance) {
        assert_eq!(Ok(plain.to_event()), Event::parse_any(text, &acceptance), "plain and parsed");
    }
    // A violation quotes the beginning of a value. Unknown fields are not kept.
    let bytes_max = BYTES_MAX + 2 * text.len();
    match within(bytes_max, || Event::parse(text, &acceptance)) {
        Ok(event) => {
            let later = acceptance.with_grace(Duration::from_secs(3600));
            assert_eq!(Event::parse(text, &later).as_ref(), Ok(&event), "the second reader");
            survives_storage(&event);
        }
        Err(rejection) => is_explained(&rejection),
    }
}

/// Asserts that text, record and segment give back the same event.
fn survives_storage(event: &Event) {
    let canonical = event.canonical();
    assert!(canonical.len() <= EVENT_BYTES_MAX, "{} bytes: {canonical}", canonical.len());
    let again = reread(event);
    assert_eq!(&again, event);
    assert_eq!(again.canonical(), canonical);

    let record = record::pack("store", [event]);
    assert_eq!(record::open(&record.data), Ok(vec![canonical]));

    let (store_id, date) = (event.store_id(), event.occurred_at().date_naive());
    let mut day = StoreDay::new(store_id.clone(), date);
    assert_eq!(day.insert(event.clone()), Added::New);
    assert_eq!(day.insert(again.clone()), Added::Known);
    let segments = Segment::cut(store_id, date, now(), vec![event, &again]);
    let [Segment { event_count: 1, bytes, .. }] = &segments[..] else {
        panic!("one event makes one segment: {segments:?}")
    };
    assert!(bytes.len() <= SEGMENT_OF_ONE_BYTES_MAX, "{} bytes: {event:?}", bytes.len());
    assert_eq!(segment::unpack(store_id, date, bytes), Ok(vec![again]));
}

fn is_explained(rejection: &Rejection) {
    assert!(!rejection.violations.is_empty(), "refused without a reason");
    let message = rejection.to_string();
    on_one_line(&message);
    assert!(message.len() <= MESSAGE_BYTES_MAX, "{} bytes: {message}", message.len());
}
