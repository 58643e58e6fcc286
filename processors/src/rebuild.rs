//! Day rows and histories anew from the stock windows, as if none were stored.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::Store;
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, StockTable};

use crate::close::{Closed, Closing, Rows};
use crate::histories::Fold;

/// How many dates are held at once.
const DATES_AT_ONCE: usize = 28;

impl<T> Closing<T>
where
    T: CatalogTable + StockTable + DaysTable + HistoryTable + OffersTable,
{
    /// Closes every date anew from `first` on and folds every history of a store anew. Nothing is
    /// written where nothing was wrong. `told` hears of each stretch of dates, its last date first.
    ///
    /// # Errors
    /// As [`Closing::close_store`]; and a day row that cannot be read.
    pub async fn rebuild(
        &self,
        store: &Store,
        first: NaiveDate,
        now: DateTime<Utc>,
        mut told: impl FnMut(NaiveDate, Closed),
    ) -> Result<Closed, Failure> {
        let today = now.with_timezone(&store.zone).date_naive();
        let mut all = Closed::default();
        let mut latest = None;
        for from in first.iter_days().step_by(DATES_AT_ONCE).take_while(|date| *date <= today) {
            let last = today.min(from + Days::new(DATES_AT_ONCE as u64 - 1));
            let (closed, rows) = self.rows(store, from, last, now).await?;
            told(last, closed);
            all.add(closed);
            latest = rows.or(latest);
        }
        if let Some(Rows { items, through, rows, .. }) = latest {
            let store_id = &store.store_id;
            let fold = Fold { store_id, items: &items, through, rows: &rows, touched: None };
            all.add(self.fold(&fold).await?);
        }
        Ok(all)
    }
}
