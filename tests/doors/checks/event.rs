//! The event parser.

use std::time::Duration;

use domain::limits::{
    EVENT_BYTES_MAX, ITEM_BYTES_MAX, PACKED_EVENT_BYTES_MAX, QUARANTINE_BYTES_MAX,
};
use domain::stock::{Absorbed, StockWindow, WindowKey};
use domain::{Acceptance, Event, Rejection, record};

use super::given::{now, on_one_line, reread};
use super::memory::within;

/// The faults of an event and what is known of its fields.
const BYTES_HELD: usize = 64 * 1024;
/// A quarantine row has this room for its message and its keys.
const MESSAGE_BYTES_MAX: usize = ITEM_BYTES_MAX - QUARANTINE_BYTES_MAX - 1024;

pub(super) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let acceptance = Acceptance::at(now());
    // What is refused is told with its beginnings, whatever else is sent costs nothing.
    let bytes_max = BYTES_HELD + 2 * text.len();
    match within(bytes_max, || Event::parse(text, &acceptance)) {
        Ok(event) => {
            let later = acceptance.with_grace(Duration::from_secs(3600));
            assert_eq!(Event::parse(text, &later).as_ref(), Ok(&event), "the second reader");
            stays_the_same(&event);
        }
        Err(rejection) => is_explained(&rejection),
    }
}

/// Through text, record and row an event stays what it is.
fn stays_the_same(event: &Event) {
    let canonical = event.canonical();
    assert!(canonical.len() <= EVENT_BYTES_MAX, "{} bytes: {canonical}", canonical.len());
    let again = reread(event);
    assert_eq!(&again, event);
    assert_eq!(again.canonical(), canonical);

    let record = record::pack("store", [event]);
    assert_eq!(record::open(&record.data), Ok(vec![canonical]));

    let key = WindowKey::of(event);
    let mut row = StockWindow::new(key.clone());
    assert_eq!(row.absorb(event.clone()), Absorbed::New);
    assert_eq!(row.absorb(again), Absorbed::Known);
    let packed = row.pack();
    // In front of it a version and a count.
    assert!(packed.len() - 2 <= PACKED_EVENT_BYTES_MAX, "{} bytes: {event:?}", packed.len());
    let stored = StockWindow::unpack(key, &packed).expect("what was packed");
    assert!(stored.events().eq([event]));
    assert_eq!(stored.version(), row.version());
    assert_eq!(stored.figures(), row.figures());
}

fn is_explained(rejection: &Rejection) {
    assert!(!rejection.faults.is_empty(), "refused without a reason");
    let message = rejection.to_string();
    on_one_line(&message);
    assert!(message.len() <= MESSAGE_BYTES_MAX, "{} bytes: {message}", message.len());
}
