//! The stock table.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use domain::ports::{Failure, Saved, StockTable};
use domain::stock::{RowKey, StockWindow, WindowKey, assemble};
use domain::{Event, Sku, StoreId, Version};

use crate::{CallInjector, Shared, Tables};

/// Stock rows in memory. Clones are the same table.
#[derive(Clone, Default)]
pub struct Stock {
    rows: Shared<RowKey, Vec<u8>>,
    /// Rows that cannot be saved.
    broken: Arc<Mutex<BTreeSet<RowKey>>>,
    conflicts: Arc<Mutex<u64>>,
    calls: CallInjector,
}

impl Stock {
    /// An empty table whose calls ask `calls`.
    #[must_use]
    pub fn with_calls(calls: CallInjector) -> Self {
        Self { calls, ..Self::default() }
    }

    /// A copy of its own of what is stored; its calls all succeed.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self { rows: Arc::new(Mutex::new(self.bytes())), ..Self::default() }
    }

    /// What is stored, to the last byte.
    #[must_use]
    pub fn bytes(&self) -> BTreeMap<RowKey, Vec<u8>> {
        self.rows.lock().unwrap().clone()
    }

    /// The windows, each put together of its rows.
    #[must_use]
    pub fn rows(&self) -> Vec<StockWindow> {
        assemble(self.bytes().into_iter().map(|(key, bytes)| row(key, &bytes)))
    }

    /// Whether the event's id is in a row of its window.
    #[must_use]
    pub fn holds(&self, event: &Event) -> bool {
        let key = WindowKey::of(event);
        let rows = self.rows.lock().unwrap();
        let rows = rows.range(RowKey::from(key.clone())..).take_while(|(row, _)| row.window == key);
        let mut rows = rows.map(|(key, bytes)| row(key.clone(), bytes));
        rows.any(|row| row.events().any(|other| other.event_id() == event.event_id()))
    }

    fn row(&self, key: &RowKey) -> Option<StockWindow> {
        Some(row(key.clone(), self.rows.lock().unwrap().get(key)?))
    }

    /// How many saves met a row that somebody else had saved.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        *self.conflicts.lock().unwrap()
    }

    /// From now on exactly these rows cannot be saved.
    pub fn break_rows(&self, keys: impl IntoIterator<Item = RowKey>) {
        *self.broken.lock().unwrap() = keys.into_iter().collect();
    }
}

fn row(key: RowKey, bytes: &[u8]) -> StockWindow {
    StockWindow::unpack(key, bytes).expect("what was packed")
}

impl StockTable for Tables {
    async fn load_stock(&self, keys: &[RowKey]) -> Result<Vec<StockWindow>, Failure> {
        self.stock
            .calls
            .call(|| Ok(keys.iter().filter_map(|key| self.stock.row(key)).collect()))
            .await
    }

    async fn save_stock(
        &self,
        new: &StockWindow,
        read: Option<&Version>,
    ) -> Result<Saved<StockWindow>, Failure> {
        let save = || {
            if self.stock.broken.lock().unwrap().contains(new.row_key()) {
                return Err(Failure::Throttled("a row that cannot be saved".to_owned()));
            }
            let mut rows = self.stock.rows.lock().unwrap();
            let stored = rows.get(new.row_key());
            if stored.map(|bytes| Version::of(bytes)).as_ref() != read {
                *self.stock.conflicts.lock().unwrap() += 1;
                let stored = stored.map(|bytes| row(new.row_key().clone(), bytes));
                return Ok(Saved::Conflict(stored));
            }
            rows.insert(new.row_key().clone(), new.pack());
            Ok(Saved::Done)
        };
        self.stock.calls.call(save).await
    }

    async fn query_stock(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        _now: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, Failure> {
        let wanted = |key: &WindowKey| {
            key.store_id == *store_id
                && sku.is_none_or(|sku| key.sku == *sku)
                && (since..until).contains(&key.window.start())
        };
        let query = || {
            let rows = self.stock.rows.lock().unwrap();
            let found = rows.iter().filter(|(key, _)| wanted(&key.window));
            Ok(assemble(found.map(|(key, bytes)| row(key.clone(), bytes))))
        };
        self.stock.calls.call(query).await
    }
}
