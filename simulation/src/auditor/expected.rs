//! What must be in the tables, given what is in the stream.

use std::collections::{BTreeMap, BTreeSet};

use domain::Event;
use domain::quarantine::QuarantineReason;
use domain::stock::WindowKey;

use super::{Auditor, Content, Line};
use crate::stream::Stream;

/// Something in quarantine: why, under which key as far as it is known before, and its bytes.
pub(super) type Kept = (QuarantineReason, Option<String>, Vec<u8>);

/// What must be in the tables.
#[derive(Default)]
pub(super) struct Expected {
    /// By row, the events by id.
    pub(super) rows: BTreeMap<WindowKey, BTreeMap<String, Event>>,
    pub(super) quarantine: BTreeSet<Kept>,
    /// How often something stands in the stream beyond its first time.
    pub(super) repeated: usize,
}

impl Expected {
    /// Reads the whole stream.
    pub(super) fn of(stream: &Stream, auditor: &Auditor) -> Self {
        let mut expected = Self::default();
        for stored in stream.records() {
            let record = &stored.record;
            let place = format!("{}#{}", record.shard_id, record.sequence_number);
            match auditor.open(record) {
                Content::Unopenable => {
                    let kept = (QuarantineReason::Unopenable, Some(place), record.data.clone());
                    expected.quarantine.insert(kept);
                }
                Content::Lines(lines) => {
                    for (index, line) in lines.into_iter().enumerate() {
                        expected.take(line, format!("{place}#{index:04}"), auditor);
                    }
                }
            }
        }
        expected
    }

    fn take(&mut self, line: Line, place: String, auditor: &Auditor) {
        match line {
            Line::Unknown(line) => auditor.object("foreign", format!("{place}: {line}")),
            Line::Bad(line) => {
                let reason = QuarantineReason::InvalidEvent;
                self.quarantine.insert((reason, Some(place), line.into_bytes()));
            }
            Line::Event(event) => {
                let row = self.rows.entry(WindowKey::of(&event)).or_default();
                match row.remove(event.event_id().as_str()) {
                    None => {
                        row.insert(event.event_id().to_string(), *event);
                    }
                    Some(first) => {
                        self.repeated += usize::from(first == *event);
                        let (stays, goes) = if event.canonical() < first.canonical() {
                            (*event, first)
                        } else {
                            (first, *event)
                        };
                        if stays != goes {
                            let reason = QuarantineReason::ConflictingDuplicate;
                            self.quarantine.insert((reason, None, goes.canonical().into_bytes()));
                        }
                        row.insert(stays.event_id().to_string(), stays);
                    }
                }
            }
        }
    }

    /// All events that count.
    pub(super) fn events(&self) -> Vec<Event> {
        self.rows.values().flat_map(|row| row.values().cloned()).collect()
    }
}
