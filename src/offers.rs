//! `daymark offers`: offers of stores with their reasons.

pub(crate) mod chart;
mod chart_inputs;
mod explain;
mod list;
mod outcomes;
pub(crate) mod replay;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::ports::OffersTable;
use domain::{Offer, OfferId};

use crate::CommandError;
use crate::connect::ConnectedTables;

/// Show the offers of stores and dates with their reasons; explain one, or decide it again
///
/// Without dates, the offers are those of today in each store's time zone.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
#[command(after_help = "For example, the offers of all stores in a week, and their outcomes:
  daymark offers --from 2026-03-09 --to 2026-03-15
  daymark offers --from 2026-03-09 --to 2026-03-15 --outcomes --format csv
`daymark export` writes these rows as Parquet, xlsx, CSV and NDJSON.")]
pub(crate) struct OffersArgs {
    #[command(subcommand)]
    command: Option<OffersCommand>,

    #[command(flatten)]
    list: list::OfferListArgs,
}

#[derive(Debug, Subcommand)]
enum OffersCommand {
    Explain(explain::ExplainOfferArgs),
    Replay(replay::ReplayOfferArgs),
}

pub(crate) async fn run(args: OffersArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        Some(OffersCommand::Explain(args)) => explain::run(args).await,
        Some(OffersCommand::Replay(args)) => replay::run(args).await,
        None if args.list.outcomes => outcomes::run(args.list).await,
        None => list::run(args.list).await,
    }
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
