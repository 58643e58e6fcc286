//! In-memory twins of the ports, for tests that want a world without a network.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{CatalogTable, Failure, OffersTable, QuarantineTable, Saved, StockTable};
use domain::quarantine::Quarantined;
use domain::stock::{StockWindow, Version, WindowKey};
use domain::{Item, Offer, OfferId, Sku, Store, StoreId};

type Shared<K, V> = Arc<Mutex<BTreeMap<K, V>>>;

/// The stock table: rows in their stored form, so that nothing survives that is not stored.
#[derive(Clone, Default)]
pub struct Stock {
    rows: Shared<WindowKey, Vec<u8>>,
    /// Failures to come, one for each call of `save`.
    failures: Arc<Mutex<Vec<Failure>>>,
}

impl Stock {
    /// What is stored, to the last byte.
    pub fn bytes(&self) -> BTreeMap<WindowKey, Vec<u8>> {
        self.rows.lock().unwrap().clone()
    }

    pub fn rows(&self) -> Vec<StockWindow> {
        self.bytes().into_iter().map(|(key, bytes)| row(key, &bytes)).collect()
    }

    /// The next calls of `save` fail like this.
    pub fn fail_next(&self, failures: impl IntoIterator<Item = Failure>) {
        self.failures.lock().unwrap().extend(failures);
    }
}

fn row(key: WindowKey, bytes: &[u8]) -> StockWindow {
    StockWindow::unpack(key, bytes).expect("what was packed")
}

impl StockTable for Stock {
    async fn load(&self, keys: &[WindowKey]) -> Result<Vec<StockWindow>, Failure> {
        let rows = self.rows.lock().unwrap();
        let found = keys.iter().filter_map(|key| Some(row(key.clone(), rows.get(key)?)));
        Ok(found.collect())
    }

    async fn save(
        &self,
        new: &StockWindow,
        read: Option<&Version>,
    ) -> Result<Saved<StockWindow>, Failure> {
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return Err(failure);
        }
        let mut rows = self.rows.lock().unwrap();
        let stored = rows.get(new.key()).map(|bytes| row(new.key().clone(), bytes));
        if stored.as_ref().map(StockWindow::version).as_ref() != read {
            return Ok(Saved::Conflict(stored));
        }
        rows.insert(new.key().clone(), new.pack());
        Ok(Saved::Done)
    }

    async fn query(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        _now: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, Failure> {
        let wanted = |row: &StockWindow| {
            let key = row.key();
            key.store_id == *store_id
                && sku.is_none_or(|sku| key.sku == *sku)
                && (since..until).contains(&key.window.start())
        };
        Ok(self.rows().into_iter().filter(wanted).collect())
    }
}

/// The quarantine table.
#[derive(Clone, Default)]
pub struct Quarantine {
    kept: Shared<(NaiveDate, String), Quarantined>,
}

impl Quarantine {
    pub fn kept(&self) -> Vec<Quarantined> {
        self.kept.lock().unwrap().values().cloned().collect()
    }
}

impl QuarantineTable for Quarantine {
    async fn keep(&self, refused: &Quarantined) -> Result<(), Failure> {
        let key = (refused.date, refused.key.clone());
        self.kept.lock().unwrap().insert(key, refused.clone());
        Ok(())
    }
}

/// The catalogue.
#[derive(Clone, Default)]
pub struct Catalog {
    stores: Shared<StoreId, Store>,
    items: Shared<(StoreId, Sku), Item>,
}

impl CatalogTable for Catalog {
    async fn put_item(&self, item: &Item) -> Result<(), Failure> {
        let store_id = item.store_id.clone().expect("the tests' items belong to a store");
        self.items.lock().unwrap().insert((store_id, item.sku.clone()), item.clone());
        Ok(())
    }

    async fn put_store(&self, store: &Store) -> Result<(), Failure> {
        self.stores.lock().unwrap().insert(store.store_id.clone(), store.clone());
        Ok(())
    }

    async fn store(&self, store_id: &StoreId) -> Result<Option<Store>, Failure> {
        Ok(self.stores.lock().unwrap().get(store_id).cloned())
    }

    async fn stores(&self) -> Result<Vec<StoreId>, Failure> {
        Ok(self.stores.lock().unwrap().keys().cloned().collect())
    }

    async fn items(&self, store_id: &StoreId) -> Result<Vec<Item>, Failure> {
        let items = self.items.lock().unwrap();
        Ok(items.iter().filter(|(key, _)| key.0 == *store_id).map(|(_, i)| i.clone()).collect())
    }
}

/// The offers table.
#[derive(Clone, Default)]
pub struct Offers {
    offers: Shared<OfferId, Offer>,
}

impl Offers {
    pub fn all(&self) -> Vec<Offer> {
        self.offers.lock().unwrap().values().cloned().collect()
    }
}

impl OffersTable for Offers {
    async fn of_day(&self, store_id: &StoreId, date: NaiveDate) -> Result<Vec<Offer>, Failure> {
        let of_day =
            |offer: &Offer| offer.offer_id.store_id == *store_id && offer.offer_id.date == date;
        Ok(self.all().into_iter().filter(of_day).collect())
    }

    async fn publish(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        let mut offers = self.offers.lock().unwrap();
        if let Some(known) = offers.get(&offer.offer_id) {
            return Ok(Saved::Conflict(Some(known.clone())));
        }
        offers.insert(offer.offer_id.clone(), offer.clone());
        Ok(Saved::Done)
    }
}
