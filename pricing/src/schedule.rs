//! Schedule of the pricing: sends the stores of a slot to a queue. Stores are taken from the queue
//! and priced one at a time.

use chrono::{DateTime, Utc};
use domain::due::due_stores;
use domain::ports::{CatalogTable, DueQueue, Failure};
use domain::{Store, slot_of};
use metrics::counter;

use crate::metrics as names;

/// Schedule of the pricing.
#[derive(Debug, Clone)]
pub struct PricingSchedule<T, Q> {
    /// Catalogue.
    pub tables: T,
    /// Queue of due stores.
    pub queue: Q,
}

impl<T: CatalogTable, Q: DueQueue> PricingSchedule<T, Q> {
    /// Sends the stores that are in their afternoon in the slot of `due`. Returns their number.
    ///
    /// # Errors
    /// Returns an error if the stores cannot be listed or not all are sent. A repetition is safe.
    pub async fn tick(&self, due: DateTime<Utc>) -> Result<usize, Failure> {
        if !self.tables.load_chain().await?.enabled {
            return Ok(0);
        }
        let slot = slot_of(due);
        let stores = self.tables.load_stores(&self.tables.list_stores().await?).await?;
        let due = due_stores(stores, slot, |store| is_due(store, slot));
        self.queue.send_due(&due).await?;
        counter!(names::DUE_TOTAL).increment(due.len() as u64);
        Ok(due.len())
    }
}

fn is_due(store: &Store, slot: DateTime<Utc>) -> bool {
    store.policy.enabled && store.afternoon_at(slot).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_due_at(hours: &str, policy: &str, slot: &str) -> bool {
        let store = format!(
            r#"{{"store_id": "s1", "zone": "Europe/Berlin", "hours": "{hours}",
                "policy": {policy}}}"#
        );
        is_due(&Store::parse(&store).expect("valid"), slot.parse().expect("an instant"))
    }

    #[test]
    fn a_store_is_due_from_its_afternoon_to_its_close() {
        let at = |slot| is_due_at("mon-sat 07:00-18:30", "{}", slot);
        assert!(!at("2026-03-12T12:45:00Z"));
        assert!(at("2026-03-12T13:00:00Z"), "14:00 in Berlin");
        assert!(at("2026-03-12T17:15:00Z"));
        assert!(!at("2026-03-12T17:30:00Z"), "18:30 in Berlin");
        assert!(!at("2026-03-15T13:00:00Z"), "a Sunday");
    }

    #[test]
    fn a_store_that_is_switched_off_is_never_due() {
        assert!(!is_due_at("mon-sat 07:00-18:30", r#"{"enabled": false}"#, "2026-03-12T13:00:00Z"));
    }
}
