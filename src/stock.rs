//! `daymark stock`: stock on hand and movements of stores.

use std::collections::BTreeMap;
use std::process::ExitCode;

use analytics::table::Cell;
use analytics::tables::{RowRevenue, StoreCatalog};
use chrono::{DateTime, Days, NaiveDate, NaiveTime, SecondsFormat, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::calendar::instant;
use domain::ports::DaysTable;
use domain::stock::Figures;
use domain::{BusinessDay, ClosedDay, DayKey, Event, Item, Sku, StockWindow, StoreId};
use pricing::prepared_request::{deliveries_before, opening};
use processors::stock_query::{ItemStock, StockQuery, stock_at};
use rust_decimal::Decimal;

use crate::below_zero::{BELOW_ZERO, BelowZero};
use crate::connect::ConnectedTables;
use crate::dates::DateArgs;
use crate::output::{Column, Format, cell_text, counted};
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

/// Columns of both views, after their first ones.
const FIGURES: &[Column] = &[
    Column::Number("received"),
    Column::Number("sold"),
    Column::Number("returned"),
    Column::Number("wasted"),
    Column::Number("transferred_in"),
    Column::Number("transferred_out"),
    Column::Number("counted"),
    Column::Text("counted_at"),
    Column::Amount("revenue"),
    Column::Text("currency"),
    Column::Text("other_revenue"),
    Column::Number("not_counted"),
    Column::Number("past_date"),
    Column::Text("problem"),
];
/// Number of columns before the item: store, date, name and category. A table for people has the
/// first two if there are several.
const LABELS: usize = 4;
/// Number of columns about problems, at the end.
const PROBLEMS: usize = 2;

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
            let question = Question { args: &args, store_id: &store_id, catalog: catalog.as_ref() };
            let items = question.items(&tables, *date, now, &mut below_zero).await?;
            rows.extend(items);
        }
    }
    let second = if args.windows { Column::Text("window") } else { Column::Number("on_hand") };
    let names = ["store_id", "business_date", "name", "category", "sku"].map(Column::Text);
    let columns = [&names[..], &[second, Column::Text("unit")], FIGURES].concat();
    let is_shown = |place: &usize| match place {
        0 => args.store.is_none(),
        1 => dates.len() > 1,
        // Problems are told below the table.
        _ => *place >= LABELS && *place < columns.len() - PROBLEMS,
    };
    let in_table: Vec<usize> = (0..columns.len()).filter(is_shown).collect();
    output::rows_in_order(args.format, &columns, &in_table, rows)?;
    below_zero.note();
    Ok(ExitCode::SUCCESS)
}

/// Question about one store.
struct Question<'a> {
    args: &'a StockArgs,
    store_id: &'a StoreId,
    catalog: Option<&'a StoreCatalog>,
}

impl Question<'_> {
    /// Returns the rows at the end of a date, or else at the instant of the flags.
    async fn items(
        &self,
        tables: &ConnectedTables,
        date: Option<NaiveDate>,
        now: DateTime<Utc>,
        below_zero: &mut BelowZero,
    ) -> Result<Vec<Vec<String>>, CommandError> {
        let (args, store_id) = (self.args, self.store_id);
        let store = self.catalog.map(|catalog| &catalog.store);
        let zone = store.map_or(Tz::UTC, |store| store.zone);
        let at = args.at.unwrap_or(now);
        let day = store.and_then(|store| {
            Some((store, date.map_or_else(|| store.day_at(at), |date| store.day(date))?))
        });
        let local_date = at.with_timezone(&zone).date_naive();
        let on = date.unwrap_or(day.as_ref().map_or(local_date, |(_, day)| day.date));
        let at = date.map_or(at, |date| midnight(zone, date.succ_opt().unwrap_or(date)));
        let mut query = StockQuery {
            store_id,
            sku: args.sku.as_ref(),
            since: day.as_ref().map_or_else(|| midnight(zone, on), |(_, day)| day.starts_at),
            at,
            on_shelf_since: BTreeMap::new(),
            day_starts: Vec::new(),
            date: on,
            deliveries: BTreeMap::new(),
            openings: BTreeMap::new(),
            units: BTreeMap::new(),
        };
        if let (Some((store, day)), Some(catalog)) = (&day, self.catalog) {
            query.at = if date.is_some() { at.max(day.closes_at) } else { at };
            let before = rows_before(tables, args, catalog, day).await?;
            let mut earliest = day.starts_at;
            for item in catalog.items.values() {
                let row = before.get(&item.sku);
                let (left, since) = opening(store, day, item.shelf_life_days, row);
                earliest = earliest.min(since);
                query.on_shelf_since.insert(item.sku.clone(), since);
                query.openings.insert(item.sku.clone(), left);
                let deliveries = deliveries_before(day, item.shelf_life_days, row);
                query.deliveries.insert(item.sku.clone(), deliveries);
                query.units.insert(item.sku.clone(), item.units.clone());
            }
            query.day_starts = store.day_starts(earliest, day);
        }
        let stock = stock_at(&**tables, &query).await.map_err(|error| tables.explain(error))?;
        connect::note_unreadable(&stock.unreadable);
        if stock.items.is_empty() {
            let before = at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true);
            let known = if store.is_some() { "" } else { ", which is not in the catalogue," };
            output::note(format!("no event of store {store_id}{known} on {on} before {before}"));
            // No error: the first events of a store may be on their way.
            tables.note_unknown(store_id, now).await;
        }
        for item in &stock.items {
            note_not_counted(item);
            note_past_date(item);
            below_zero.add(format_args!("{store_id}, {on}"), &item.sku, item.level.on_hand);
        }
        Ok(stock.items.iter().flat_map(|item| self.rows(item, on)).collect())
    }

    fn rows(&self, item: &ItemStock, on: NaiveDate) -> Vec<Vec<String>> {
        let labels = self.catalog.map(|catalog| catalog.labels(&item.sku));
        let label = |cell: Option<&Cell>| cell.map(cell_text).unwrap_or_default();
        let start = [
            self.store_id.to_string(),
            on.to_string(),
            label(labels.as_ref().map(|labels| &labels.name)),
            label(labels.as_ref().map(|labels| &labels.category)),
            item.sku.to_string(),
        ];
        let price = self.catalog.and_then(|catalog| catalog.items.get(&item.sku));
        let own = price.map(|item| item.price.currency());
        let row = |second: String, figures: &Figures, more: [String; 3]| {
            let mut row = start.to_vec();
            row.extend([second, item.unit.as_str().to_owned()]);
            row.extend(self::figures(figures, RowRevenue::new(&figures.revenue, own)));
            row.extend(more);
            row
        };
        if self.args.windows {
            let of_window = |window: &StockWindow| {
                row(window.key().window.to_string(), &window.figures(), Default::default())
            };
            return item.windows.iter().map(of_window).collect();
        }
        let problem = match item {
            ItemStock { level, .. } if level.on_hand < Decimal::ZERO => BELOW_ZERO,
            ItemStock { past_date, .. } if !past_date.is_zero() => "past_date",
            _ => "",
        };
        let more =
            [item.left_out.len().to_string(), item.past_date.to_string(), problem.to_owned()];
        vec![row(item.level.on_hand.to_string(), &item.figures, more)]
    }
}

/// Loads the rows of the day before, for items that keep longer than a day.
async fn rows_before(
    tables: &ConnectedTables,
    args: &StockArgs,
    catalog: &StoreCatalog,
    day: &BusinessDay,
) -> Result<BTreeMap<Sku, ClosedDay>, String> {
    let is_wanted = |item: &&Item| {
        item.shelf_life_days > 1 && args.sku.as_ref().is_none_or(|sku| *sku == item.sku)
    };
    let key = |item: &Item| DayKey {
        store_id: catalog.store.store_id.clone(),
        sku: item.sku.clone(),
        date: day.date - Days::new(1),
    };
    let keys: Vec<DayKey> = catalog.items.values().filter(is_wanted).map(key).collect();
    let rows = tables.load_days(&keys).await.map_err(|error| tables.explain(error))?;
    Ok(rows.into_iter().map(|row| (row.key.sku.clone(), row)).collect())
}

fn midnight(zone: Tz, date: NaiveDate) -> DateTime<Utc> {
    instant(zone, date, NaiveTime::MIN)
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

fn figures(figures: &Figures, revenue: RowRevenue) -> [String; 11] {
    let counted = figures.counted.as_ref();
    let counted_at = counted.map(|count| count.at.to_rfc3339_opts(SecondsFormat::Secs, true));
    [
        figures.received.to_string(),
        figures.sold.to_string(),
        figures.returned.to_string(),
        figures.wasted.to_string(),
        figures.transferred_in.to_string(),
        figures.transferred_out.to_string(),
        counted.map(|count| count.quantity.to_string()).unwrap_or_default(),
        counted_at.unwrap_or_default(),
        cell_text(&revenue.amount),
        cell_text(&revenue.currency),
        cell_text(&revenue.other),
    ]
}
