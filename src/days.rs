//! `daymark days`: closed days of stores, and their sums.

use std::process::ExitCode;

use analytics::table::{cells, columns};
use analytics::tables::day_sums::{self, DayGroup, most_discounted_first, sums};
use analytics::tables::days::{DayRecord, FIELDS};
use chrono::Days;
use clap::{Args, ValueEnum};
use domain::{ClosedDay, Sku, StoreId};
use reader::stores::latest_today;

use crate::below_zero::BelowZero;
use crate::dates::{DateArgs, dates_text};
use crate::output::Format;
use crate::stores::NotClosed;
use crate::{CommandError, clock, connect, output};

/// Show closed days: units received, sold, wasted and left of each item [default: the last eight
/// dates]
///
/// `daymark up`, or the function day-close of a stage, closes a day some minutes after the store
/// closes. It closes the last eight dates again when late events arrive, with the same result as if
/// they had arrived on time. Stock that is left goes to the next day as long as it can be sold, the
/// oldest units first. Dates that are not closed are named below the answer.
#[derive(Debug, Args)]
#[command(after_help = "For example, for all stores:
  daymark days --from 2026-03-09 --to 2026-03-15 --by item --discounted
  daymark days --from 2026-03-09 --to 2026-03-15 --by category --format csv
`daymark export` writes these rows as Parquet, xlsx, CSV and NDJSON.")]
pub(crate) struct DaysArgs {
    /// Store id [default: every store of the catalogue]
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// Only this item
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    #[command(flatten)]
    dates: DateArgs,

    /// Add up the days. Units and currencies stay apart
    #[arg(long, value_name = "GROUP")]
    by: Option<By>,

    /// Only item-days with an offer, or with a sale below the regular price. Sums with the largest
    /// discounts come first
    #[arg(long)]
    discounted: bool,

    /// Close these dates first, and the dates after them, whose opening stock they determine.
    /// `daymark up` closes the last eight dates by itself. Use this flag for older ones, after an
    /// import of history or a replay
    #[arg(long)]
    close: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Grouping of the days.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum By {
    /// One row an item of a store.
    Item,
    /// One row a category.
    Category,
    /// One row a store.
    Store,
    /// One row a date.
    Date,
}

/// Columns of a table for people.
const IN_TABLE: &[&str] = &[
    "business_date",
    "sku",
    "opening",
    "received",
    "sold",
    "returned",
    "wasted",
    "transferred_in",
    "transferred_out",
    "closing",
    "expired",
    "sell_through",
    "sold_out_at",
    "sold_discounted",
    "revenue",
    "currency",
    "other_revenue",
];

/// Columns of a table of sums for people, after those of the group.
const SUMS_IN_TABLE: &[&str] = &[
    "unit",
    "item_days",
    "to_sell",
    "sold",
    "sell_through",
    "wasted",
    "expired",
    "sold_discounted",
    "given_away",
    "revenue",
    "currency",
];

/// Maximum number of dates closed after the given ones. Stock is sold or expired long before.
const DATES_AFTER: u64 = 400;

pub(crate) async fn run(args: DaysArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let stores = tables.stores(args.store.as_ref()).await?;
    let dates = args.dates.or_last_days(latest_today(&stores, now))?;
    let several = args.store.is_none();
    let mut days = Vec::new();
    let mut not_closed = NotClosed::default();
    let mut below_zero = BelowZero::default();
    for store in stores {
        if args.close {
            let today = now.with_timezone(&store.zone).date_naive();
            let (first, last) = (*dates.start(), *dates.end());
            let until = today.min(last + Days::new(DATES_AFTER)).max(last);
            let closed = tables.closing().close_dates(&store, first, until, now).await;
            let closed = closed.map_err(|failure| tables.explain(failure))?;
            let of_store =
                if several { format!("store {}: ", store.store_id) } else { String::new() };
            output::note(format!(
                "{of_store}{} day rows closed, {} closed again, {} as they were; {} histories \
                 written",
                closed.closed, closed.closed_again, closed.unchanged, closed.histories
            ));
        }
        not_closed.add(&store.store_id, tables.not_closed(&store, &dates, now).await?);
        let catalog = tables.catalog_of(store).await?;
        let of_store = tables.closed_days(&catalog, args.sku.as_ref(), &dates).await?;
        for ClosedDay { key, closing, .. } in &of_store {
            let place = format_args!("{}, {}", key.store_id, key.date);
            below_zero.add(place, &key.sku, *closing);
        }
        days.extend(of_store.into_iter().map(|day| DayRecord::new(day, &catalog)));
    }
    if days.is_empty() {
        output::note(format!("no closed day {}, {}", of_stores(&args), dates_text(&dates)));
    }
    if args.discounted {
        days.retain(DayRecord::is_discounted);
    }
    match args.by {
        None => {
            let in_table = [if several { &["store_id"][..] } else { &[] }, IN_TABLE].concat();
            let rows = days.iter().map(|day| cells(FIELDS, day));
            output::records(args.format, &columns(FIELDS), &in_table, rows)?;
        }
        Some(by) => print_sums(&args, by, &days)?,
    }
    below_zero.note();
    not_closed.note();
    Ok(ExitCode::SUCCESS)
}

fn print_sums(args: &DaysArgs, by: By, days: &[DayRecord]) -> Result<(), CommandError> {
    let (group, keys): (DayGroup, &[&str]) = match by {
        By::Item => (DayGroup::Item, &["store_id", "sku", "name", "category"]),
        By::Category => (DayGroup::Category, &["category"]),
        By::Store => (DayGroup::Store, &["store_id"]),
        By::Date => (DayGroup::Date, &["business_date"]),
    };
    let mut rows = sums(days, group);
    if args.discounted {
        most_discounted_first(&mut rows);
    }
    let other_keys = ["store_id", "business_date", "sku", "name", "category"];
    let is_shown = |name: &str| keys.contains(&name) || !other_keys.contains(&name);
    let all = columns(day_sums::FIELDS);
    let shown: Vec<usize> = (0..all.len()).filter(|place| is_shown(all[*place].name)).collect();
    let columns: Vec<_> = shown.iter().map(|place| all[*place]).collect();
    let rows = rows.iter().map(|row| {
        let cells = cells(day_sums::FIELDS, row);
        shown.iter().map(|place| cells[*place].clone()).collect()
    });
    // The category of an item is in JSON and CSV.
    let keys = if matches!(by, By::Item) { &keys[..2] } else { keys };
    output::records(args.format, &columns, &[keys, SUMS_IN_TABLE].concat(), rows)
}

fn of_stores(args: &DaysArgs) -> String {
    args.store.as_ref().map_or("of any store".to_owned(), |store| format!("of store {store}"))
}
