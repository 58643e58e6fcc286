//! `daymark quarantine`: events and records that were refused after their acknowledgement.

mod replay;
mod show;

use std::ops::RangeInclusive;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};

use crate::connect::{self, ConnectedTables};
use crate::dates::{DateArgs, dates_text};
use crate::output::{Column, Format, instant};
use crate::{CommandError, output};

/// Show, process again or drop events and records that were refused after their acknowledgement
#[derive(Debug, Args)]
pub(crate) struct QuarantineArgs {
    #[command(subcommand)]
    command: QuarantineCommand,
}

#[derive(Debug, Subcommand)]
enum QuarantineCommand {
    List(QuarantineListArgs),
    Show(show::ShowArgs),
    Replay(replay::QuarantineReplayArgs),
    Drop(DropArgs),
}

/// Show the entries in quarantine [default: all]
///
/// A record is listed on the day on which it arrived, a conflicting duplicate and a correction that
/// voids nothing on the day on which they occurred. These two are found by the next visit of the
/// store, within a quarter of an hour in its opening hours. `daymark check --store STORE --repair`
/// finds them at once.
#[derive(Debug, Args)]
struct QuarantineListArgs {
    #[command(flatten)]
    dates: DateArgs,

    /// Only entries with this reason
    #[arg(long, value_name = "REASON", value_parser = reason())]
    reason: Option<QuarantineReason>,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Remove entries permanently, and print them
#[derive(Debug, Args)]
struct DropArgs {
    #[command(flatten)]
    selection: QuarantineSelection,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Entries by id, or all entries of a day.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["ids", "date"]).required(true))]
struct QuarantineSelection {
    /// Ids of entries, as `list` prints them
    #[arg(value_name = "ID")]
    ids: Vec<QuarantineId>,

    /// All entries of this day
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Of the day, only entries with this reason
    #[arg(long, value_name = "REASON", value_parser = reason(), requires = "date")]
    reason: Option<QuarantineReason>,
}

fn reason() -> impl TypedValueParser<Value = QuarantineReason> {
    let words = QuarantineReason::ALL.iter().map(|reason| reason.as_str());
    PossibleValuesParser::new(words).try_map(|word| word.parse::<QuarantineReason>())
}

pub(crate) async fn run(args: QuarantineArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        QuarantineCommand::List(args) => list(args).await,
        QuarantineCommand::Show(args) => show::run(args).await,
        QuarantineCommand::Replay(args) => replay::run(args).await,
        QuarantineCommand::Drop(args) => drop(args).await,
    }
}

async fn list(args: QuarantineListArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let dates = args.dates.given()?;
    let mut entries = match &dates {
        None => tables.list_quarantined().await.map_err(|failure| tables.explain(failure))?,
        Some(dates) => {
            let mut entries = Vec::new();
            for date in dates.start().iter_days().take_while(|date| date <= dates.end()) {
                entries.extend(of_day(&tables, date, args.reason).await?);
            }
            entries
        }
    };
    entries.retain(|entry| args.reason.is_none_or(|reason| entry.reason == reason));
    if entries.is_empty() {
        output::note(nothing(args.reason, dates.as_ref()));
    }
    if args.format == Format::Table {
        // Ids are too long for a column, and a reader copies them.
        entries.iter().for_each(|entry| output::line(paragraph(entry)));
    } else {
        output::rows(args.format, COLUMNS, entries.iter().map(row))?;
    }
    Ok(ExitCode::SUCCESS)
}

const COLUMNS: &[Column] = &[
    Column::Text("id"),
    Column::Text("reason"),
    Column::Text("at"),
    Column::Number("bytes"),
    Column::Text("message"),
];

fn row(entry: &Quarantined) -> Vec<String> {
    let (id, reason) = (entry.id.to_string(), entry.reason.as_str().to_owned());
    let (at, bytes) = (instant(entry.at), entry.bytes.len().to_string());
    vec![id, reason, at, bytes, entry.message.clone()]
}

fn paragraph(entry: &Quarantined) -> String {
    let (reason, at, bytes) = (entry.reason.as_str(), instant(entry.at), entry.bytes.len());
    let message = output::wrapped(&format!("  {}", entry.message), 2);
    format!("{}\n  {reason}, {at}, {bytes} bytes\n{message}", entry.id)
}

async fn drop(args: DropArgs) -> Result<ExitCode, CommandError> {
    if args.selection.date.is_some() && args.selection.reason.is_none() {
        return Err("a whole day is not dropped at once; name the reason with --reason".into());
    }
    let tables = args.tables.connect().await?;
    let (entries, mut code) = args.selection.load(&tables).await?;
    for entry in entries {
        let removed = tables.remove_quarantined(&entry.id).await;
        match removed.map_err(|failure| tables.explain(failure)) {
            Ok(()) => output::line(format!("dropped {}: {}", entry.id, entry.message)),
            Err(failure) => {
                output::error(format!("{}: {failure}", entry.id));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

impl QuarantineSelection {
    /// Loads the selected entries. Prints an error for each unknown id, which makes the exit code a
    /// failure.
    async fn load(
        &self,
        tables: &ConnectedTables,
    ) -> Result<(Vec<Quarantined>, ExitCode), CommandError> {
        if let Some(date) = self.date {
            let found = of_day(tables, date, self.reason).await?;
            if found.is_empty() {
                output::note(nothing(self.reason, Some(&(date..=date))));
            }
            return Ok((found, ExitCode::SUCCESS));
        }
        let (mut found, mut code) = (Vec::new(), ExitCode::SUCCESS);
        for id in &self.ids {
            let entry = tables.load_quarantined(id).await;
            match entry.map_err(|failure| tables.explain(failure))? {
                Some(entry) => found.push(entry),
                None => {
                    output::error(not_there(id));
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok((found, code))
    }
}

fn nothing(reason: Option<QuarantineReason>, dates: Option<&RangeInclusive<NaiveDate>>) -> String {
    let reason = reason.map(|reason| format!(" as {}", reason.as_str()));
    let dates = dates.map(|dates| format!(", {}", dates_text(dates)));
    format!("nothing in quarantine{}{}", reason.unwrap_or_default(), dates.unwrap_or_default())
}

async fn of_day(
    tables: &ConnectedTables,
    date: NaiveDate,
    reason: Option<QuarantineReason>,
) -> Result<Vec<Quarantined>, CommandError> {
    let entries = tables.query_quarantined(date).await;
    let mut entries = entries.map_err(|failure| tables.explain(failure))?;
    entries.retain(|entry| reason.is_none_or(|reason| entry.reason == reason));
    Ok(entries)
}

fn not_there(id: &QuarantineId) -> String {
    format!("{id} is not in quarantine (any more)")
}
