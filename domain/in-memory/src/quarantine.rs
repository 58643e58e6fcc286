//! Quarantine table in memory.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, Quarantined};

use crate::Tables;
use crate::table_rows::TableRows;

/// Quarantined records and events. Clones share the rows.
#[derive(Clone, Default)]
pub struct Quarantine {
    rows: TableRows<QuarantineId, Quarantined>,
    is_down: Arc<Mutex<bool>>,
}

impl Quarantine {
    pub(crate) fn snapshot(&self) -> Self {
        Self { rows: self.rows.snapshot(), ..Self::default() }
    }

    /// Returns everything in quarantine, sorted by id.
    #[must_use]
    pub fn kept(&self) -> Vec<Quarantined> {
        self.rows.all()
    }

    /// `true` if a record or event is quarantined under this sort key.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        self.rows.lock().keys().any(|id| id.key == key)
    }

    /// Makes all writes fail, or lets them succeed again.
    pub fn set_down(&self, is_down: bool) {
        *self.is_down.lock().unwrap() = is_down;
    }

    fn check_up(&self) -> Result<(), Failure> {
        match *self.is_down.lock().unwrap() {
            true => Err(Failure::Unavailable("the quarantine table is unavailable".to_owned())),
            false => Ok(()),
        }
    }
}

impl QuarantineTable for Tables {
    async fn put_quarantined(&self, quarantined: &Quarantined) -> Result<(), Failure> {
        let put = || {
            self.quarantine.check_up()?;
            self.quarantine.rows.insert(quarantined.id.clone(), quarantined.clone());
            Ok(())
        };
        self.calls.call(put).await
    }

    async fn list_quarantined(&self) -> Result<Vec<Quarantined>, Failure> {
        self.calls.call(|| Ok(self.quarantine.kept())).await
    }

    async fn query_quarantined(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        let is_wanted = |quarantined: &Quarantined| quarantined.id.date == date;
        self.calls.call(|| Ok(self.quarantine.kept().into_iter().filter(is_wanted).collect())).await
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        self.calls.call(|| Ok(self.quarantine.rows.get(id))).await
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        let remove = || {
            self.quarantine.check_up()?;
            self.quarantine.rows.lock().remove(id);
            Ok(())
        };
        self.calls.call(remove).await
    }
}
