//! After the close: day rows -> histories, of each item in the catalogue and of its category.
//!
//! An item is folded again when a day of it was written, or when its last dates are no longer
//! those that its history was made of. So a pass that died between days and histories is made good
//! by the next one. What is damaged otherwise is made again by hand: [`Closing::rebuild`].

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Days, NaiveDate};
use demand::{category_history, item_history, recent_version};
use domain::history::{DATES, HistoryKey, HistorySubject};
use domain::ports::StockTable;
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved};
use domain::{ClosedDay, DayKey, History, Item, Sku, StoreId};

use metrics::counter;
use tracing::warn;

use crate::close_summary::CloseSummary;
use crate::closing::Closing;
use crate::item_days::DayRows;
use crate::metrics as names;

/// What one store's histories are made of.
pub(crate) struct Fold<'a> {
    pub(crate) store_id: &'a StoreId,
    /// As the catalogue has them.
    pub(crate) items: &'a [Item],
    /// The last date that was closed.
    pub(crate) through: NaiveDate,
    /// The last day rows.
    pub(crate) rows: &'a DayRows,
    /// Items that are folded whatever their last dates say; all of them when `None`, and then
    /// nothing of what is stored is believed.
    pub(crate) touched: Option<&'a BTreeSet<Sku>>,
}

impl<T> Closing<T>
where
    T: CatalogTable + StockTable + DaysTable + HistoryTable + OffersTable,
{
    pub(crate) async fn fold(&self, fold: &Fold<'_>) -> Result<CloseSummary, Failure> {
        let names: BTreeSet<&String> =
            fold.items.iter().filter_map(|item| item.category.as_ref()).collect();
        let keys = fold.items.iter().map(|item| HistorySubject::Item(item.sku.clone()));
        let keys = keys.chain(names.iter().map(|name| HistorySubject::Category((*name).clone())));
        let keys: Vec<HistoryKey> = keys.map(|of| fold.key(of)).collect();
        // The histories come before the days: who reads older days has read an older history as
        // well, and is refused when saving.
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
                let through = through.map_or(fold.through, |it| it.through.max(fold.through));
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

    /// Those that can be read; the others are taken out.
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

    /// Writes a history if it is another one than is stored; gives what is stored then.
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
            // Another pass was faster; the next one looks again.
            Saved::Conflict(other) => {
                counter!(names::HISTORIES_TOTAL, "outcome" => "contested").increment(1);
                Ok(other)
            }
        }
    }
}

impl Fold<'_> {
    fn key(&self, subject: HistorySubject) -> HistoryKey {
        HistoryKey { store_id: self.store_id.clone(), subject }
    }

    /// Whether nothing has changed since a history was folded; or nothing is there to fold.
    fn is_current(&self, sku: &Sku, known: Option<&History>) -> bool {
        let key = |date| DayKey { store_id: self.store_id.clone(), sku: sku.clone(), date };
        let rows = self.rows.range(key(NaiveDate::MIN)..=key(NaiveDate::MAX));
        let rows: Vec<&ClosedDay> = rows.map(|(_, row)| row).collect();
        self.touched.is_some_and(|touched| !touched.contains(sku))
            && known.map_or(rows.is_empty(), |known| {
                known.through >= self.through && known.recent == recent_version(known.through, rows)
            })
    }
}
