//! `daymark catalog`: items, stores and settings of the retailer.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::StoreId;
use domain::ports::CatalogTable;
use import::{CatalogEntry, catalog_entries};

use crate::output::{Column, Format};
use crate::{CommandError, connect, output};

/// Import and show items and stores
#[derive(Debug, Args)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    Import(CatalogImportArgs),
    List(CatalogListArgs),
}

/// Import items and stores from CSV or JSON; invalid lines are reported, the others are imported
///
/// Fields of an item: sku, price; optional: currency (EUR), cost, name, category, shelf_life_days
/// (1), ladder_percent ("0 10 20 30"), floor (minimum price), no_discount (true), salvage_value
/// (value of a unit left at the close, -0.05 if disposal costs money), portion (0.25: counting unit
/// of a weighed item), elasticity, store_id (for one store only).
///
/// Fields of a store: store_id, zone (Europe/Berlin), hours ("mon-sat 07:00-18:30, sun
/// 08:00-12:00"); optional: name, country (DE), policy.
///
/// Fields of a chain: chain (its name); optional: enabled (false stops all pricing),
/// perishables_exempt ("DE IE": countries in which an offer need not state the lowest price of 30
/// days).
///
/// Fields of a policy, each with a default: enabled, shadow (decides, but publishes no offer),
/// afternoon_starts (14:00), latest_change, ladder_percent (0 10 … 70), max_discount_percent,
/// min_price, min_margin_percent, price_endings ("0 5"), min_minutes_between_changes (30, at most
/// 10080), max_changes (6, at most 1000, or "unlimited"), max_changes_per_hour (of the whole
/// store), step_jitter_minutes (0), min_on_hand (1), elasticity (2.2), on_doubt (mark or withhold),
/// doubt_after_minutes (60),
/// experiment {salt, control_percent, exploration_percent, rule [{at, discount_percent}]},
/// categories {name: {exclude, earliest, latest, ladder_percent, max_discount_percent, min_price,
/// min_margin_percent, elasticity}}. In CSV the columns of a policy have a prefix, like
/// policy.afternoon_starts; experiment and categories are JSON in a cell.
///
/// JSON is an array of such objects, or one object on each line. An existing entry is replaced.
/// Offers take the change at the next quarter of an hour of a store's afternoon.
#[derive(Debug, Args)]
struct CatalogImportArgs {
    /// Files with the extension .csv, .json or .ndjson
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,

    /// Check the files without importing them
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Show the items of a store, its own before the chain's; without --store, the stores
#[derive(Debug, Args)]
struct CatalogListArgs {
    /// Store id
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(crate) async fn run(args: CatalogArgs) -> Result<ExitCode, CommandError> {
    match args.command {
        CatalogCommand::Import(args) => import(args).await,
        CatalogCommand::List(args) => list(args).await,
    }
}

async fn import(args: CatalogImportArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let (mut items, mut stores, mut chains, mut wrong) = (0, 0, 0, 0);
    for file in &args.files {
        let named = |message| format!("{}: {message}", file.display());
        let text = std::fs::read_to_string(file).map_err(|error| named(error.to_string()))?;
        for (line, entry) in catalog_entries(file, &text).map_err(named)? {
            let entry = match entry {
                Ok(entry) => entry,
                Err(message) => {
                    wrong += 1;
                    output::error(format!("{}:{line}: {message}", file.display()));
                    continue;
                }
            };
            let written = match &entry {
                _ if args.check => Ok(()),
                CatalogEntry::Item(item) => tables.put_item(item).await,
                CatalogEntry::Store(store) => tables.put_store(store).await,
                CatalogEntry::Chain(chain) => tables.put_chain(chain).await,
            };
            written.map_err(|failure| tables.explain(failure))?;
            match entry {
                CatalogEntry::Item(_) => items += 1,
                CatalogEntry::Store(_) => stores += 1,
                CatalogEntry::Chain(_) => chains += 1,
            }
        }
    }
    let what = if args.check { "checked" } else { "loaded" };
    let chain = if chains > 0 { ", the chain" } else { "" };
    output::line(format!("{what}: {items} items, {stores} stores{chain}; {wrong} refused"));
    Ok(if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

async fn list(args: CatalogListArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let Some(store_id) = &args.store else {
        let columns = ["store_id", "name", "zone", "hours"].map(Column::Text);
        let mut rows = Vec::new();
        for store_id in tables.list_stores().await.map_err(explain)? {
            let Some(store) = tables.load_store(&store_id).await.map_err(explain)? else {
                continue;
            };
            rows.push(vec![
                store_id.to_string(),
                store.name.unwrap_or_default(),
                store.zone.to_string(),
                store.hours.to_string(),
            ]);
        }
        if rows.is_empty() {
            output::note("the catalogue has no store; daymark catalog import loads some");
        }
        output::rows(args.format, &columns, rows)?;
        return Ok(ExitCode::SUCCESS);
    };
    let columns = [
        Column::Text("sku"),
        Column::Text("name"),
        Column::Text("category"),
        Column::Number("price"),
        Column::Number("cost"),
        Column::Number("floor"),
        Column::Text("currency"),
        Column::Number("shelf_life_days"),
    ];
    let items = tables.load_items(store_id).await.map_err(explain)?;
    let row = |item: &domain::Item| {
        vec![
            item.sku.to_string(),
            item.name.clone().unwrap_or_default(),
            item.category.clone().unwrap_or_default(),
            item.price.to_string(),
            item.cost.map(|cost| cost.to_string()).unwrap_or_default(),
            item.floor.map(|floor| floor.to_string()).unwrap_or_default(),
            item.price.currency().to_string(),
            item.shelf_life_days.to_string(),
        ]
    };
    output::rows(args.format, &columns, items.iter().map(row))?;
    Ok(ExitCode::SUCCESS)
}
