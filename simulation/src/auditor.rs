//! Auditor of one world. The auditor knows every event that was sent or acknowledged, and opens
//! records and computes sums with code of its own. It shares no logic with the system.

mod days;
mod expected_tables;
mod final_audit;
mod offers;
mod overlapping;
mod sums;
mod undisturbed;
mod windows;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use domain::record::Delivered;
use domain::{Event, SequenceNumber, StoreId, Window};
use in_memory::{LogKey, Tables};

pub(crate) use days::days;
pub(crate) use final_audit::audit;
pub(crate) use offers::recomputed;

use crate::context::SimContext;
use crate::stream::{SimulatedRecord, SimulatedStream};

/// Source: docs/events.md.
const AGE_MAX: TimeDelta = TimeDelta::days(7);
const AHEAD_MAX: TimeDelta = TimeDelta::minutes(5);

/// Violation of a promise of the system, found by the auditor.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditViolation {
    /// Name of the check that found the violation.
    pub check: &'static str,
    /// Values that were found and expected.
    pub detail: String,
}

/// Auditor of one world. Clones share their state.
#[derive(Clone)]
pub(crate) struct Auditor {
    sim: SimContext,
    state: Arc<Mutex<AuditState>>,
}

#[derive(Default)]
struct AuditState {
    /// Sent events by their canonical text, which is the line of a record.
    events: HashMap<String, Event>,
    bad_lines: HashSet<String>,
    bad_records: HashSet<Vec<u8>>,
    acknowledged: BTreeMap<String, Event>,
    /// Number of delivered records by partition key.
    delivered: BTreeMap<String, u64>,
    /// Segments that no program can read.
    damaged: BTreeSet<LogKey>,
    /// Number of events from which each row of some tables was made when it was last seen.
    row_counts: BTreeMap<(&'static str, StoreId, Window, usize), u64>,
    violations: Vec<AuditViolation>,
}

/// Content of a record, as the auditor reads it.
pub(crate) enum StreamedRecord {
    Unopenable,
    Lines(Vec<RecordLine>),
}

/// Line of a record.
pub(crate) enum RecordLine {
    Event(Box<Event>),
    /// Line that a producer sent as an invalid event.
    Invalid(String),
    Unknown(String),
}

impl Auditor {
    pub(crate) fn new(sim: SimContext) -> Self {
        Self { sim, state: Arc::default() }
    }

    /// Notes an event that will be sent.
    pub(crate) fn expect(&self, event: &Event) {
        self.state().events.insert(event.canonical(), event.clone());
    }

    /// Notes an invalid line that will be put into a record.
    pub(crate) fn expect_bad_line(&self, line: &str) {
        self.state().bad_lines.insert(line.to_owned());
    }

    /// Notes a record that will be put and cannot be opened.
    pub(crate) fn expect_bad_record(&self, data: &[u8]) {
        self.state().bad_records.insert(data.to_vec());
    }

    /// Notes a segment that no program can read.
    pub(crate) fn expect_damage(&self, key: LogKey) {
        self.state().damaged.insert(key);
    }

    /// Deletes the segments that no program can read.
    pub(crate) fn repair(&self, tables: &Tables) {
        self.state().damaged.iter().for_each(|key| tables.log.remove(key));
    }

    /// Checks, after each rollup, that no row was replaced by a row of fewer events.
    pub(crate) fn rolled_up(&self, which: &'static str, tables: &Tables) {
        for row in tables.windows.all() {
            let key = (which, row.store_id.clone(), row.window, row.part);
            let before = self.state().row_counts.insert(key, row.count);
            if let Some(before) = before.filter(|before| *before > row.count) {
                let (store_id, window) = (&row.store_id, row.window);
                let counts = format!("of {} events replaced one of {before}", row.count);
                self.report("window rows", format!("{store_id} {window}: a row {counts}"));
            }
        }
    }

    /// Records a violation.
    pub(crate) fn report(&self, check: &'static str, detail: String) {
        self.sim.log(|| format!("VIOLATION {check}: {detail}"));
        self.state().violations.push(AuditViolation { check, detail });
    }

    pub(crate) fn violations(&self) -> Vec<AuditViolation> {
        self.state().violations.clone()
    }

    /// Checks the acknowledgement of an event that names `place` as its shard and sequence number.
    pub(crate) fn acknowledged(
        &self,
        event: &Event,
        place: Option<(&str, &str)>,
        sent_at: DateTime<Utc>,
        stream: &SimulatedStream,
    ) {
        if !is_timely(event, sent_at) {
            let id = event.event_id();
            self.report(
                "refusal",
                format!("{id} was accepted although its time is beyond the limits"),
            );
        }
        let text = event.canonical();
        let Some((shard_id, number)) = place else {
            self.report(
                "receipt",
                format!("{text} is stored, without a shard and sequence number"),
            );
            return;
        };
        self.sim.count("receipts checked", 1);
        let record = stream.record_at(shard_id, &SequenceNumber::new(number));
        let content = record.map(|record| self.open(&record));
        let Some(StreamedRecord::Lines(lines)) = content else {
            self.report("receipt", format!("{shard_id} {number}: no such record"));
            return;
        };
        if !lines.iter().any(|line| matches!(line, RecordLine::Event(found) if **found == *event)) {
            self.report("receipt", format!("{shard_id} {number} does not hold {text}"));
        }
        self.state().acknowledged.insert(text, event.clone());
    }

    /// Checks the rejection of an event.
    pub(crate) fn rejected(&self, event: &Event, sent_at: DateTime<Utc>, reason: &str) {
        if is_timely(event, sent_at) {
            self.report("refusal", format!("{} was rejected: {reason}", event.event_id()));
        }
        self.sim.count("events rejected", 1);
    }

    /// Checks the order of a batch. The first deliveries of records of one partition key are in
    /// order, also across a split or a merge.
    pub(crate) fn delivered(&self, batch: &[Delivered], stream: &SimulatedStream) {
        for record in batch {
            let place = stream.place_of_key(record);
            let mut state = self.state();
            let last = state.delivered.entry(record.partition_key.clone()).or_default();
            if place > *last + 1 {
                let key = &record.partition_key;
                let detail = format!("record {place} of {key} came before record {}", *last + 1);
                drop(state);
                self.report("order", detail);
            } else {
                *last = place.max(*last);
            }
        }
    }

    /// Checks that records before a checkpoint are stored or quarantined.
    pub(crate) fn checkpointed(&self, records: &[SimulatedRecord], tables: &Tables) {
        let Tables { log, quarantine, .. } = tables;
        for SimulatedRecord { record, .. } in records {
            let place = format!("{}#{}", record.shard_id, record.sequence_number);
            let lines = match self.open(record) {
                StreamedRecord::Unopenable if quarantine.holds(&place) => continue,
                StreamedRecord::Unopenable => {
                    self.report(
                        "checkpoint",
                        format!("{place} is checkpointed, but not quarantined"),
                    );
                    continue;
                }
                StreamedRecord::Lines(lines) => lines,
            };
            for (index, line) in lines.into_iter().enumerate() {
                let is_stored = match &line {
                    RecordLine::Event(event) => log.holds(event),
                    RecordLine::Invalid(_) => quarantine.holds(&format!("{place}#{index:04}")),
                    RecordLine::Unknown(_) => true,
                };
                if !is_stored {
                    let detail = format!("{place}, line {index}: checkpointed, but not stored");
                    self.report("checkpoint", detail);
                }
            }
        }
    }

    /// Opens a record and looks up its lines among everything that was sent.
    pub(crate) fn open(&self, record: &Delivered) -> StreamedRecord {
        let state = self.state();
        if state.bad_records.contains(&record.data) {
            return StreamedRecord::Unopenable;
        }
        let is_zstd = record.data.starts_with(&[0x28, 0xB5, 0x2F, 0xFD]);
        let data = if is_zstd {
            zstd::decode_all(&record.data[..]).unwrap_or_default()
        } else {
            record.data.clone()
        };
        let text = String::from_utf8_lossy(&data);
        let known = |line: &str| match state.events.get(line) {
            Some(event) => RecordLine::Event(Box::new(event.clone())),
            None if state.bad_lines.contains(line) => RecordLine::Invalid(line.to_owned()),
            None => RecordLine::Unknown(line.to_owned()),
        };
        StreamedRecord::Lines(text.lines().map(known).collect())
    }

    fn state(&self) -> MutexGuard<'_, AuditState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `true` if the event's time is within the limits at its receipt.
fn is_timely(event: &Event, received_at: DateTime<Utc>) -> bool {
    let at = event.occurred_at();
    received_at - AGE_MAX <= at && at <= received_at + AHEAD_MAX
}
