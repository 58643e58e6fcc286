//! Rows of one table.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use domain::Version;
use domain::ports::Saved;

/// Rows of one table by key. Clones share the rows.
#[derive(Clone)]
pub(crate) struct TableRows<K, V>(Arc<Mutex<BTreeMap<K, V>>>);

impl<K, V> Default for TableRows<K, V> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K: Ord + Clone, V: Clone> TableRows<K, V> {
    pub(crate) fn lock(&self) -> MutexGuard<'_, BTreeMap<K, V>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns an independent copy of the rows.
    pub(crate) fn snapshot(&self) -> Self {
        Self(Arc::new(Mutex::new(self.lock().clone())))
    }

    pub(crate) fn get(&self, key: &K) -> Option<V> {
        self.lock().get(key).cloned()
    }

    /// Returns the rows with these keys. Missing keys are skipped.
    pub(crate) fn get_all(&self, keys: &[K]) -> Vec<V> {
        let rows = self.lock();
        keys.iter().filter_map(|key| rows.get(key).cloned()).collect()
    }

    /// Returns all rows, sorted by key.
    pub(crate) fn all(&self) -> Vec<V> {
        self.lock().values().cloned().collect()
    }

    pub(crate) fn insert(&self, key: K, row: V) {
        self.lock().insert(key, row);
    }

    /// Stores `row` if the stored row still has the version `read`; `None` requires that no row is
    /// stored.
    pub(crate) fn save(
        &self,
        key: &K,
        row: V,
        read: Option<&Version>,
        version: impl Fn(&V) -> Version,
    ) -> Saved<V> {
        let mut rows = self.lock();
        let stored = rows.get(key);
        if stored.map(version).as_ref() != read {
            return Saved::Conflict(stored.cloned());
        }
        rows.insert(key.clone(), row);
        Saved::Done
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn save(
        rows: &TableRows<u8, &'static str>,
        row: &'static str,
        read: Option<&str>,
    ) -> Saved<&'static str> {
        let version = |row: &str| Version::of(row.as_bytes());
        rows.save(&1, row, read.map(version).as_ref(), |stored| version(stored))
    }

    #[test]
    fn a_first_save_requires_that_no_row_is_stored() {
        let rows = TableRows::default();
        assert_eq!(save(&rows, "new", Some("other")), Saved::Conflict(None));
        assert_eq!(save(&rows, "new", None), Saved::Done);
        assert_eq!(save(&rows, "newer", None), Saved::Conflict(Some("new")));
        assert_eq!(rows.all(), ["new"]);
    }

    #[test]
    fn a_later_save_requires_the_version_that_was_read() {
        let rows = TableRows::default();
        rows.insert(1, "old");
        assert_eq!(save(&rows, "new", Some("other")), Saved::Conflict(Some("old")));
        assert_eq!(save(&rows, "new", Some("old")), Saved::Done);
        assert_eq!(rows.get(&1), Some("new"));
    }

    #[test]
    fn a_snapshot_is_independent_and_a_clone_is_not() {
        let rows = TableRows::default();
        let (clone, snapshot) = (rows.clone(), rows.snapshot());
        rows.insert(1, "new");
        assert_eq!((clone.get(&1), snapshot.get(&1)), (Some("new"), None));
        assert_eq!(rows.get_all(&[0, 1]), ["new"]);
    }
}
