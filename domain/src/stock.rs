//! Stock by window. **A [`StockWindow`] is a set of events, and its figures are a function of that
//! set**: merging is set union, so any cutting, order and repetition of the same events gives the
//! same row, byte for byte.

mod figures;
mod level;
mod packed;
mod row_key;
mod shelf;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

pub use figures::{Counted, Figures};
pub(crate) use figures::{counting, movement};
pub use level::{Level, course, level_at, past_its_date};
pub use packed::Unreadable;
pub use row_key::{Part, PartError, RowKey};
pub use shelf::Shelf;

use crate::event::Event;
use crate::id::{EventId, Sku, StoreId};
use crate::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use crate::version::{Version, digest};
use crate::window::Window;

/// One item in one store in one window.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct WindowKey {
    /// The store.
    pub store_id: StoreId,
    /// The item.
    pub sku: Sku,
    /// The window.
    pub window: Window,
}

impl WindowKey {
    /// The window that `event` belongs to.
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

/// Everything known of one item in one store in one window, or the part of it that one row holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWindow {
    key: RowKey,
    content: Content,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Content {
    Events(BTreeMap<EventId, Event>),
    /// The row was full: its events are in its continuations.
    Signpost,
}

/// The events of some windows that count, in their order: all but those that a correction voids.
#[must_use]
pub fn counting_events<'a>(windows: impl IntoIterator<Item = &'a StockWindow>) -> Vec<&'a Event> {
    counting(windows.into_iter().flat_map(StockWindow::events)).0
}

/// What became of an event that a row was given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Absorbed {
    /// The row did not have it.
    New,
    /// The row had it, with the same content.
    Known,
    /// The row had its id with another content.
    Conflict(Box<Conflict>),
}

/// Two contents under one event id. The one whose canonical bytes sort first stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conflict {
    /// The content that does not count.
    pub refused: Event,
    /// Whether the row changed because the newcomer sorts first.
    pub replaced: bool,
}

impl StockWindow {
    /// A row that nothing happened in.
    #[must_use]
    pub fn new(key: impl Into<RowKey>) -> Self {
        Self { key: key.into(), content: Content::Events(BTreeMap::new()) }
    }

    /// A row whose events are in its continuations.
    #[must_use]
    pub fn signpost(key: RowKey) -> Self {
        Self { key, content: Content::Signpost }
    }

    /// Which window it is of.
    #[must_use]
    pub fn key(&self) -> &WindowKey {
        &self.key.window
    }

    /// Which row it is stored in.
    #[must_use]
    pub fn row_key(&self) -> &RowKey {
        &self.key
    }

    /// Whether its events are in its continuations. Such a row takes none and stays as it is.
    #[must_use]
    pub fn is_signpost(&self) -> bool {
        self.content == Content::Signpost
    }

    /// Its events, by id; none of a signpost.
    pub fn events(&self) -> impl Iterator<Item = &Event> + Clone {
        let events = match &self.content {
            Content::Events(events) => Some(events.values()),
            Content::Signpost => None,
        };
        events.into_iter().flatten()
    }

    /// How many events it has.
    #[must_use]
    pub fn len(&self) -> usize {
        match &self.content {
            Content::Events(events) => events.len(),
            Content::Signpost => 0,
        }
    }

    /// Whether it has no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes an event in. The event must belong to this window, and the row must not be a
    /// signpost.
    pub fn absorb(&mut self, event: Event) -> Absorbed {
        debug_assert_eq!(WindowKey::of(&event), self.key.window, "an event lands in its window");
        debug_assert!(!self.is_signpost(), "a signpost takes no events");
        let Content::Events(events) = &mut self.content else { return Absorbed::Known };
        match events.entry(event.event_id().clone()) {
            Entry::Vacant(place) => {
                place.insert(event);
                Absorbed::New
            }
            Entry::Occupied(known) if *known.get() == event => Absorbed::Known,
            Entry::Occupied(mut known) => {
                let replaced = event.canonical() < known.get().canonical();
                let refused = if replaced { known.insert(event) } else { event };
                Absorbed::Conflict(Box::new(Conflict { refused, replaced }))
            }
        }
    }

    /// What people read: a function of the events.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures::of(self.events())
    }

    /// The stored form.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        match &self.content {
            Content::Events(events) => packed::pack(self.key(), events.values()),
            Content::Signpost => packed::signpost(),
        }
    }

    /// What the row is now.
    #[must_use]
    pub fn version(&self) -> Version {
        Version::of(&self.pack())
    }

    /// A row from its stored form.
    ///
    /// # Errors
    /// [`Unreadable`] when the bytes are not of a version this program knows, or are damaged.
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

/// Rows -> windows, by key: the parts of each put together. While a row is being split, its events
/// are in it and in its continuations; here they are one.
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
    /// The refused content for the quarantine. The key is made of the content, so that the same
    /// conflict is one row, in whatever order the two arrived.
    #[must_use]
    pub fn quarantined(&self) -> Quarantined {
        let event = &self.refused;
        let (event_id, store_id) = (event.event_id(), event.store_id());
        let bytes = event.canonical().into_bytes();
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
