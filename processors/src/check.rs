//! Check of a business day: the views of the stock log, as they are stored, compared with the log.
//!
//! Progress and rows are read before the log. What the log has and a row lacks may therefore have
//! come since, and is no difference as long as a pass will still read it.

mod comparison;

use std::collections::BTreeSet;

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::limits::WINDOW_ROWS_KEPT;
use domain::ports::{
    CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, QuarantineTable, StockLog,
    WindowsTable,
};
use domain::stock::{Figures, SETTLE, unmet_corrections, utc_dates};
use domain::{ClosedDay, DaySpan, Event, Sku, Store, StoreId, Window};
use stock_log::{BusinessDays, DateRead, UnreadableSegment, read_date};

use crate::closing::{DATES_BACK, Reading, inputs};
use crate::date_closing::DateClosing;
use crate::rollup::digests;
use crate::{CloseSummary, Closing, Rollup, RollupSummary};
use comparison::Comparison;

/// Check of a store's days with its tables.
#[derive(Debug, Clone)]
pub struct Check<T> {
    /// Catalogue, stock log, windows, days and offers.
    pub tables: T,
}

/// Business day to check. The day of a store without a catalogue entry is the UTC date.
#[derive(Debug, Clone, Copy)]
pub struct CheckedDay<'a> {
    /// Store.
    pub store_id: &'a StoreId,
    /// Its entry in the catalogue.
    pub store: Option<&'a Store>,
    /// Span of the day.
    pub span: DaySpan,
}

/// State of a business day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayCheck {
    /// UTC dates of the day.
    pub dates: Vec<DateCheck>,
    /// Day rows.
    pub rows: DayRowsCheck,
}

/// State of a UTC date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DateCheck {
    /// UTC date.
    pub date: NaiveDate,
    /// Number of segments in the log.
    pub segments: usize,
    /// Number of events that count.
    pub events: usize,
    /// Contents that do not count, because another content of their id does.
    pub conflicts: Vec<Event>,
    /// Corrections that void nothing.
    pub unmet: Vec<Event>,
    /// Segments that cannot be read.
    pub unreadable: Vec<UnreadableSegment>,
    /// Number of contents that a rollup has counted and the log no longer holds. 0 if segments
    /// cannot be read.
    pub lost: u64,
    /// Number of windows that are over and have a row.
    pub windows: usize,
    /// Number of windows whose rows a rollup will still write.
    pub pending: usize,
    /// Rows that differ.
    pub differences: Vec<WindowDifference>,
}

/// Kind of a difference between a stored row and the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// There is no row.
    Missing,
    /// The row lacks events, and no pass will add them by itself.
    Stale,
    /// The row has other figures than the pass that wrote it.
    Other,
    /// The log has no event for the row.
    Superfluous,
    /// The row claims more contents than the log holds, so no rollup would replace it.
    Count,
}

/// Difference of an item in the rows of a window.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WindowDifference {
    /// Window.
    pub window: Window,
    /// Item; `None` if the whole row is meant.
    pub sku: Option<Sku>,
    /// Kind.
    pub kind: DifferenceKind,
    /// Stored figures.
    pub stored: Option<Figures>,
    /// Figures by the log.
    pub expected: Option<Figures>,
}

/// State of the day rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DayRowsCheck {
    /// The store is not in the catalogue, so it has none.
    NotInCatalogue,
    /// The day is not over.
    NotOver,
    /// The day is over.
    Compared {
        /// Number of rows by the log.
        rows: usize,
        /// Number of rows that the close of day will still write.
        pending: usize,
        /// Rows that differ.
        differences: Vec<DayDifference>,
    },
}

/// Difference of a day row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayDifference {
    /// Item.
    pub sku: Sku,
    /// Stored row.
    pub stored: Option<ClosedDay>,
    /// Row that a close would write.
    pub expected: Option<ClosedDay>,
}

/// Result of a repair.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Repair {
    /// Number of window rows that were deleted because no rollup would have replaced them.
    pub removed: u64,
    /// Window rows and quarantine entries that were written.
    pub rolled_up: RollupSummary,
    /// Day rows and histories that were written.
    pub closed: CloseSummary,
    /// Number of UTC dates that were left alone, because the log has lost events.
    pub left_alone: u64,
}

impl DayCheck {
    /// `true` if nothing differs and everything can be read.
    #[must_use]
    pub fn is_good(&self) -> bool {
        let rows = match &self.rows {
            DayRowsCheck::Compared { differences, .. } => differences.is_empty(),
            DayRowsCheck::NotInCatalogue | DayRowsCheck::NotOver => true,
        };
        rows && self.dates.iter().all(|date| date.is_complete() && date.differences.is_empty())
    }
}

impl DateCheck {
    /// `true` if every segment can be read and none is known to be lost.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unreadable.is_empty() && self.lost == 0
    }
}

impl<T: StockLog + WindowsTable> Check<T> {
    async fn check_date(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<DateCheck, Failure> {
        let progress = self.tables.query_progress(store_id, date, date).await?;
        let is_kept = |window: Window| window.end() + WINDOW_ROWS_KEPT > now;
        let mut stored = self.tables.query_windows(store_id, date).await?;
        stored.retain(|row| is_kept(row.window));
        let DateRead { day, segments, unreadable } =
            read_date(&self.tables, store_id, date).await?;
        let count = day.count();
        let counted = progress.rolled.get(&date).map_or(0, |state| state.count);
        let mut check = DateCheck {
            date,
            segments,
            events: day.len(),
            conflicts: day.conflicting().cloned().collect(),
            unmet: Vec::new(),
            lost: if unreadable.is_empty() { counted.saturating_sub(count) } else { 0 },
            unreadable,
            windows: stored.iter().filter(|row| row.part == 0).count(),
            pending: 0,
            differences: Vec::new(),
        };
        let windows = day.into_windows();
        check.unmet = unmet_corrections(&windows).into_iter().cloned().collect();
        let expected = windows.iter().filter(|window| {
            let window = window.key().window;
            window.is_over_at(now) && is_kept(window)
        });
        let is_reached = date >= now.date_naive() - Days::new(DATES_BACK);
        let comparison = Comparison {
            progress: &progress,
            may_be_pending: is_reached && !progress.is_rolled_up(date),
            count,
        };
        comparison.compare(expected, &stored, &mut check);
        Ok(check)
    }
}

impl<T> Check<T>
where
    T: CatalogTable + StockLog + WindowsTable + DaysTable + HistoryTable + OffersTable,
    T: QuarantineTable + Clone,
{
    /// Compares the rows of a business day with the log. Writes nothing.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read, or if a row cannot be decoded.
    pub async fn check(
        &self,
        day: &CheckedDay<'_>,
        now: DateTime<Utc>,
    ) -> Result<DayCheck, Failure> {
        let mut dates = Vec::new();
        for date in utc_dates(day.span.starts_at, day.span.ends_at) {
            dates.push(self.check_date(day.store_id, date, now).await?);
        }
        Ok(DayCheck { dates, rows: self.check_rows(day, now).await? })
    }

    async fn check_rows(
        &self,
        day: &CheckedDay<'_>,
        now: DateTime<Utc>,
    ) -> Result<DayRowsCheck, Failure> {
        let CheckedDay { store, span, .. } = day;
        let Some(store) = store else { return Ok(DayRowsCheck::NotInCatalogue) };
        if span.closes_at + SETTLE > now {
            return Ok(DayRowsCheck::NotOver);
        }
        let items = self.tables.load_items(&store.store_id).await?;
        let (first, last) = (span.starts_at.date_naive(), span.ends_at.date_naive());
        let (first, last) = (first.min(span.date), last.max(span.date));
        let progress = self.tables.query_progress(&store.store_id, first, last).await?;
        let today = now.with_timezone(&store.zone).date_naive();
        let may_be_pending = span.date >= today - Days::new(DATES_BACK)
            && !progress.is_closed(span, &inputs(store, &items));
        let closing = Closing { tables: self.tables.clone() };
        let mut log = BusinessDays::new(&self.tables, &store.store_id);
        // The rows of the log are wanted, not those that a close would keep.
        let has_same_inputs = false;
        let date = DateClosing { store, items: &items, span, now, has_same_inputs };
        let computed = closing.compute(&date, None, &mut log).await?;
        let skus: BTreeSet<&Sku> = computed.rows.keys().chain(computed.stored.keys()).collect();
        let mut differences = Vec::new();
        for sku in skus {
            let (stored, expected) = (computed.stored.get(sku), computed.rows.get(sku));
            if stored != expected {
                differences.push(DayDifference {
                    sku: sku.clone(),
                    stored: stored.cloned(),
                    expected: expected.cloned(),
                });
            }
        }
        let mut pending = 0;
        if may_be_pending {
            pending = differences.len();
            differences.clear();
        }
        Ok(DayRowsCheck::Compared { rows: computed.rows.len(), pending, differences })
    }

    /// Makes the rows of a business day anew: window rows, quarantine entries of conflicts and of
    /// corrections that void nothing, day rows from this day on, and histories. UTC dates whose log
    /// has lost events stay as they are, as do their day rows: the stored rows know more.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. A repetition completes the rest.
    pub async fn repair(
        &self,
        day: &CheckedDay<'_>,
        found: &DayCheck,
        now: DateTime<Utc>,
    ) -> Result<Repair, Failure> {
        let mut repair = Repair::default();
        for date in &found.dates {
            if date.lost == 0 {
                self.repair_windows(day.store_id, date, &mut repair, now).await?;
            } else {
                repair.left_alone += 1;
            }
        }
        let Some(store) = day.store else { return Ok(repair) };
        if repair.left_alone == 0 && day.span.closes_at + SETTLE <= now {
            let today = now.with_timezone(&store.zone).date_naive();
            let closing = Closing { tables: self.tables.clone() };
            let dates = (day.span.date, today);
            repair.closed = closing.close(store, dates, now, Reading::Anew).await?;
        }
        Ok(repair)
    }

    async fn repair_windows(
        &self,
        store_id: &StoreId,
        found: &DateCheck,
        repair: &mut Repair,
        now: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let date = found.date;
        let mut progress = self.tables.query_progress(store_id, date, date).await?;
        let claimed = found.differences.iter().filter(|one| one.kind == DifferenceKind::Count);
        let claimed: BTreeSet<Window> = claimed.map(|one| one.window).collect();
        let mut stored = self.tables.query_windows(store_id, date).await?;
        for row in stored.extract_if(.., |row| claimed.contains(&row.window)) {
            self.tables.remove_window(store_id, row.window, row.part).await?;
            repair.removed += 1;
        }
        // The rollup compares with the rows themselves, and not with what its last pass wrote.
        if let Some(state) = progress.rolled.get_mut(&date) {
            state.windows = digests(&stored);
        }
        let rollup = Rollup { tables: self.tables.clone() };
        repair.rolled_up.add(rollup.roll_up_date(store_id, date, &progress, now).await?);
        Ok(())
    }
}
