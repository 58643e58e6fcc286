//! Entry of the catalogue that a command names.

use clap::{Args, ValueEnum};
use domain::ports::CatalogTable;
use domain::{Sku, StoreId};
use import::{EntryKey, nearest};

use crate::CommandError;
use crate::connect::ConnectedTables;

/// Arguments that name an entry.
#[derive(Debug, Args)]
pub(super) struct TargetArgs {
    /// Store id, SKU, or the word chain
    #[arg(value_name = "STORE|SKU|chain")]
    target: String,

    /// Store of the item; its own entry counts before the chain's
    #[arg(long, value_name = "STORE")]
    pub(super) store: Option<StoreId>,

    /// Kind of the entry, where a store and an item have the same name
    #[arg(long, value_name = "KIND")]
    kind: Option<TargetKind>,
}

/// Kind of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum TargetKind {
    /// Store with its policy
    Store,
    /// Item
    Item,
}

impl TargetArgs {
    /// Returns the key of the entry. An item without --store is the chain's, or that of the only
    /// store that has it.
    pub(super) async fn key(&self, tables: &ConnectedTables) -> Result<EntryKey, CommandError> {
        if self.target == "chain" && self.kind.is_none() && self.store.is_none() {
            return Ok(EntryKey::Chain);
        }
        let target = &self.target;
        let named = |error: &dyn std::fmt::Display| format!("{target:?} {error}");
        if let Some(store_id) = &self.store {
            let sku = target.parse().map_err(|error| named(&error))?;
            return Ok(EntryKey::Item(Some(store_id.clone()), sku));
        }
        let explain = |failure| tables.explain(failure);
        let stores = tables.list_stores().await.map_err(explain)?;
        let store = stores.iter().find(|store_id| store_id.as_str() == target);
        let store = store.filter(|_| self.kind != Some(TargetKind::Item));
        let mut owners = Vec::new();
        let mut skus = Vec::new();
        if self.kind != Some(TargetKind::Store) {
            let sku: Sku = target.parse().map_err(|error| named(&error))?;
            for owner in std::iter::once(None).chain(stores.iter().map(Some)) {
                let entries = tables.load_item_entries(owner).await.map_err(explain)?;
                let has = entries.iter().any(|(other, _)| *other == sku);
                owners.extend(has.then(|| EntryKey::Item(owner.cloned(), sku.clone())));
                skus.extend(entries.into_iter().map(|(sku, _)| sku));
                if has && owner.is_none() {
                    break;
                }
            }
        }
        match (store, &owners[..]) {
            (Some(store_id), []) => Ok(EntryKey::Store(store_id.clone())),
            (None, [owner]) => Ok(owner.clone()),
            (Some(_), [_, ..]) => {
                Err(format!("{target} is a store and an item; add --kind store or --kind item")
                    .into())
            }
            (None, [_, _, ..]) => {
                let owners: Vec<String> = owners.iter().map(ToString::to_string).collect();
                Err(format!(
                    "{target} is an item of several stores; add --store: {}",
                    owners.join(", ")
                )
                .into())
            }
            (None, []) => {
                let ids = stores.iter().map(StoreId::as_str).chain(skus.iter().map(Sku::as_str));
                let near = nearest(target, ids);
                let advice =
                    near.map_or_else(String::new, |near| format!("; did you mean {near}?"));
                Err(format!("{target} is neither a store nor an item of the catalogue{advice}")
                    .into())
            }
        }
    }
}
