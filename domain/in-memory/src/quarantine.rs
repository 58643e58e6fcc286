//! The quarantine table.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, Quarantined};

use crate::{CallInjector, Shared, Tables};

/// Quarantine rows in memory. Clones are the same table.
#[derive(Clone, Default)]
pub struct Quarantine {
    kept: Shared<QuarantineId, Quarantined>,
    is_down: Arc<Mutex<bool>>,
    calls: CallInjector,
}

impl Quarantine {
    /// An empty table whose calls ask `calls`.
    #[must_use]
    pub fn with_calls(calls: CallInjector) -> Self {
        Self { calls, ..Self::default() }
    }

    /// What is kept, by id.
    #[must_use]
    pub fn kept(&self) -> Vec<Quarantined> {
        self.kept.lock().unwrap().values().cloned().collect()
    }

    /// Whether something is kept under this sort key.
    #[must_use]
    pub fn holds(&self, key: &str) -> bool {
        self.kept.lock().unwrap().keys().any(|id| id.key == key)
    }

    fn check_up(&self) -> Result<(), Failure> {
        if *self.is_down.lock().unwrap() {
            return Err(Failure::Unavailable("the quarantine is down".to_owned()));
        }
        Ok(())
    }

    /// Whether calls fail from now on.
    pub fn set_down(&self, is_down: bool) {
        *self.is_down.lock().unwrap() = is_down;
    }
}

impl QuarantineTable for Tables {
    async fn put_quarantined(&self, refused: &Quarantined) -> Result<(), Failure> {
        let keep = || {
            self.quarantine.check_up()?;
            self.quarantine.kept.lock().unwrap().insert(refused.id.clone(), refused.clone());
            Ok(())
        };
        self.quarantine.calls.call(keep).await
    }

    async fn query_quarantined(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        let of_day = |refused: &Quarantined| refused.id.date == date;
        self.quarantine
            .calls
            .call(|| Ok(self.quarantine.kept().into_iter().filter(of_day).collect()))
            .await
    }

    async fn load_quarantined(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        self.quarantine
            .calls
            .call(|| Ok(self.quarantine.kept.lock().unwrap().get(id).cloned()))
            .await
    }

    async fn remove_quarantined(&self, id: &QuarantineId) -> Result<(), Failure> {
        let remove = || {
            self.quarantine.check_up()?;
            self.quarantine.kept.lock().unwrap().remove(id);
            Ok(())
        };
        self.quarantine.calls.call(remove).await
    }
}
