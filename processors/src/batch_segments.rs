//! Events of a batch, grouped by store and UTC date and packed into segments.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, Utc};
use domain::record::DeliveredRef;
use domain::stock::{LATE_AFTER, Segment};
use domain::{EventRef, StoreId, Window};

use crate::opened_events::OpenedEvents;

/// Events of a batch that belong to one store and UTC date.
#[derive(Debug)]
pub(crate) struct DateEvents {
    pub(crate) store_id: StoreId,
    pub(crate) segments: Vec<Segment>,
    /// Places of the records with the events, each once. If a segment is not stored, these records
    /// are delivered again.
    pub(crate) records: Vec<usize>,
    /// Instants of the events that are in the segments.
    pub(crate) occurred_at: Vec<DateTime<Utc>>,
    /// Number of events that arrived after the end of their window.
    pub(crate) late: u64,
    /// Number of events that the batch contains more than once.
    pub(crate) duplicate: u64,
}

/// Event with the place of its record.
type Placed<'e, 'a> = &'e (usize, EventRef<'a>);

/// Groups events by store and UTC date, sorted by both.
pub(crate) fn date_events(
    records: &[DeliveredRef<'_>],
    opened: &OpenedEvents<'_>,
) -> Vec<DateEvents> {
    let parsed = opened.parsed();
    let mut dates: HashMap<(&str, NaiveDate), Vec<Placed<'_, '_>>> = HashMap::new();
    for placed in opened.plain().iter().chain(&parsed) {
        let (_, event) = placed;
        dates.entry((event.store_id(), event.date())).or_default().push(placed);
    }
    let mut dates: Vec<_> = dates.into_iter().collect();
    dates.sort_unstable_by_key(|(store_and_date, _)| *store_and_date);
    dates
        .iter()
        .map(|((store_id, date), placed)| packed(records, store_id, *date, placed))
        .collect()
}

fn packed(
    records: &[DeliveredRef<'_>],
    store_id: &str,
    date: NaiveDate,
    placed: &[Placed<'_, '_>],
) -> DateEvents {
    let store_id: StoreId = store_id.parse().expect("the store of a valid event");
    let arrived_at = |(record, _): Placed<'_, '_>| records[*record].arrived_at;
    let newest = placed.iter().map(|placed| arrived_at(placed)).max().unwrap_or_default();
    let events = placed.iter().map(|(_, event)| event).collect();
    let segments = Segment::cut_refs(&store_id, date, newest, events);
    let written: usize = segments.iter().map(|segment| segment.event_count).sum();
    let occurred_at: Vec<_> = placed.iter().map(|(_, event)| event.occurred_at()).collect();
    let is_late = |(placed, at): &(&Placed<'_, '_>, &DateTime<Utc>)| {
        Window::of(**at).is_over_at(arrived_at(placed))
    };
    let mut places: Vec<usize> = placed.iter().map(|(record, _)| *record).collect();
    places.sort_unstable();
    places.dedup();
    DateEvents {
        store_id,
        late: placed.iter().zip(&occurred_at).filter(is_late).count() as u64,
        records: places,
        duplicate: (placed.len() - written) as u64,
        occurred_at,
        segments,
    }
}

impl DateEvents {
    /// `true` if a reader may have read the log before the segments were stored at `stored_at`.
    pub(crate) fn is_late_at(&self, stored_at: DateTime<Utc>) -> bool {
        self.occurred_at.iter().any(|occurred_at| *occurred_at + LATE_AFTER < stored_at)
    }
}
