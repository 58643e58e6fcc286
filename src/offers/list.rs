//! List of offers, over stores and dates.

use std::process::ExitCode;

use analytics::row_text::cell_text;
use analytics::table::Cell;
use analytics::tables::{ItemLabels, StoreCatalog};
use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::ports::OffersTable;
use domain::{Offer, PriceLabel, Sku, Store, StoreId};
use pricing::offer_fields::{fields, today};
use pricing::offer_labels::labelled;
use reader::offers::OfferSelection;

use crate::connect::ConnectedTables;
use crate::dates::{DateArgs, dates_text};
use crate::output::{Column, Format};
use crate::{CommandError, clock, connect, output, price};

#[derive(Debug, Args)]
pub(super) struct OfferListArgs {
    /// Store id [default: every store of the catalogue]
    #[arg(long, value_name = "STORE")]
    pub(super) store: Option<StoreId>,

    /// Only this item
    #[arg(long, value_name = "SKU")]
    pub(super) sku: Option<Sku>,

    #[command(flatten)]
    pub(super) dates: DateArgs,

    /// Compare each revision on closed days with what it sold: expected and earned until the next
    /// revision, and until the close
    #[arg(long, conflicts_with_all = ["revisions", "shadows"])]
    pub(super) outcomes: bool,

    /// Show every revision, not only the last one of each item
    #[arg(long)]
    revisions: bool,

    /// Show the offers that a store in shadow mode did not publish
    #[arg(long)]
    shadows: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    pub(super) format: Format,

    #[command(flatten)]
    pub(super) tables: connect::TableArgs,
}

/// Columns of the fields of an offer, in the order of [`fields`].
const FIELDS: &[Column] = &[
    Column::Text("offer_id"),
    Column::Text("sku"),
    Column::Text("valid_from"),
    Column::Text("valid_until"),
    Column::Amount("regular_price"),
    Column::Amount("price"),
    Column::Text("currency"),
    Column::Number("label_percent_off"),
    Column::Number("on_hand"),
    Column::Text("reason"),
    Column::Amount("label_was_price"),
    Column::Amount("lowest_price"),
    Column::Number("discount_percent"),
    Column::Text("arm"),
    Column::Text("trust"),
    Column::Truth("shadow"),
    Column::Text("policy_version"),
    Column::Number("expected_units"),
    Column::Amount("expected_revenue"),
    Column::Number("expected_waste"),
    Column::Number("if_unchanged_expected_units"),
    Column::Amount("if_unchanged_expected_revenue"),
    Column::Number("if_unchanged_expected_waste"),
];

/// Columns after the fields.
const MORE: &[Column] = &[
    Column::Text("store_id"),
    Column::Text("business_date"),
    Column::Text("name"),
    Column::Text("category"),
];

/// Columns of a table, in its order: a narrow terminal moves the last ones under each row. Parts of
/// the id that is left out have columns. The percentage is between the two prices before it; the
/// regular price may be another one.
const IN_TABLE: [usize; 9] = [1, 10, 5, 7, 2, 3, 8, 6, 9];
/// Column of the store, first in a table of several stores.
const STORE: usize = 23;
/// Column of the date, first in a table of several dates.
const DATE: usize = 24;

pub(super) async fn run(args: OfferListArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let given = args.dates.given()?;
    let mut rows = Vec::new();
    let stores = tables.asked_stores(args.store.as_ref()).await?;
    let mut shadows = 0;
    for (store_id, store) in &stores {
        let today = store.as_ref().map_or_else(|| now.date_naive(), |store| today(store, now));
        let dates = given.clone().unwrap_or(today..=today);
        let catalog = match store {
            Some(store) => Some(tables.catalog_of(store.clone()).await?),
            None => None,
        };
        for date in dates.start().iter_days().take_while(|date| date <= dates.end()) {
            let offers = of_date(&tables, &args, (store_id, date), now).await?;
            shadows += offers.shadows;
            let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
            let row = |offer: &(Offer, PriceLabel)| {
                row(args.format, offer, labels(catalog.as_ref(), &offer.0), zone)
            };
            rows.extend(offers.labelled.iter().map(row));
        }
    }
    if rows.is_empty() {
        note_none(&tables, &stores, &args, now).await?;
        if shadows > 0 && !args.shadows {
            output::note(format!("--shadows shows {shadows} decisions that were not published"));
        }
    }
    let several_stores = (args.store.is_none()).then_some(STORE);
    let several_dates = given.is_some_and(|dates| dates.start() < dates.end()).then_some(DATE);
    let in_table: Vec<usize> =
        several_stores.into_iter().chain(several_dates).chain(IN_TABLE).collect();
    output::rows_in_order(args.format, &[FIELDS, MORE].concat(), &in_table, rows)?;
    Ok(ExitCode::SUCCESS)
}

/// Offers of a store and date, with their labels.
struct DateOffers {
    labelled: Vec<(Offer, PriceLabel)>,
    /// Number of shadows among all offers.
    shadows: usize,
}

async fn of_date(
    tables: &ConnectedTables,
    args: &OfferListArgs,
    (store_id, date): (&StoreId, NaiveDate),
    now: DateTime<Utc>,
) -> Result<DateOffers, CommandError> {
    let explain = |failure| tables.explain(failure);
    let offers = tables.query_offers(store_id, date).await.map_err(explain)?;
    let selection =
        OfferSelection { sku: args.sku.as_ref(), shadows: args.shadows, revisions: args.revisions };
    let is_shadow = |offer: &&Offer| offer.shadow && selection.is_of_item(offer);
    let shadows = offers.iter().filter(is_shadow).count();
    let labelled =
        labelled(&**tables, store_id, selection.of(offers), now).await.map_err(explain)?;
    Ok(DateOffers { labelled, shadows })
}

/// Notes the absence of offers, with the reason for one store today.
async fn note_none(
    tables: &ConnectedTables,
    stores: &[(StoreId, Option<Store>)],
    args: &OfferListArgs,
    now: DateTime<Utc>,
) -> Result<(), CommandError> {
    let given = args.dates.given()?;
    let [(store_id, store)] = stores else {
        let dates = given.map_or_else(|| "today".to_owned(), |dates| dates_text(&dates));
        output::note(format!("no offer of any of the {} stores {dates}", stores.len()));
        return Ok(());
    };
    tables.check_known(store_id, now).await?;
    let today = store.as_ref().map_or_else(|| now.date_naive(), |store| today(store, now));
    let dates = given.unwrap_or(today..=today);
    let known = if store.is_some() { "" } else { ", which is not in the catalogue," };
    output::note(format!("no offer of store {store_id}{known} {}", dates_text(&dates)));
    if store.is_some() && dates == (today..=today) {
        output::note(price::no_offer(tables, store_id, now).await?);
    }
    Ok(())
}

fn labels(catalog: Option<&StoreCatalog>, offer: &Offer) -> ItemLabels {
    let absent = ItemLabels { name: Cell::Absent, category: Cell::Absent };
    catalog.map_or(absent, |catalog| catalog.labels(&offer.offer_id.sku))
}

/// Returns the row of an offer, with times in the time zone of its store.
fn row(
    format: Format,
    (offer, label): &(Offer, PriceLabel),
    labels: ItemLabels,
    zone: Tz,
) -> Vec<String> {
    let fields = fields(offer, label, |at| time_text(format, zone, at));
    let more = [
        offer.offer_id.store_id.to_string(),
        offer.offer_id.date.to_string(),
        cell_text(&labels.name),
        cell_text(&labels.category),
    ];
    fields.map(|(_, value)| value).into_iter().chain(more).collect()
}

fn time_text(format: Format, zone: Tz, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&zone);
    match format {
        Format::Table => local.format("%H:%M").to_string(),
        Format::Json | Format::Ndjson | Format::Csv => local.to_rfc3339(),
    }
}
