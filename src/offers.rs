//! `daymark offers`: offers of a store with their reasons.

pub(crate) mod chart;
mod chart_inputs;
mod explain;
pub(crate) mod replay;

use std::process::ExitCode;

use chrono::{DateTime, NaiveDate, Utc};
use chrono_tz::Tz;
use clap::{Args, Subcommand};
use domain::ports::{CatalogTable, OffersTable};
use domain::{Offer, OfferId, PriceLabel, StoreId};
use pricing::offer_fields::{fields, latest, today};
use pricing::offer_labels::labelled;

use crate::connect::ConnectedTables;
use crate::output::{Column, Format};
use crate::{CommandError, clock, connect, output, price};

/// Show the offers of a store's day with their reasons; explain one, or decide it again
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true, subcommand_negates_reqs = true)]
pub(crate) struct OffersArgs {
    #[command(subcommand)]
    command: Option<OffersCommand>,

    #[command(flatten)]
    list: OfferListArgs,
}

#[derive(Debug, Subcommand)]
enum OffersCommand {
    Explain(explain::ExplainOfferArgs),
    Replay(replay::ReplayOfferArgs),
}

#[derive(Debug, Args)]
struct OfferListArgs {
    /// Store id
    #[arg(long, value_name = "STORE", required = true)]
    store: Option<StoreId>,

    /// Business date, like 2026-03-12 [default: today in the store's time zone]
    #[arg(long, value_name = "DATE")]
    date: Option<NaiveDate>,

    /// Show every revision, not only the last one of each item
    #[arg(long)]
    revisions: bool,

    /// Show the offers that a store in shadow mode did not publish
    #[arg(long)]
    shadows: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const COLUMNS: &[Column] = &[
    Column::Text("offer_id"),
    Column::Text("sku"),
    Column::Text("valid_from"),
    Column::Text("valid_until"),
    Column::Number("regular_price"),
    Column::Number("price"),
    Column::Text("currency"),
    Column::Number("label_percent_off"),
    Column::Number("on_hand"),
    Column::Text("reason"),
];

/// Columns of a table, in its order: a narrow terminal moves the last ones under each row. Parts of
/// the id that is left out have columns. The percentage is between the two prices before it; the
/// regular price may be another one.
const IN_TABLE: [usize; 9] = [1, 10, 5, 7, 2, 3, 8, 6, 9];

/// Further columns of JSON and CSV, whose details `daymark offers explain` shows.
const MORE_COLUMNS: &[Column] = &[
    Column::Number("label_was_price"),
    Column::Number("lowest_price"),
    Column::Number("discount_percent"),
    Column::Text("arm"),
    Column::Text("trust"),
    Column::Text("shadow"),
    Column::Text("policy_version"),
    Column::Number("expected_units"),
    Column::Number("expected_revenue"),
    Column::Number("expected_waste"),
    Column::Number("if_unchanged_expected_units"),
    Column::Number("if_unchanged_expected_revenue"),
    Column::Number("if_unchanged_expected_waste"),
];

pub(crate) async fn run(args: OffersArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        Some(OffersCommand::Explain(args)) => explain::run(args).await,
        Some(OffersCommand::Replay(args)) => replay::run(args).await,
        None => list(args.list).await,
    }
}

async fn list(args: OfferListArgs) -> Result<ExitCode, CommandError> {
    let store_id = args.store.ok_or("name the store with --store")?;
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let store = tables.load_store(&store_id).await.map_err(explain)?;
    let zone = store.as_ref().map_or(Tz::UTC, |store| store.zone);
    let now = clock::now();
    let today = || store.as_ref().map_or_else(|| now.date_naive(), |store| today(store, now));
    let date = args.date.unwrap_or_else(&today);
    let mut offers = tables.query_offers(&store_id, date).await.map_err(explain)?;
    if offers.is_empty() {
        tables.check_known(&store_id, now).await?;
    }
    let shadows = offers.iter().filter(|offer| offer.shadow).count();
    offers.retain(|offer| offer.shadow == args.shadows);
    if !args.revisions {
        offers = latest(offers);
    }
    if offers.is_empty() {
        let known = if store.is_some() { "" } else { ", which is not in the catalogue," };
        output::note(format!("no offer of store {store_id}{known} on {date}"));
        if shadows > 0 && !args.shadows {
            output::note(format!("--shadows shows {shadows} decisions that were not published"));
        }
        if store.is_some() && date == today() {
            output::note(price::no_offer(&tables, &store_id, now).await?);
        }
    }
    let offers = labelled(&*tables, &store_id, offers, now).await.map_err(explain)?;
    print(args.format, &offers, zone)?;
    Ok(ExitCode::SUCCESS)
}

/// Loads an offer, and the revisions of its item on that day.
async fn find(
    tables: &ConnectedTables,
    offer_id: &OfferId,
) -> Result<(Offer, Vec<Offer>), CommandError> {
    let OfferId { date, store_id, sku, .. } = offer_id;
    let of_day = tables.query_offers(store_id, *date).await;
    let mut of_day = of_day.map_err(|failure| tables.explain(failure))?;
    let offer = of_day.iter().find(|offer| offer.offer_id == *offer_id).cloned();
    of_day.retain(|offer| offer.offer_id.sku == *sku);
    let known: Vec<String> = of_day.iter().map(|offer| offer.offer_id.to_string()).collect();
    let offer = offer.ok_or_else(|| match known.as_slice() {
        [] => format!("there is no offer {offer_id}, nor any other of {sku} on that day"),
        known => format!("there is no offer {offer_id}; that day has {}", known.join(", ")),
    })?;
    Ok((offer, of_day))
}

/// Prints offers with their labels, with times in the time zone of the store.
pub(crate) fn print(
    format: Format,
    offers: &[(Offer, PriceLabel)],
    zone: Tz,
) -> Result<(), CommandError> {
    let all = [COLUMNS, MORE_COLUMNS].concat();
    let row = |(offer, label): &(Offer, PriceLabel)| {
        let fields = fields(offer, label, |at| time_text(format, zone, at));
        fields.map(|(_, value)| value).to_vec()
    };
    output::rows_in_order(format, &all, &IN_TABLE, offers.iter().map(row))
}

fn time_text(format: Format, zone: Tz, at: DateTime<Utc>) -> String {
    let local = at.with_timezone(&zone);
    match format {
        Format::Table => local.format("%H:%M").to_string(),
        Format::Json | Format::Csv => local.to_rfc3339(),
    }
}
