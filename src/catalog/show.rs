//! `daymark catalog show`: rules in force.

use std::process::ExitCode;

use clap::Args;
use domain::StoreId;
use domain::ports::CatalogTable;
use import::{EntryKey, RuleInForce, chain_rules, item_rules, store_rules};

use super::target::TargetArgs;
use crate::connect::ConnectedTables;
use crate::output::{Column, Format};
use crate::{CommandError, connect, output};

/// Show every rule in force of a store, an item or the chain, and the entry that each comes from
///
/// The column "source" names the entry that sets the rule: chain, store, category, item, or default
/// if no entry sets another value than the default. For an item with --store, or if there is only
/// one store, the rules of the store's policy follow as they are for the item: its own rule before
/// that of its category, and that before the store's. Of lowest prices the highest counts.
#[derive(Debug, Args)]
pub(super) struct CatalogShowArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: CatalogShowArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let key = args.target.key(&tables).await?;
    let chain = tables.load_chain().await.map_err(explain)?;
    let rules = match &key {
        EntryKey::Chain => {
            if chain.name.is_empty() {
                output::note("the catalogue has no chain; these are the defaults");
            }
            chain_rules(Some(&chain))
        }
        EntryKey::Store(store_id) => store_rules(Some(&chain), &tables.store(store_id).await?),
        EntryKey::Item(Some(store_id), sku) => {
            let store = tables.store(store_id).await?;
            let items = tables.load_items(store_id).await.map_err(explain)?;
            let item = items.iter().find(|item| item.sku == *sku);
            let item = item.ok_or_else(|| format!("store {store_id} has no item {sku}"))?;
            item_rules(Some(&chain), Some(&store), item)
        }
        EntryKey::Item(None, sku) => {
            if let Some(store_id) = only_store(&tables).await? {
                let store = tables.store(&store_id).await?;
                let items = tables.load_items(&store_id).await.map_err(explain)?;
                let item = items.iter().find(|item| item.sku == *sku);
                let item = item.ok_or_else(|| format!("store {store_id} has no item {sku}"))?;
                item_rules(Some(&chain), Some(&store), item)
            } else {
                let entries = tables.load_item_entries(None).await.map_err(explain)?;
                let entry = entries.into_iter().find(|(other, _)| other == sku);
                let (_, item) = entry.ok_or_else(|| format!("the chain has no item {sku}"))?;
                output::note("without --store STORE: the item's own rules alone");
                item_rules(Some(&chain), None, &item.map_err(explain)?)
            }
        }
    };
    let columns = ["rule", "value", "source"].map(Column::Text);
    let row = |RuleInForce { rule, value, source }| vec![rule, value, source];
    output::rows(args.format, &columns, rules.into_iter().map(row))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the store of a catalogue that has no other.
async fn only_store(tables: &ConnectedTables) -> Result<Option<StoreId>, CommandError> {
    let mut stores = tables.list_stores().await.map_err(|failure| tables.explain(failure))?;
    Ok(if stores.len() == 1 { stores.pop() } else { None })
}
