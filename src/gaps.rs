//! `daymark gaps`: what the tills counted and nobody received.

use std::process::ExitCode;

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use clap::Args;
use domain::calendar::instant;
use domain::ports::CatalogTable;
use domain::{DaySpan, StoreId, TerminalId};
use processors::gaps::{Numbers, Question, TillDay, gaps_in};

use crate::dates::{DateFlags, told};
use crate::output::{Column, Format};
use crate::{Failed, clock, connect, output};

/// Show which numbers of the tills' own count never came
///
/// A till may number its events: "sequence": {"epoch": "boot-17", "number": 4}. This tells for each
/// till, day and epoch which numbers came, which are missing in between, and which came under two
/// event ids. Numbers of different epochs are never compared.
///
/// A number is missing on the day of the next one that came. The day before the first one asked
/// for is looked back at, so that a gap over midnight is seen. What is missing at the end of an
/// epoch cannot be known. A till that was offline fills its gaps later: ask again.
///
/// Events without a number are counted in a line of their own. The day is the store's own, by its
/// entry in the catalogue, and today when none is named; a store without an entry is read in UTC.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// The store
    #[arg(long, value_name = "STORE")]
    store: StoreId,

    /// Only this till
    #[arg(long, value_name = "TERMINAL")]
    terminal: Option<TerminalId>,

    #[command(flatten)]
    dates: DateFlags,

    /// How to print
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableFlags,
}

const COLUMNS: &[Column] = &[
    Column::Text("terminal_id"),
    Column::Text("date"),
    Column::Text("epoch"),
    Column::Number("first"),
    Column::Number("last"),
    Column::Number("received"),
    Column::Number("missing"),
    Column::Text("missing_numbers"),
    Column::Text("doubled_numbers"),
    Column::Number("uncounted"),
];
/// Ranges that a cell of a table spells out; JSON and CSV have them all.
const RANGES_SHOWN_MAX: usize = 12;

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let tables = flags.tables.connect().await?;
    let now = clock::now();
    let store = tables.load_store(&flags.store).await.map_err(|error| tables.explain(error))?;
    let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
    let span = |date| store.as_ref().map_or_else(|| in_utc(date), |store| store.span(date));
    let on_the_wall = now.with_timezone(&zone).date_naive();
    // A shop that is open past midnight is still in the day before.
    let is_yesterday = now < span(on_the_wall).starts_at;
    let today = if is_yesterday { on_the_wall - Days::new(1) } else { on_the_wall };
    let dates = flags.dates.or(today..=today)?;
    let looked_back_at = *dates.start() - Days::new(1);
    let days: Vec<DaySpan> =
        looked_back_at.iter_days().take_while(|date| date <= dates.end()).map(span).collect();
    let question =
        Question { store_id: &flags.store, terminal_id: flags.terminal.as_ref(), days: &days };
    let tills = gaps_in(&*tables, &question, now).await;
    let tills = tills.map_err(|error| tables.explain(error))?;
    if let Some(note) = nothing_missing(&tills) {
        let known = if store.is_some() { "" } else { ", which is not in the catalogue" };
        output::note(format!("{note}: store {}{known}, {}", flags.store, told(&dates)));
    }
    let shown_max = if flags.format == Format::Table { RANGES_SHOWN_MAX } else { usize::MAX };
    let rows: Vec<_> = tills.iter().flat_map(|till| rows(till, shown_max)).collect();
    output::rows(flags.format, COLUMNS, &rows)?;
    Ok(ExitCode::SUCCESS)
}

/// The day of a store that is not in the catalogue.
fn in_utc(date: NaiveDate) -> DaySpan {
    let midnight = |date: NaiveDate| instant(Tz::UTC, date, NaiveTime::MIN);
    let ends_at = midnight(date + Days::new(1));
    DaySpan { date, starts_at: midnight(date), ends_at, closes_at: ends_at }
}

/// What to say when nobody misses anything.
fn nothing_missing(tills: &[TillDay]) -> Option<&'static str> {
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

fn cells(numbers: &Numbers, shown_max: usize) -> [String; 6] {
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
