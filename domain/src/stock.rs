//! Stock by window. **A [`StockWindow`] is a set of events, and its figures are a function of that
//! set.** Merging is set union, so any batches, order and repetition of the same events give the
//! same row, byte for byte.

mod availability;
mod figures;
mod level;
mod packed;
mod row_key;
pub mod segment;
mod units;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

pub use availability::Availability;
pub use figures::{Counted, Figures, unmet_corrections};
pub(crate) use figures::{counting, movement};
pub use level::{Level, course, level_at, past_its_date};
pub use packed::Unreadable;
pub use row_key::{Part, PartError, RowKey};
pub use segment::{Segment, SegmentKey};
pub use units::{ItemUnits, UniformWindows};

use crate::digest::{Version, digest};
use crate::event::Event;
use crate::identifier::{EventId, Sku, StoreId};
use crate::quarantine::{QuarantineId, QuarantineReason, Quarantined};
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

/// Events of one item in one store in one window, or the part of them in one row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWindow {
    key: RowKey,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Events(BTreeMap<EventId, Event>),
    /// The row was full; its events are in its continuation rows.
    Signpost,
}

/// Returns the events of windows that no correction voids, sorted by instant and id.
#[must_use]
pub fn counting_events<'a>(windows: impl IntoIterator<Item = &'a StockWindow>) -> Vec<&'a Event> {
    counting(windows.into_iter().flat_map(StockWindow::events)).0
}

/// Result of adding an event to a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absorbed {
    /// The row did not hold the event.
    New,
    /// The row held the event with the same content.
    Known,
    /// The row held the same content under a later import. The earlier import stays.
    KnownLater,
    /// The row held the event id with other content.
    Conflict(Box<Conflict>),
}

/// Conflict of two contents with one event id. The content whose bytes sort first stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// Content that does not count.
    pub refused: Event,
    /// `true` if the new content replaced the old one.
    pub replaced: bool,
}

impl StockWindow {
    /// Creates a row without events.
    #[must_use]
    pub fn new(key: impl Into<RowKey>) -> Self {
        Self { key: key.into(), content: Content::Events(BTreeMap::new()) }
    }

    /// Creates a row whose events are in its continuation rows.
    #[must_use]
    pub fn signpost(key: RowKey) -> Self {
        Self { key, content: Content::Signpost }
    }

    /// Returns the key of the window.
    #[must_use]
    pub fn key(&self) -> &WindowKey {
        &self.key.window
    }

    /// Returns the key of the row.
    #[must_use]
    pub fn row_key(&self) -> &RowKey {
        &self.key
    }

    /// `true` if the events are in continuation rows. Such a row accepts no events and never
    /// changes.
    #[must_use]
    pub fn is_signpost(&self) -> bool {
        self.content == Content::Signpost
    }

    /// Returns the events, sorted by id. A signpost has none.
    pub fn events(&self) -> impl Iterator<Item = &Event> + Clone {
        let events = match &self.content {
            Content::Events(events) => Some(events.values()),
            Content::Signpost => None,
        };
        events.into_iter().flatten()
    }

    /// Returns the number of events.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Events(events) => events.len(),
            Content::Signpost => 0,
        }
    }

    /// `true` if the row has no events.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Adds an event. The event must belong to this window, and the row must not be a signpost.
    pub fn absorb(&mut self, event: Event) -> Absorbed {
        debug_assert_eq!(
            WindowKey::of(&event),
            self.key.window,
            "the event belongs to another window"
        );
        debug_assert!(!self.is_signpost(), "a signpost accepts no events");
        let Content::Events(events) = &mut self.content else { return Absorbed::Known };
        match events.entry(event.event_id().clone()) {
            Entry::Vacant(place) => {
                place.insert(event);
                Absorbed::New
            }
            Entry::Occupied(known) if *known.get() == event => Absorbed::Known,
            Entry::Occupied(mut known) if event.has_content_of(known.get()) => {
                if event.details.import_id >= known.get().details.import_id {
                    return Absorbed::Known;
                }
                known.insert(event);
                Absorbed::KnownLater
            }
            Entry::Occupied(mut known) => {
                let replaced = event.content() < known.get().content();
                let refused = if replaced { known.insert(event) } else { event };
                Absorbed::Conflict(Box::new(Conflict { refused, replaced }))
            }
        }
    }

    /// Returns the figures of the events.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures::of(self.events())
    }

    /// Returns the stored form.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        match &self.content {
            Content::Events(events) => packed::pack(self.key(), events.values()),
            Content::Signpost => packed::signpost(),
        }
    }

    /// Returns the version of the content.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(&self.pack())
    }

    /// Reads a row from its stored form.
    ///
    /// # Errors
    /// Returns an error if the bytes are damaged or of an unknown version.
    pub fn unpack(key: impl Into<RowKey>, bytes: &[u8]) -> Result<Self, Unreadable> {
        let key = key.into();
        let Some(unpacked) = packed::unpack(&key.window, bytes)? else {
            return Ok(Self::signpost(key));
        };
        let mut events = BTreeMap::new();
        for event in unpacked {
            if events.last_key_value().is_some_and(|(last, _)| last >= event.event_id()) {
                return Err(Unreadable::Damaged(
                    "its events are not in the order of ids".to_owned(),
                ));
            }
            events.insert(event.event_id().clone(), event);
        }
        Ok(Self { key, content: Content::Events(events) })
    }
}

/// Merges rows into windows, sorted by key. While a row is being split, its events are in the row
/// and in its continuation rows; the result holds each event once.
#[must_use]
pub fn assemble(rows: impl IntoIterator<Item = StockWindow>) -> Vec<StockWindow> {
    let mut windows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
    for row in rows {
        match windows.entry(row.key.window.clone()) {
            Entry::Vacant(place) if row.key.part.is_first() && !row.is_signpost() => {
                place.insert(row);
            }
            place => {
                let window = place.or_insert_with(|| StockWindow::new(row.key.window.clone()));
                row.events().for_each(|event| {
                    window.absorb(event.clone());
                });
            }
        }
    }
    windows.into_values().collect()
}

impl Conflict {
    /// Returns the quarantine row of the refused content. Its key depends on the content alone, so
    /// the same conflict makes one row in any order of arrival.
    #[must_use]
    pub fn quarantined(&self) -> Quarantined {
        let event = &self.refused;
        let (event_id, store_id) = (event.event_id(), event.store_id());
        let bytes = event.content().into_bytes();
        Quarantined {
            id: QuarantineId {
                date: event.occurred_at().date_naive(),
                key: format!("{store_id}#{event_id}#{}", digest(&bytes, 8)),
            },
            reason: QuarantineReason::ConflictingDuplicate,
            message: format!(
                "event {event_id} of store {store_id} came with two contents; the one that sorts \
                 first counts"
            ),
            at: event.occurred_at(),
            bytes,
        }
    }
}
