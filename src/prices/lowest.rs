//! `daymark prices lowest`: lowest price of 30 days.

use std::process::ExitCode;

use analytics::tables::StoreCatalog;
use chrono::{Days, NaiveDate};
use clap::Args;
use domain::ports::{DaysTable, OffersTable};
use domain::{Item, OfferId, Sku, StoreId};
use pricing::offer_fields::today;
use pricing::prior_price::{LOWEST_PRICE_DAYS, PriceEvidence, label_prices, lowest_price};

use crate::connect::ConnectedTables;
use crate::output::{Column, Format};
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

const COLUMNS: &[Column] = &[
    Column::Text("store_id"),
    Column::Text("sku"),
    Column::Amount("lowest_price"),
    Column::Text("currency"),
    Column::Text("on_date"),
    Column::Text("evidence"),
    Column::Number("days_known"),
    Column::Amount("regular_price"),
    Column::Text("first_date"),
    Column::Text("last_date"),
    Column::Text("name"),
    Column::Text("offer_id"),
];

/// Columns of a table, in its order.
const IN_TABLE: [usize; 8] = [0, 1, 2, 3, 4, 5, 6, 7];

pub(super) async fn run(args: LowestPriceArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let mut rows = Vec::new();
    let mut not_closed = NotClosed::default();
    for store in tables.stores(args.store.as_ref()).await? {
        let date = args.date.unwrap_or_else(|| today(&store, now));
        let before = first_date(date)?..=date - Days::new(1);
        not_closed.add(&store.store_id, tables.not_closed(&store, &before, now).await?);
        let catalog = tables.catalog_of(store).await?;
        let wanted = |item: &&Item| args.sku.as_ref().is_none_or(|sku| *sku == item.sku);
        for item in catalog.items.values().filter(wanted) {
            rows.push(row(&tables, &catalog, item, date).await?);
        }
    }
    if rows.is_empty() {
        let what = args.sku.as_ref().map_or("no item".to_owned(), |sku| format!("no item {sku}"));
        output::note(format!("{what} in the catalogue of the stores"));
    }
    output::rows_in_order(args.format, COLUMNS, &IN_TABLE, rows)?;
    not_closed.note();
    Ok(ExitCode::SUCCESS)
}

fn first_date(date: NaiveDate) -> Result<NaiveDate, String> {
    let first = date.checked_sub_days(Days::new(LOWEST_PRICE_DAYS));
    first.ok_or_else(|| format!("--date {date} has no {LOWEST_PRICE_DAYS} days before it"))
}

async fn row(
    tables: &ConnectedTables,
    catalog: &StoreCatalog,
    item: &Item,
    date: NaiveDate,
) -> Result<Vec<String>, CommandError> {
    let explain = |failure| tables.explain(failure);
    let store_id = &catalog.store.store_id;
    let (first, last) = (first_date(date)?, date - Days::new(1));
    let days = tables.query_days(store_id, &item.sku, first, last).await.map_err(explain)?;
    let offers = tables.query_offers(store_id, date).await.map_err(explain)?;
    let span = catalog.store.span(date);
    let of_item = offers.iter().filter(|offer| offer.offer_id.sku == item.sku && !offer.shadow);
    let first_offer = of_item.map(|offer| offer.slot).min().unwrap_or(span.ends_at);
    let windows = tables.windows(store_id, Some(&item.sku), span.starts_at, span.ends_at).await?;
    let today = label_prices(&windows, span.starts_at, first_offer);
    let lowest = lowest_price(&days, (date, &today), item.price);
    let text = |value: Option<String>| value.unwrap_or_default();
    let evidence = lowest.map(|lowest| lowest.evidence);
    let offer_id = lowest.and_then(|lowest| match lowest.evidence {
        PriceEvidence::Offered { revision } => Some(OfferId {
            date: lowest.date,
            store_id: store_id.clone(),
            sku: item.sku.clone(),
            revision,
        }),
        PriceEvidence::Sold => None,
    });
    Ok(vec![
        store_id.to_string(),
        item.sku.to_string(),
        text(lowest.map(|lowest| lowest.price.to_string())),
        item.price.currency().to_string(),
        text(lowest.map(|lowest| lowest.date.to_string())),
        text(evidence.map(|evidence| match evidence {
            PriceEvidence::Offered { .. } => "offered".to_owned(),
            PriceEvidence::Sold => "sold".to_owned(),
        })),
        days.len().to_string(),
        item.price.to_string(),
        first.to_string(),
        last.to_string(),
        item.name.clone().unwrap_or_default(),
        text(offer_id.map(|id| id.to_string())),
    ])
}
