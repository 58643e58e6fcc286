//! `daymark gaps`: missing numbers in the sequences of tills.

use std::process::ExitCode;

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use clap::Args;
use domain::calendar::instant;
use domain::ports::CatalogTable;
use domain::{DaySpan, StoreId, TerminalId};
use processors::gaps::{EpochNumbers, GapsQuery, TillDay, gaps_in};

use crate::dates::{DateArgs, dates_text};
use crate::output::{Column, Format};
use crate::{CommandError, clock, connect, output};

/// Show the gaps in the numbers that tills give their events
///
/// A till may number its events: "sequence": {"epoch": "boot-17", "number": 4}. For each till, day
/// and epoch, the command shows the received numbers, the missing numbers between them, and the
/// numbers with two event ids. Numbers of different epochs are never compared.
///
/// A missing number belongs to the day of the next received number. The command also reads the day
/// before the first date, so that it sees gaps over midnight. Missing numbers at the end of an
/// epoch cannot be seen. A till that was offline fills its gaps later; run the command again.
///
/// Events without a number are counted in a row of their own. The day is the store's own, by its
/// time zone in the catalogue [default: today]. UTC applies to a store without an entry.
#[derive(Debug, Args)]
pub(crate) struct GapsArgs {
    /// Store id
    #[arg(long, value_name = "STORE")]
    store: StoreId,

    /// Only this till, by its terminal id
    #[arg(long, value_name = "TERMINAL")]
    terminal: Option<TerminalId>,

    #[command(flatten)]
    dates: DateArgs,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const COLUMNS: &[Column] = &[
    Column::Text("terminal_id"),
    Column::Text("business_date"),
    Column::Text("epoch"),
    Column::Number("first"),
    Column::Number("last"),
    Column::Number("received"),
    Column::Number("missing"),
    Column::Text("missing_numbers"),
    Column::Text("doubled_numbers"),
    Column::Number("uncounted"),
];
/// Maximum number of ranges in a cell of a table. JSON and CSV have all ranges.
const RANGES_SHOWN_MAX: usize = 12;

pub(crate) async fn run(args: GapsArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let store = tables.load_store(&args.store).await.map_err(|error| tables.explain(error))?;
    let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
    let span = |date| store.as_ref().map_or_else(|| in_utc(date), |store| store.span(date));
    let local_date = now.with_timezone(&zone).date_naive();
    // The day of a store that is open past midnight ends after midnight.
    let is_yesterday = now < span(local_date).starts_at;
    let today = if is_yesterday { local_date - Days::new(1) } else { local_date };
    let dates = args.dates.or(today..=today)?;
    let day_before = *dates.start() - Days::new(1);
    let days: Vec<DaySpan> =
        day_before.iter_days().take_while(|date| date <= dates.end()).map(span).collect();
    let question =
        GapsQuery { store_id: &args.store, terminal_id: args.terminal.as_ref(), days: &days };
    let tills = gaps_in(&*tables, &question).await;
    let tills = tills.map_err(|error| tables.explain(error))?;
    if let Some(note) = note_without_gaps(&tills) {
        if tills.is_empty() {
            // No error: the first events of a store may be on their way.
            tables.note_unknown(&args.store, now).await;
        }
        let known = if store.is_some() { "" } else { ", which is not in the catalogue" };
        output::note(format!("{note}: store {}{known}, {}", args.store, dates_text(&dates)));
    }
    let shown_max = if args.format == Format::Table { RANGES_SHOWN_MAX } else { usize::MAX };
    output::rows(args.format, COLUMNS, tills.iter().flat_map(|till| rows(till, shown_max)))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the day of a store that is not in the catalogue.
/// Returns the day of a store without a catalogue entry.
pub(crate) fn in_utc(date: NaiveDate) -> DaySpan {
    let midnight = |date: NaiveDate| instant(Tz::UTC, date, NaiveTime::MIN);
    let ends_at = midnight(date + Days::new(1));
    DaySpan { date, starts_at: midnight(date), ends_at, closes_at: ends_at }
}

/// Returns a note if no number is missing.
fn note_without_gaps(tills: &[TillDay]) -> Option<&'static str> {
    let mut epochs = tills.iter().flat_map(|till| till.epochs.values()).peekable();
    if tills.is_empty() {
        Some("no event")
    } else if epochs.peek().is_none() {
        Some("no event has a number")
    } else if epochs.all(|numbers| numbers.missing.is_empty()) {
        Some("no number is missing")
    } else {
        None
    }
}

fn rows(till: &TillDay, shown_max: usize) -> Vec<Vec<String>> {
    let row = |epoch: String, numbers: [String; 6], uncounted: String| {
        let start = [till.terminal_id.to_string(), till.date.to_string(), epoch];
        start.into_iter().chain(numbers).chain([uncounted]).collect()
    };
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (epoch, numbers) in &till.epochs {
        rows.push(row(epoch.to_string(), cells(numbers, shown_max), String::new()));
    }
    if till.uncounted > 0 {
        rows.push(row(String::new(), Default::default(), till.uncounted.to_string()));
    }
    rows
}

fn cells(numbers: &EpochNumbers, shown_max: usize) -> [String; 6] {
    let doubled: Vec<_> = numbers.doubled.iter().map(|number| *number..=*number).collect();
    [
        numbers.first.to_string(),
        numbers.last.to_string(),
        numbers.received.to_string(),
        numbers.missing_count().to_string(),
        output::ranges(&numbers.missing, shown_max),
        output::ranges(&doubled, shown_max),
    ]
}
