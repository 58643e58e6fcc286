//! Rebuild of day rows and histories from the stock log.

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::Store;
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, StockLog};

use crate::close_summary::CloseSummary;
use crate::closing::{ClosedDates, Closing, Reading, over};

/// Number of dates that are closed between two calls of `progress`.
const DATES_AT_ONCE: usize = 28;

impl<T> Closing<T>
where
    T: CatalogTable + StockLog + DaysTable + HistoryTable + OffersTable,
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
        let mut latest: Option<ClosedDates> = None;
        for from in first.iter_days().step_by(DATES_AT_ONCE).take_while(|date| *date <= today) {
            let last = today.min(from + Days::new(DATES_AT_ONCE as u64 - 1));
            let spans = over(store, from, last, now);
            let (closed, dates) = self.close_rows(store, &spans, now, Reading::All).await?;
            progress(last, closed);
            summary.add(closed);
            latest = match (latest, dates) {
                (Some(before), Some(dates)) => Some(dates.after(before)),
                (before, dates) => dates.or(before),
            };
        }
        if let Some(dates) = latest {
            let all = ClosedDates { touched: None, ..dates };
            summary.add(self.fold_closed(store, all).await?);
        }
        Ok(summary)
    }
}
