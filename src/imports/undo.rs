//! `daymark imports undo`: voids the events of an import.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::process::ExitCode;
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use clap::Args;
use domain::{Event, EventId, StoreId};
use import::{StoredImport, stored_imports, undo};

use super::import_dates::ImportDateArgs;
use crate::connect::ConnectedTables;
use crate::dates::dates_text;
use crate::output::instant;
use crate::send::{AnswerStatus, ApiArgs, EVENTS_PER_REQUEST, IngestApi};
use crate::{CommandError, clock, connect, output};

/// Interval between two reads of a date whose corrections are on their way.
const READ_INTERVAL: Duration = Duration::from_millis(250);
/// Maximum number of reads of a date without a change: a minute.
const READS_MAX: u32 = 240;
/// Age from which the close of day no longer runs by itself.
const CLOSED_AFTER: TimeDelta = TimeDelta::days(8);
/// Largest offset of a time zone from UTC.
const ZONE_MAX: TimeDelta = TimeDelta::hours(14);
/// Maximum number of ids in a message.
const IDS_SHOWN_MAX: usize = 5;

/// Void the events of an import, so that its file can be imported again
///
/// Sends a correction for each event of the import that counts, and waits until the corrections are
/// in the tables. The id of a correction follows from that of its event: an undo may be repeated
/// and interrupted, and a second one sends nothing.
///
/// Events that an earlier import had brought stay. Events that a later import brought as well are
/// voided; import that file again, and they count again.
///
/// Events more than 7 days old need a receiver without an age limit: daymark up --any-age. For
/// events of a deployed stage, --print writes the corrections for curl.
///
/// Fails if no event belongs to the import, or a correction was refused or is not in the tables
/// after a minute.
#[derive(Debug, Args)]
pub(super) struct UndoArgs {
    /// Id of the import, as `daymark send` and `list` print it
    #[arg(value_name = "IMPORT_ID")]
    import_id: EventId,

    /// Store of the events; may be given several times
    #[arg(long, value_name = "STORE", required = true)]
    store: Vec<StoreId>,

    #[command(flatten)]
    dates: ImportDateArgs,

    /// Only show the number of events
    #[arg(long)]
    dry_run: bool,

    /// Only print the corrections, one JSON event on each line
    #[arg(long, conflicts_with = "dry_run")]
    print: bool,

    #[command(flatten)]
    api: ApiArgs,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Import, and the places at which it is undone.
struct UndoRun {
    import_id: EventId,
    stores: BTreeSet<StoreId>,
    dates: RangeInclusive<NaiveDate>,
    tables: ConnectedTables,
    api: IngestApi,
    now: DateTime<Utc>,
    /// Other imports of the dates.
    others: BTreeSet<EventId>,
    /// Number of accepted corrections.
    voided: u64,
    /// Reasons of refused corrections, with their number.
    refused: BTreeMap<String, u64>,
}

/// Action on the corrections of a date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UndoAction {
    Count,
    Print,
    Send,
}

/// Date of a store with corrections on their way.
struct UndoneDate {
    store_id: StoreId,
    date: NaiveDate,
    /// Number of voided events of the import when the corrections are in the tables.
    voided: u64,
}

pub(super) async fn run(args: UndoArgs) -> Result<ExitCode, CommandError> {
    let action = match (args.print, args.dry_run) {
        (true, _) => UndoAction::Print,
        (_, true) => UndoAction::Count,
        _ => UndoAction::Send,
    };
    if let Some(stage) = args.tables.stage().filter(|_| action == UndoAction::Send) {
        return Err(format!(
            "corrections for stage {stage} need a token; --print writes them, and docs/deploy.md \
             shows how to send a file of events"
        )
        .into());
    }
    let now = clock::now();
    let mut run = UndoRun {
        import_id: args.import_id,
        stores: args.store.into_iter().collect(),
        dates: args.dates.dates(now)?,
        tables: args.tables.connect().await?,
        api: args.api.client()?,
        now,
        others: BTreeSet::new(),
        voided: 0,
        refused: BTreeMap::new(),
    };
    let (found, mut sent) = run.pass(action).await?;
    let Some(found) = found else { return Err(run.unknown().into()) };
    // Records of a store are processed in order. So once these corrections are in the tables, all
    // earlier events of the import are there too, and another pass finds the late ones.
    while !sent.is_empty() {
        let progress = output::progress("dates in the tables", sent.len());
        for date in &sent {
            run.wait_for(date).await?;
            progress.inc(1);
        }
        progress.finish_and_clear();
        sent = if run.refused.is_empty() { run.pass(action).await?.1 } else { Vec::new() };
    }
    if action != UndoAction::Print {
        run.report(&found, action);
    }
    Ok(if run.refused.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

impl UndoRun {
    /// Reads every date of every store, and sends or prints the corrections. Returns the import as
    /// it was read, and the dates with corrections on their way.
    async fn pass(
        &mut self,
        action: UndoAction,
    ) -> Result<(Option<StoredImport>, Vec<UndoneDate>), CommandError> {
        let (first, last) = self.dates.clone().into_inner();
        let dates = first.iter_days().take_while(|date| *date <= last).count();
        let progress = output::progress("dates read", self.stores.len() * dates);
        let (mut found, mut sent): (Option<StoredImport>, _) = (None, Vec::new());
        for store_id in self.stores.clone() {
            for date in first.iter_days().take_while(|date| *date <= last) {
                progress.inc(1);
                let windows = self.tables.windows_on(&store_id, date).await?;
                let mut imports = stored_imports(&windows);
                let part = imports.remove(&self.import_id);
                self.others.extend(imports.into_keys());
                while self.others.len() > IDS_SHOWN_MAX {
                    self.others.pop_first();
                }
                let Some(part) = part else { continue };
                match &mut found {
                    Some(found) => found.add(&part),
                    None => found = Some(part),
                }
                let corrections = undo(&windows, &self.import_id);
                match action {
                    UndoAction::Count => {}
                    UndoAction::Print => {
                        corrections.iter().for_each(|event| output::line(event.canonical()));
                    }
                    UndoAction::Send => {
                        let accepted = self.send(&corrections).await?;
                        let voided = part.voided + accepted;
                        if accepted > 0 {
                            sent.push(UndoneDate { store_id: store_id.clone(), date, voided });
                        }
                    }
                }
            }
        }
        progress.finish_and_clear();
        Ok((found, sent))
    }

    /// Sends corrections, and returns the number of accepted ones.
    async fn send(&mut self, corrections: &[Event]) -> Result<u64, CommandError> {
        let mut accepted = 0;
        for events in corrections.chunks(EVENTS_PER_REQUEST) {
            let lines: Vec<String> = events.iter().map(Event::canonical).collect();
            for answer in self.api.send(&lines).await? {
                match answer.status {
                    AnswerStatus::Stored | AnswerStatus::Duplicate => accepted += 1,
                    AnswerStatus::Rejected | AnswerStatus::Retry => {
                        *self.refused.entry(answer.explanation()).or_default() += 1;
                    }
                }
            }
        }
        self.voided += accepted;
        Ok(accepted)
    }

    /// Waits until the accepted corrections of a date are in the tables.
    async fn wait_for(&self, sent: &UndoneDate) -> Result<(), CommandError> {
        let (mut reads, mut seen) = (0, 0);
        loop {
            let windows = self.tables.windows_on(&sent.store_id, sent.date).await?;
            let part = stored_imports(&windows).remove(&self.import_id);
            let voided = part.map_or(0, |part| part.voided);
            if voided >= sent.voided {
                return Ok(());
            }
            reads = if voided > seen { 0 } else { reads + 1 };
            seen = voided;
            if reads == READS_MAX {
                return Err(format!(
                    "{} corrections of store {} on {} are accepted, and not in the tables after a \
                     minute; do not import the file again before `daymark imports list` shows its \
                     events as voided",
                    sent.voided - voided,
                    sent.store_id,
                    sent.date
                )
                .into());
            }
            tokio::time::sleep(READ_INTERVAL).await;
        }
    }

    /// Returns the error for an import without events.
    fn unknown(&self) -> String {
        let list = |ids: &mut dyn Iterator<Item = &str>| ids.collect::<Vec<_>>().join(", ");
        let stores = list(&mut self.stores.iter().map(StoreId::as_str));
        let others = match self.others.is_empty() {
            true => "there is no import; --from and --to name other dates".to_owned(),
            false => {
                let ids = list(&mut self.others.iter().map(EventId::as_str));
                format!("the last imports there are {ids}")
            }
        };
        format!(
            "no event of store {stores}, {}, belongs to import {}: an event belongs to the import \
             that brought it first, and is known when it has been processed; {others}",
            dates_text(&self.dates),
            self.import_id
        )
    }

    fn report(&self, found: &StoredImport, action: UndoAction) {
        let StoredImport { events, voided, corrections, first, last } = found;
        let (import_id, refused) = (&self.import_id, self.refused.values().sum::<u64>());
        for (reason, count) in &self.refused {
            output::error(format!("{count} corrections are refused: {reason}"));
        }
        if *corrections > 0 {
            output::note(format!("{corrections} corrections of the import stay in force"));
        }
        if self.voided > 0 && *first < self.now - CLOSED_AFTER {
            let dates = [*first - ZONE_MAX, *last + ZONE_MAX].map(|at| at.date_naive());
            output::note(format!(
                "closed days of more than eight days ago follow after: daymark days --store … \
                 --from {} --to {} --close",
                dates[0], dates[1]
            ));
        }
        let (done, verb) = match action {
            UndoAction::Count => (events - voided, "to void"),
            UndoAction::Print | UndoAction::Send => (self.voided, "voided"),
        };
        output::line(format!(
            "import {import_id}: {done} events {verb}, {voided} voided before, {refused} refused; \
             from {} to {}",
            instant(*first),
            instant(*last)
        ));
    }
}
