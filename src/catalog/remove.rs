//! `daymark catalog remove`: removal of an entry.

use std::process::ExitCode;

use clap::Args;
use domain::ports::CatalogTable;
use import::{EntryKey, RuleInForce, chain_rules, item_rules, store_rules};

use super::running_offers::note_left;
use super::stored::load;
use super::target::TargetArgs;
use crate::connect::ConnectedTables;
use crate::{CommandError, clock, connect, output};

/// Remove a store with its own items, an item, or the settings of the chain
///
/// An item with --store loses the entry of that store alone, and the chain's entry counts again. A
/// store that is removed is no longer priced, and its days are no longer closed; its stock, days
/// and offers stay. The answer lists the removed rules and the offers of today that stay. Export
/// the catalogue first to keep the rules.
#[derive(Debug, Args)]
pub(super) struct CatalogRemoveArgs {
    #[command(flatten)]
    target: TargetArgs,

    /// Show what would be removed, and remove nothing
    #[arg(long)]
    check: bool,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: CatalogRemoveArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let key = args.target.key(&tables).await?;
    let entries = entries_below(&tables, &key).await?;
    note_left(&tables, &key, clock::now()).await?;
    for (entry, rules) in &entries {
        for RuleInForce { rule, value, .. } in rules.iter().filter(|rule| is_set(rule)) {
            let (rule, value) = (domain::one_line(rule), domain::one_line(value));
            output::line(output::wrapped(&format!("{entry}: {rule} {value} -> none"), 4));
        }
        let removed = match entry {
            _ if args.check => Ok(()),
            EntryKey::Chain => tables.remove_chain().await,
            EntryKey::Store(store_id) => tables.remove_store(store_id).await,
            EntryKey::Item(store_id, sku) => tables.remove_item(store_id.as_ref(), sku).await,
        };
        removed.map_err(explain)?;
    }
    let what = if args.check { "checked" } else { "removed" };
    let names: Vec<String> = entries.iter().map(|(entry, _)| entry.to_string()).collect();
    output::line(output::wrapped(&format!("{what}: {}", names.join(", ")), 4));
    Ok(ExitCode::SUCCESS)
}

fn is_set(rule: &RuleInForce) -> bool {
    rule.source != "default"
}

/// Returns the entry and, for a store, the items that it has of its own, which are removed first.
async fn entries_below(
    tables: &ConnectedTables,
    key: &EntryKey,
) -> Result<Vec<(EntryKey, Vec<RuleInForce>)>, CommandError> {
    let (store_ids, missing) = match key {
        EntryKey::Chain => (Vec::new(), "the catalogue has no chain".to_owned()),
        EntryKey::Store(store_id) => (vec![store_id.clone()], format!("there is no {key}")),
        EntryKey::Item(store_id, _) => {
            (store_id.iter().cloned().collect(), format!("there is no {key} in the catalogue"))
        }
    };
    let catalogue = load(tables, &store_ids).await?.catalogue;
    let mut entries = Vec::new();
    match key {
        EntryKey::Chain => {
            let chain = catalogue.chain.as_ref().ok_or(missing)?;
            entries.push((key.clone(), chain_rules(Some(chain))));
        }
        EntryKey::Store(store_id) => {
            let entries_of_store = tables.load_item_entries(Some(store_id)).await;
            for (sku, item) in entries_of_store.map_err(|failure| tables.explain(failure))? {
                let rules = item.map_or_else(|_| Vec::new(), |item| item_rules(None, None, &item));
                entries.push((EntryKey::Item(Some(store_id.clone()), sku), rules));
            }
            let store = catalogue.stores.get(store_id);
            let rules = store.map_or_else(Vec::new, |store| store_rules(None, store));
            entries.push((key.clone(), rules));
        }
        EntryKey::Item(store_id, sku) => {
            let of_owner = tables.load_item_entries(store_id.as_ref()).await;
            let of_owner = of_owner.map_err(|failure| tables.explain(failure))?;
            let (_, item) = of_owner.into_iter().find(|(other, _)| other == sku).ok_or(missing)?;
            let rules = item.map_or_else(|_| Vec::new(), |item| item_rules(None, None, &item));
            entries.push((key.clone(), rules));
        }
    }
    Ok(entries)
}
