//! Rollup: writes the rows of the windows that are over, and what a look at the whole set of a date
//! finds: conflicts of contents and corrections that void nothing.
//!
//! The rows are a view for people and other programs. Passes may be repeated, delayed and run
//! concurrently: a row is only replaced by one made of as many events or more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::ports::{Failure, QuarantineTable, Saved, StockLog, WindowsTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::{
    Progress, RollupState, StockWindow, WindowRow, quarantined_conflict, unmet_corrections,
    window_rows,
};
use domain::{Event, StoreId, Window, sha256};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use metrics::{counter, histogram};
use stock_log::{DateRead, read_date};
use tracing::{Instrument, info_span};

use crate::closing::DATES_BACK;
use crate::metrics as names;

/// Rows written concurrently.
const WRITES_AT_ONCE: usize = 16;

/// Rollup of windows with its tables.
///
/// # Examples
/// ```
/// use in_memory::Tables;
/// use processors::Rollup;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let rollup = Rollup { tables: Tables::default() };
/// let summary = rollup.roll_up(&"0042".parse()?, "2026-03-12T18:00:00Z".parse()?).await?;
/// assert_eq!(summary.written, 0, "no events, no rows");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Rollup<T> {
    /// Stock log, windows and quarantine.
    pub tables: T,
}

/// Result of a rollup.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct RollupSummary {
    /// Number of dates whose events were read.
    pub dates: u64,
    /// Number of rows written.
    pub written: u64,
    /// Number of rows that another pass had written from more events.
    pub superseded: u64,
    /// Number of entries put into quarantine.
    pub quarantined: u64,
}

impl<T: StockLog + WindowsTable + QuarantineTable> Rollup<T> {
    /// Rolls up the dates of a store whose events may have changed since the last rollup: today,
    /// yesterday, and dates with new late marks.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. A repeated pass completes the rest.
    pub async fn roll_up(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<RollupSummary, Failure> {
        let today = now.date_naive();
        let (first, last) = (today - Days::new(DATES_BACK), today + Days::new(1));
        let pass = async {
            let progress = self.tables.query_progress(store_id, first, last).await?;
            let recent = [today - Days::new(1), today];
            let dates: BTreeSet<NaiveDate> =
                progress.late.keys().copied().chain(recent).collect();
            let mut summary = RollupSummary::default();
            for date in dates.into_iter().filter(|date| !progress.is_rolled_up(*date)) {
                summary.add(self.roll_up_date(store_id, date, &progress, now).await?);
            }
            Ok(summary)
        };
        let summary = pass.instrument(info_span!("roll up", store.id = store_id.as_str())).await;
        if summary.is_err() {
            counter!(names::ROLLUP_FAILED_TOTAL).increment(1);
        }
        summary
    }

    /// Rolls up one UTC date. `progress` was read before this call. Without the state of the date
    /// in it, all rows are written anew.
    ///
    /// # Errors
    /// As [`Rollup::roll_up`].
    pub async fn roll_up_date(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        progress: &Progress,
        now: DateTime<Utc>,
    ) -> Result<RollupSummary, Failure> {
        let before = progress.rolled.get(&date);
        let DateRead { day, unreadable } = read_date(&self.tables, store_id, date).await?;
        counter!(names::UNREADABLE_SEGMENTS_TOTAL).increment(unreadable.len() as u64);
        let mut summary = RollupSummary { dates: 1, ..RollupSummary::default() };
        let (count, conflicts) = (day.count(), day.conflicting().len() as u64);
        if before.is_none_or(|before| before.conflicts != conflicts) {
            for event in day.conflicting() {
                self.quarantine(&quarantined_conflict(event), &mut summary).await?;
            }
        }
        let mut windows = day.into_windows();
        let unmet = self.list_unmet(before, &windows, &mut summary).await?;
        windows.retain(|window| window.key().window.is_over_at(now));
        let rows = window_rows(store_id, count, &windows);
        let digests = self.write_rows(before, store_id, count, rows, now, &mut summary).await?;
        let state = RollupState {
            store_id: store_id.clone(),
            date,
            read_at: now,
            late: progress.late_version([date]),
            count,
            conflicts,
            unmet,
            windows: digests,
        };
        if count > 0 || before.is_some() {
            self.tables.put_rollup_state(&state).await?;
        }
        Ok(summary)
    }

    /// Writes the rows that differ from those of the last rollup. Returns the digests of all.
    async fn write_rows(
        &self,
        before: Option<&RollupState>,
        store_id: &StoreId,
        count: u64,
        rows: BTreeMap<Window, Vec<WindowRow>>,
        now: DateTime<Utc>,
        summary: &mut RollupSummary,
    ) -> Result<BTreeMap<Window, u32>, Failure> {
        let none = BTreeMap::new();
        let known = before.map_or(&none, |before| &before.windows);
        let digests: BTreeMap<Window, u32> =
            rows.iter().map(|(window, rows)| (*window, digest(rows))).collect();
        let changed = rows.into_iter().filter(|(window, _)| known.get(window) != digests.get(window));
        let changed: Vec<WindowRow> = changed.flat_map(|(_, rows)| rows).collect();
        // The events of a window may all have moved to other windows by a conflict.
        let emptied = known.keys().filter(|window| !digests.contains_key(window));
        let emptied = emptied.map(|window| WindowRow {
            store_id: store_id.clone(),
            window: *window,
            part: 0,
            parts: 1,
            count,
            items: BTreeMap::new(),
        });
        let oldest = changed.iter().map(|row| row.window.end()).min();
        let age = oldest.map_or(0.0, |oldest| (now - oldest).as_seconds_f64());
        histogram!(names::WINDOWS_AGE_SECONDS).record(age.max(0.0));
        let writes = changed.into_iter().chain(emptied).map(async |row| {
            self.tables.put_window(&row).await
        });
        let writes: Vec<_> = writes.collect();
        let saved = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        let saved: Vec<Saved<()>> = saved.try_collect().await?;
        for saved in saved {
            let (outcome, total) = match saved {
                Saved::Done => ("written", &mut summary.written),
                Saved::Conflict(_) => ("superseded", &mut summary.superseded),
            };
            *total += 1;
            counter!(names::WINDOW_ROWS_TOTAL, "outcome" => outcome).increment(1);
        }
        Ok(digests)
    }

    /// Lists the corrections that void nothing, and removes those that do so no longer. Returns the
    /// ids of the listed ones.
    async fn list_unmet(
        &self,
        before: Option<&RollupState>,
        windows: &[StockWindow],
        summary: &mut RollupSummary,
    ) -> Result<BTreeSet<QuarantineId>, Failure> {
        let none = BTreeSet::new();
        let listed = before.map_or(&none, |before| &before.unmet);
        let unmet: Vec<Quarantined> =
            unmet_corrections(windows).into_iter().map(unmet_entry).collect();
        for entry in unmet.iter().filter(|entry| !listed.contains(&entry.id)) {
            self.quarantine(entry, summary).await?;
        }
        let unmet: BTreeSet<QuarantineId> = unmet.into_iter().map(|entry| entry.id).collect();
        for id in listed.difference(&unmet) {
            self.tables.remove_quarantined(id).await?;
        }
        Ok(unmet)
    }

    async fn quarantine(
        &self,
        entry: &Quarantined,
        summary: &mut RollupSummary,
    ) -> Result<(), Failure> {
        self.tables.put_quarantined(entry).await?;
        summary.quarantined += 1;
        counter!(names::QUARANTINED_TOTAL, "reason" => entry.reason.as_str()).increment(1);
        Ok(())
    }
}

impl RollupSummary {
    /// Adds the results of another pass.
    pub fn add(&mut self, other: Self) {
        self.dates += other.dates;
        self.written += other.written;
        self.superseded += other.superseded;
        self.quarantined += other.quarantined;
    }
}

/// Returns the start of a digest of the rows of one window.
fn digest(rows: &[WindowRow]) -> u32 {
    let text: String = rows.iter().map(|row| row.version().to_string()).collect();
    u32::from_str_radix(&sha256(text.as_bytes())[..8], 16).unwrap_or_default()
}

/// Returns the quarantine entry of a correction that voids nothing. Its id depends on the window,
/// the item and the event id, so that another content of the correction replaces the entry.
pub(crate) fn unmet_entry(correction: &Event) -> Quarantined {
    let window = correction.window();
    let digest = sha256(format!("{} {window}", correction.sku()).as_bytes());
    let (store_id, event_id) = (correction.store_id(), correction.event_id());
    let corrects = correction.action().corrects().map(ToString::to_string).unwrap_or_default();
    Quarantined {
        id: QuarantineId {
            date: window.date(),
            key: format!("{store_id}#{event_id}#{}", &digest[..16]),
        },
        reason: QuarantineReason::UnmetCorrection,
        message: format!(
            "event {event_id} of store {store_id} voids nothing: event {corrects} of item {} is \
             not there at {}; when it arrives, this entry leaves",
            correction.sku(),
            correction.occurred_at().format("%Y-%m-%dT%H:%M:%S%.3fZ"),
        ),
        at: correction.occurred_at(),
        bytes: correction.content().into_bytes(),
    }
}
