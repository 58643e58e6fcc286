//! Progress of a store's passes: late marks, and the states of the close of day and the rollup.
//!
//! A segment that is stored later than [`SETTLE`] after one of its events occurred leaves a late
//! mark, after the segment itself. A pass that reads the marks first and the log then has read
//! every segment with a mark, and every segment without one that was stored in time. Its state
//! holds the version of the marks, so a later pass reads the log again only if a mark was added.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};

use crate::calendar::DaySpan;
use crate::digest::Version;
use crate::identifier::StoreId;
use crate::quarantine::QuarantineId;
use crate::window::Window;

/// Time after which a date that is over is complete, apart from segments with a late mark.
pub const SETTLE: TimeDelta = TimeDelta::minutes(5);

/// Time after an event from which its segment gets a late mark. It is shorter than [`SETTLE`] by
/// the largest difference between the clocks of two functions.
pub const LATE_AFTER: TimeDelta = TimeDelta::minutes(4);

/// Late marks and states of a store's dates.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Progress {
    /// Sort keys of the segments with a late mark, by UTC date.
    pub late: BTreeMap<NaiveDate, BTreeSet<String>>,
    /// States of the close of day, by business date.
    pub closed: BTreeMap<NaiveDate, CloseState>,
    /// States of the rollup, by UTC date.
    pub rolled: BTreeMap<NaiveDate, RollupState>,
}

/// State of a business date after a close of day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CloseState {
    /// Store.
    pub store_id: StoreId,
    /// Business date.
    pub date: NaiveDate,
    /// Instant before the log was read.
    pub read_at: DateTime<Utc>,
    /// Version of the late marks that were read before the log.
    pub late: Version,
    /// Version of everything else that the rows depend on: hours, zone, items and rules.
    pub inputs: Version,
    /// `false` while rows are being written, and after a pass that failed then.
    pub is_complete: bool,
    /// Number of times that a state of the date was stored, including this one.
    pub revision: u64,
}

/// State of a UTC date after a rollup.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RollupState {
    /// Store.
    pub store_id: StoreId,
    /// UTC date.
    pub date: NaiveDate,
    /// Instant before the log was read.
    pub read_at: DateTime<Utc>,
    /// Version of the late marks that were read before the log.
    pub late: Version,
    /// Largest [`super::StoreDay::count`] of the sets that were read. It is larger than that of the
    /// log only if segments were deleted or cannot be read.
    pub count: u64,
    /// Number of contents in conflict that are in quarantine.
    pub conflicts: u64,
    /// Corrections in quarantine, because they void nothing.
    pub unmet: BTreeSet<QuarantineId>,
    /// Start of a digest of the rows of each window.
    pub windows: BTreeMap<Window, u32>,
}

impl Progress {
    /// Returns the version of the late marks of UTC dates.
    #[must_use]
    pub fn late_version(&self, dates: impl IntoIterator<Item = NaiveDate>) -> Version {
        let keys = dates.into_iter().flat_map(|date| self.late.get(&date).into_iter().flatten());
        let keys: Vec<&str> = keys.map(String::as_str).collect();
        Version::of(keys.join("\n").as_bytes())
    }

    /// `true` if a close of a business date from now on would read what the last one read.
    #[must_use]
    pub fn is_closed(&self, span: &DaySpan, inputs: &Version) -> bool {
        let state = self.closed.get(&span.date);
        self.has_all_rows(span) && state.is_some_and(|state| state.inputs == *inputs)
    }

    /// `true` if the last close of a business date read all its events and wrote all its rows.
    #[must_use]
    pub fn has_all_rows(&self, span: &DaySpan) -> bool {
        self.closed.get(&span.date).is_some_and(|state| {
            state.is_complete
                && state.read_at >= span.ends_at + SETTLE
                && state.late == self.late_version(utc_dates(span.starts_at, span.ends_at))
        })
    }

    /// `true` if a rollup of a UTC date from now on would read what the last one read.
    #[must_use]
    pub fn is_rolled_up(&self, date: NaiveDate) -> bool {
        let ends_at = date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::days(1);
        self.rolled.get(&date).is_some_and(|state| {
            state.read_at >= ends_at + SETTLE && state.late == self.late_version([date])
        })
    }
}

/// Returns the UTC dates of the instants in `[since, until)`.
pub fn utc_dates(
    since: DateTime<Utc>,
    until: DateTime<Utc>,
) -> impl Iterator<Item = NaiveDate> + Clone {
    let last = until - TimeDelta::milliseconds(1);
    since.date_naive().iter_days().take_while(move |date| *date <= last.date_naive())
}
