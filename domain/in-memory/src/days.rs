//! Days table in memory, with the demand histories.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{DaysTable, Failure, HistoryTable, Saved};
use domain::{ClosedDay, DayKey, History, HistoryKey, Sku, StoreId, Version};

use crate::Tables;
use crate::table_rows::TableRows;

/// Day rows and histories. Clones share the rows.
#[derive(Clone, Default)]
pub struct Days {
    rows: TableRows<DayKey, ClosedDay>,
    histories: TableRows<HistoryKey, History>,
    /// Number of saves before the table fails. `None` means that the table never fails.
    saves_left: Arc<Mutex<Option<usize>>>,
}

impl Days {
    pub(crate) fn snapshot(&self) -> Self {
        Self { rows: self.rows.snapshot(), histories: self.histories.snapshot(), ..Self::default() }
    }

    /// Makes all saves fail after the next `saves`.
    pub fn fail_after(&self, saves: usize) {
        *self.saves_left.lock().unwrap() = Some(saves);
    }

    fn count_save(&self) -> Result<(), Failure> {
        if let Some(saves) = &mut *self.saves_left.lock().unwrap() {
            let unavailable = || Failure::Unavailable("the days table is unavailable".to_owned());
            *saves = saves.checked_sub(1).ok_or_else(unavailable)?;
        }
        Ok(())
    }

    /// Returns all day rows, sorted by key.
    #[must_use]
    pub fn all(&self) -> Vec<ClosedDay> {
        self.rows.all()
    }

    /// Returns all histories, sorted by key.
    #[must_use]
    pub fn all_histories(&self) -> Vec<History> {
        self.histories.all()
    }
}

impl HistoryTable for Tables {
    async fn load_histories(&self, keys: &[HistoryKey]) -> Result<Vec<History>, Failure> {
        self.calls.call(|| Ok(self.days.histories.get_all(keys))).await
    }

    async fn save_history(
        &self,
        history: &History,
        read: Option<&Version>,
    ) -> Result<Saved<History>, Failure> {
        let save = || {
            self.days.count_save()?;
            let (key, version) = (&history.key, |stored: &History| stored.version.clone());
            Ok(self.days.histories.save(key, history.clone(), read, version))
        };
        self.calls.call(save).await
    }

    async fn remove_history(&self, key: &HistoryKey) -> Result<(), Failure> {
        let remove = || {
            self.days.histories.lock().remove(key);
            Ok(())
        };
        self.calls.call(remove).await
    }
}

impl DaysTable for Tables {
    async fn load_days(&self, keys: &[DayKey]) -> Result<Vec<ClosedDay>, Failure> {
        self.calls.call(|| Ok(self.days.rows.get_all(keys))).await
    }

    async fn save_day(
        &self,
        day: &ClosedDay,
        read: Option<&Version>,
    ) -> Result<Saved<ClosedDay>, Failure> {
        let save = || {
            self.days.count_save()?;
            let version = |stored: &ClosedDay| stored.version.clone();
            Ok(self.days.rows.save(&day.key, day.clone(), read, version))
        };
        self.calls.call(save).await
    }

    async fn query_days(
        &self,
        store_id: &StoreId,
        sku: &Sku,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<ClosedDay>, Failure> {
        let is_wanted = |day: &ClosedDay| {
            let key = &day.key;
            key.store_id == *store_id && key.sku == *sku && (first..=last).contains(&key.date)
        };
        let query = || {
            let rows = self.days.rows.lock();
            Ok(rows.values().filter(|day| is_wanted(day)).cloned().collect())
        };
        self.calls.call(query).await
    }
}
