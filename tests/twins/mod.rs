//! In-memory twins of the ports, for tests that want a world without a network. Loads, saves
//! and publications give way to other tasks first, so that what runs at once really interleaves.
#![allow(dead_code, reason = "every test takes a part of it")]

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{
    CatalogTable, DaysTable, Failure, OffersTable, QuarantineTable, Saved, StockTable,
};
use domain::quarantine::{QuarantineId, Quarantined};
use domain::stock::{RowKey, StockWindow, assemble};
use domain::{ClosedDay, DayKey, Item, Offer, OfferId, Sku, Store, StoreId, Version};
use tokio::task::yield_now;

type Shared<K, V> = Arc<Mutex<BTreeMap<K, V>>>;

/// The stock table: rows in their stored form, so that nothing survives that is not stored.
#[derive(Clone, Default)]
pub(crate) struct Stock {
    rows: Shared<RowKey, Vec<u8>>,
    /// Failures to come, one for each call of `save`.
    failures: Arc<Mutex<Vec<Failure>>>,
    /// Rows that cannot be saved.
    broken: Arc<Mutex<BTreeSet<RowKey>>>,
}

impl Stock {
    /// What is stored, to the last byte.
    pub(crate) fn bytes(&self) -> BTreeMap<RowKey, Vec<u8>> {
        self.rows.lock().unwrap().clone()
    }

    /// The windows, each put together of its rows.
    pub(crate) fn rows(&self) -> Vec<StockWindow> {
        assemble(self.bytes().into_iter().map(|(key, bytes)| row(key, &bytes)))
    }

    /// From now on exactly these rows cannot be saved.
    pub(crate) fn break_rows(&self, keys: impl IntoIterator<Item = RowKey>) {
        *self.broken.lock().unwrap() = keys.into_iter().collect();
    }

    /// The next calls of `save` fail like this.
    pub(crate) fn fail_next(&self, failures: impl IntoIterator<Item = Failure>) {
        self.failures.lock().unwrap().extend(failures);
    }
}

fn row(key: RowKey, bytes: &[u8]) -> StockWindow {
    StockWindow::unpack(key, bytes).expect("what was packed")
}

impl StockTable for Stock {
    async fn load(&self, keys: &[RowKey]) -> Result<Vec<StockWindow>, Failure> {
        yield_now().await;
        let rows = self.rows.lock().unwrap();
        let found = keys.iter().filter_map(|key| Some(row(key.clone(), rows.get(key)?)));
        Ok(found.collect())
    }

    async fn save(
        &self,
        new: &StockWindow,
        read: Option<&Version>,
    ) -> Result<Saved<StockWindow>, Failure> {
        yield_now().await;
        if let Some(failure) = self.failures.lock().unwrap().pop() {
            return Err(failure);
        }
        if self.broken.lock().unwrap().contains(new.row_key()) {
            return Err(Failure::Throttled("a row that cannot be saved".to_owned()));
        }
        let mut rows = self.rows.lock().unwrap();
        let stored = rows.get(new.row_key()).map(|bytes| row(new.row_key().clone(), bytes));
        if stored.as_ref().map(StockWindow::version).as_ref() != read {
            return Ok(Saved::Conflict(stored));
        }
        rows.insert(new.row_key().clone(), new.pack());
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

/// The days table.
#[derive(Clone)]
pub(crate) struct Days {
    rows: Shared<DayKey, ClosedDay>,
    /// How many saves still work.
    saves: Arc<Mutex<usize>>,
}

impl Default for Days {
    fn default() -> Self {
        Self { rows: Shared::default(), saves: Arc::new(Mutex::new(usize::MAX)) }
    }
}

impl Days {
    /// After so many saves more the table is down.
    pub(crate) fn fail_after(&self, saves: usize) {
        *self.saves.lock().unwrap() = saves;
    }

    pub(crate) fn all(&self) -> Vec<ClosedDay> {
        self.rows.lock().unwrap().values().cloned().collect()
    }
}

impl DaysTable for Days {
    async fn load(&self, keys: &[DayKey]) -> Result<Vec<ClosedDay>, Failure> {
        yield_now().await;
        let rows = self.rows.lock().unwrap();
        Ok(keys.iter().filter_map(|key| rows.get(key).cloned()).collect())
    }

    async fn save(
        &self,
        day: &ClosedDay,
        read: Option<&Version>,
    ) -> Result<Saved<ClosedDay>, Failure> {
        yield_now().await;
        let mut saves = self.saves.lock().unwrap();
        *saves =
            saves.checked_sub(1).ok_or_else(|| Failure::Unavailable("days are down".to_owned()))?;
        let mut rows = self.rows.lock().unwrap();
        let stored = rows.get(&day.key);
        if stored.map(|row| &row.version) != read {
            return Ok(Saved::Conflict(stored.cloned()));
        }
        rows.insert(day.key.clone(), day.clone());
        Ok(Saved::Done)
    }

    async fn of_item(
        &self,
        store_id: &StoreId,
        sku: &Sku,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<ClosedDay>, Failure> {
        let wanted = |day: &ClosedDay| {
            let DayKey { store_id: of_store, sku: of_sku, date } = &day.key;
            of_store == store_id && of_sku == sku && (first..=last).contains(date)
        };
        Ok(self.all().into_iter().filter(wanted).collect())
    }
}

/// The quarantine table.
#[derive(Clone, Default)]
pub(crate) struct Quarantine {
    kept: Shared<QuarantineId, Quarantined>,
    is_down: Arc<Mutex<bool>>,
}

impl Quarantine {
    pub(crate) fn kept(&self) -> Vec<Quarantined> {
        self.kept.lock().unwrap().values().cloned().collect()
    }

    /// Whether calls fail from now on.
    pub(crate) fn set_down(&self, is_down: bool) {
        *self.is_down.lock().unwrap() = is_down;
    }
}

impl QuarantineTable for Quarantine {
    async fn keep(&self, refused: &Quarantined) -> Result<(), Failure> {
        yield_now().await;
        if *self.is_down.lock().unwrap() {
            return Err(Failure::Unavailable("the quarantine is down".to_owned()));
        }
        self.kept.lock().unwrap().insert(refused.id.clone(), refused.clone());
        Ok(())
    }

    async fn of_day(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        Ok(self.kept().into_iter().filter(|refused| refused.id.date == date).collect())
    }

    async fn get(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        Ok(self.kept.lock().unwrap().get(id).cloned())
    }

    async fn remove(&self, id: &QuarantineId) -> Result<(), Failure> {
        yield_now().await;
        if *self.is_down.lock().unwrap() {
            return Err(Failure::Unavailable("the quarantine is down".to_owned()));
        }
        self.kept.lock().unwrap().remove(id);
        Ok(())
    }
}

/// The catalogue.
#[derive(Clone, Default)]
pub(crate) struct Catalog {
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
pub(crate) struct Offers {
    offers: Shared<OfferId, Offer>,
}

impl Offers {
    pub(crate) fn all(&self) -> Vec<Offer> {
        self.offers.lock().unwrap().values().cloned().collect()
    }
}

impl OffersTable for Offers {
    async fn of_day(&self, store_id: &StoreId, date: NaiveDate) -> Result<Vec<Offer>, Failure> {
        yield_now().await;
        let of_day =
            |offer: &Offer| offer.offer_id.store_id == *store_id && offer.offer_id.date == date;
        Ok(self.all().into_iter().filter(of_day).collect())
    }

    async fn publish(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        yield_now().await;
        let mut offers = self.offers.lock().unwrap();
        if let Some(known) = offers.get(&offer.offer_id) {
            return Ok(Saved::Conflict(Some(known.clone())));
        }
        offers.insert(offer.offer_id.clone(), offer.clone());
        Ok(Saved::Done)
    }
}
