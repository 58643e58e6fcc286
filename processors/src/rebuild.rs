//! Rebuild of day rows and histories from the stock windows.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::Store;
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, StockTable};

use crate::close_summary::CloseSummary;
use crate::closing::{ClosedRows, Closing};
use crate::histories::HistoryFold;

/// Number of dates whose windows are held in memory at a time.
const DATES_AT_ONCE: usize = 28;

impl<T> Closing<T>
where
    T: CatalogTable + StockTable + DaysTable + HistoryTable + OffersTable,
{
    /// Closes all dates of a store from `first` on and folds all its histories. Only rows whose
    /// content differs are written. After each chunk of dates, `progress` is called with the last
    /// date of the chunk and its counts.
    ///
    /// # Errors
    /// As [`Closing::close_store`], and if a stored day row is unreadable. Unreadable histories
    /// are replaced.
    pub async fn rebuild(
        &self,
        store: &Store,
        first: NaiveDate,
        now: DateTime<Utc>,
        mut progress: impl FnMut(NaiveDate, CloseSummary),
    ) -> Result<CloseSummary, Failure> {
        let today = now.with_timezone(&store.zone).date_naive();
        let mut summary = CloseSummary::default();
        let mut latest = None;
        for from in first.iter_days().step_by(DATES_AT_ONCE).take_while(|date| *date <= today) {
            let last = today.min(from + Days::new(DATES_AT_ONCE as u64 - 1));
            let (closed, rows) = self.close_rows(store, from, last, now).await?;
            progress(last, closed);
            summary.add(closed);
            latest = rows.or(latest);
        }
        if let Some(ClosedRows { items, through, rows, .. }) = latest {
            let store_id = &store.store_id;
            let fold = HistoryFold { store_id, items: &items, through, rows: &rows, touched: None };
            summary.add(self.fold(&fold).await?);
        }
        Ok(summary)
    }
}
