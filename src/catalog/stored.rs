//! Entries of the catalogue from the tables.

use domain::StoreId;
use domain::ports::{CatalogTable, Failure};
use import::{CatalogEntry, Catalogue};

use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Catalogue as far as it is loaded.
pub(super) struct LoadedCatalogue {
    pub(super) catalogue: Catalogue,
    /// Number of entries that cannot be decoded and are left out.
    pub(super) unreadable: usize,
}

/// Loads the chain, all stores, the items of the chain and those of the named stores.
pub(super) async fn load(
    tables: &ConnectedTables,
    store_ids: &[StoreId],
) -> Result<LoadedCatalogue, CommandError> {
    let explain = |failure| tables.explain(failure);
    let mut loaded = LoadedCatalogue { catalogue: Catalogue::default(), unreadable: 0 };
    if let Some(chain) = loaded.readable("the chain", tables.load_chain().await).map_err(explain)? {
        // The default has no name.
        loaded.catalogue.chain = Some(chain).filter(|chain| !chain.name.is_empty());
    }
    let all = tables.list_stores().await.map_err(explain)?;
    for (store_id, store) in tables.load_stores(&all).await.map_err(explain)? {
        let store = loaded.readable(&format!("store {store_id}"), store).map_err(explain)?;
        store.into_iter().for_each(|store| {
            loaded.catalogue.insert(CatalogEntry::Store(Box::new(store)));
        });
    }
    for store_id in std::iter::once(None).chain(store_ids.iter().map(Some)) {
        for (sku, item) in tables.load_item_entries(store_id).await.map_err(explain)? {
            let name = match store_id {
                None => format!("item {sku}"),
                Some(store_id) => format!("item {sku} of store {store_id}"),
            };
            let item = loaded.readable(&name, item).map_err(explain)?;
            item.into_iter().for_each(|item| loaded.catalogue.insert(CatalogEntry::Item(item)));
        }
    }
    Ok(loaded)
}

impl LoadedCatalogue {
    /// Returns the entry, or `None` with a note if its bytes cannot be decoded.
    fn readable<T>(&mut self, name: &str, entry: Result<T, Failure>) -> Result<Option<T>, Failure> {
        match entry {
            Ok(entry) => Ok(Some(entry)),
            Err(failure @ Failure::Unreadable(_)) => {
                self.unreadable += 1;
                output::note(format_args!(
                    "{name} counts as missing: {failure}; import it with all its fields, or \
                     remove it"
                ));
                Ok(None)
            }
            Err(failure) => Err(failure),
        }
    }
}
