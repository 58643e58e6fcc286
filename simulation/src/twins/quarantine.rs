//! The quarantine table.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{Failure, QuarantineTable};
use domain::quarantine::{QuarantineId, Quarantined};

use super::{Road, Shared};

/// Quarantine rows in memory. Clones are the same table.
#[derive(Clone, Default)]
pub struct Quarantine {
    kept: Shared<QuarantineId, Quarantined>,
    is_down: Arc<Mutex<bool>>,
    road: Road,
}

impl Quarantine {
    /// An empty table at the end of a road.
    #[must_use]
    pub fn on(road: Road) -> Self {
        Self { road, ..Self::default() }
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

impl QuarantineTable for Quarantine {
    async fn keep(&self, refused: &Quarantined) -> Result<(), Failure> {
        let keep = || {
            self.check_up()?;
            self.kept.lock().unwrap().insert(refused.id.clone(), refused.clone());
            Ok(())
        };
        self.road.travel(keep).await
    }

    async fn of_day(&self, date: NaiveDate) -> Result<Vec<Quarantined>, Failure> {
        let of_day = |refused: &Quarantined| refused.id.date == date;
        self.road.travel(|| Ok(self.kept().into_iter().filter(of_day).collect())).await
    }

    async fn get(&self, id: &QuarantineId) -> Result<Option<Quarantined>, Failure> {
        self.road.travel(|| Ok(self.kept.lock().unwrap().get(id).cloned())).await
    }

    async fn remove(&self, id: &QuarantineId) -> Result<(), Failure> {
        let remove = || {
            self.check_up()?;
            self.kept.lock().unwrap().remove(id);
            Ok(())
        };
        self.road.travel(remove).await
    }
}
