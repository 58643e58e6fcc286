//! Events of a batch, grouped by the stock row that they belong to. So each row is loaded and saved
//! once per batch.

use std::collections::BTreeMap;

use domain::SequenceNumber;
use domain::stock::WindowKey;

use crate::opened_events::OpenedEvent;

/// Events of a batch that belong to one row.
#[derive(Debug)]
pub(crate) struct WindowChange {
    pub(crate) key: WindowKey,
    pub(crate) events: Vec<OpenedEvent>,
    /// Lowest sequence number of the events: redelivery starts there if the row is not saved.
    pub(crate) lowest: SequenceNumber,
}

/// Groups events by row, sorted by the key of the row.
pub(crate) fn window_changes(events: Vec<OpenedEvent>) -> Vec<WindowChange> {
    let mut rows: BTreeMap<WindowKey, Vec<OpenedEvent>> = BTreeMap::new();
    for opened in events {
        rows.entry(WindowKey::of(&opened.event)).or_default().push(opened);
    }
    let change = |(key, events): (WindowKey, Vec<OpenedEvent>)| {
        let lowest = events.iter().map(|opened| &opened.sequence_number).min()?.clone();
        Some(WindowChange { key, events, lowest })
    };
    rows.into_iter().filter_map(change).collect()
}
