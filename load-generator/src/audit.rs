//! Comparison of the stock log with the record of a run.
//!
//! The audit computes every request of the run again from its plan, takes the outcomes from the
//! record, and holds them against the log, one store after the other. It needs neither the process
//! that sent the run nor its memory. An event whose outcome is unknown may be stored once or not at
//! all; both are right.

mod gaps;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{Failure, QuarantineTable, StockLog};
use domain::quarantine::QuarantineReason;
use domain::stock::{SharedIds, StockWindow, level_at};
use domain::{Acceptance, Event, EventId, StoreId};
use stock_log::read_date;

use crate::ledger::Ledger;
use crate::outcomes::EventOutcome;
use crate::plan::{FileError, Plan, PlannedRequest};
use crate::run_record::RunRecord;
use gaps::SequenceNumbers;

/// Differences that are kept in words.
pub const NAMED_MAX: usize = 20;

/// Dates of a run that are read besides those of its events: the longest run.
const RUN_DAYS_MAX: usize = 8;

/// Result of an audit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Audit {
    /// Distinct events that must be stored.
    pub expected: u64,
    /// Distinct events of unknown outcome that are stored.
    pub unknown_stored: u64,
    /// Windows compared.
    pub windows: u64,
    /// Sequence numbers of tills that are missing in the log between stored ones.
    pub missing_numbers: u64,
    /// Differences, the first [`NAMED_MAX`] in words.
    pub differences: Vec<String>,
    /// Number of all differences.
    pub count: u64,
}

/// Audit that cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum AuditError {
    /// The tables cannot be read.
    #[error("the tables cannot be read: {0}")]
    Tables(#[from] Failure),
    /// The plan cannot be computed again.
    #[error(transparent)]
    File(#[from] FileError),
}

/// Event of the plan with its outcome.
struct Planned {
    event: Event,
    is_stored: bool,
    /// `true` if an attempt may have stored it.
    may_be_stored: bool,
    /// `true` if the log has an event with this id.
    is_found: bool,
    request: u64,
    at_us: u64,
}

/// Compares the log with the record of a run. `progress` is called after each store, with the
/// number of stores done and of all.
///
/// # Errors
/// Returns an error if the tables or the file of a replay cannot be read.
pub async fn audit(
    record: &RunRecord,
    tables: &(impl StockLog + QuarantineTable),
    until: DateTime<Utc>,
    mut progress: impl FnMut(u32, u32),
) -> Result<Audit, AuditError> {
    let plan = Plan::new(&record.key)?;
    let mut by_store: Vec<Vec<(u64, PlannedRequest)>> = vec![Vec::new(); plan.stores() as usize];
    let mut number = 0;
    for (place, leg) in record.legs.iter().enumerate() {
        for request in plan.requests(leg, place) {
            by_store[request.store as usize].push((number, request));
            number += 1;
        }
    }
    let mut audit = Audit::default();
    let mut writer = plan.writer();
    for (store, requests) in (0..).zip(&mut by_store) {
        let has_part = |part: &u32| store % record.parts.of == part - 1;
        if !requests.is_empty() && record.parts.numbers.iter().any(has_part) {
            let mut of_store = StoreAudit::new(plan.store_id(store), record);
            for (number, request) in std::mem::take(requests) {
                let mut lines = String::new();
                writer.write(&request, &mut lines);
                for (place, line) in lines.lines().enumerate() {
                    of_store.plan(number, request.at_us, place, line);
                }
            }
            of_store.compare(tables, until, &mut audit).await?;
        }
        progress(store + 1, plan.stores());
    }
    audit.quarantined(record, tables, until).await?;
    Ok(audit)
}

/// Events of one store.
struct StoreAudit<'a> {
    record: &'a RunRecord,
    store_id: StoreId,
    planned: BTreeMap<EventId, Planned>,
    ids: SharedIds,
    /// Acknowledged lines that are no events.
    accepted_poison: Vec<String>,
    dates: BTreeSet<NaiveDate>,
}

impl<'a> StoreAudit<'a> {
    fn new(store_id: StoreId, record: &'a RunRecord) -> Self {
        let (planned, dates) = (BTreeMap::new(), BTreeSet::new());
        let ids = SharedIds::new(store_id.clone());
        Self { record, store_id, planned, ids, dates, accepted_poison: Vec::new() }
    }

    fn plan(&mut self, request: u64, at_us: u64, place: usize, line: &str) {
        let outcome = self.record.outcomes.of(request, place);
        let received_at = DateTime::<Utc>::MAX_UTC;
        let acceptance =
            Acceptance { received_at, age_max: None, ahead_max: std::time::Duration::ZERO };
        let event = match Event::parse(line, &acceptance) {
            Ok(event) => self.ids.share(event),
            Err(_) if outcome == EventOutcome::Stored => {
                self.accepted_poison.push(line.to_owned());
                return;
            }
            Err(_) => return,
        };
        let is_stored = outcome == EventOutcome::Stored;
        // An event of a file that was not sent may be there from another replay.
        let is_of_file = self.record.key.scenario.shops.file.is_some();
        let may_be_stored = match outcome {
            EventOutcome::Stored | EventOutcome::Unknown => true,
            EventOutcome::NotSent => is_of_file,
            EventOutcome::Refused => false,
        };
        self.dates.insert(event.occurred_at().date_naive());
        let id = event.event_id().clone();
        let planned = self.planned.entry(id).or_insert(Planned {
            event,
            is_stored: false,
            may_be_stored: false,
            is_found: false,
            request,
            at_us,
        });
        planned.is_stored |= is_stored;
        planned.may_be_stored |= may_be_stored;
    }

    /// `true` if an event of the store belongs to the run. Other runs and tills may write to the
    /// same store.
    fn is_of_run(&self, event: &Event) -> bool {
        if self.record.key.scenario.shops.file.is_some() {
            return self.planned.contains_key(event.event_id());
        }
        event.terminal_id().as_str().starts_with(&till_prefix(&self.record.key.run_id))
    }

    async fn compare(
        mut self,
        log: &impl StockLog,
        until: DateTime<Utc>,
        audit: &mut Audit,
    ) -> Result<(), Failure> {
        for line in &self.accepted_poison {
            audit.differs(format!("{}: accepted, and breaks a rule: {line}", self.store_id));
        }
        let mut windows: Vec<StockWindow> = Vec::new();
        let (mut ledger, mut differs) = (Ledger::new(), Vec::new());
        let (mut stored, mut expected) = <(SequenceNumbers, SequenceNumbers)>::default();
        // A copy may be on another date than its event.
        let (first, last) = (self.record.key.starts_at.date_naive(), until.date_naive());
        let of_run = first.iter_days().take_while(|date| *date <= last).take(RUN_DAYS_MAX);
        let dates: BTreeSet<NaiveDate> = self.dates.iter().copied().chain(of_run).collect();
        for date in &dates {
            let read = read_date(log, &self.store_id, *date).await?;
            for unreadable in &read.unreadable {
                differs.push((u64::MAX, format!("{unreadable}")));
            }
            let mut day = read.day;
            for event in day.conflicting().filter(|event| self.is_of_run(event)) {
                let id = event.event_id();
                let at = self.planned.get(id).map_or(u64::MAX, |planned| planned.at_us);
                differs.push((at, format!("event {id} is in the log with two contents")));
            }
            day.retain(|event| self.is_of_run(event));
            for event in day.events() {
                stored.add(event);
                differs.extend(self.find(event));
            }
            windows.extend(day.into_windows());
        }
        for (id, planned) in self.planned {
            if planned.is_stored && !planned.is_found {
                differs.push((planned.at_us, format!(
                    "event {id} is not in the log: it was acknowledged by the answer to request {} \
                     at second {:.1}",
                    planned.request,
                    planned.at_us as f64 / 1e6
                )));
            }
            if planned.is_stored || planned.may_be_stored && planned.is_found {
                audit.expected += u64::from(planned.is_stored);
                audit.unknown_stored += u64::from(!planned.is_stored);
                ledger.acknowledge(&planned.event);
                expected.add(&planned.event);
            }
        }
        // The first difference is that of the event that was planned first.
        differs.sort();
        for (_, difference) in differs {
            audit.differs(format!("{}: {difference}", self.store_id));
        }
        audit.windows += windows.len() as u64;
        for difference in ledger.compare(&windows) {
            audit.differs(format!("{}: {difference}", self.store_id));
        }
        let (missing, differences) = stored.compare(expected);
        audit.missing_numbers += missing;
        for difference in differences {
            audit.differs(format!("{}: {difference}", self.store_id));
        }
        for (sku, expected) in ledger.levels(&self.store_id, until) {
            let of_item = windows.iter().filter(|window| window.key().sku == sku);
            let stored = level_at(of_item, until).on_hand;
            if stored != expected {
                let id = &self.store_id;
                audit.differs(format!("{id}: {sku}: on hand {stored}, not {expected}"));
            }
        }
        Ok(())
    }

    /// Marks the planned event with the id of a stored one as found. Returns the difference between
    /// the two, with the instant of the request.
    fn find(&mut self, stored: &Event) -> Option<(u64, String)> {
        let id = stored.event_id();
        let Some(planned) = self.planned.get_mut(id) else {
            return Some((u64::MAX, format!("event {id} is in the log and was never sent")));
        };
        planned.is_found = true;
        let at = planned.at_us;
        if planned.event != *stored {
            let (sent, found) = (planned.event.canonical(), stored.canonical());
            return Some((at, format!("event {id} was sent as {sent} and is stored as {found}")));
        }
        let refused = !planned.may_be_stored;
        refused.then(|| (at, format!("event {id} is in the log and was refused, or never sent")))
    }
}

/// Beginning of the ids of a run's tills.
fn till_prefix(run_id: &str) -> String {
    format!("{run_id}-till-")
}

impl Audit {
    fn differs(&mut self, difference: String) {
        self.count += 1;
        if self.differences.len() < NAMED_MAX {
            self.differences.push(difference);
        }
    }

    /// Finds records and events of the run in quarantine: the target accepted them and then could
    /// not count them.
    async fn quarantined(
        &mut self,
        record: &RunRecord,
        tables: &impl QuarantineTable,
        until: DateTime<Utc>,
    ) -> Result<(), Failure> {
        if record.key.scenario.shops.file.is_some() {
            return Ok(());
        }
        let (first, last) = (record.key.starts_at.date_naive(), until.date_naive());
        let prefix = till_prefix(&record.key.run_id).into_bytes();
        for date in first.iter_days().take_while(|date| *date <= last) {
            for quarantined in tables.query_quarantined(date).await? {
                let is_of_run =
                    quarantined.bytes.windows(prefix.len()).any(|bytes| bytes == prefix);
                // The sale of a correction may be among the events without an answer.
                let is_explained = quarantined.reason == QuarantineReason::UnmetCorrection
                    && record.totals.unknown > 0;
                if is_of_run && !is_explained {
                    let message = &quarantined.message;
                    self.differs(format!("in quarantine: {message}"));
                }
            }
        }
        Ok(())
    }
}

impl fmt::Display for Audit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { expected, windows, count, .. } = self;
        match count {
            0 => write!(f, "equal: {expected} events in {windows} windows"),
            _ => write!(f, "{count} differences in {expected} events"),
        }
    }
}
