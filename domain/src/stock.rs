//! Stock by window. **A [`StockWindow`] is a set of events, and its figures are a function of that
//! set**: merging is set union, so any cutting, order and repetition of the same events gives the
//! same row, byte for byte.

mod figures;
mod level;
mod packed;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;

use sha2::{Digest, Sha256};

pub use figures::{Counted, Figures};
pub use level::{Level, level_at};
pub use packed::Unreadable;

use crate::event::Event;
use crate::id::{EventId, Sku, StoreId};
use crate::limits::STOCK_ROW_EVENTS_BYTES_MAX;
use crate::quarantine::{QuarantineReason, Quarantined};
use crate::window::Window;

/// Which row: one item in one store in one window.
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
    /// The row that `event` belongs to.
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

/// Everything known of one item in one store in one window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StockWindow {
    key: WindowKey,
    events: BTreeMap<EventId, Event>,
    packed_bytes: usize,
}

/// Names a row's content: a digest of its packed events. A save is conditional on it, and because
/// it is a function of the content as well, rows are the same to the last byte however often they
/// were saved on the way.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(String);

impl Version {
    /// The version of a row that is packed to these bytes.
    #[must_use]
    pub fn of(packed: &[u8]) -> Self {
        Self(digest(packed, 16))
    }

    /// The version as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The first bytes of the SHA-256 of `bytes`, in hexadecimal.
fn digest(bytes: &[u8], length: usize) -> String {
    Sha256::digest(bytes).iter().take(length).map(|byte| format!("{byte:02x}")).collect()
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
    /// It does not fit into the row any more.
    Full(Box<Event>),
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
    pub fn new(key: WindowKey) -> Self {
        Self { key, events: BTreeMap::new(), packed_bytes: packed::HEADER_BYTES_MAX }
    }

    /// Which row it is.
    #[must_use]
    pub fn key(&self) -> &WindowKey {
        &self.key
    }

    /// Its events, by id.
    pub fn events(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.events.values()
    }

    /// Takes an event in. The event must belong to this row.
    pub fn absorb(&mut self, event: Event) -> Absorbed {
        debug_assert_eq!(WindowKey::of(&event), self.key, "an event lands in its own row");
        let bytes = packed::event_bytes(&event);
        match self.events.entry(event.event_id().clone()) {
            Entry::Vacant(_) if self.packed_bytes + bytes > STOCK_ROW_EVENTS_BYTES_MAX => {
                Absorbed::Full(Box::new(event))
            }
            Entry::Vacant(place) => {
                self.packed_bytes += bytes;
                place.insert(event);
                Absorbed::New
            }
            Entry::Occupied(known) if *known.get() == event => Absorbed::Known,
            Entry::Occupied(mut known) => {
                let replaced = event.canonical() < known.get().canonical();
                let kept_bytes = self.packed_bytes - packed::event_bytes(known.get());
                if replaced && kept_bytes + bytes > STOCK_ROW_EVENTS_BYTES_MAX {
                    return Absorbed::Full(Box::new(event));
                }
                let refused = if replaced { known.insert(event) } else { event };
                if replaced {
                    self.packed_bytes += bytes;
                    self.packed_bytes -= packed::event_bytes(&refused);
                }
                Absorbed::Conflict(Box::new(Conflict { refused, replaced }))
            }
        }
    }

    /// What people read: a function of the events.
    #[must_use]
    pub fn figures(&self) -> Figures {
        Figures::of(self.events.values())
    }

    /// The events in the stored form, version 1.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        packed::pack(&self.key, self.events.values())
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
    pub fn unpack(key: WindowKey, bytes: &[u8]) -> Result<Self, Unreadable> {
        let mut row = Self::new(key);
        for event in packed::unpack(&row.key, bytes)? {
            if row.events.last_key_value().is_some_and(|(last, _)| last >= event.event_id()) {
                return Err(Unreadable::Damaged(
                    "its events are not in the order of ids".to_owned(),
                ));
            }
            row.packed_bytes += packed::event_bytes(&event);
            row.events.insert(event.event_id().clone(), event);
        }
        Ok(row)
    }
}

impl Conflict {
    /// The refused content for the quarantine. The key is made of the content, so that the same
    /// conflict is one row, in whatever order the two arrived.
    #[must_use]
    pub fn quarantined(&self) -> Quarantined {
        set_aside(
            &self.refused,
            QuarantineReason::ConflictingDuplicate,
            format!(
                "event {} of store {} came with two contents; the one that sorts first counts",
                self.refused.event_id(),
                self.refused.store_id()
            ),
        )
    }
}

/// An event that its full row cannot take, for the quarantine.
#[must_use]
pub fn overflowing(event: &Event) -> Quarantined {
    let message = format!(
        "the row {} is full: {STOCK_ROW_EVENTS_BYTES_MAX} bytes of events are the most it holds",
        WindowKey::of(event)
    );
    set_aside(event, QuarantineReason::WindowFull, message)
}

fn set_aside(event: &Event, reason: QuarantineReason, message: String) -> Quarantined {
    let bytes = event.canonical().into_bytes();
    let digest = digest(&bytes, 8);
    Quarantined {
        date: event.occurred_at().date_naive(),
        key: format!("{}#{}#{digest}", event.store_id(), event.event_id()),
        reason,
        message,
        at: event.occurred_at(),
        bytes,
    }
}
