//! Catalogue in memory.

use std::collections::BTreeMap;

use domain::ports::{CatalogTable, Failure, ItemEntry, StoreEntry};
use domain::{Chain, Item, Sku, Store, StoreId};

use crate::Tables;
use crate::table_rows::TableRows;

/// Stores, items and the settings of the chain. Clones share the rows.
#[derive(Clone, Default)]
pub struct Catalog {
    /// At most one row.
    chain: TableRows<(), Chain>,
    stores: TableRows<StoreId, Store>,
    /// Items by store; `None` is an item of the chain.
    items: TableRows<(Option<StoreId>, Sku), Item>,
}

impl Catalog {
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            chain: self.chain.snapshot(),
            stores: self.stores.snapshot(),
            items: self.items.snapshot(),
        }
    }
}

/// Writes have no injected faults, so that a test can fill the catalogue. Reads have.
impl CatalogTable for Tables {
    async fn put_item(&self, item: &Item) -> Result<(), Failure> {
        self.catalog.items.insert((item.store_id.clone(), item.sku.clone()), item.clone());
        Ok(())
    }

    async fn put_store(&self, store: &Store) -> Result<(), Failure> {
        self.catalog.stores.insert(store.store_id.clone(), store.clone());
        Ok(())
    }

    async fn put_chain(&self, chain: &Chain) -> Result<(), Failure> {
        self.catalog.chain.insert((), chain.clone());
        Ok(())
    }

    async fn load_chain(&self) -> Result<Chain, Failure> {
        self.calls.call(|| Ok(self.catalog.chain.get(&()).unwrap_or_default())).await
    }

    async fn load_store(&self, store_id: &StoreId) -> Result<Option<Store>, Failure> {
        self.calls.call(|| Ok(self.catalog.stores.get(store_id))).await
    }

    async fn list_stores(&self) -> Result<Vec<StoreId>, Failure> {
        self.calls.call(|| Ok(self.catalog.stores.lock().keys().cloned().collect())).await
    }

    async fn load_stores(&self, store_ids: &[StoreId]) -> Result<Vec<StoreEntry>, Failure> {
        let load = || {
            let stores = self.catalog.stores.get_all(store_ids).into_iter();
            Ok(stores.map(|store| (store.store_id.clone(), Ok(store))).collect())
        };
        self.calls.call(load).await
    }

    async fn load_items(&self, store_id: &StoreId) -> Result<Vec<Item>, Failure> {
        let load = || {
            // The chain's items come first, so that an item of the store replaces them.
            let items = self.catalog.items.all().into_iter();
            let items = items.filter(|item| item.store_id.as_ref().is_none_or(|id| id == store_id));
            let by_sku: BTreeMap<Sku, Item> = items.map(|item| (item.sku.clone(), item)).collect();
            Ok(by_sku.into_values().collect())
        };
        self.calls.call(load).await
    }

    async fn load_item_entries(
        &self,
        store_id: Option<&StoreId>,
    ) -> Result<Vec<ItemEntry>, Failure> {
        let load = || {
            let items = self.catalog.items.all().into_iter();
            let items = items.filter(|item| item.store_id.as_ref() == store_id);
            Ok(items.map(|item| (item.sku.clone(), Ok(item))).collect())
        };
        self.calls.call(load).await
    }

    async fn remove_item(&self, store_id: Option<&StoreId>, sku: &Sku) -> Result<(), Failure> {
        self.catalog.items.lock().remove(&(store_id.cloned(), sku.clone()));
        Ok(())
    }

    async fn remove_store(&self, store_id: &StoreId) -> Result<(), Failure> {
        self.catalog.stores.lock().remove(store_id);
        Ok(())
    }

    async fn remove_chain(&self) -> Result<(), Failure> {
        self.catalog.chain.lock().remove(&());
        Ok(())
    }
}
