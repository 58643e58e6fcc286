//! Check of the codec of stored rows.

use domain::stock::{Absorbed, StockWindow, WindowKey};
use domain::{Event, Window};

use crate::assertions::{now, on_one_line, reread};
use crate::memory::within;

/// Memory for each byte of a row: the shortest packed event has 12 bytes and takes about 200.
const BYTES_PER_INPUT_BYTE: usize = 64;
/// Memory for a row of any length: serde reserves an announced length up to this.
const BYTES_MAX: usize = 1024 * 1024 + 64 * 1024;

/// Checks `StockWindow::unpack` with the bytes of one row.
///
/// # Panics
/// Panics if memory is unbounded, or a row that is read is written differently.
pub fn check_row(data: &[u8]) {
    let key = WindowKey {
        store_id: "0042".parse().expect("an id"),
        sku: "BRT-1180".parse().expect("an id"),
        window: Window::of(now()),
    };
    let bytes_max = BYTES_MAX + BYTES_PER_INPUT_BYTE * data.len();
    match within(bytes_max, || StockWindow::unpack(key.clone(), data)) {
        Ok(row) => is_written_again_unchanged(&row, data),
        Err(error) => on_one_line(&error.to_string()),
    }
}

fn is_written_again_unchanged(row: &StockWindow, data: &[u8]) {
    let packed = row.pack();
    assert!(packed.len() <= data.len(), "the row grew from {} to {}", data.len(), packed.len());
    let again = StockWindow::unpack(row.key().clone(), &packed).expect("a packed row");
    assert_eq!(&again, row);
    assert_eq!(again.pack(), packed);
    assert_eq!(again.figures(), row.figures());

    let events: Vec<Event> = row.events().cloned().collect();
    for event in &events {
        assert_eq!(WindowKey::of(event), *row.key(), "an event of another row");
        assert_eq!(&reread(event), event, "an event that no till could have sent");
    }
    if !row.is_signpost() {
        is_the_set_of(&events, row);
    }
}

/// Asserts that the order of its events does not change a row.
fn is_the_set_of(events: &[Event], row: &StockWindow) {
    let mut other = StockWindow::new(row.key().clone());
    for event in events.iter().rev() {
        assert_eq!(other.absorb(event.clone()), Absorbed::New);
        assert_eq!(other.absorb(event.clone()), Absorbed::Known);
    }
    assert_eq!(&other, row);
    assert_eq!(other.pack(), row.pack());
    assert_eq!(other.figures(), row.figures());
}
