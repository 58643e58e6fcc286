//! Entries of the catalogue from the tables.

use domain::StoreId;
use domain::ports::{CatalogTable, Failure};
use futures_util::{StreamExt, stream};
use import::{CatalogEntry, Catalogue, EntryKey};

use crate::connect::ConnectedTables;
use crate::{CommandError, output};

/// Number of concurrent queries for the items of stores.
const QUERIES_AT_ONCE: usize = 16;

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
    let of_stores = store_ids.iter().map(Some);
    loaded.add_items(tables, std::iter::once(None).chain(of_stores)).await?;
    Ok(loaded)
}

impl LoadedCatalogue {
    /// Adds the items of stores; `None` is the chain.
    pub(super) async fn add_items<'a>(
        &mut self,
        tables: &ConnectedTables,
        stores: impl Iterator<Item = Option<&'a StoreId>>,
    ) -> Result<(), CommandError> {
        let explain = |failure| tables.explain(failure);
        let load = async |store_id: Option<&'a StoreId>| {
            (store_id, tables.load_item_entries(store_id).await)
        };
        let mut loaded = stream::iter(stores.map(load)).buffered(QUERIES_AT_ONCE);
        while let Some((store_id, items)) = loaded.next().await {
            for (sku, item) in items.map_err(explain)? {
                let key = EntryKey::Item(store_id.cloned(), sku);
                let item = self.readable(&key.to_string(), item).map_err(explain)?;
                let entry = item.map(|item| CatalogEntry::Item(Box::new(item)));
                entry.into_iter().for_each(|entry| self.catalogue.insert(entry));
            }
        }
        Ok(())
    }

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
