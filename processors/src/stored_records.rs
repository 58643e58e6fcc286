//! Records and stores that a warm function remembers, to write less. Forgetting costs writes and
//! changes no result.

use std::collections::{BTreeSet, HashSet};
use std::sync::{Mutex, PoisonError};

use chrono::NaiveDate;
use domain::StoreId;
use domain::record::{DeliveredRef, in_order};

/// Largest number of remembered records of all shards: a batch.
const RECORDS_MAX: usize = domain::limits::BATCH_SIZE_MAX;
/// Largest number of remembered stores.
const STORES_MAX: usize = 100_000;

/// Memory of a function between its batches.
#[derive(Debug, Default)]
pub(crate) struct StoredRecords(Mutex<Remembered>);

#[derive(Debug, Default)]
struct Remembered {
    /// Shard and sequence number of records that are stored although a record before them is not.
    /// Lambda delivers them again.
    records: HashSet<(String, String)>,
    /// Stores that are marked as active, by UTC date of their storage.
    active: BTreeSet<(NaiveDate, StoreId)>,
}

impl StoredRecords {
    /// Removes the records that are known to be stored.
    pub(crate) fn retain_unknown(&self, records: &mut Vec<DeliveredRef<'_>>) {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if !remembered.records.is_empty() {
            records.retain(|record| !remembered.records.contains(&key(record)));
        }
    }

    /// Remembers the records of a batch that are stored and will be delivered again. `failed` are
    /// those that are not stored.
    pub(crate) fn remember(&self, records: &[DeliveredRef<'_>], failed: &BTreeSet<&str>) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let shard = records.first().map(|record| record.shard_id);
        remembered.records.retain(|(of, _)| Some(of.as_str()) != shard);
        let Some(lowest) = failed.iter().min_by(|a, b| in_order(a, b)) else { return };
        let is_stored = |record: &&DeliveredRef<'_>| {
            let number = record.sequence_number;
            in_order(number, lowest).is_gt() && !failed.contains(number)
        };
        if remembered.records.len() + records.len() > RECORDS_MAX {
            remembered.records.clear();
        }
        remembered.records.extend(records.iter().filter(is_stored).take(RECORDS_MAX).map(key));
    }

    /// `true` if the store is known to be marked as active on a date.
    pub(crate) fn is_active(&self, stored_on: NaiveDate, store_id: &StoreId) -> bool {
        let remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        remembered.active.contains(&(stored_on, store_id.clone()))
    }

    /// Remembers a store that is marked as active on a date.
    pub(crate) fn remember_active(&self, stored_on: NaiveDate, store_id: StoreId) {
        let mut remembered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if remembered.active.len() >= STORES_MAX {
            remembered.active.clear();
        }
        remembered.active.insert((stored_on, store_id));
    }
}

fn key(record: &DeliveredRef<'_>) -> (String, String) {
    (record.shard_id.to_owned(), record.sequence_number.to_owned())
}
