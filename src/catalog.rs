//! `daymark catalog`: items, stores and settings of the retailer.

mod export;
mod import;
mod own_entries;
mod remove;
mod running_offers;
mod show;
mod stored;
mod target;

use std::process::ExitCode;

use clap::{Args, Subcommand};
use domain::StoreId;
use domain::ports::CatalogTable;

use crate::output::{Column, Format};
use crate::{CommandError, connect, output};

/// Import, show, export and remove items, stores and the settings of the chain
#[derive(Debug, Args)]
pub(crate) struct CatalogArgs {
    #[command(subcommand)]
    command: CatalogCommand,
}

#[derive(Debug, Subcommand)]
enum CatalogCommand {
    Import(import::CatalogImportArgs),
    List(CatalogListArgs),
    Show(show::CatalogShowArgs),
    Export(export::CatalogExportArgs),
    Remove(remove::CatalogRemoveArgs),
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
        CatalogCommand::Import(args) => import::run(args).await,
        CatalogCommand::List(args) => list(args).await,
        CatalogCommand::Show(args) => show::run(args).await,
        CatalogCommand::Export(args) => export::run(args).await,
        CatalogCommand::Remove(args) => remove::run(args).await,
    }
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
        Column::Amount("price"),
        Column::Amount("cost"),
        Column::Amount("floor"),
        Column::Text("currency"),
        Column::Number("shelf_life_days"),
    ];
    let own = tables.load_item_entries(Some(store_id)).await.map_err(explain)?;
    // Items may be imported before the stores.
    if own.is_empty() && !tables.list_stores().await.map_err(explain)?.is_empty() {
        tables.store(store_id).await?;
    }
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
