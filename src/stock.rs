//! `daymark stock`: stock on hand and movements of stores.

use std::process::ExitCode;

use analytics::table::{Cell, Column, ColumnType, cells, columns};
use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::{Event, Sku, StockWindow, StoreId};
use processors::stock_query::ItemStock;
use reader::stock::{FIELDS, StockQuestion};

use crate::below_zero::BelowZero;
use crate::connect::ConnectedTables;
use crate::dates::DateArgs;
use crate::output::{Format, counted};
use crate::{CommandError, clock, connect, output};

/// Show the stock on hand and the movements of stores
///
/// Stock on hand is the latest count, or what the day before left, plus the movements after it; it
/// is exact however late an event arrives. The day is the store's own, by its time zone in the
/// catalogue. UTC applies to a store without an entry. Without a date or an instant, it is the
/// stock now; with dates, that at the end of each.
#[derive(Debug, Args)]
#[command(after_help = "For example, for all stores:
  daymark stock
  daymark stock --from 2026-03-09 --to 2026-03-15 --format csv
`daymark export` writes windows as Parquet, xlsx, CSV and NDJSON.")]
pub(crate) struct StockArgs {
    /// Store id [default: every store of the catalogue]
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// Only this item
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    /// Stock at this instant, like 2026-03-12T15:15:00+01:00 [default: now]
    #[arg(
        long,
        value_name = "INSTANT",
        conflicts_with_all = ["date", "from"],
        value_parser = clock::instant
    )]
    at: Option<DateTime<Utc>>,

    #[command(flatten)]
    dates: DateArgs,

    /// Show every five-minute window instead of the sum of the day
    #[arg(long)]
    windows: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Number of columns before the item: store, date, name and category. A table for people has the
/// first two if there are several.
const LABELS: usize = 4;
/// Column of the stock on hand; with `--windows` it has the window.
const SECOND: usize = 5;
/// Number of columns about problems, at the end: those of the item, not of a window.
const PROBLEMS: usize = 3;

pub(crate) async fn run(args: StockArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let given = args.dates.given()?;
    let dates: Vec<Option<NaiveDate>> = match &given {
        Some(dates) => {
            dates.start().iter_days().take_while(|date| date <= dates.end()).map(Some).collect()
        }
        None => vec![None],
    };
    let mut rows = Vec::new();
    let mut below_zero = BelowZero::default();
    for (store_id, store) in tables.asked_stores(args.store.as_ref()).await? {
        let catalog = match store {
            Some(store) => Some(tables.catalog_of(store).await?),
            None => None,
        };
        for date in &dates {
            let question = StockQuestion {
                store_id: &store_id,
                catalog: catalog.as_ref(),
                sku: args.sku.as_ref(),
                date: *date,
                at: args.at.unwrap_or(now),
            };
            let of_store = of_store(&tables, &question, args.windows, now, &mut below_zero);
            rows.extend(of_store.await?);
        }
    }
    let mut columns = columns(FIELDS);
    if args.windows {
        columns[SECOND] =
            Column { name: "window", kind: ColumnType::Text, meaning: "Window of five minutes." };
    }
    let is_shown = |place: usize| match place {
        0 => args.store.is_none(),
        1 => dates.len() > 1,
        // Goods past their date and stock below zero are told below the table.
        _ => place >= LABELS && place <= columns.len() - PROBLEMS,
    };
    let names = columns.iter().enumerate().filter(|(place, _)| is_shown(*place));
    let in_table: Vec<&str> = names.map(|(_, column)| column.name).collect();
    output::records(args.format, &columns, &in_table, rows)?;
    below_zero.note();
    Ok(ExitCode::SUCCESS)
}

/// Returns the rows of a store, and notes on what they leave out.
async fn of_store(
    tables: &ConnectedTables,
    question: &StockQuestion<'_>,
    windows: bool,
    now: DateTime<Utc>,
    below_zero: &mut BelowZero,
) -> Result<Vec<Vec<Cell>>, CommandError> {
    let StockQuestion { store_id, catalog, .. } = question;
    let stock = question.read(&**tables).await.map_err(|error| tables.explain(error))?;
    connect::note_unreadable(&stock.unreadable);
    if stock.items.is_empty() {
        let zone = catalog.map_or(Tz::UTC, |catalog| catalog.store.zone);
        let before = stock.until.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true);
        let known = if catalog.is_some() { "" } else { ", which is not in the catalogue," };
        output::note(format!(
            "no event of store {store_id}{known} on {} before {before}",
            stock.date
        ));
        // No error: the first events of a store may be on their way.
        tables.note_unknown(store_id, now).await;
    }
    for item in &stock.items {
        note_not_counted(item);
        note_past_date(item);
        let place = format_args!("{store_id}, {}", stock.date);
        below_zero.add(place, &item.sku, item.level.on_hand);
    }
    let rows = stock.items.iter().flat_map(|item| {
        if windows {
            return window_rows(question, item, stock.date);
        }
        vec![cells(FIELDS, &question.row(item, item.figures.clone(), stock.date))]
    });
    Ok(rows.collect())
}

/// Returns the rows of an item's windows.
fn window_rows(question: &StockQuestion<'_>, item: &ItemStock, date: NaiveDate) -> Vec<Vec<Cell>> {
    let row = |window: &StockWindow| {
        let mut cells = cells(FIELDS, &question.row(item, window.figures(), date));
        cells[SECOND] = Cell::text(window.key().window.to_string());
        let problems = cells.len() - PROBLEMS;
        cells[problems..].fill(Cell::Absent);
        cells
    };
    item.windows.iter().map(row).collect()
}

/// Tells which part of the stock is not for sale, because its printed date is over.
fn note_past_date(item: &ItemStock) {
    let ItemStock { sku, level, past_date, .. } = item;
    if !past_date.is_zero() {
        output::note(format!(
            "{sku}: {past_date} of {} on hand are past the date printed on them, and not for sale; \
             send them as waste once they are discarded",
            level.on_hand
        ));
    }
}

/// Tells which events of an item do not count, and why.
fn note_not_counted(item: &ItemStock) {
    let ItemStock { sku, unit, left_out, unmet, .. } = item;
    let first = |events: &[Event]| {
        let ids: Vec<&str> = events.iter().take(3).map(|event| event.event_id().as_str()).collect();
        let more = if events.len() > ids.len() { ", ..." } else { "" };
        format!("{}{more}", ids.join(", "))
    };
    if let Some(event) = left_out.first() {
        output::note(format!(
            "{sku}: not counted, because {} does not convert to {}: {} ({}); the fields unit and \
             conversions of the catalogue say how many {} one {} is",
            event.unit().as_str(),
            unit.as_str(),
            counted(left_out.len() as u64, "event"),
            first(left_out),
            unit.as_str(),
            event.unit().as_str(),
        ));
    }
    if !unmet.is_empty() {
        output::note(format!(
            "{sku}: void nothing, because their event is missing at their instant: {} ({})",
            counted(unmet.len() as u64, "event"),
            first(unmet)
        ));
    }
}
