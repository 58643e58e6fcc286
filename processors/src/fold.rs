//! Events -> one change per row, so that a row is read and saved once per batch.

use std::collections::BTreeMap;

use domain::SequenceNumber;
use domain::stock::WindowKey;

use crate::open::Opened;

/// What a batch brings for one row.
#[derive(Debug)]
pub(crate) struct Change {
    pub(crate) key: WindowKey,
    pub(crate) events: Vec<Opened>,
    /// The first record behind it: where to start again when the row cannot be saved.
    pub(crate) lowest: SequenceNumber,
}

/// Groups events by the row they belong to.
pub(crate) fn fold(events: Vec<Opened>) -> Vec<Change> {
    let mut rows: BTreeMap<WindowKey, Vec<Opened>> = BTreeMap::new();
    for opened in events {
        rows.entry(WindowKey::of(&opened.event)).or_default().push(opened);
    }
    let change = |(key, events): (WindowKey, Vec<Opened>)| {
        let lowest = events.iter().map(|opened| &opened.sequence_number).min()?.clone();
        Some(Change { key, events, lowest })
    };
    rows.into_iter().filter_map(change).collect()
}
