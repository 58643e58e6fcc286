//! Stock by window. **A store's day is a set of events, and stock is a function of that set.**
//!
//! - [`Segment`] is the stored form of a part of the set. Segments are written once and never
//!   changed. Taking the union of segments is associative, commutative and idempotent, so any
//!   batches, order and repetition of the same events give the same set.
//! - [`StoreDay`] is the set of one store and one UTC date.
//! - [`StockWindow`] is the view of the set by item and window, and [`Figures`] are its sums.

mod availability;
mod delivery;
mod figures;
mod level;
mod progress;
pub mod segment;
mod store_day;
mod units;
mod window_row;

use std::fmt;

pub use availability::Availability;
pub(crate) use delivery::kept_deliveries;
pub use delivery::{Delivery, past_its_date};
pub use figures::{Counted, Figures, unmet_corrections};
pub(crate) use figures::{counting, movement};
pub use level::{Level, course, level_at, level_over_days};
pub use progress::{CloseState, LATE_AFTER, Progress, RollupState, SETTLE, utc_dates};
pub use segment::{Segment, SegmentKey, Unreadable};
pub use store_day::{Added, SharedIds, StoreDay, quarantined_conflict};
pub use units::{ItemUnits, UniformWindows};
pub use window_row::{WindowRow, window_rows};

use crate::digest::Version;
use crate::event::Event;
use crate::identifier::{Sku, StoreId};
use crate::window::Window;

/// Key of a window of stock: an item in a store in a window.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowKey {
    /// Store.
    pub store_id: StoreId,
    /// Item.
    pub sku: Sku,
    /// Window.
    pub window: Window,
}

impl WindowKey {
    /// Returns the key of the window of `event`.
    #[must_use]
    pub fn of(event: &Event) -> Self {
        Self {
            store_id: event.store_id().clone(),
            sku: event.sku().clone(),
            window: event.window(),
        }
    }
}

impl fmt::Display for WindowKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.store_id, self.sku, self.window)
    }
}

/// Events of one item in one store in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWindow {
    key: WindowKey,
    /// Sorted by id, each id once.
    events: Vec<Event>,
}

/// Returns the events of windows that no correction voids, sorted by instant and id.
#[must_use]
pub fn counting_events<'a>(windows: impl IntoIterator<Item = &'a StockWindow>) -> Vec<&'a Event> {
    counting(windows.into_iter().flat_map(StockWindow::events)).0
}

impl StockWindow {
    /// Creates a window without events.
    #[must_use]
    pub fn new(key: WindowKey) -> Self {
        Self { key, events: Vec::new() }
    }

    /// Returns the key.
    #[must_use]
    pub fn key(&self) -> &WindowKey {
        &self.key
    }

    /// Returns the events, sorted by id.
    pub fn events(&self) -> impl Iterator<Item = &Event> + Clone {
        self.events.iter()
    }

    /// Returns the number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// `true` if the window has no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Adds an event of the window. Of two contents with one id, the one whose bytes sort first
    /// stays.
    pub fn insert(&mut self, event: Event) {
        debug_assert_eq!(WindowKey::of(&event), self.key, "the event belongs to another window");
        match self.events.binary_search_by(|known| known.event_id.cmp(&event.event_id)) {
            Err(place) => self.events.insert(place, event),
            Ok(place) if event.counts_before(&self.events[place]) => self.events[place] = event,
            Ok(_) => {}
        }
    }

    /// Returns the figures of the events.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures::of(self.events())
    }

    /// Returns the version of the contents of the events.
    #[must_use]
    pub fn version(&self) -> Version {
        let mut text = String::new();
        for event in &self.events {
            text.push_str(&event.content());
            text.push('\n');
        }
        Version::of(text.as_bytes())
    }
}
