//! Rollup: writes the rows of the windows that are over, and what a look at the whole set of a date
//! finds: conflicts of contents and corrections that void nothing.
//!
//! The rows are a view for people and other programs. Passes may be repeated, delayed and run
//! concurrently: a row is only replaced by one made of as many events or more.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::ports::{Failure, QuarantineTable, Saved, StockLog, WindowsTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::{
    Progress, RollupState, SETTLE, StockWindow, WindowRow, quarantined_conflict, unmet_corrections,
    window_rows,
};
use domain::{Event, StoreId, Window, sha256};
use futures_util::stream::{self, StreamExt, TryStreamExt};
use metrics::{counter, histogram};
use stock_log::{DateRead, read_date};
use tracing::{Instrument, info_span, warn};

use crate::closing::{DATES_BACK, version_read};
use crate::metrics as names;

/// Rows written concurrently.
const WRITES_AT_ONCE: usize = 16;

/// Instant in the state of a pass that has begun to list corrections. The quarantine may lack the
/// entries in the state.
const BEGUN: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Largest number of listed corrections of a store and date. The state with their ids must fit into
/// one item.
const UNMET_MAX: usize = 500;

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
    /// Rolls up the dates of a store whose events may have changed since the last rollup: dates
    /// that were not over then, and dates with new late marks.
    ///
    /// # Errors
    /// Returns an error if a table cannot be read or written. A repeated pass completes the rest.
    pub async fn roll_up(
        &self,
        store_id: &StoreId,
        now: DateTime<Utc>,
    ) -> Result<RollupSummary, Failure> {
        let today = now.date_naive();
        let first = today - Days::new(DATES_BACK);
        let pass = async {
            let progress = self.tables.query_progress(store_id, first, today).await?;
            let dates = first.iter_days().take_while(|date| *date <= today);
            let mut summary = RollupSummary::default();
            let mut failure = None;
            // A date that fails does not keep the others, the last of which is today.
            for date in dates.filter(|date| !progress.is_rolled_up(*date)) {
                match self.roll_up_date(store_id, date, &progress, now).await {
                    Ok(rolled_up) => summary.add(rolled_up),
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            failure.map_or(Ok(summary), Err)
        };
        let summary = pass.instrument(info_span!("roll up", store.id = store_id.as_str())).await;
        if summary.is_err() {
            counter!(names::ROLLUP_FAILED_TOTAL).increment(1);
        }
        summary
    }

    /// Rolls up one UTC date. `progress` was read before this call.
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
        let is_over = is_over_at(date, now);
        let before = progress.rolled.get(&date);
        let late = progress.late_version([date]);
        let DateRead { day, unreadable, .. } = read_date(&self.tables, store_id, date).await?;
        counter!(names::UNREADABLE_SEGMENTS_TOTAL).increment(unreadable.len() as u64);
        let mut state = RollupState {
            store_id: store_id.clone(),
            date,
            read_at: now,
            late: version_read(late, &unreadable),
            count: day.count(),
            conflicts: day.conflicting().len() as u64,
            unmet: BTreeSet::new(),
            windows: BTreeMap::new(),
        };
        let mut summary = RollupSummary { dates: 1, ..RollupSummary::default() };
        let is_known = |before: &RollupState| before.conflicts == state.conflicts;
        let conflicts: Vec<Quarantined> = match before {
            Some(before) if is_known(before) => Vec::new(),
            _ => day.conflicting().map(quarantined_conflict).collect(),
        };
        // A set only grows. If it is smaller than before, segments were deleted or cannot be read.
        let largest = before.map_or(0, |before| before.count);
        let is_partial = !unreadable.is_empty() || state.count < largest;
        let mut windows = day.into_windows();
        self.list_unmet(before, &windows, &mut state, &mut summary).await?;
        windows.retain(|window| window.key().window.is_over_at(now));
        let mut rows = window_rows(store_id, state.count, &windows);
        // A state tells the rows that its own pass has written. Another pass may have replaced them
        // since, so the last pass over a date looks at the rows themselves.
        let known = match before {
            Some(before) if !is_over && !is_partial => before.windows.clone(),
            _ => {
                let stored = self.tables.query_windows(store_id, date).await?;
                if is_partial {
                    keep_fuller(&mut rows, &stored);
                }
                digests(&stored)
            }
        };
        self.write_rows(&known, &rows, &mut state, &mut summary).await?;
        // Last, because there may be thousands: two tills that share their numbers.
        self.quarantine_all(&conflicts, &mut summary).await?;
        state.count = state.count.max(largest);
        if state.count > 0 || before.is_some() || is_over {
            self.tables.put_rollup_state(&state).await?;
        }
        Ok(summary)
    }

    /// Writes the rows that differ from the known ones. The state gets the digests of all rows that
    /// are stored then.
    async fn write_rows(
        &self,
        known: &BTreeMap<Window, u32>,
        rows: &BTreeMap<Window, Vec<WindowRow>>,
        state: &mut RollupState,
        summary: &mut RollupSummary,
    ) -> Result<(), Failure> {
        // The events of a window may all have moved to other windows by a conflict.
        let is_empty =
            |window: &&Window| window.is_over_at(state.read_at) && !rows.contains_key(window);
        let emptied = known.keys().filter(is_empty);
        let emptied = emptied.map(|window| WindowRow {
            store_id: state.store_id.clone(),
            window: *window,
            part: 0,
            parts: 1,
            count: state.count,
            items: BTreeMap::new(),
        });
        let emptied: Vec<WindowRow> = emptied.collect();
        let all: Vec<&WindowRow> = rows.values().flatten().chain(&emptied).collect();
        state.windows = digests(all.iter().copied());
        let mut changed = all;
        changed.retain(|row| known.get(&row.window) != state.windows.get(&row.window));
        if let Some(oldest) = changed.iter().map(|row| row.window.end()).min() {
            let age = (state.read_at - oldest).as_seconds_f64();
            histogram!(names::WINDOWS_AGE_SECONDS).record(age.max(0.0));
        }
        let writes: Vec<_> = changed
            .iter()
            .map(async |row| Ok::<_, Failure>((row.window, self.tables.put_window(row).await?)))
            .collect();
        let saved = stream::iter(writes).buffer_unordered(WRITES_AT_ONCE);
        let saved: Vec<(Window, Saved<()>)> = saved.try_collect().await?;
        for (window, saved) in saved {
            let (outcome, total) = match saved {
                Saved::Done => ("written", &mut summary.written),
                Saved::Conflict(_) => {
                    // The next pass compares its own row with none, and writes it.
                    state.windows.remove(&window);
                    ("superseded", &mut summary.superseded)
                }
            };
            *total += 1;
            counter!(names::WINDOW_ROWS_TOTAL, "outcome" => outcome).increment(1);
        }
        Ok(())
    }

    /// Lists the corrections that void nothing, and removes those that do so no longer. The state
    /// gets the ids of the listed ones.
    async fn list_unmet(
        &self,
        before: Option<&RollupState>,
        windows: &[StockWindow],
        state: &mut RollupState,
        summary: &mut RollupSummary,
    ) -> Result<(), Failure> {
        let none = BTreeSet::new();
        let listed = before.map_or(&none, |before| &before.unmet);
        let mut unmet: BTreeMap<QuarantineId, Quarantined> = unmet_corrections(windows)
            .into_iter()
            .map(unmet_entry)
            .map(|entry| (entry.id.clone(), entry))
            .collect();
        let left_out = unmet.len().saturating_sub(UNMET_MAX);
        if left_out > 0 {
            let date = state.date;
            warn!(%date, left_out, "only {UNMET_MAX} corrections that void nothing are listed");
            (0..left_out).for_each(|_| drop(unmet.pop_last()));
        }
        state.unmet = unmet.keys().cloned().collect();
        let is_begun = before.is_some_and(|before| before.read_at == BEGUN);
        let is_new = |entry: &&Quarantined| is_begun || !listed.contains(&entry.id);
        let new: Vec<&Quarantined> = unmet.values().filter(is_new).collect();
        if !new.is_empty() {
            // Entries are in a state before they are in quarantine. After a pass that failed in
            // between, a later pass still finds and removes them.
            let unmet = state.unmet.union(listed).cloned().collect();
            let blank = || RollupState { count: 0, conflicts: 0, ..state.clone() };
            let before = before.cloned().unwrap_or_else(blank);
            let begun = RollupState { read_at: BEGUN, unmet, ..before };
            self.tables.put_rollup_state(&begun).await?;
        }
        for entry in new {
            self.quarantine(entry, summary).await?;
        }
        for id in listed.difference(&state.unmet) {
            self.tables.remove_quarantined(id).await?;
        }
        Ok(())
    }

    async fn quarantine_all(
        &self,
        entries: &[Quarantined],
        summary: &mut RollupSummary,
    ) -> Result<(), Failure> {
        let puts: Vec<_> = entries.iter().map(async |entry| self.put_entry(entry).await).collect();
        let mut puts = stream::iter(puts).buffer_unordered(WRITES_AT_ONCE);
        while let Some(put) = puts.next().await {
            put?;
            summary.quarantined += 1;
        }
        Ok(())
    }

    async fn quarantine(
        &self,
        entry: &Quarantined,
        summary: &mut RollupSummary,
    ) -> Result<(), Failure> {
        self.put_entry(entry).await?;
        summary.quarantined += 1;
        Ok(())
    }

    async fn put_entry(&self, entry: &Quarantined) -> Result<(), Failure> {
        self.tables.put_quarantined(entry).await?;
        let (reason, id) = (entry.reason.as_str(), &entry.id);
        warn!(reason, %id, "kept in quarantine");
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

/// `true` if a UTC date is complete at `now`, apart from segments with a late mark.
fn is_over_at(date: NaiveDate, now: DateTime<Utc>) -> bool {
    date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1) + SETTLE <= now
}

/// Replaces the rows of windows of which the stored rows count more events. Those that are missing
/// are in segments that could not be read.
fn keep_fuller(rows: &mut BTreeMap<Window, Vec<WindowRow>>, stored: &[WindowRow]) {
    let events = |rows: &[WindowRow]| -> u64 {
        let figures = rows.iter().flat_map(|row| row.items.values());
        figures.map(|figures| figures.events + figures.voided).sum()
    };
    for stored in stored.chunk_by(|one, other| one.window == other.window) {
        let window = stored[0].window;
        if events(stored) > events(rows.get(&window).map_or(&[], Vec::as_slice)) {
            rows.insert(window, stored.to_vec());
        }
    }
}

/// Returns the start of a digest of the rows of each window. The rows of a window are sorted by
/// part.
pub(crate) fn digests<'a>(rows: impl IntoIterator<Item = &'a WindowRow>) -> BTreeMap<Window, u32> {
    let mut texts: BTreeMap<Window, String> = BTreeMap::new();
    for row in rows {
        texts.entry(row.window).or_default().push_str(&row.version().to_string());
    }
    let digest = |text: String| u32::from_str_radix(&sha256(text.as_bytes())[..8], 16);
    texts.into_iter().map(|(window, text)| (window, digest(text).unwrap_or_default())).collect()
}

/// Returns the quarantine entry of a correction that voids nothing. Its id depends on the content,
/// so that the entry of a content that counts no longer leaves. It differs from the id that the
/// content has as a conflicting duplicate.
pub(crate) fn unmet_entry(correction: &Event) -> Quarantined {
    let window = correction.window();
    let content = correction.content();
    let digest = sha256(format!("unmet {content}").as_bytes());
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
        bytes: content.into_bytes(),
    }
}
