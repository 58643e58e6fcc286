//! Entries that stores have of their own, which a change of the chain's item does not reach.

use std::collections::{BTreeMap, BTreeSet};

use domain::StoreId;
use import::{Catalogue, Change, EntryKey};

use super::stored::LoadedCatalogue;
use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Number of entries that the answer names one by one.
const SHOWN_MAX: usize = 5;

/// Adds the items of all stores that are not in `loaded`, if a change is one of the chain's items.
pub(super) async fn add_own_items(
    tables: &ConnectedTables,
    catalogue: &mut LoadedCatalogue,
    loaded: &BTreeSet<StoreId>,
    changes: &[Change],
) -> Result<(), CommandError> {
    let of_chain = |change: &Change| matches!(change.key, EntryKey::Item(None, _));
    if !changes.iter().any(|change| of_chain(change) && !change.is_none()) {
        return Ok(());
    }
    let stores: Vec<StoreId> = catalogue.catalogue.stores.keys().cloned().collect();
    let others = stores.iter().filter(|store_id| !loaded.contains(store_id));
    catalogue.add_items(tables, others.map(Some)).await
}

/// Notes the entries of stores that keep other values than a changed item of the chain. `catalogue`
/// has the items of all stores. Entries that the files name are left out.
pub(super) fn note_kept(catalogue: &Catalogue, changes: &[Change]) {
    let named: BTreeMap<&EntryKey, &Change> =
        changes.iter().map(|change| (&change.key, change)).collect();
    let mut kept = Vec::new();
    for ((store_id, sku), own) in &catalogue.items {
        let key = EntryKey::Item(store_id.clone(), sku.clone());
        let of_chain = named.get(&EntryKey::Item(None, sku.clone()));
        let Some(change) = of_chain.filter(|_| !named.contains_key(&key)) else { continue };
        let values = change.kept_by(own);
        if !values.is_empty() {
            let values = values.iter().map(|(rule, value)| format!("{rule} {value}"));
            kept.push(format!("{key} ({})", values.collect::<Vec<_>>().join(", ")));
        }
    }
    if kept.is_empty() {
        return;
    }
    let more = if kept.len() > SHOWN_MAX { " and others" } else { "" };
    output::note(format_args!(
        "the chain's change does not reach {} own entries of stores: {}{more}; a column store_id \
         changes them, and daymark catalog remove SKU --store STORE removes them",
        kept.len(),
        kept[..kept.len().min(SHOWN_MAX)].join(", "),
    ));
}
