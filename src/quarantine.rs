//! `daymark quarantine`: what was refused after the acknowledgement.

mod replay;
mod show;

use std::ops::RangeInclusive;
use std::process::ExitCode;

use chrono::NaiveDate;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgGroup, Args, Subcommand};
use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};

use crate::connect::{self, Tables};
use crate::dates::{DateFlags, told};
use crate::output::{Column, Format};
use crate::{Failed, clock, output};

pub(crate) use show::instant;

/// Look at what was refused after it was acknowledged, process it again, or drop it
#[derive(Debug, Args)]
pub(crate) struct Flags {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    List(ListFlags),
    Show(show::Flags),
    Replay(replay::Flags),
    Drop(DropFlags),
}

/// Show what is in quarantine; today and the day before, in UTC, when no day is named
///
/// A record is kept under the day on which it arrived, a conflicting duplicate under the day on
/// which it happened.
#[derive(Debug, Args)]
struct ListFlags {
    #[command(flatten)]
    dates: DateFlags,

    /// Only what is there for this reason
    #[arg(long, value_name = "REASON", value_parser = reason())]
    reason: Option<QuarantineReason>,

    /// How to print
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableFlags,
}

/// Remove things for good; what is removed is printed
#[derive(Debug, Args)]
struct DropFlags {
    #[command(flatten)]
    choice: Choice,

    #[command(flatten)]
    tables: connect::TableFlags,
}

/// Things by name, or those of a day.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("which").args(["ids", "date"]).required(true))]
struct Choice {
    /// Things, as `list` prints them
    #[arg(value_name = "ID")]
    ids: Vec<QuarantineId>,

    /// All of this day
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Of this day only what is there for this reason
    #[arg(long, value_name = "REASON", value_parser = reason(), requires = "date")]
    reason: Option<QuarantineReason>,
}

fn reason() -> impl TypedValueParser<Value = QuarantineReason> {
    let words = QuarantineReason::ALL.iter().map(|reason| reason.as_str());
    PossibleValuesParser::new(words)
        .try_map(|word| QuarantineReason::from_word(&word).ok_or("no reason"))
}

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    match flags.verb {
        Verb::List(flags) => list(flags).await,
        Verb::Show(flags) => show::run(flags).await,
        Verb::Replay(flags) => replay::run(flags).await,
        Verb::Drop(flags) => drop(flags).await,
    }
}

async fn list(flags: ListFlags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let today = clock::now().date_naive();
    let dates = flags.dates.or(today.pred_opt().unwrap_or(today)..=today)?;
    let mut kept = Vec::new();
    for date in dates.start().iter_days().take_while(|date| date <= dates.end()) {
        kept.extend(of_day(&tables, date, flags.reason).await?);
    }
    if kept.is_empty() {
        output::note(nothing(flags.reason, &dates));
    }
    if flags.format == Format::Table {
        // An id is too long for a column, and is there to be copied.
        kept.iter().for_each(|kept| output::line(paragraph(kept)));
    } else {
        output::rows(flags.format, COLUMNS, &kept.iter().map(row).collect::<Vec<_>>())?;
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

fn row(kept: &Quarantined) -> Vec<String> {
    let (id, reason) = (kept.id.to_string(), kept.reason.as_str().to_owned());
    let (at, bytes) = (show::instant(kept.at), kept.bytes.len().to_string());
    vec![id, reason, at, bytes, kept.message.clone()]
}

fn paragraph(kept: &Quarantined) -> String {
    let (reason, at, bytes) = (kept.reason.as_str(), show::instant(kept.at), kept.bytes.len());
    format!("{}\n  {reason}, {at}, {bytes} bytes\n  {}", kept.id, kept.message)
}

async fn drop(flags: DropFlags) -> Result<ExitCode, Failed> {
    if flags.choice.date.is_some() && flags.choice.reason.is_none() {
        return Err("a whole day is not dropped at once; name the reason with --reason".into());
    }
    let tables = flags.tables.connect().await?;
    let (chosen, mut code) = flags.choice.find(&tables).await?;
    for kept in chosen {
        let removed = tables.remove_quarantined(&kept.id).await;
        match removed.map_err(|failure| tables.explain(failure)) {
            Ok(()) => output::line(format!("dropped {}: {}", kept.id, kept.message)),
            Err(failure) => {
                output::error(format!("{}: {failure}", kept.id));
                code = ExitCode::FAILURE;
            }
        }
    }
    Ok(code)
}

impl Choice {
    /// What is chosen; an id that leads to nothing is told, and is a failure.
    async fn find(&self, tables: &Tables) -> Result<(Vec<Quarantined>, ExitCode), Failed> {
        if let Some(date) = self.date {
            let found = of_day(tables, date, self.reason).await?;
            if found.is_empty() {
                output::note(nothing(self.reason, &(date..=date)));
            }
            return Ok((found, ExitCode::SUCCESS));
        }
        let (mut found, mut code) = (Vec::new(), ExitCode::SUCCESS);
        for id in &self.ids {
            let kept = tables.load_quarantined(id).await;
            match kept.map_err(|failure| tables.explain(failure))? {
                Some(kept) => found.push(kept),
                None => {
                    output::error(not_there(id));
                    code = ExitCode::FAILURE;
                }
            }
        }
        Ok((found, code))
    }
}

fn nothing(reason: Option<QuarantineReason>, dates: &RangeInclusive<NaiveDate>) -> String {
    let reason = reason.map(|reason| format!(" as {}", reason.as_str()));
    format!("nothing in quarantine{}, {}", reason.unwrap_or_default(), told(dates))
}

async fn of_day(
    tables: &Tables,
    date: NaiveDate,
    reason: Option<QuarantineReason>,
) -> Result<Vec<Quarantined>, Failed> {
    let kept = tables.query_quarantined(date).await;
    let mut kept = kept.map_err(|failure| tables.explain(failure))?;
    kept.retain(|kept| reason.is_none_or(|reason| kept.reason == reason));
    Ok(kept)
}

fn not_there(id: &QuarantineId) -> String {
    format!("{id} is not in quarantine (any more)")
}
