//! Stock log and window rows in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, Utc};
use domain::limits::BATCH_WRITE_MAX;
use domain::ports::{Failure, LogEntry, Saved, SegmentPage, StockLog, StoredSegment, WindowsTable};
use domain::stock::{
    CloseState, Progress, RollupState, Segment, SegmentKey, StockWindow, StoreDay, WindowRow,
    segment,
};
use domain::{Event, EventId, StoreId, Window};

use crate::Tables;
use crate::table_rows::TableRows;

/// Number of segments on a page. Small, so that tests read several pages.
const PAGE_SEGMENTS: usize = 3;

/// Key of a segment or late mark: store, date and sort key.
pub type LogKey = (StoreId, NaiveDate, String);

/// Segments, late marks, active stores and states. Clones share them.
#[derive(Clone, Default)]
pub struct Log {
    segments: TableRows<LogKey, Vec<u8>>,
    /// Ids of the events in appended segments.
    ids: TableRows<(StoreId, NaiveDate, EventId), ()>,
    late: TableRows<LogKey, ()>,
    active: TableRows<(NaiveDate, StoreId), ()>,
    closed: TableRows<(StoreId, NaiveDate), CloseState>,
    rolled: TableRows<(StoreId, NaiveDate), RollupState>,
    /// Stores whose entries are throttled.
    throttled: Arc<Mutex<BTreeSet<StoreId>>>,
    reads: Arc<Mutex<LogReads>>,
}

/// Reads of the log.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LogReads {
    /// Dates of which the first page of segments was read, in order.
    pub dates: Vec<NaiveDate>,
    /// Number of pages of segments.
    pub pages: usize,
    /// Number of reads of marks and states.
    pub progress: usize,
}

/// Rows of windows. Clones share the rows.
#[derive(Clone, Default)]
pub struct Windows {
    rows: TableRows<(StoreId, Window, usize), WindowRow>,
}

impl Log {
    pub(crate) fn snapshot(&self) -> Self {
        Self {
            segments: self.segments.snapshot(),
            ids: self.ids.snapshot(),
            late: self.late.snapshot(),
            active: self.active.snapshot(),
            closed: self.closed.snapshot(),
            rolled: self.rolled.snapshot(),
            ..Self::default()
        }
    }

    /// Returns the stored bytes of all segments.
    #[must_use]
    pub fn segments(&self) -> BTreeMap<LogKey, Vec<u8>> {
        self.segments.lock().clone()
    }

    /// Stores bytes as a segment, for tests of damage.
    pub fn put_bytes(&self, key: LogKey, bytes: Vec<u8>) {
        self.segments.insert(key, bytes);
    }

    /// Deletes a segment, for tests of damage.
    pub fn remove(&self, key: &LogKey) {
        self.segments.lock().remove(key);
    }

    /// Returns the late marks.
    #[must_use]
    pub fn late_marks(&self) -> Vec<LogKey> {
        self.late.lock().keys().cloned().collect()
    }

    /// Returns the set of each store and date, made of the readable segments.
    #[must_use]
    pub fn days(&self) -> Vec<StoreDay> {
        let mut days: BTreeMap<(StoreId, NaiveDate), StoreDay> = BTreeMap::new();
        for ((store_id, date, _), bytes) in self.segments() {
            let Ok(events) = segment::unpack(&store_id, date, &bytes) else { continue };
            let day = days
                .entry((store_id.clone(), date))
                .or_insert_with(|| StoreDay::new(store_id, date));
            day.extend(events);
        }
        days.into_values().collect()
    }

    /// Returns the windows of all stores and dates, sorted by store, date, item and window.
    #[must_use]
    pub fn windows(&self) -> Vec<StockWindow> {
        self.days().into_iter().flat_map(StoreDay::into_windows).collect()
    }

    /// `true` if an appended segment holds the event's id with any content.
    #[must_use]
    pub fn holds(&self, event: &Event) -> bool {
        let (store_id, date) = (event.store_id().clone(), event.occurred_at().date_naive());
        self.ids.lock().contains_key(&(store_id, date, event.event_id().clone()))
    }

    /// Throttles all entries of these stores, and of no others.
    pub fn throttle_stores(&self, stores: impl IntoIterator<Item = StoreId>) {
        *self.throttled.lock().unwrap() = stores.into_iter().collect();
    }

    /// Returns the reads since the last call.
    #[must_use]
    pub fn take_reads(&self) -> LogReads {
        std::mem::take(&mut *self.reads.lock().unwrap())
    }

    fn append_one(&self, entry: &LogEntry) -> Result<(), Failure> {
        let store_id = match entry {
            LogEntry::Segment(Segment { key, .. }) | LogEntry::LateMark(key) => &key.store_id,
            LogEntry::ActiveStore { store_id, .. } => store_id,
        };
        if self.throttled.lock().unwrap().contains(store_id) {
            return Err(Failure::Throttled(format!("the partition of store {store_id}")));
        }
        match entry {
            LogEntry::Segment(Segment { key, bytes, .. }) => {
                let events = segment::unpack(&key.store_id, key.date, bytes).unwrap_or_default();
                for event in events {
                    let id = (key.store_id.clone(), key.date, event.event_id().clone());
                    self.ids.insert(id, ());
                }
                self.segments.insert(log_key(key), bytes.clone());
            }
            LogEntry::LateMark(key) => self.late.insert(log_key(key), ()),
            LogEntry::ActiveStore { stored_on, store_id } => {
                self.active.insert((*stored_on, store_id.clone()), ());
            }
        }
        Ok(())
    }
}

/// Returns the key of an entry that is not the only one with its key.
fn repeated(entries: &[LogEntry]) -> Option<String> {
    let mut keys = BTreeSet::new();
    let key = |entry: &LogEntry| match entry {
        LogEntry::Segment(Segment { key, .. }) => format!("segment {:?}", log_key(key)),
        LogEntry::LateMark(key) => format!("late mark {:?}", log_key(key)),
        LogEntry::ActiveStore { .. } => format!("{entry:?}"),
    };
    entries.iter().map(key).find(|key| !keys.insert(key.clone()))
}

fn log_key(key: &SegmentKey) -> LogKey {
    (key.store_id.clone(), key.date, key.sort_key())
}

impl Windows {
    pub(crate) fn snapshot(&self) -> Self {
        Self { rows: self.rows.snapshot() }
    }

    /// Returns all rows, sorted by store, window and part.
    #[must_use]
    pub fn all(&self) -> Vec<WindowRow> {
        self.rows.all()
    }

    /// Stores a row whatever is stored, for tests of damage.
    pub fn put(&self, row: WindowRow) {
        self.rows.insert((row.store_id.clone(), row.window, row.part), row);
    }
}

impl Tables {
    /// Appends events to the log as one batch that arrived at `arrived_at`, as the stock processor
    /// does without faults. Without a late mark.
    ///
    /// # Errors
    /// Returns an error if an injected call fails.
    pub async fn append_events(
        &self,
        events: impl IntoIterator<Item = Event>,
        arrived_at: DateTime<Utc>,
    ) -> Result<(), Failure> {
        let mut dates: BTreeMap<(StoreId, NaiveDate), Vec<Event>> = BTreeMap::new();
        for event in events {
            let key = (event.store_id().clone(), event.occurred_at().date_naive());
            dates.entry(key).or_default().push(event);
        }
        let segments = dates.iter().flat_map(|((store_id, date), events)| {
            Segment::cut(store_id, *date, arrived_at, events.iter().collect())
        });
        let entries: Vec<LogEntry> = segments.map(LogEntry::Segment).collect();
        self.append(&entries).await.into_iter().collect()
    }

    /// Appends events that arrived when they occurred.
    ///
    /// # Errors
    /// As [`Tables::append_events`].
    pub async fn save_events(
        &self,
        events: impl IntoIterator<Item = Event>,
    ) -> Result<(), Failure> {
        let events: Vec<Event> = events.into_iter().collect();
        let arrived_at = events.iter().map(Event::occurred_at).max().unwrap_or_default();
        self.append_events(events, arrived_at).await
    }
}

impl StockLog for Tables {
    async fn append(&self, entries: &[LogEntry]) -> Vec<Result<(), Failure>> {
        let mut results = Vec::new();
        for chunk in entries.chunks(BATCH_WRITE_MAX) {
            let append = || {
                // As `BatchWriteItem` does.
                if let Some(twice) = repeated(chunk) {
                    return Err(Failure::Refused(format!("an entry is in a call twice: {twice}")));
                }
                let one = |entry| match self.calls.leaves_unprocessed() {
                    true => Err(Failure::Throttled("left unprocessed".to_owned())),
                    false => self.log.append_one(entry),
                };
                Ok(chunk.iter().map(one).collect::<Vec<_>>())
            };
            match self.calls.call(append).await {
                Ok(appended) => results.extend(appended),
                Err(failure) => results.extend(chunk.iter().map(|_| Err(failure.clone()))),
            }
        }
        results
    }

    async fn query_segments(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
        after: Option<&str>,
    ) -> Result<SegmentPage, Failure> {
        let query = || {
            let mut reads = self.log.reads.lock().unwrap();
            reads.pages += 1;
            reads.dates.extend(after.is_none().then_some(date));
            let from = match after {
                Some(after) => Bound::Excluded((store_id.clone(), date, after.to_owned())),
                None => Bound::Included((store_id.clone(), date, String::new())),
            };
            let segments = self.log.segments.lock();
            let mut of_date = segments
                .range((from, Bound::Unbounded))
                .take_while(|(key, _)| (&key.0, key.1) == (store_id, date))
                .map(|((.., sort_key), bytes)| StoredSegment {
                    sort_key: sort_key.clone(),
                    bytes: bytes.clone(),
                });
            let segments: Vec<_> = of_date.by_ref().take(PAGE_SEGMENTS).collect();
            let last = segments.last().map(|last| last.sort_key.clone());
            Ok(SegmentPage { next: last.filter(|_| of_date.next().is_some()), segments })
        };
        self.calls.call(query).await
    }

    async fn query_progress(
        &self,
        store_id: &StoreId,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Progress, Failure> {
        let query = || {
            self.log.reads.lock().unwrap().progress += 1;
            let mut progress = Progress::default();
            let is_wanted =
                |of: &StoreId, date: NaiveDate| of == store_id && (first..=last).contains(&date);
            for (of, date, sort_key) in self.log.late_marks() {
                if is_wanted(&of, date) {
                    progress.late.entry(date).or_default().insert(sort_key);
                }
            }
            for state in self.log.closed.all() {
                if is_wanted(&state.store_id, state.date) {
                    progress.closed.insert(state.date, state);
                }
            }
            for state in self.log.rolled.all() {
                if is_wanted(&state.store_id, state.date) {
                    progress.rolled.insert(state.date, state);
                }
            }
            Ok(progress)
        };
        self.calls.call(query).await
    }

    async fn save_close_state(&self, state: &CloseState) -> Result<Saved<CloseState>, Failure> {
        let key = (state.store_id.clone(), state.date);
        let save = || {
            let mut states = self.log.closed.lock();
            let stored = states.get(&key);
            if stored.map_or(0, |stored| stored.revision) + 1 != state.revision {
                return Ok(Saved::Conflict(stored.cloned()));
            }
            states.insert(key, state.clone());
            Ok(Saved::Done)
        };
        self.calls.call(save).await
    }

    async fn put_rollup_state(&self, state: &RollupState) -> Result<(), Failure> {
        let key = (state.store_id.clone(), state.date);
        let put = || {
            self.log.rolled.insert(key, state.clone());
            Ok(())
        };
        self.calls.call(put).await
    }

    async fn query_active_stores(&self, stored_on: NaiveDate) -> Result<Vec<StoreId>, Failure> {
        let query = || {
            let active = self.log.active.lock();
            let of_date = active.keys().filter(|(date, _)| *date == stored_on);
            Ok(of_date.map(|(_, store_id)| store_id.clone()).collect())
        };
        self.calls.call(query).await
    }
}

impl WindowsTable for Tables {
    async fn put_window(&self, row: &WindowRow) -> Result<Saved<()>, Failure> {
        let put = || {
            let mut rows = self.windows.rows.lock();
            let key = (row.store_id.clone(), row.window, row.part);
            if rows.get(&key).is_some_and(|stored| stored.count > row.count) {
                return Ok(Saved::Conflict(None));
            }
            rows.insert(key, row.clone());
            Ok(Saved::Done)
        };
        self.calls.call(put).await
    }

    async fn remove_window(
        &self,
        store_id: &StoreId,
        window: Window,
        part: usize,
    ) -> Result<(), Failure> {
        let remove = || {
            self.windows.rows.lock().remove(&(store_id.clone(), window, part));
            Ok(())
        };
        self.calls.call(remove).await
    }

    async fn query_windows(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> Result<Vec<WindowRow>, Failure> {
        let query = || {
            let is_wanted =
                |row: &WindowRow| row.store_id == *store_id && row.window.date() == date;
            let rows: Vec<WindowRow> =
                self.windows.rows.all().into_iter().filter(is_wanted).collect();
            Ok(WindowRow::current(rows))
        };
        self.calls.call(query).await
    }
}
