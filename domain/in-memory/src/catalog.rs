//! The catalogue.

use std::sync::{Arc, Mutex};

use domain::ports::{CatalogTable, Failure, StoreEntry};
use domain::{Chain, Item, Sku, Store, StoreId};

use crate::{CallInjector, Shared, Tables};

/// Stores and items in memory. Clones are the same catalogue.
#[derive(Clone, Default)]
pub struct Catalog {
    chain: Arc<Mutex<Chain>>,
    stores: Shared<StoreId, Store>,
    items: Shared<(StoreId, Sku), Item>,
    calls: CallInjector,
}

impl Catalog {
    /// An empty catalogue whose calls ask `calls`.
    #[must_use]
    pub fn with_calls(calls: CallInjector) -> Self {
        Self { calls, ..Self::default() }
    }

    /// A copy of its own; its calls all succeed.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let chain = self.chain.lock().unwrap().clone();
        let stores = self.stores.lock().unwrap().clone();
        let items = self.items.lock().unwrap().clone();
        Self {
            chain: Arc::new(Mutex::new(chain)),
            stores: Arc::new(Mutex::new(stores)),
            items: Arc::new(Mutex::new(items)),
            ..Self::default()
        }
    }
}

impl CatalogTable for Tables {
    async fn put_item(&self, item: &Item) -> Result<(), Failure> {
        let store_id = item.store_id.clone().expect("an item of a twin belongs to a store");
        self.catalog.items.lock().unwrap().insert((store_id, item.sku.clone()), item.clone());
        Ok(())
    }

    async fn put_store(&self, store: &Store) -> Result<(), Failure> {
        self.catalog.stores.lock().unwrap().insert(store.store_id.clone(), store.clone());
        Ok(())
    }

    async fn put_chain(&self, chain: &Chain) -> Result<(), Failure> {
        self.catalog.chain.lock().unwrap().clone_from(chain);
        Ok(())
    }

    async fn load_chain(&self) -> Result<Chain, Failure> {
        self.catalog.calls.call(|| Ok(self.catalog.chain.lock().unwrap().clone())).await
    }

    async fn load_store(&self, store_id: &StoreId) -> Result<Option<Store>, Failure> {
        self.catalog
            .calls
            .call(|| Ok(self.catalog.stores.lock().unwrap().get(store_id).cloned()))
            .await
    }

    async fn list_stores(&self) -> Result<Vec<StoreId>, Failure> {
        self.catalog
            .calls
            .call(|| Ok(self.catalog.stores.lock().unwrap().keys().cloned().collect()))
            .await
    }

    async fn load_stores(&self, store_ids: &[StoreId]) -> Result<Vec<StoreEntry>, Failure> {
        let find = || {
            let stores = self.catalog.stores.lock().unwrap();
            let found = store_ids.iter().filter_map(|id| stores.get(id));
            Ok(found.map(|store| (store.store_id.clone(), Ok(store.clone()))).collect())
        };
        self.catalog.calls.call(find).await
    }

    async fn load_items(&self, store_id: &StoreId) -> Result<Vec<Item>, Failure> {
        let find = || {
            let items = self.catalog.items.lock().unwrap();
            let own = items.iter().filter(|(key, _)| key.0 == *store_id);
            Ok(own.map(|(_, item)| item.clone()).collect())
        };
        self.catalog.calls.call(find).await
    }
}
