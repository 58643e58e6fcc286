//! Windows of consecutive business days, with each UTC date read once.

use chrono::{DateTime, NaiveDate, Utc};
use domain::StoreId;
use domain::ports::{Failure, StockLog};
use domain::stock::{StockWindow, utc_dates};

use crate::{DateRead, UnreadableSegment, read_date};

/// Reader of the windows of a store, one business day after the other. It holds the windows of at
/// most two UTC dates.
#[derive(Debug)]
pub struct BusinessDays<'a, L> {
    log: &'a L,
    store_id: &'a StoreId,
    /// UTC date that was read last, with its windows.
    last: Option<(NaiveDate, Vec<StockWindow>)>,
    /// Segments that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

impl<'a, L: StockLog> BusinessDays<'a, L> {
    /// Creates a reader.
    pub fn new(log: &'a L, store_id: &'a StoreId) -> Self {
        Self { log, store_id, last: None, unreadable: Vec::new() }
    }

    /// Reads the windows that start in `[since, until)`, sorted by item and start. `since` must not
    /// lie before the `until` of the call before.
    ///
    /// # Errors
    /// Returns an error if the log cannot be read.
    pub async fn windows(
        &mut self,
        since: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Result<Vec<StockWindow>, Failure> {
        let mut inside = Vec::new();
        for date in utc_dates(since, until) {
            if self.last.as_ref().is_none_or(|(last, _)| *last != date) {
                let DateRead { day, unreadable } =
                    read_date(self.log, self.store_id, date).await?;
                self.unreadable.extend(unreadable);
                self.last = Some((date, day.into_windows()));
            }
            let Some((_, windows)) = &mut self.last else { continue };
            let is_inside =
                |window: &mut StockWindow| (since..until).contains(&window.key().window.start());
            inside.extend(windows.extract_if(.., is_inside));
        }
        let place = |window: &StockWindow| (window.key().sku.clone(), window.key().window);
        inside.sort_by_cached_key(place);
        Ok(inside)
    }
}
