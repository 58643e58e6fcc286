//! Expected content of the tables, computed from the records in the stream.

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;
use domain::quarantine::QuarantineReason;
use domain::stock::WindowKey;

use super::{Auditor, RecordLine, StreamedRecord};
use crate::stream::SimulatedStream;

/// Reason, sort key and bytes of a quarantined item. The sort key of a conflicting duplicate is
/// unknown.
pub(super) type ExpectedQuarantine = (QuarantineReason, Option<String>, Vec<u8>);

/// Expected content of the tables.
#[derive(Default)]
pub(super) struct ExpectedTables {
    /// Events by window and id.
    pub(super) rows: BTreeMap<WindowKey, BTreeMap<String, Event>>,
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
                let row = self.rows.entry(WindowKey::of(&event)).or_default();
                match row.remove(event.event_id().as_str()) {
                    None => {
                        row.insert(event.event_id().to_string(), *event);
                    }
                    Some(first) => {
                        let is_repeated = first.content() == event.content();
                        self.repeated += usize::from(is_repeated);
                        let rank =
                            |event: &Event| (event.content(), event.details().import_id.clone());
                        let (stays, conflicting) = if rank(&event) < rank(&first) {
                            (*event, first)
                        } else {
                            (first, *event)
                        };
                        if !is_repeated {
                            let reason = QuarantineReason::ConflictingDuplicate;
                            let bytes = conflicting.content().into_bytes();
                            self.quarantine.insert((reason, None, bytes));
                        }
                        row.insert(stays.event_id().to_string(), stays);
                    }
                }
            }
        }
    }

    /// Returns the corrections that void nothing, in windows that are not split.
    pub(super) fn unmet_corrections(&self, row_events_max: usize) -> Vec<ExpectedQuarantine> {
        let whole = self.rows.values().filter(|events| events.len() <= row_events_max);
        let unmet = whole.flat_map(|events| {
            events.values().filter(|event| {
                let target = event.action().corrects().map(|id| events.get(id.as_str()));
                target.is_some_and(|target| {
                    target.is_none_or(|target| {
                        target.action().corrects().is_some()
                            || target.occurred_at() != event.occurred_at()
                    })
                })
            })
        });
        let entry =
            |event: &Event| (QuarantineReason::UnmetCorrection, None, event.content().into_bytes());
        unmet.map(entry).collect()
    }

    /// `true` if the content is that of a correction in the stream.
    pub(super) fn is_correction(&self, content: &[u8]) -> bool {
        let kind = br#""kind":"correction""#;
        let is_refused = |(reason, _, bytes): &ExpectedQuarantine| {
            *reason == QuarantineReason::ConflictingDuplicate && bytes == content
        };
        let is_in_row = |event: &Event| event.content().as_bytes() == content;
        content.windows(kind.len()).any(|part| part == kind)
            && (self.rows.values().flat_map(BTreeMap::values).any(is_in_row)
                || self.quarantine.iter().any(is_refused))
    }

    /// Returns the events of all windows.
    pub(super) fn events(&self) -> Vec<Event> {
        self.rows.values().flat_map(|row| row.values().cloned()).collect()
    }
}
