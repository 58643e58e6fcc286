//! The days table, with the histories in it.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{DaysTable, Failure, HistoryTable, Saved};
use domain::{ClosedDay, DayKey, History, HistoryKey, Sku, StoreId, Version};

use crate::{CallInjector, Shared, Tables};

/// Day rows in memory. Clones are the same table.
#[derive(Clone)]
pub struct Days {
    rows: Shared<DayKey, ClosedDay>,
    histories: Shared<HistoryKey, History>,
    /// How many saves still work.
    saves: Arc<Mutex<usize>>,
    calls: CallInjector,
}

impl Default for Days {
    fn default() -> Self {
        Self::with_calls(CallInjector::default())
    }
}

impl Days {
    /// An empty table whose calls ask `calls`.
    #[must_use]
    pub fn with_calls(calls: CallInjector) -> Self {
        Self {
            rows: Shared::default(),
            histories: Shared::default(),
            saves: Arc::new(Mutex::new(usize::MAX)),
            calls,
        }
    }

    /// A copy of its own of what is stored; its calls all succeed.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let rows = self.rows.lock().unwrap().clone();
        let histories = self.histories.lock().unwrap().clone();
        Self {
            rows: Arc::new(Mutex::new(rows)),
            histories: Arc::new(Mutex::new(histories)),
            ..Self::default()
        }
    }

    /// After so many saves more the table is down.
    pub fn fail_after(&self, saves: usize) {
        *self.saves.lock().unwrap() = saves;
    }

    fn count_save(&self) -> Result<(), Failure> {
        let mut saves = self.saves.lock().unwrap();
        let down = || Failure::Unavailable("days are down".to_owned());
        *saves = saves.checked_sub(1).ok_or_else(down)?;
        Ok(())
    }

    /// The day rows that are stored, by key.
    #[must_use]
    pub fn all(&self) -> Vec<ClosedDay> {
        self.rows.lock().unwrap().values().cloned().collect()
    }

    /// The histories that are stored, by key.
    #[must_use]
    pub fn all_histories(&self) -> Vec<History> {
        self.histories.lock().unwrap().values().cloned().collect()
    }
}

impl HistoryTable for Tables {
    async fn load_histories(&self, keys: &[HistoryKey]) -> Result<Vec<History>, Failure> {
        let load = || {
            let histories = self.days.histories.lock().unwrap();
            Ok(keys.iter().filter_map(|key| histories.get(key).cloned()).collect())
        };
        self.days.calls.call(load).await
    }

    async fn save_history(
        &self,
        history: &History,
        read: Option<&Version>,
    ) -> Result<Saved<History>, Failure> {
        let save = || {
            self.days.count_save()?;
            let mut histories = self.days.histories.lock().unwrap();
            let stored = histories.get(&history.key);
            if stored.map(|stored| &stored.version) != read {
                return Ok(Saved::Conflict(stored.cloned()));
            }
            histories.insert(history.key.clone(), history.clone());
            Ok(Saved::Done)
        };
        self.days.calls.call(save).await
    }

    async fn remove_history(&self, key: &HistoryKey) -> Result<(), Failure> {
        let remove = || {
            self.days.histories.lock().unwrap().remove(key);
            Ok(())
        };
        self.days.calls.call(remove).await
    }
}

impl DaysTable for Tables {
    async fn load_days(&self, keys: &[DayKey]) -> Result<Vec<ClosedDay>, Failure> {
        let load = || {
            let rows = self.days.rows.lock().unwrap();
            Ok(keys.iter().filter_map(|key| rows.get(key).cloned()).collect())
        };
        self.days.calls.call(load).await
    }

    async fn save_day(
        &self,
        day: &ClosedDay,
        read: Option<&Version>,
    ) -> Result<Saved<ClosedDay>, Failure> {
        let save = || {
            self.days.count_save()?;
            let mut rows = self.days.rows.lock().unwrap();
            let stored = rows.get(&day.key);
            if stored.map(|row| &row.version) != read {
                return Ok(Saved::Conflict(stored.cloned()));
            }
            rows.insert(day.key.clone(), day.clone());
            Ok(Saved::Done)
        };
        self.days.calls.call(save).await
    }

    async fn query_days(
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
        self.days.calls.call(|| Ok(self.days.all().into_iter().filter(wanted).collect())).await
    }
}
