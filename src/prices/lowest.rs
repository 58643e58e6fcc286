//! `daymark prices lowest`: lowest price of 30 days.

use std::process::ExitCode;

use analytics::table::{cells, columns};
use chrono::NaiveDate;
use clap::Args;
use domain::{Sku, StoreId};
use pricing::offer_fields::today;
use pricing::prior_price::LOWEST_PRICE_DAYS;
use reader::lowest_price::{FIELDS, dates_before, lowest_prices};

use crate::connect::note_unreadable;
use crate::output::Format;
use crate::stores::NotClosed;
use crate::{CommandError, clock, connect, output};

/// Show the lowest price of an item in the 30 days before a date, and when it was offered or paid
///
/// This is the price that a label must name as the prior one (98/6/EC, article 6a). It is taken
/// from the day rows of the 30 dates before, and from the sales of the date itself before its first
/// offer. Price reductions of single lines and gifts are no prices.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark prices lowest --sku BRT-1180
  daymark prices lowest --store 0042 --date 2026-03-12 --format json")]
pub(super) struct LowestPriceArgs {
    /// Store id [default: every store of the catalogue]
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// Only this item [default: every item of the catalogue]
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    /// Date after the 30 days [default: today in the store's time zone]
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Columns of a table for people.
const IN_TABLE: &[&str] = &[
    "store_id",
    "sku",
    "lowest_price",
    "currency",
    "on_date",
    "evidence",
    "days_known",
    "regular_price",
];

pub(super) async fn run(args: LowestPriceArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let mut rows = Vec::new();
    let mut not_closed = NotClosed::default();
    for store in tables.stores(args.store.as_ref()).await? {
        let date = args.date.unwrap_or_else(|| today(&store, now));
        let before = dates_before(date)
            .ok_or_else(|| format!("--date {date} has no {LOWEST_PRICE_DAYS} days before it"))?;
        not_closed.add(&store.store_id, tables.not_closed(&store, &before, now).await?);
        let catalog = tables.catalog_of(store).await?;
        let found = lowest_prices(&*tables, &catalog, args.sku.as_ref(), (&before, date)).await;
        let found = found.map_err(|failure| tables.explain(failure))?;
        note_unreadable(&found.unreadable);
        rows.extend(found.records.iter().map(|record| cells(FIELDS, record)));
    }
    if rows.is_empty() {
        let what = args.sku.as_ref().map_or("no item".to_owned(), |sku| format!("no item {sku}"));
        output::note(format!("{what} in the catalogue of the stores"));
    }
    output::records(args.format, &columns(FIELDS), IN_TABLE, rows)?;
    not_closed.note();
    Ok(ExitCode::SUCCESS)
}
