//! Stores and closed days that a question is about.

use std::ops::RangeInclusive;

use analytics::tables::StoreCatalog;
use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::CatalogTable;
use domain::{ClosedDay, Sku, Store, StoreId};
use reader::stores::{self, ranges};

use crate::connect::{ConnectedTables, note_unreadable};
use crate::dates::dates_text;
use crate::output;

/// Maximum number of dates or stores that a note lists.
const LISTED_MAX: usize = 4;

impl ConnectedTables {
    /// Loads one store, or every store of the catalogue.
    ///
    /// # Errors
    /// Returns an error if the store is not in the catalogue, if there is none, or if one cannot be
    /// read.
    pub(crate) async fn stores(&self, store_id: Option<&StoreId>) -> Result<Vec<Store>, String> {
        if let Some(store_id) = store_id {
            return Ok(vec![self.store(store_id).await?]);
        }
        let entries = stores::stores(&**self, |_| true).await;
        let entries = entries.map_err(|failure| self.explain(failure))?;
        let mut stores = Vec::with_capacity(entries.len());
        for (store_id, store) in entries {
            let store = store.map_err(|failure| format!("store {store_id}: {failure}"))?;
            stores.push(store);
        }
        if stores.is_empty() {
            return Err("there is no store in the catalogue; `daymark catalog import` loads some"
                .to_owned());
        }
        Ok(stores)
    }

    /// Loads one store, which may have no entry in the catalogue, or every store of the catalogue.
    ///
    /// # Errors
    /// Returns the errors of [`ConnectedTables::stores`] without a store.
    pub(crate) async fn asked_stores(
        &self,
        store_id: Option<&StoreId>,
    ) -> Result<Vec<(StoreId, Option<Store>)>, String> {
        if let Some(store_id) = store_id {
            let store = self.load_store(store_id).await.map_err(|failure| self.explain(failure))?;
            return Ok(vec![(store_id.clone(), store)]);
        }
        let stores = self.stores(None).await?;
        Ok(stores.into_iter().map(|store| (store.store_id.clone(), Some(store))).collect())
    }

    /// Loads a store's items.
    pub(crate) async fn catalog_of(&self, store: Store) -> Result<StoreCatalog, String> {
        let catalog = stores::catalog_of(&**self, store).await;
        catalog.map_err(|failure| self.explain(failure))
    }

    /// Loads the closed days of a store, of one item or of every item that the catalogue has or
    /// that moved, sorted by date and item.
    pub(crate) async fn closed_days(
        &self,
        catalog: &StoreCatalog,
        sku: Option<&Sku>,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<Vec<ClosedDay>, String> {
        let read = stores::closed_days(&**self, catalog, sku, dates).await;
        let read = read.map_err(|failure| self.explain(failure))?;
        note_unreadable(&read.unreadable);
        Ok(read.days)
    }

    /// Returns the dates up to today that no close of day has completed.
    pub(crate) async fn not_closed(
        &self,
        store: &Store,
        dates: &RangeInclusive<NaiveDate>,
        now: DateTime<Utc>,
    ) -> Result<Vec<NaiveDate>, String> {
        let dates = stores::not_closed(&**self, store, dates, now).await;
        dates.map_err(|failure| self.explain(failure))
    }
}

/// Dates that are missing in an answer, because they are not closed.
#[derive(Debug, Default)]
pub(crate) struct NotClosed(Vec<(StoreId, Vec<NaiveDate>)>);

impl NotClosed {
    /// Adds the dates of a store.
    pub(crate) fn add(&mut self, store_id: &StoreId, dates: Vec<NaiveDate>) {
        if !dates.is_empty() {
            self.0.push((store_id.clone(), dates));
        }
    }

    /// Notes the dates of each store, the first ones by name.
    pub(crate) fn note(&self) {
        if self.0.is_empty() {
            return;
        }
        let mut stores: Vec<String> = self.0.iter().take(LISTED_MAX).map(described).collect();
        let more = self.0.len().saturating_sub(LISTED_MAX);
        if more > 0 {
            stores.push(format!("and {}", output::counted(more as u64, "more store")));
        }
        output::note(format!(
            "not closed, so not in this answer: {}; a day is closed some minutes after the doors, \
             while `daymark up` runs or by the stage's function, or by `daymark days --close`",
            stores.join("; ")
        ));
    }
}

/// Describes dates as ranges.
fn described((store_id, dates): &(StoreId, Vec<NaiveDate>)) -> String {
    let ranges = ranges(dates);
    let mut texts: Vec<String> = ranges.iter().take(LISTED_MAX).map(dates_text).collect();
    let more = ranges.len().saturating_sub(LISTED_MAX);
    if more > 0 {
        texts.push(format!("and {}", output::counted(more as u64, "more range")));
    }
    format!("store {store_id} {}", texts.join(", "))
}
