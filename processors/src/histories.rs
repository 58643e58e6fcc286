//! Histories of a store's items and categories, folded from day rows after the close.
//!
//! An item is folded again if one of its days was written, or if its history ends before the last
//! closed date. After a pass that failed between days and histories, the next pass folds all
//! items. [`Closing::rebuild`] repairs other damage.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use demand::{category_history, item_history};
use domain::history::{DATES, HistoryKey, HistorySubject};
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved, StockLog};
use domain::{History, Item, Sku, StoreId};
use metrics::counter;
use tracing::warn;

use crate::close_summary::CloseSummary;
use crate::closing::Closing;
use crate::metrics as names;

/// Input of the histories of one store.
pub(crate) struct HistoryFold<'a> {
    pub(crate) store_id: &'a StoreId,
    /// Items of the catalogue.
    pub(crate) items: &'a [Item],
    /// Last closed date.
    pub(crate) through: NaiveDate,
    /// Items that are folded in any case. `None` for all items; the stored histories are then not
    /// relied on.
    pub(crate) touched: Option<&'a BTreeSet<Sku>>,
}

impl<T> Closing<T>
where
    T: CatalogTable + StockLog + DaysTable + HistoryTable + OffersTable,
{
    pub(crate) async fn fold(&self, fold: &HistoryFold<'_>) -> Result<CloseSummary, Failure> {
        let names: BTreeSet<&String> =
            fold.items.iter().filter_map(|item| item.category.as_ref()).collect();
        let keys = fold.items.iter().map(|item| HistorySubject::Item(item.sku.clone()));
        let keys = keys.chain(names.iter().map(|name| HistorySubject::Category((*name).clone())));
        let keys: Vec<HistoryKey> = keys.map(|subject| fold.key(subject)).collect();
        // Histories are read before days: a pass that reads older days has read an older history
        // as well, so its save is refused.
        let stored = match self.tables.load_histories(&keys).await {
            Err(Failure::Unreadable(_)) if fold.touched.is_none() => self.readable(&keys).await?,
            stored => stored?,
        };
        let mut stored: BTreeMap<HistoryKey, History> =
            stored.into_iter().map(|history| (history.key.clone(), history)).collect();
        let mut all = CloseSummary::default();
        let mut of_category: BTreeMap<&str, Vec<History>> = BTreeMap::new();
        for item in fold.items {
            let key = fold.key(HistorySubject::Item(item.sku.clone()));
            let known = stored.remove(&key);
            let history = if fold.is_current(&item.sku, known.as_ref()) {
                known
            } else {
                let through = known.as_ref().filter(|_| fold.touched.is_some());
                let through = through.map_or(fold.through, |known| known.through.max(fold.through));
                let first = through - Days::new(DATES - 1);
                let rows = self.tables.query_days(fold.store_id, &item.sku, first, through).await?;
                let folded = item_history(fold.store_id, &item.sku, through, &rows);
                self.keep(&key, folded, known, &mut all).await?
            };
            if let (Some(name), Some(history)) = (&item.category, history) {
                of_category.entry(name).or_default().push(history);
            }
        }
        for name in names {
            let key = fold.key(HistorySubject::Category(name.clone()));
            let items = of_category.remove(name.as_str()).unwrap_or_default();
            let items: Vec<&History> = items.iter().collect();
            let folded = category_history(fold.store_id, name, &items);
            let known = stored.remove(&key);
            self.keep(&key, folded, known, &mut all).await?;
        }
        Ok(all)
    }

    /// Loads the readable histories and removes the others.
    async fn readable(&self, keys: &[HistoryKey]) -> Result<Vec<History>, Failure> {
        let mut histories = Vec::new();
        for key in keys {
            match self.tables.load_histories(std::slice::from_ref(key)).await {
                Err(Failure::Unreadable(why)) => {
                    warn!(history = %key, "taken out: {why}");
                    self.tables.remove_history(key).await?;
                }
                history => histories.extend(history?),
            }
        }
        Ok(histories)
    }

    /// Stores a history if it differs from the stored one. Returns the history that is stored then.
    async fn keep(
        &self,
        key: &HistoryKey,
        folded: Option<History>,
        stored: Option<History>,
        all: &mut CloseSummary,
    ) -> Result<Option<History>, Failure> {
        if folded == stored {
            return Ok(stored);
        }
        let Some(history) = folded else {
            self.tables.remove_history(key).await?;
            all.count_history("removed");
            return Ok(None);
        };
        let read = stored.as_ref().map(|stored| &stored.version);
        match self.tables.save_history(&history, read).await? {
            Saved::Done => {
                all.count_history("folded");
                Ok(Some(history))
            }
            // A concurrent pass was faster; the next pass checks again.
            Saved::Conflict(other) => {
                counter!(names::HISTORIES_TOTAL, "outcome" => "contested").increment(1);
                Ok(other)
            }
        }
    }
}

impl HistoryFold<'_> {
    fn key(&self, subject: HistorySubject) -> HistoryKey {
        HistoryKey { store_id: self.store_id.clone(), subject }
    }

    /// `true` if no row has changed since the history was folded, or if there are no rows.
    fn is_current(&self, sku: &Sku, known: Option<&History>) -> bool {
        self.touched.is_some_and(|touched| !touched.contains(sku))
            && known.is_none_or(|known| known.through >= self.through)
    }
}
