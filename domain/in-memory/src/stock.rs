//! Stock table in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, Utc};
use domain::ports::{Failure, Saved, StockTable};
use domain::stock::{RowKey, StockWindow, WindowKey, assemble};
use domain::{Event, Sku, StoreId, Version};

use crate::Tables;
use crate::table_rows::TableRows;

/// Stock rows in their stored form. Clones share the rows.
#[derive(Clone, Default)]
pub struct Stock {
    rows: TableRows<RowKey, Vec<u8>>,
    /// Rows that cannot be saved.
    broken: Arc<Mutex<BTreeSet<RowKey>>>,
    conflicts: Arc<Mutex<u64>>,
}

impl Stock {
    pub(crate) fn snapshot(&self) -> Self {
        Self { rows: self.rows.snapshot(), ..Self::default() }
    }

    /// Returns the stored bytes of all rows.
    #[must_use]
    pub fn bytes(&self) -> BTreeMap<RowKey, Vec<u8>> {
        self.rows.lock().clone()
    }

    /// Returns all windows, each merged from its rows.
    #[must_use]
    pub fn rows(&self) -> Vec<StockWindow> {
        assemble(self.bytes().into_iter().map(|(key, bytes)| unpack(key, &bytes)))
    }

    /// `true` if a row of the event's window holds an event with its id.
    #[must_use]
    pub fn holds(&self, event: &Event) -> bool {
        let key = WindowKey::of(event);
        let rows = self.rows.lock();
        let rows = rows.range(RowKey::from(key.clone())..).take_while(|(row, _)| row.window == key);
        let mut rows = rows.map(|(key, bytes)| unpack(key.clone(), bytes));
        rows.any(|row| row.events().any(|other| other.event_id() == event.event_id()))
    }

    /// Number of saves that met another version than the one they had read.
    #[must_use]
    pub fn conflicts(&self) -> u64 {
        *self.conflicts.lock().unwrap()
    }

    /// Makes the saves of exactly these rows fail.
    pub fn break_rows(&self, keys: impl IntoIterator<Item = RowKey>) {
        *self.broken.lock().unwrap() = keys.into_iter().collect();
    }
}

fn unpack(key: RowKey, bytes: &[u8]) -> StockWindow {
    StockWindow::unpack(key, bytes).expect("stored rows are packed rows")
}

impl Tables {
    /// Adds events to their windows, as the processors do without faults and full rows.
    ///
    /// # Errors
    /// Returns an error if an injected call fails.
    ///
    /// # Panics
    /// Panics if a row was saved concurrently.
    pub async fn save_events(
        &self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), Failure> {
        let mut windows: BTreeMap<WindowKey, Vec<Event>> = BTreeMap::new();
        for event in events {
            windows.entry(WindowKey::of(&event)).or_default().push(event);
        }
        for (key, events) in windows {
            // A correction belongs to the window of the corrected event, which has a row.
            let stored = self.load_stock(&[key.clone().into()]).await?.pop();
            let read = stored.as_ref().map(StockWindow::version);
            let mut row = stored.unwrap_or_else(|| StockWindow::new(key));
            events.into_iter().for_each(|event| drop(row.absorb(event)));
            assert_eq!(self.save_stock(&row, read.as_ref()).await?, Saved::Done);
        }
        Ok(())
    }
}

impl StockTable for Tables {
    async fn load_stock(&self, keys: &[RowKey]) -> Result<Vec<StockWindow>, Failure> {
        let load = || {
            let rows = self.stock.rows.lock();
            let found = keys.iter().filter_map(|key| Some(unpack(key.clone(), rows.get(key)?)));
            Ok(found.collect())
        };
        self.calls.call(load).await
    }

    async fn save_stock(
        &self,
        row: &StockWindow,
        read: Option<&Version>,
    ) -> Result<Saved<StockWindow>, Failure> {
        let save = || {
            let key = row.row_key();
            if self.stock.broken.lock().unwrap().contains(key) {
                return Err(Failure::Throttled("a row that cannot be saved".to_owned()));
            }
            let version = |bytes: &Vec<u8>| Version::of(bytes);
            match self.stock.rows.save(key, row.pack(), read, version) {
                Saved::Done => Ok(Saved::Done),
                Saved::Conflict(stored) => {
                    *self.stock.conflicts.lock().unwrap() += 1;
                    Ok(Saved::Conflict(stored.map(|bytes| unpack(key.clone(), &bytes))))
                }
            }
        };
        self.calls.call(save).await
    }

    async fn query_stock(
        &self,
        store_id: &StoreId,
        sku: Option<&Sku>,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
        _now: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, Failure> {
        let is_wanted = |key: &WindowKey| {
            key.store_id == *store_id
                && sku.is_none_or(|sku| key.sku == *sku)
                && (since..until).contains(&key.window.start())
        };
        let query = || {
            let rows = self.stock.rows.lock();
            let found = rows.iter().filter(|(key, _)| is_wanted(&key.window));
            Ok(assemble(found.map(|(key, bytes)| unpack(key.clone(), bytes))))
        };
        self.calls.call(query).await
    }
}
