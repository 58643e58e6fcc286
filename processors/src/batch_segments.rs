//! Events of a batch, grouped by store and UTC date and packed into segments.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, Utc};
use domain::stock::{LATE_AFTER, Segment};
use domain::{Event, SequenceNumber, StoreId};

use crate::opened_events::OpenedEvent;

/// Events of a batch that belong to one store and UTC date.
#[derive(Debug)]
pub(crate) struct DateEvents {
    pub(crate) store_id: StoreId,
    pub(crate) segments: Vec<Segment>,
    /// Sequence numbers of the records with the events. If a segment is not stored, redelivery
    /// starts at the lowest one.
    pub(crate) sequence_numbers: BTreeSet<SequenceNumber>,
    /// Instants of the events that are in the segments.
    pub(crate) occurred_at: Vec<DateTime<Utc>>,
    /// Number of events that arrived after the end of their window.
    pub(crate) late: u64,
    /// Number of events that the batch contains more than once.
    pub(crate) duplicate: u64,
}

/// Groups events by store and UTC date, sorted by both.
pub(crate) fn date_events(events: Vec<OpenedEvent>) -> Vec<DateEvents> {
    let mut dates: BTreeMap<(StoreId, NaiveDate), Vec<OpenedEvent>> = BTreeMap::new();
    for opened in events {
        let date = opened.event.occurred_at().date_naive();
        dates.entry((opened.event.store_id().clone(), date)).or_default().push(opened);
    }
    dates.into_iter().map(|((store_id, date), opened)| packed(store_id, date, &opened)).collect()
}

fn packed(store_id: StoreId, date: NaiveDate, opened: &[OpenedEvent]) -> DateEvents {
    let events: Vec<&Event> = opened.iter().map(|opened| &opened.event).collect();
    let newest = opened.iter().map(|opened| opened.arrived_at).max().unwrap_or_default();
    let segments = Segment::cut(&store_id, date, newest, events);
    let written: usize = segments.iter().map(|segment| segment.event_count).sum();
    let is_late = |opened: &&OpenedEvent| opened.event.window().is_over_at(opened.arrived_at);
    DateEvents {
        store_id,
        sequence_numbers: opened.iter().map(|opened| opened.sequence_number.clone()).collect(),
        occurred_at: opened.iter().map(|opened| opened.event.occurred_at()).collect(),
        late: opened.iter().filter(is_late).count() as u64,
        duplicate: (opened.len() - written) as u64,
        segments,
    }
}

impl DateEvents {
    /// `true` if a reader may have read the log before the segments were stored at `stored_at`.
    pub(crate) fn is_late_at(&self, stored_at: DateTime<Utc>) -> bool {
        self.occurred_at.iter().any(|occurred_at| *occurred_at + LATE_AFTER < stored_at)
    }
}
