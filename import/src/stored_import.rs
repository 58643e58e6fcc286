//! Imports as the stock windows hold them.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use domain::stock::{Figures, counting_events};
use domain::{Event, EventId, Kind, StockWindow};

/// Events that belong to one import.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StoredImport {
    /// Number of events, without corrections.
    pub events: u64,
    /// Number of these events that a correction voids.
    pub voided: u64,
    /// Number of corrections that the import brought. A correction cannot be voided.
    pub corrections: u64,
    /// Instant of the first event.
    pub first: DateTime<Utc>,
    /// Instant of the last event.
    pub last: DateTime<Utc>,
}

impl StoredImport {
    /// Adds another part of the same import.
    pub fn add(&mut self, other: &Self) {
        self.events += other.events;
        self.voided += other.voided;
        self.corrections += other.corrections;
        self.first = self.first.min(other.first);
        self.last = self.last.max(other.last);
    }
}

/// Returns the imports of the events in windows, by id. An event that several imports brought
/// belongs to the one whose id sorts first, and an event that a till sent itself to none.
pub fn stored_imports<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
) -> BTreeMap<EventId, StoredImport> {
    let mut imports: BTreeMap<EventId, StoredImport> = BTreeMap::new();
    for window in windows {
        let counting: BTreeSet<&EventId> =
            counting_events([window]).into_iter().map(Event::event_id).collect();
        for event in window.events() {
            let Some(import_id) = &event.details().import_id else { continue };
            let at = event.occurred_at();
            let is_correction = is_correction(event);
            let one = StoredImport {
                events: u64::from(!is_correction),
                voided: u64::from(!counting.contains(event.event_id())),
                corrections: u64::from(is_correction),
                first: at,
                last: at,
            };
            imports.entry(import_id.clone()).and_modify(|known| known.add(&one)).or_insert(one);
        }
    }
    imports
}

/// Events of one kind that belong to an import.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StoredKind {
    /// Number of events.
    pub events: u64,
    /// Number of these events that a correction voids.
    pub voided: u64,
    /// Figures of the events that count.
    pub figures: Figures,
}

/// Returns the events of an import in windows, by kind.
pub fn stored_kinds<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
    import_id: &EventId,
) -> BTreeMap<Kind, StoredKind> {
    let mut kinds: BTreeMap<Kind, StoredKind> = BTreeMap::new();
    let mut of_kind: BTreeMap<Kind, Vec<&Event>> = BTreeMap::new();
    let belongs = |event: &&Event| event.details().import_id.as_ref() == Some(import_id);
    for window in windows {
        for event in window.events().filter(belongs) {
            kinds.entry(event.action().kind()).or_default().events += 1;
        }
        for event in counting_events([window]).into_iter().filter(belongs) {
            of_kind.entry(event.action().kind()).or_default().push(event);
        }
    }
    for (kind, stored) in &mut kinds {
        let counting = of_kind.remove(kind).unwrap_or_default();
        if *kind != Kind::Correction {
            stored.voided = stored.events - counting.len() as u64;
        }
        stored.figures = Figures::of(counting.into_iter());
    }
    kinds
}

/// Returns the corrections that undo an import in windows: one for each of its events that counts.
pub fn undo<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
    import_id: &EventId,
) -> Vec<Event> {
    let belongs = |event: &&Event| {
        !is_correction(event) && event.details().import_id.as_ref() == Some(import_id)
    };
    let mut corrections = Vec::new();
    for window in windows {
        let counting = counting_events([window]).into_iter();
        corrections.extend(counting.filter(belongs).map(Event::undone));
    }
    corrections
}

fn is_correction(event: &Event) -> bool {
    event.action().kind() == Kind::Correction
}
