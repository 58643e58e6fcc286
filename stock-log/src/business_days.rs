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
    /// UTC date that was read last, with the windows that were not returned.
    last: Option<DateWindows>,
    /// Segments that were left out of the windows returned last.
    pub unreadable: Vec<UnreadableSegment>,
    /// `true` if an id of the UTC dates read last came with two contents.
    pub has_conflicts: bool,
}

#[derive(Debug)]
struct DateWindows {
    date: NaiveDate,
    windows: Vec<StockWindow>,
    unreadable: Vec<UnreadableSegment>,
    has_conflicts: bool,
}

impl<'a, L: StockLog> BusinessDays<'a, L> {
    /// Creates a reader.
    pub fn new(log: &'a L, store_id: &'a StoreId) -> Self {
        Self { log, store_id, last: None, unreadable: Vec::new(), has_conflicts: false }
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
        self.unreadable.clear();
        self.has_conflicts = false;
        let mut inside = Vec::new();
        for date in utc_dates(since, until) {
            let mut of_date = match self.last.take().filter(|last| last.date == date) {
                Some(last) => last,
                None => self.read(date).await?,
            };
            self.unreadable.extend(of_date.unreadable.iter().cloned());
            self.has_conflicts |= of_date.has_conflicts;
            let is_inside =
                |window: &mut StockWindow| (since..until).contains(&window.key().window.start());
            inside.extend(of_date.windows.extract_if(.., is_inside));
            self.last = Some(of_date);
        }
        let place = |window: &StockWindow| (window.key().sku.clone(), window.key().window);
        inside.sort_by_cached_key(place);
        Ok(inside)
    }

    async fn read(&self, date: NaiveDate) -> Result<DateWindows, Failure> {
        let DateRead { day, unreadable, .. } = read_date(self.log, self.store_id, date).await?;
        let has_conflicts = day.conflicting().len() > 0;
        Ok(DateWindows { date, windows: day.into_windows(), unreadable, has_conflicts })
    }
}
