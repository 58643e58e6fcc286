//! The auditor: knows every event that anybody sent, what was acknowledged, and nothing of how the
//! system works. It opens records, adds up and compares by itself, in the plainest way there is.

mod days;
mod expected;
mod final_audit;
mod offers;
mod sums;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use domain::record::Delivered;
use domain::{Event, SequenceNumber};
use in_memory::Tables;

pub(crate) use days::days;
pub(crate) use final_audit::audit;
pub(crate) use offers::recomputed;

use crate::stream::{Stored, Stream};
use crate::weather::Weather;

/// Source: the event table in ARCHITECTURE.md.
const AGE_MAX: TimeDelta = TimeDelta::days(7);
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(5);

/// Something that must not be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Objection {
    /// The check that found it.
    pub check: &'static str,
    /// What it found.
    pub what: String,
}

/// Watches one world. Clones are the same auditor.
#[derive(Clone)]
pub(crate) struct Auditor {
    weather: Weather,
    notes: Arc<Mutex<Notes>>,
}

#[derive(Default)]
struct Notes {
    /// By their canonical text, which is how they stand in a record.
    events: HashMap<String, Event>,
    bad_lines: HashSet<String>,
    bad_records: HashSet<Vec<u8>>,
    acknowledged: BTreeMap<String, Event>,
    /// By partition key: how many of its records were handed over.
    handed_over: BTreeMap<String, u64>,
    objections: Vec<Objection>,
}

/// What a record holds.
pub(crate) enum Content {
    /// It cannot be opened.
    Unopenable,
    /// Its lines.
    Lines(Vec<Line>),
}

pub(crate) enum Line {
    Event(Box<Event>),
    Bad(String),
    Unknown(String),
}

impl Auditor {
    pub(crate) fn new(weather: Weather) -> Self {
        Self { weather, notes: Arc::default() }
    }

    /// Somebody is going to send this event.
    pub(crate) fn expect(&self, event: &Event) {
        self.notes().events.insert(event.canonical(), event.clone());
    }

    /// Somebody is going to put this line into a record; it is no event.
    pub(crate) fn expect_bad_line(&self, line: &str) {
        self.notes().bad_lines.insert(line.to_owned());
    }

    /// Somebody is going to put this record, which cannot be opened.
    pub(crate) fn expect_bad_record(&self, data: &[u8]) {
        self.notes().bad_records.insert(data.to_vec());
    }

    /// What must not be.
    pub(crate) fn object(&self, check: &'static str, what: String) {
        self.weather.tell(|| format!("OBJECTION {check}: {what}"));
        self.notes().objections.push(Objection { check, what });
    }

    pub(crate) fn objections(&self) -> Vec<Objection> {
        self.notes().objections.clone()
    }

    /// A till was told that its event is stored, there.
    pub(crate) fn acknowledged(
        &self,
        event: &Event,
        place: Option<(&str, &str)>,
        sent_at: DateTime<Utc>,
        stream: &Stream,
    ) {
        if !is_timely(event, sent_at) {
            let id = event.event_id();
            self.object("refusal", format!("{id} was taken, its clock is beyond the limits"));
        }
        let text = event.canonical();
        let Some((shard_id, number)) = place else {
            self.object("receipt", format!("{text} is stored, and nobody says where"));
            return;
        };
        self.weather.count("receipts checked", 1);
        let record = stream.record_at(shard_id, &SequenceNumber::new(number));
        let content = record.map(|record| self.open(&record));
        let Some(Content::Lines(lines)) = content else {
            self.object("receipt", format!("{shard_id} {number}: there is no such record"));
            return;
        };
        if !lines.iter().any(|line| matches!(line, Line::Event(found) if **found == *event)) {
            self.object("receipt", format!("{shard_id} {number} does not hold {text}"));
        }
        self.notes().acknowledged.insert(text, event.clone());
    }

    /// A till was told that its event will never be taken.
    pub(crate) fn refused(&self, event: &Event, sent_at: DateTime<Utc>, why: &str) {
        if is_timely(event, sent_at) {
            self.object("refusal", format!("{} was refused: {why}", event.event_id()));
        }
        self.weather.count("events refused at the door", 1);
    }

    /// A batch is handed over. Records of one partition key come first in their order, also
    /// across a split or a merge.
    pub(crate) fn handed_over(&self, batch: &[Delivered], stream: &Stream) {
        for record in batch {
            let place = stream.place_of_key(record);
            let mut notes = self.notes();
            let last = notes.handed_over.entry(record.partition_key.clone()).or_default();
            if place > *last + 1 {
                let key = &record.partition_key;
                let what = format!("record {place} of {key} came before its record {}", *last + 1);
                drop(notes);
                self.object("order", what);
            } else {
                *last = place.max(*last);
            }
        }
    }

    /// A checkpoint says that these records are done.
    pub(crate) fn checkpointed(&self, records: &[Stored], tables: &Tables) {
        let Tables { stock, quarantine, .. } = tables;
        for Stored { record, .. } in records {
            let place = format!("{}#{}", record.shard_id, record.sequence_number);
            let lines = match self.open(record) {
                Content::Unopenable if quarantine.holds(&place) => continue,
                Content::Unopenable => {
                    self.object("checkpoint", format!("{place} is not kept, and done"));
                    continue;
                }
                Content::Lines(lines) => lines,
            };
            for (index, line) in lines.into_iter().enumerate() {
                let is_kept = match &line {
                    Line::Event(event) => stock.holds(event),
                    Line::Bad(_) => quarantine.holds(&format!("{place}#{index:04}")),
                    Line::Unknown(_) => true,
                };
                if !is_kept {
                    self.object("checkpoint", format!("{place}, line {index}: not kept, and done"));
                }
            }
        }
    }

    /// What a record holds, as far as anybody sent it.
    pub(crate) fn open(&self, record: &Delivered) -> Content {
        let notes = self.notes();
        if notes.bad_records.contains(&record.data) {
            return Content::Unopenable;
        }
        let is_zstd = record.data.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
        let data = if is_zstd {
            zstd::decode_all(&record.data[..]).unwrap_or_default()
        } else {
            record.data.clone()
        };
        let text = String::from_utf8_lossy(&data);
        let known = |line: &str| match notes.events.get(line) {
            Some(event) => Line::Event(Box::new(event.clone())),
            None if notes.bad_lines.contains(line) => Line::Bad(line.to_owned()),
            None => Line::Unknown(line.to_owned()),
        };
        Content::Lines(text.lines().map(known).collect())
    }

    fn notes(&self) -> MutexGuard<'_, Notes> {
        self.notes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Whether an event is within the limits when it is received.
fn is_timely(event: &Event, received_at: DateTime<Utc>) -> bool {
    let at = event.occurred_at();
    received_at - AGE_MAX <= at && at <= received_at + AHEAD_MAX
}
