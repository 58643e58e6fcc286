//! `daymark imports undo`: voids the events of an import.

use std::collections::{BTreeMap, BTreeSet};
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
/// Maximum number of ids in a message.
const IDS_SHOWN_MAX: usize = 5;

/// Void the events of an import, so that its file can be imported again
///
/// Sends a correction for each event of the import that counts, and waits until the corrections are
/// in the tables. The id of a correction follows from that of its event: an undo may be repeated and
/// interrupted, and a second one sends nothing.
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

/// Import, and the places from which it is undone.
struct UndoRun {
    import_id: EventId,
    tables: ConnectedTables,
    api: IngestApi,
    now: DateTime<Utc>,
    found: Option<StoredImport>,
    /// Other imports of the dates.
    others: BTreeSet<EventId>,
    /// Reasons of refused corrections, with their number.
    refused: BTreeMap<String, u64>,
}

/// Date of a store with corrections on their way.
struct UndoneDate {
    store_id: StoreId,
    date: NaiveDate,
    /// Number of events of the import.
    events: u64,
    /// Number of events whose correction was refused.
    refused: usize,
}

pub(super) async fn run(args: UndoArgs) -> Result<ExitCode, CommandError> {
    if let Some(stage) = args.tables.stage().filter(|_| !args.print && !args.dry_run) {
        return Err(format!(
            "corrections for stage {stage} need a token; --print writes them, and docs/deploy.md \
             shows how to send a file of events"
        )
        .into());
    }
    let now = clock::now();
    let dates = args.dates.dates(now)?;
    let mut run = UndoRun {
        import_id: args.import_id,
        tables: args.tables.connect().await?,
        api: args.api.client()?,
        now,
        found: None,
        others: BTreeSet::new(),
        refused: BTreeMap::new(),
    };
    let stores: BTreeSet<StoreId> = args.store.into_iter().collect();
    let all = || dates.start().iter_days().take_while(|date| date <= dates.end());
    let progress = output::progress((stores.len() * all().count()) as u64, "dates");
    let mut sent = Vec::new();
    for store_id in &stores {
        for date in all() {
            let (events, corrections) = run.read(store_id, date, true).await?;
            if args.print {
                corrections.iter().for_each(|event| output::line(event.canonical()));
            } else if !args.dry_run && !corrections.is_empty() {
                let refused = run.send(&corrections).await?;
                sent.push(UndoneDate { store_id: store_id.clone(), date, events, refused });
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    let Some(found) = run.found else {
        let stores: Vec<String> = stores.iter().map(ToString::to_string).collect();
        return Err(run.unknown(&stores.join(", "), &dates_text(&dates)).into());
    };
    if args.print {
        return Ok(ExitCode::SUCCESS);
    }
    let progress = output::progress(sent.len() as u64, "dates in the tables");
    for date in sent {
        run.wait_for(date).await?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    Ok(run.report(&found, args.dry_run))
}

impl UndoRun {
    /// Reads a date of a store: the number of events of the import, and the corrections that undo
    /// those that count. Adds the events to the sum of the run on the first read.
    async fn read(
        &mut self,
        store_id: &StoreId,
        date: NaiveDate,
        is_first: bool,
    ) -> Result<(u64, Vec<Event>), CommandError> {
        let windows = self.tables.windows_on(store_id, date, self.now).await?;
        let mut imports = stored_imports(&windows);
        let part = imports.remove(&self.import_id);
        if let Some(part) = part.filter(|_| is_first) {
            self.found.get_or_insert(StoredImport { events: 0, voided: 0, corrections: 0, ..part });
            self.found.iter_mut().for_each(|found| found.add(&part));
        }
        self.others.extend(imports.into_keys());
        while self.others.len() > IDS_SHOWN_MAX {
            self.others.pop_first();
        }
        Ok((part.map_or(0, |part| part.events), undo(&windows, &self.import_id)))
    }

    /// Sends corrections, and returns the number of refused ones.
    async fn send(&mut self, corrections: &[Event]) -> Result<usize, CommandError> {
        let mut refused = 0;
        for events in corrections.chunks(EVENTS_PER_REQUEST) {
            let lines: Vec<String> = events.iter().map(Event::canonical).collect();
            for answer in self.api.send(&lines).await? {
                if matches!(answer.status, AnswerStatus::Rejected | AnswerStatus::Retry) {
                    refused += 1;
                    *self.refused.entry(answer.explanation()).or_default() += 1;
                }
            }
        }
        Ok(refused)
    }

    /// Waits until the accepted corrections of a date are in the tables. Events of the import that
    /// arrive meanwhile are voided as well.
    async fn wait_for(&mut self, mut sent: UndoneDate) -> Result<(), CommandError> {
        let (mut reads, mut counting) = (0, usize::MAX);
        loop {
            let (events, open) = self.read(&sent.store_id, sent.date, false).await?;
            if events > sent.events {
                sent.events = events;
                sent.refused = self.send(&open).await?;
            } else if open.len() <= sent.refused {
                return Ok(());
            }
            reads = if open.len() < counting { 0 } else { reads + 1 };
            counting = open.len();
            if reads == READS_MAX {
                return Err(format!(
                    "{counting} corrections of store {} on {} are accepted and not yet in the \
                     tables after a minute; do not import the file again before `daymark imports \
                     list` shows its events as voided",
                    sent.store_id, sent.date
                )
                .into());
            }
            tokio::time::sleep(READ_INTERVAL).await;
        }
    }

    /// Returns the error for an import without events.
    fn unknown(&self, stores: &str, dates: &str) -> String {
        let others: Vec<&str> = self.others.iter().map(EventId::as_str).collect();
        let others = match others.is_empty() {
            true => "there is no import; --from and --to name other dates".to_owned(),
            false => format!("the last imports there are {}", others.join(", ")),
        };
        format!(
            "no event of store {stores}, {dates}, belongs to import {}: an event belongs to the \
             import that brought it first; {others}",
            self.import_id
        )
    }

    fn report(&self, found: &StoredImport, is_dry_run: bool) -> ExitCode {
        let StoredImport { events, voided, corrections, first, last } = found;
        let (import_id, refused) = (&self.import_id, self.refused.values().sum::<u64>());
        for (reason, count) in &self.refused {
            output::error(format!("{count} corrections are refused: {reason}"));
        }
        if *corrections > 0 {
            output::note(format!("{corrections} corrections of the import stay in force"));
        }
        let done = events - voided - refused;
        if done > 0 && !is_dry_run && *first < self.now - CLOSED_AFTER {
            output::note(format!(
                "days older than eight days are closed again with: daymark days --store … --from {} \
                 --to {} --close",
                first.date_naive(),
                last.date_naive()
            ));
        }
        let verb = if is_dry_run { "to void" } else { "voided" };
        output::line(format!(
            "import {import_id}: {done} events {verb}, {voided} voided before, {refused} refused; \
             from {} to {}",
            instant(*first),
            instant(*last)
        ));
        if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}
