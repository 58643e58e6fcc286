//! Expected content of the tables, computed from the records in the stream.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;
use domain::quarantine::QuarantineReason;
use domain::stock::WindowKey;
use domain::{Event, StoreId};

use super::{Auditor, RecordLine, StreamedRecord};
use crate::stream::SimulatedStream;

/// Reason, sort key and bytes of a quarantined item. The sort key of a conflicting duplicate is
/// unknown.
pub(super) type ExpectedQuarantine = (QuarantineReason, Option<String>, Vec<u8>);

/// Contents of one id, by their bytes.
type Contents = BTreeMap<String, Event>;

/// Expected content of the tables.
#[derive(Default)]
pub(super) struct ExpectedTables {
    /// Contents of each id, by their bytes, by store and UTC date. The first one counts.
    dates: BTreeMap<(StoreId, NaiveDate), BTreeMap<String, Contents>>,
    pub(super) quarantine: BTreeSet<ExpectedQuarantine>,
    /// Number of identical events beyond their first occurrence in the stream.
    pub(super) repeated: usize,
}

impl ExpectedTables {
    /// Reads all records of the stream.
    pub(super) fn of(stream: &SimulatedStream, auditor: &Auditor) -> Self {
        let mut expected = Self::default();
        for stored in stream.records() {
            let record = &stored.record;
            let place = format!("{}#{}", record.shard_id, record.sequence_number);
            match auditor.open(record) {
                StreamedRecord::Unopenable => {
                    let entry = (QuarantineReason::Unopenable, Some(place), record.data.clone());
                    expected.quarantine.insert(entry);
                }
                StreamedRecord::Lines(lines) => {
                    for (index, line) in lines.into_iter().enumerate() {
                        expected.add(line, format!("{place}#{index:04}"), auditor);
                    }
                }
            }
        }
        expected
    }

    fn add(&mut self, line: RecordLine, place: String, auditor: &Auditor) {
        match line {
            RecordLine::Unknown(line) => auditor.report("foreign", format!("{place}: {line}")),
            RecordLine::Invalid(line) => {
                let reason = QuarantineReason::InvalidEvent;
                self.quarantine.insert((reason, Some(place), line.into_bytes()));
            }
            RecordLine::Event(event) => {
                let date = (event.store_id().clone(), event.occurred_at().date_naive());
                let ids = self.dates.entry(date).or_default();
                let contents = ids.entry(event.event_id().to_string()).or_default();
                let import = |event: &Event| event.details().import_id.clone();
                match contents.get_mut(&event.content()) {
                    None => drop(contents.insert(event.content(), *event)),
                    Some(known) => {
                        self.repeated += 1;
                        if import(&event) < import(known) {
                            *known = *event;
                        }
                    }
                }
            }
        }
    }

    /// Returns the entries of contents in conflict: all of an id but the first.
    pub(super) fn conflicts(&self) -> impl Iterator<Item = ExpectedQuarantine> {
        let contents = self.dates.values().flat_map(BTreeMap::values);
        let losers = contents.flat_map(|contents| contents.keys().skip(1));
        losers.map(|content| {
            (QuarantineReason::ConflictingDuplicate, None, content.clone().into_bytes())
        })
    }

    /// Returns the number of pairs of id and content by store and UTC date.
    pub(super) fn counts(&self) -> BTreeMap<(StoreId, NaiveDate), u64> {
        let count =
            |ids: &BTreeMap<String, Contents>| ids.values().map(BTreeMap::len).sum::<usize>();
        self.dates.iter().map(|(date, ids)| (date.clone(), count(ids) as u64)).collect()
    }

    /// Returns the events that count, by store and date, and id.
    fn counting(&self) -> impl Iterator<Item = BTreeMap<&str, &Event>> {
        self.dates.values().map(|ids| {
            let counts = ids.iter().flat_map(|(id, contents)| {
                contents.values().take(1).map(move |event| (id.as_str(), event))
            });
            counts.collect()
        })
    }

    /// Returns the events that count by window and id.
    pub(super) fn windows(&self) -> BTreeMap<WindowKey, BTreeMap<String, Event>> {
        let mut windows: BTreeMap<WindowKey, BTreeMap<String, Event>> = BTreeMap::new();
        for event in self.events() {
            let window = windows.entry(WindowKey::of(&event)).or_default();
            window.insert(event.event_id().to_string(), event);
        }
        windows
    }

    /// Returns the corrections that void nothing.
    pub(super) fn unmet_corrections(&self) -> Vec<ExpectedQuarantine> {
        let mut unmet = Vec::new();
        for events in self.counting() {
            for event in events.values() {
                let Some(target) = event.action().corrects() else { continue };
                let is_met = events.get(target.as_str()).is_some_and(|target| {
                    target.action().corrects().is_none()
                        && target.sku() == event.sku()
                        && target.occurred_at() == event.occurred_at()
                });
                if !is_met {
                    let bytes = event.content().into_bytes();
                    unmet.push((QuarantineReason::UnmetCorrection, None, bytes));
                }
            }
        }
        unmet
    }

    /// `true` if the content is that of a correction in the stream.
    pub(super) fn is_correction(&self, content: &[u8]) -> bool {
        let mut contents = self.dates.values().flat_map(BTreeMap::values).flat_map(BTreeMap::iter);
        contents.any(|(bytes, event)| {
            event.action().corrects().is_some() && bytes.as_bytes() == content
        })
    }

    /// Returns the events that count.
    pub(super) fn events(&self) -> Vec<Event> {
        self.counting()
            .flat_map(|events| events.into_values().cloned().collect::<Vec<_>>())
            .collect()
    }
}
