//! Close of day: writes one day row per item from the stock log, the day's offers and the row of
//! the day before; then folds the histories from the day rows.
//!
//! A pass looks at the dates for which events usually still arrive. It reads a date again only if
//! it was not over at the last pass, if a segment was stored late or could not be read, or if
//! hours, items or rules have changed; the following dates are read as well, until a date changes
//! nothing. So a late event gives the result that an event in time would have had. Dates are read
//! one after the other. Passes may be repeated, delayed and run concurrently. An event that arrives
//! even later, by a replay or after a long outage, needs [`Closing::close_dates`].
//!
//! Offers are read as stored. They give the shelf price for hours without a sale.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::history::RECENT_DATES;
use domain::limits::EVENT_AGE_MAX;
use domain::ports::{CatalogTable, DaysTable, Failure, HistoryTable, OffersTable, Saved, StockLog};
use domain::stock::{CloseState, Progress, SETTLE, utc_dates};
use domain::{DaySpan, Item, Sku, Store, StoreId, Version};
use metrics::counter;
use stock_log::{BusinessDays, UnreadableSegment};
use tracing::{Instrument, info_span};

use crate::close_summary::CloseSummary;
use crate::date_closing::{DateClosing, DayRows};
use crate::histories::HistoryFold;
use crate::metrics as names;

/// Number of dates before the last one that a pass looks at. An event within the age limit cannot
/// belong to an earlier date.
pub(crate) const DATES_BACK: u64 = EVENT_AGE_MAX.as_secs() / (24 * 3600) + 1;
const _: () = assert!(DATES_BACK + 1 == RECENT_DATES, "a pass covers the recent dates of History");

/// Close of day with its tables.
///
/// # Examples
/// A store with one item and no events has nothing to close:
/// ```
/// use domain::{Item, Store};
/// use domain::ports::CatalogTable;
/// use in_memory::Tables;
/// use processors::{CloseSummary, Closing};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tables = Tables::default();
/// let store = r#"{"store_id":"0042","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}"#;
/// tables.put_store(&Store::parse(store)?).await?;
/// let item = r#"{"sku":"rye","store_id":"0042","price":"2.40","currency":"EUR"}"#;
/// tables.put_item(&Item::parse(item)?).await?;
///
/// let closing = Closing { tables };
/// let summary = closing.close_store(&"0042".parse()?, "2026-03-12T18:00:00Z".parse()?).await?;
/// assert_eq!(summary, CloseSummary::default());
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Closing<T> {
    /// Catalogue, stock log, days, histories and offers.
    pub tables: T,
}

/// Choice of the dates that a pass reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Dates that may have changed since the last pass, and those after them.
    Changed,
    /// All dates.
    All,
    /// All dates. Rows that counted more events than the log holds are replaced as well.
    Anew,
}

/// Dates of a pass, after their rows were written.
pub(crate) struct ClosedDates {
    pub(crate) items: Vec<Item>,
    /// Last closed date.
    pub(crate) through: NaiveDate,
    /// Items whose histories are folded again. `None` for all items.
    pub(crate) touched: Option<BTreeSet<Sku>>,
    /// States to store after the fold.
    pub(crate) states: Vec<CloseState>,
}

impl<T> Closing<T>
where
    T: CatalogTable + StockLog + DaysTable + HistoryTable + OffersTable,
{
    /// Closes the dates of one store that are over at `now` and may still change. Does nothing for
    /// a store that is not in the catalogue.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. Rows written before the failure
    /// stay, and a repeated pass continues from them.
    pub async fn close_store(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<CloseSummary, Failure> {
        let summary = self.close_recent(store_id, now).await;
        if summary.is_err() {
            counter!(names::CLOSE_FAILED_TOTAL).increment(1);
        }
        summary
    }

    async fn close_recent(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<CloseSummary, Failure> {
        let Some(store) = self.tables.load_store(store_id).await? else {
            return Ok(CloseSummary::default());
        };
        let today = now.with_timezone(&store.zone).date_naive();
        // The number of closed dates is the same while a business day extends past midnight.
        let yesterday = today - Days::new(1);
        let is_over = store.span(yesterday).closes_at + SETTLE <= now;
        let last = if is_over { today } else { yesterday };
        self.close(&store, (last - Days::new(DATES_BACK), today), now, Reading::Changed).await
    }

    /// Closes those of the dates from `first` to `last` that are over at `now`, also dates that
    /// [`Closing::close_store`] no longer looks at, and dates that seem unchanged.
    ///
    /// # Errors
    /// As [`Closing::close_store`].
    pub async fn close_dates(
        &self,
        store: &Store,
        first: NaiveDate,
        last: NaiveDate,
        now: DateTime<Utc>,
    ) -> Result<CloseSummary, Failure> {
        self.close(store, (first, last), now, Reading::All).await
    }

    pub(crate) async fn close(
        &self,
        store: &Store,
        (first, last): (NaiveDate, NaiveDate),
        now: DateTime<Utc>,
        reading: Reading,
    ) -> Result<CloseSummary, Failure> {
        let span = info_span!("close", store.id = store.store_id.as_str(), %first, %last);
        let pass = async {
            let spans = over(store, first, last, now);
            let (mut summary, closed) = self.close_rows(store, &spans, now, reading).await?;
            if let Some(closed) = closed {
                summary.add(self.fold_closed(store, closed).await?);
            }
            Ok(summary)
        };
        pass.instrument(span).await
    }

    /// Folds the histories of closed dates, and stores their states.
    pub(crate) async fn fold_closed(
        &self,
        store: &Store,
        closed: ClosedDates,
    ) -> Result<CloseSummary, Failure> {
        let ClosedDates { items, through, touched, states } = closed;
        let touched = touched.as_ref();
        let fold = HistoryFold { store_id: &store.store_id, items: &items, through, touched };
        let summary = self.fold(&fold).await?;
        for state in states {
            // After a conflict, a pass that has begun since completes the date.
            self.tables.save_close_state(&CloseState { is_complete: true, ..state }).await?;
        }
        Ok(summary)
    }

    /// Closes dates without folding histories. Returns `None` if nothing was read.
    pub(crate) async fn close_rows(
        &self,
        store: &Store,
        spans: &[DaySpan],
        now: DateTime<Utc>,
        reading: Reading,
    ) -> Result<(CloseSummary, Option<ClosedDates>), Failure> {
        let mut summary = CloseSummary::default();
        let (Some(from), Some(to)) = (spans.first(), spans.last()) else {
            return Ok((summary, None));
        };
        let items = self.tables.load_items(&store.store_id).await?;
        let inputs = inputs(store, &items);
        // Marks are read before the log, so that every marked segment is read.
        let first = from.starts_at.date_naive().min(from.date);
        let next = to.date + Days::new(1);
        let last = to.ends_at.date_naive().max(next);
        let progress = self.tables.query_progress(&store.store_id, first, last).await?;
        let is_changed =
            |span: &DaySpan| reading != Reading::Changed || !progress.is_closed(span, &inputs);
        // A pass that failed has perhaps written rows that no history knows.
        let is_known =
            |span: &DaySpan| progress.closed.get(&span.date).is_none_or(|state| state.is_complete);
        let mut folds_all = !spans.iter().all(is_known);
        let mut log = BusinessDays::new(&self.tables, &store.store_id);
        let (mut touched, mut states) = (BTreeSet::new(), Vec::new());
        let mut before: Option<DayRows> = None;
        let mut may_have_changed = false;
        for span in spans {
            if !is_changed(span) && before.is_none() {
                may_have_changed = false;
                continue;
            }
            let known = progress.closed.get(&span.date);
            let state = state_of(store, span, &progress, &inputs, now);
            // Until the rows are written, the state has the inputs of the rows before.
            let known_inputs = known.map_or(&inputs, |known| &known.inputs).clone();
            let has_same_inputs = known_inputs == inputs && reading != Reading::Anew;
            let begun = CloseState { inputs: known_inputs.clone(), ..state.clone() };
            let (revision, is_first) = self.save_after_stored(begun).await?;
            // Another pass that has begun since may have written rows, and fail before the next.
            folds_all |= !is_first;
            let date = DateClosing { store, items: &items, span, now, has_same_inputs };
            let closed = self.close_date(&date, before.take(), &mut log).await?;
            counter!(names::UNREADABLE_SEGMENTS_TOTAL).increment(log.unreadable.len() as u64);
            // A pass that failed may have written them.
            may_have_changed = closed.summary.written() > 0 || folds_all;
            if closed.summary.contested == 0 {
                let late = version_read(state.late, &log.unreadable);
                // Rows that an unreadable segment keeps are of the inputs before.
                let is_readable = log.unreadable.is_empty();
                let inputs = if is_readable { state.inputs } else { known_inputs };
                states.push(CloseState { late, inputs, revision: revision + 1, ..state });
            }
            summary.add(closed.summary);
            touched.extend(closed.touched);
            // The dates after a date without a change need not be read.
            before = (may_have_changed || reading != Reading::Changed).then_some(closed.rows);
        }
        // A pass over earlier dates alone leaves the next date to a later pass.
        if let Some(state) = progress.closed.get(&next).filter(|_| may_have_changed) {
            let revision = state.revision + 1;
            let state = CloseState { is_complete: false, revision, ..state.clone() };
            self.save_after_stored(state).await?;
        }
        if states.is_empty() && summary == CloseSummary::default() {
            return Ok((summary, None));
        }
        let touched = (!folds_all).then_some(touched);
        Ok((summary, Some(ClosedDates { items, through: to.date, touched, states })))
    }

    /// Saves a state as the successor of the stored one. Returns its revision, and `true` if it
    /// was the revision given.
    async fn save_after_stored(&self, mut state: CloseState) -> Result<(u64, bool), Failure> {
        let given = state.revision;
        while let Saved::Conflict(stored) = self.tables.save_close_state(&state).await? {
            state.revision = stored.map_or(0, |stored| stored.revision) + 1;
        }
        Ok((state.revision, state.revision == given))
    }
}

impl ClosedDates {
    /// Adds the states of earlier dates.
    pub(crate) fn after(mut self, before: Self) -> Self {
        self.states.extend(before.states);
        self
    }
}

/// Returns the dates that are over at `now`.
pub(crate) fn over(
    store: &Store,
    first: NaiveDate,
    last: NaiveDate,
    now: DateTime<Utc>,
) -> Vec<DaySpan> {
    let dates = first.iter_days().take_while(|date| *date <= last);
    let spans = dates.map(|date| store.span(date));
    spans.take_while(|span| span.closes_at + SETTLE <= now).collect()
}

/// Returns the state of a date whose rows are being written.
fn state_of(
    store: &Store,
    span: &DaySpan,
    progress: &Progress,
    inputs: &Version,
    now: DateTime<Utc>,
) -> CloseState {
    CloseState {
        store_id: store.store_id.clone(),
        date: span.date,
        read_at: now,
        late: progress.late_version(utc_dates(span.starts_at, span.ends_at)),
        inputs: inputs.clone(),
        is_complete: false,
        revision: progress.closed.get(&span.date).map_or(0, |known| known.revision) + 1,
    }
}

/// Returns the version of what the rows of a store depend on, apart from events and offers.
pub(crate) fn inputs(store: &Store, items: &[Item]) -> Version {
    let mut text = format!("{} {} {}", domain::closed_day::RULES, store.zone, store.hours);
    let mut lives: BTreeMap<&Sku, (u16, String)> = BTreeMap::new();
    for item in items {
        lives.insert(&item.sku, (item.shelf_life_days, format!("{:?}", item.units)));
    }
    for (sku, (shelf_life_days, units)) in lives {
        text.push_str(&format!("\n{sku} {shelf_life_days} {units}"));
    }
    Version::of(text.as_bytes())
}

/// Returns the version of the late marks for the state of a pass. If segments could not be read, it
/// differs from that of the marks, so that each later pass reads the date again: a later version of
/// the program may be able to.
pub(crate) fn version_read(late: Version, unreadable: &[UnreadableSegment]) -> Version {
    if unreadable.is_empty() {
        return late;
    }
    let keys = unreadable.iter().map(|segment| format!("\n{}", segment.sort_key));
    Version::of(format!("{late} without{}", keys.collect::<String>()).as_bytes())
}
