//! Events of one store on one UTC date, as a set.

use std::borrow::Borrow;
use std::collections::{BTreeMap, HashSet};
use std::hash::{Hash, Hasher};

use chrono::NaiveDate;

use super::{StockWindow, WindowKey};
use crate::digest::digest;
use crate::event::{Event, TerminalSequence};
use crate::identifier::{EventId, Sku, StoreId, TerminalId};
use crate::quarantine::{QuarantineId, QuarantineReason, Quarantined};

/// Set of the events of one store that occurred on one UTC date.
///
/// An id belongs to one event of the date. If it came with several contents, also of different
/// items or windows, the content whose bytes sort first counts. The result does not depend on the
/// order in which events are added.
///
/// ```
/// use domain::stock::{Added, StoreDay};
/// use domain::{Acceptance, Event};
///
/// let acceptance = Acceptance::at("2026-03-12T09:00:00Z".parse()?);
/// let receipt = |quantity: u32| {
///     let json = format!(
///         r#"{{"event_id":"e1","kind":"receipt","store_id":"0042","terminal_id":"t1",
///             "sku":"rye","quantity":{quantity},"occurred_at":"2026-03-12T08:00:00Z"}}"#
///     );
///     Event::parse(&json, &acceptance)
/// };
/// let mut day = StoreDay::new("0042".parse()?, "2026-03-12".parse()?);
/// assert_eq!(day.insert(receipt(20)?), Added::New);
/// assert_eq!(day.insert(receipt(20)?), Added::Known);
/// assert_eq!(day.insert(receipt(12)?), Added::Conflict);
/// assert_eq!((day.len(), day.count()), (1, 2));
/// assert_eq!(day.into_windows()[0].figures().received, 12.into());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct StoreDay {
    store_id: StoreId,
    date: NaiveDate,
    events: HashSet<ById>,
    /// Contents that do not count, by their bytes.
    conflicting: BTreeMap<String, Event>,
    ids: SharedIds,
}

/// Result of adding an event to a [`StoreDay`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Added {
    /// The set did not hold the id.
    New,
    /// The set held the id with the same content.
    Known,
    /// The set held the id with other contents only.
    Conflict,
}

/// Event that is found by its id. It is boxed, because a hash table has up to twice as many places
/// as entries, and an event is large.
#[derive(Debug, Clone)]
struct ById(Box<Event>);

impl Borrow<EventId> for ById {
    fn borrow(&self) -> &EventId {
        &self.0.event_id
    }
}

impl Hash for ById {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.event_id.hash(state);
    }
}

impl PartialEq for ById {
    fn eq(&self, other: &Self) -> bool {
        self.0.event_id == other.0.event_id
    }
}

impl Eq for ById {}

impl StoreDay {
    /// Creates an empty set.
    #[must_use]
    pub fn new(store_id: StoreId, date: NaiveDate) -> Self {
        Self {
            store_id: store_id.clone(),
            date,
            events: HashSet::new(),
            conflicting: BTreeMap::new(),
            ids: SharedIds::new(store_id),
        }
    }

    /// Returns the store.
    #[must_use]
    pub fn store_id(&self) -> &StoreId {
        &self.store_id
    }

    /// Returns the UTC date.
    #[must_use]
    pub fn date(&self) -> NaiveDate {
        self.date
    }

    /// Adds an event of the store and date.
    pub fn insert(&mut self, event: Event) -> Added {
        debug_assert_eq!(
            (&self.store_id, self.date),
            (&event.store_id, event.occurred_at.date_naive()),
            "the event belongs to another store or date"
        );
        let Some(ById(known)) = self.events.get(&event.event_id) else {
            let event = self.ids.share(event);
            self.events.insert(ById(Box::new(event)));
            return Added::New;
        };
        if **known == event {
            return Added::Known;
        }
        let content = event.content();
        let is_known = content == known.content();
        if is_known || self.conflicting.contains_key(&content) {
            if is_known && event.counts_before(known) {
                self.events.replace(ById(Box::new(event)));
            }
            return Added::Known;
        }
        if event.counts_before(known) {
            let before = self.events.replace(ById(Box::new(event)));
            self.conflicting.extend(before.map(|ById(before)| (before.content(), *before)));
        } else {
            self.conflicting.insert(content, event);
        }
        Added::Conflict
    }

    /// Returns the number of ids.
    #[must_use]
    pub fn len(&self) -> usize {
        self.events.len()
    }

    /// `true` if there is no event.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.events.is_empty()
    }

    /// Returns the number of distinct pairs of id and content, those that do not count included. It
    /// only grows with the set.
    #[must_use]
    pub fn count(&self) -> u64 {
        (self.events.len() + self.conflicting.len()) as u64
    }

    /// Returns the events, one for each id, in any order.
    pub fn events(&self) -> impl Iterator<Item = &Event> {
        self.events.iter().map(|ById(event)| &**event)
    }

    /// Returns the contents that do not count, because another content of their id does, sorted by
    /// their bytes.
    pub fn conflicting(&self) -> impl ExactSizeIterator<Item = &Event> {
        self.conflicting.values()
    }

    /// Keeps the events for which `is_kept` returns `true`, and no conflicting contents.
    pub fn retain(&mut self, mut is_kept: impl FnMut(&Event) -> bool) {
        self.events.retain(|ById(event)| is_kept(event));
        self.conflicting.clear();
    }

    /// Returns the events by item and window, sorted by item and window.
    #[must_use]
    pub fn into_windows(self) -> Vec<StockWindow> {
        let mut events: Vec<Box<Event>> =
            self.events.into_iter().map(|ById(event)| event).collect();
        events.sort_unstable_by(|one, other| {
            let place = |event: &Event| event.window();
            (&one.sku, place(one), &one.event_id).cmp(&(&other.sku, place(other), &other.event_id))
        });
        let lengths: Vec<usize> = events
            .chunk_by(|one, other| one.sku == other.sku && one.window() == other.window())
            .map(<[_]>::len)
            .collect();
        // Each box is freed as its event moves.
        let mut events = events.into_iter().map(|event| *event);
        let window = |length| {
            let mut of_window = Vec::with_capacity(length);
            of_window.extend(events.by_ref().take(length));
            StockWindow { key: WindowKey::of(&of_window[0]), events: of_window }
        };
        lengths.into_iter().map(window).collect()
    }
}

impl Extend<Event> for StoreDay {
    fn extend<I: IntoIterator<Item = Event>>(&mut self, events: I) {
        for event in events {
            self.insert(event);
        }
    }
}

/// Identifiers that the events of a store share: each text is in memory once.
#[derive(Debug, Clone)]
pub struct SharedIds {
    store_id: StoreId,
    skus: HashSet<Sku>,
    terminal_ids: HashSet<TerminalId>,
    epochs: HashSet<EventId>,
}

impl SharedIds {
    /// Creates an empty set.
    #[must_use]
    pub fn new(store_id: StoreId) -> Self {
        let (skus, terminal_ids) = Default::default();
        Self { store_id, skus, terminal_ids, epochs: HashSet::new() }
    }

    /// Returns the event of the store with the identifiers of the events before it.
    #[must_use]
    pub fn share(&mut self, mut event: Event) -> Event {
        event.store_id = self.store_id.clone();
        event.sku = one_copy(&mut self.skus, event.sku);
        event.terminal_id = one_copy(&mut self.terminal_ids, event.terminal_id);
        if let Some(sequence) = event.details.sequence.take() {
            let epoch = one_copy(&mut self.epochs, sequence.epoch);
            event.details.sequence = Some(TerminalSequence { epoch, ..sequence });
        }
        event
    }
}

/// Returns the known copy of an identifier, or remembers this one.
fn one_copy<T: Clone + Eq + Hash>(known: &mut HashSet<T>, id: T) -> T {
    if let Some(known) = known.get(&id) {
        return known.clone();
    }
    known.insert(id.clone());
    id
}

/// Returns the quarantine entry of a content that does not count. Its key depends on the content
/// alone, so the same conflict makes one entry in any order of arrival.
#[must_use]
pub fn quarantined_conflict(event: &Event) -> Quarantined {
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
