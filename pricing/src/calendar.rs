//! When decisions are taken.

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::situation::Situation;

/// The decisions from now to the close: the first is now, the price holds until the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grid {
    /// When each is taken, and, last, the close.
    pub marks: Vec<DateTime<FixedOffset>>,
    /// How many slots after a change the next one may come, at least 1.
    pub gap: usize,
    /// How many slots from now on the first change may come.
    pub first_change: usize,
}

impl Grid {
    /// The grid, with at most `slots_max` slots: where there would be more, as many as needed are
    /// taken together.
    #[must_use]
    pub fn of(situation: &Situation, slots_max: usize) -> Self {
        let Situation { as_of, closes_at, rules, shelf, .. } = situation;
        let interval = u64::from(rules.decision_interval_minutes.max(1)) * 60;
        let left = (*closes_at - *as_of).num_seconds().unsigned_abs().max(1);
        let together = left.div_ceil(interval).div_ceil(slots_max.max(1) as u64);
        let slot = interval * together;
        let step = TimeDelta::seconds(slot.cast_signed());
        let mut marks = Vec::new();
        let mut mark = *as_of;
        while mark < *closes_at {
            marks.push(mark);
            mark += step;
        }
        marks.push(*closes_at);
        let wait = TimeDelta::minutes(rules.min_minutes_between_changes.into());
        let slots_in = |wait: TimeDelta| {
            let wait = wait.max(TimeDelta::zero()).to_std().unwrap_or_default();
            let slots = wait.as_nanos().div_ceil(u128::from(slot) * 1_000_000_000);
            usize::try_from(slots).unwrap_or(usize::MAX)
        };
        let since = shelf.since.map(|since| since + wait - *as_of);
        Self { marks, gap: slots_in(wait).max(1), first_change: since.map_or(0, slots_in) }
    }

    /// How many decisions there are.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.marks.len() - 1
    }
}
