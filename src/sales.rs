//! `daymark sales`: sales by quarter of an hour and price, or by hour, on the store's clock.

use std::collections::BTreeMap;
use std::process::ExitCode;

use analytics::row_text::cell_text;
use analytics::table::{Cell, cells, columns};
use analytics::tables::sales_by_slot::{FIELDS, SlotRecord, records};
use chrono::Timelike;
use clap::{Args, ValueEnum};
use domain::{Currency, Sku, StoreId};
use reader::stores::latest_today;
use rust_decimal::Decimal;

use crate::dates::{DateArgs, dates_text};
use crate::output::{Column, Format};
use crate::stores::NotClosed;
use crate::{CommandError, clock, connect, output};

/// Show sales by quarter of an hour and shelf price, or by hour, on the store's clock [default: the
/// last eight dates]
///
/// The sales are those of closed days: `sold` has returns of the same day taken off. A row without
/// a slot or hour holds the rest of a day: returns of what was bought on another day, discounts on
/// single lines, and sales on a date on which the store stays closed. So all rows of a day add up
/// to `daymark days`.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark sales --from 2026-03-09 --to 2026-03-15 --by hour
  daymark sales --store 0042 --sku BRT-1180 --date 2026-03-12 --format csv")]
pub(crate) struct SalesArgs {
    /// Store id [default: every store of the catalogue]
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// Only this item
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    #[command(flatten)]
    dates: DateArgs,

    /// Grain of the rows
    #[arg(long, value_name = "GRAIN", default_value = "slot")]
    by: By,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Grain of the sales.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum By {
    /// One row a store, item, date, quarter of an hour and shelf price.
    Slot,
    /// One row a store and hour of the clock, over all items and dates.
    Hour,
}

/// Columns of a table for people.
const IN_TABLE: &[&str] = &[
    "business_date",
    "sku",
    "slot_starts_at_local",
    "price",
    "regular_price",
    "sold",
    "revenue",
    "currency",
    "on_shelf_seconds",
];

const HOURS: &[Column] = &[
    Column::Text("store_id"),
    Column::Number("hour"),
    Column::Text("unit"),
    Column::Number("sold"),
    Column::Number("sold_discounted"),
    Column::Amount("revenue"),
    Column::Text("currency"),
];

pub(crate) async fn run(args: SalesArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let stores = tables.stores(args.store.as_ref()).await?;
    let dates = args.dates.or_last_days(latest_today(&stores, now))?;
    let mut rows: Vec<Vec<Cell>> = Vec::new();
    let mut hours = Hours::default();
    let mut not_closed = NotClosed::default();
    for store in stores {
        not_closed.add(&store.store_id, tables.not_closed(&store, &dates, now).await?);
        let catalog = tables.catalog_of(store).await?;
        for day in tables.closed_days(&catalog, args.sku.as_ref(), &dates).await? {
            let unit = day.unit.map_or("", |unit| unit.as_str());
            for record in records(&day, &catalog) {
                match args.by {
                    By::Slot => rows.push(cells(FIELDS, &record)),
                    By::Hour => hours.add(&record, unit),
                }
            }
        }
    }
    if rows.is_empty() && hours.0.is_empty() {
        output::note(format!("no sale on a closed day {}", dates_text(&dates)));
    }
    if args.by == By::Hour {
        output::rows(args.format, HOURS, hours.rows())?;
    } else {
        let several = args.store.is_none();
        let in_table = [if several { &["store_id"][..] } else { &[] }, IN_TABLE].concat();
        output::records(args.format, &columns(FIELDS), &in_table, rows)?;
    }
    not_closed.note();
    Ok(ExitCode::SUCCESS)
}

/// Store, hour, unit and currency.
type HourKey = (StoreId, Option<u32>, &'static str, Option<Currency>);

/// Sums by hour; the rest of the days has no hour.
#[derive(Debug, Default)]
struct Hours(BTreeMap<HourKey, HourSums>);

#[derive(Debug, Default)]
struct HourSums {
    sold: Decimal,
    sold_discounted: Decimal,
    revenue: Decimal,
}

impl Hours {
    fn add(&mut self, record: &SlotRecord, unit: &'static str) {
        let hour = record.slot.as_ref().map(|slot| slot.starts_at.hour());
        let key = (record.store_id.clone(), hour, unit, record.currency);
        let sums = self.0.entry(key).or_default();
        sums.sold += record.sold;
        sums.revenue += record.revenue;
        let slot = record.slot.as_ref();
        let prices = slot.and_then(|slot| slot.price.zip(slot.regular_price));
        if prices.is_some_and(|(price, regular)| price.amount() < regular.amount()) {
            sums.sold_discounted += record.sold;
        }
    }

    fn rows(&self) -> impl Iterator<Item = Vec<String>> {
        self.0.iter().map(|((store_id, hour, unit, currency), sums)| {
            let amount =
                currency.map_or(Cell::Absent, |currency| Cell::amount(sums.revenue, currency));
            vec![
                store_id.to_string(),
                hour.map(|hour| hour.to_string()).unwrap_or_default(),
                (*unit).to_owned(),
                sums.sold.normalize().to_string(),
                sums.sold_discounted.normalize().to_string(),
                cell_text(&amount),
                currency.map(|currency| currency.to_string()).unwrap_or_default(),
            ]
        })
    }
}
