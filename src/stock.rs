//! `daymark stock`: stock on hand and movements of a store.

use std::collections::BTreeMap;
use std::process::ExitCode;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::calendar::instant;
use domain::ports::{CatalogTable, DaysTable};
use domain::stock::Figures;
use domain::{BusinessDay, ClosedDay, DayKey, Event, Item, Sku, StoreId};
use pricing::prepared_request::opening;
use processors::stock_query::{ItemStock, StockQuery, stock_at};

use crate::connect::ConnectedTables;
use crate::output::{Column, Format, counted, revenue};
use crate::{CommandError, clock, connect, output};

/// Show the stock on hand and the movements of a store
///
/// Stock on hand is the latest count, or what the day before left, plus the movements after it; it
/// is exact however late an event arrives. The day is the store's own, by its time zone in the
/// catalogue. UTC applies to a store without an entry.
#[derive(Debug, Args)]
pub(crate) struct StockArgs {
    /// Store id
    #[arg(long, value_name = "STORE")]
    store: StoreId,

    /// Only this item
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    /// Stock at this instant, like 2026-03-12T15:15:00+01:00 [default: now]
    #[arg(long, value_name = "INSTANT", conflicts_with = "date", value_parser = clock::instant)]
    at: Option<DateTime<Utc>>,

    /// Stock at the end of this day, like 2026-03-12
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Show every five-minute window instead of the sum of the day
    #[arg(long)]
    windows: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Columns of both views, after their first three.
const FIGURES: &[Column] = &[
    Column::Number("received"),
    Column::Number("sold"),
    Column::Number("returned"),
    Column::Number("wasted"),
    Column::Number("transferred_in"),
    Column::Number("transferred_out"),
    Column::Text("last_count"),
    Column::Text("revenue"),
];

pub(crate) async fn run(args: StockArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let store = tables.load_store(&args.store).await.map_err(|error| tables.explain(error))?;
    let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
    let at = args.at.unwrap_or(now);
    let day = store.as_ref().and_then(|store| {
        Some((store, args.date.map_or_else(|| store.day_at(at), |date| store.day(date))?))
    });
    let local_date = at.with_timezone(&zone).date_naive();
    let date = args.date.unwrap_or(day.as_ref().map_or(local_date, |(_, day)| day.date));
    let at = match args.date {
        Some(date) => midnight(zone, date.succ_opt().unwrap_or(date)),
        None => at,
    };
    let mut question = StockQuery {
        store_id: &args.store,
        sku: args.sku.as_ref(),
        since: day.as_ref().map_or_else(|| midnight(zone, date), |(_, day)| day.starts_at),
        at,
        on_shelf_since: BTreeMap::new(),
        openings: BTreeMap::new(),
        units: BTreeMap::new(),
    };
    if let Some((store, day)) = &day {
        question.at = if args.date.is_some() { at.max(day.closes_at) } else { at };
        let items = tables.load_items(&args.store).await.map_err(|error| tables.explain(error))?;
        let before = rows_before(&tables, &args, day, &items).await?;
        for item in items {
            let row = before.get(&item.sku);
            let (left, since) = opening(store, day, item.shelf_life_days, row);
            question.on_shelf_since.insert(item.sku.clone(), since);
            question.openings.insert(item.sku.clone(), left);
            question.units.insert(item.sku, item.units);
        }
    }
    let stock = stock_at(&*tables, &question).await.map_err(|error| tables.explain(error))?;
    connect::note_unreadable(&stock.unreadable);
    let items = stock.items;
    if items.is_empty() {
        let before = at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true);
        let known = if store.is_some() { "" } else { ", which is not in the catalogue," };
        output::note(format!("no event of store {}{known} on {date} before {before}", args.store));
        // No error: the first events of a store may be on their way.
        tables.note_unknown(&args.store, now).await;
    }
    items.iter().for_each(note_not_counted);
    let (second, rows) = if args.windows {
        (Column::Text("window"), items.iter().flat_map(window_rows).collect::<Vec<_>>())
    } else {
        (Column::Number("on_hand"), items.iter().map(item_row).collect())
    };
    let first = [Column::Text("sku"), second, Column::Text("unit")];
    let last: &[Column] = if args.windows { &[] } else { &[Column::Number("not_counted")] };
    let columns = [&first, FIGURES, last].concat();
    output::rows(args.format, &columns, rows)?;
    Ok(ExitCode::SUCCESS)
}

/// Loads the rows of the day before, for items that keep longer than a day.
async fn rows_before(
    tables: &ConnectedTables,
    args: &StockArgs,
    day: &BusinessDay,
    items: &[Item],
) -> Result<BTreeMap<Sku, ClosedDay>, String> {
    let is_wanted = |item: &&Item| {
        item.shelf_life_days > 1 && args.sku.as_ref().is_none_or(|sku| *sku == item.sku)
    };
    let key = |item: &Item| DayKey {
        store_id: args.store.clone(),
        sku: item.sku.clone(),
        date: day.date - Days::new(1),
    };
    let keys: Vec<DayKey> = items.iter().filter(is_wanted).map(key).collect();
    let rows = tables.load_days(&keys).await.map_err(|error| tables.explain(error))?;
    Ok(rows.into_iter().map(|row| (row.key.sku.clone(), row)).collect())
}

fn midnight(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    instant(zone, date, NaiveTime::MIN)
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

fn item_row(item: &ItemStock) -> Vec<String> {
    let unit = item.unit.as_str().to_owned();
    let mut row = vec![item.sku.to_string(), item.level.on_hand.to_string(), unit];
    row.extend(figures(&item.figures));
    row.push(item.left_out.len().to_string());
    row
}

fn window_rows(item: &ItemStock) -> impl Iterator<Item = Vec<String>> {
    item.windows.iter().map(|window| {
        let key = window.key();
        let unit = item.unit.as_str().to_owned();
        let mut row = vec![key.sku.to_string(), key.window.to_string(), unit];
        row.extend(figures(&window.figures()));
        row
    })
}

fn figures(figures: &Figures) -> Vec<String> {
    let counted = figures.counted.map(|count| {
        let at = count.at.to_rfc3339_opts(SecondsFormat::Secs, true);
        format!("{} at {at}", count.quantity)
    });
    vec![
        figures.received.to_string(),
        figures.sold.to_string(),
        figures.returned.to_string(),
        figures.wasted.to_string(),
        figures.transferred_in.to_string(),
        figures.transferred_out.to_string(),
        counted.unwrap_or_default(),
        revenue(&figures.revenue),
    ]
}
