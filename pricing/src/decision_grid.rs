//! Grid of decisions from now to the close.

use chrono::{DateTime, FixedOffset, TimeDelta};

use crate::decision_request::DecisionRequest;

/// Decisions from now to the close. The first one is now; a price holds until the next one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecisionGrid {
    /// Time of each decision, followed by the close.
    pub marks: Vec<DateTime<FixedOffset>>,
    /// Slots between two changes, at least 1.
    pub gap: usize,
    /// Slots from now until the first change is allowed.
    pub first_change: usize,
}

impl DecisionGrid {
    /// Creates the grid of a request. Decisions are merged where there would be more than
    /// `slots_max` slots.
    #[must_use]
    pub fn new(request: &DecisionRequest, slots_max: usize) -> Self {
        let DecisionRequest { as_of, closes_at, rules, shelf, .. } = request;
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

    /// Returns the number of decisions.
    #[must_use]
    pub fn slots(&self) -> usize {
        self.marks.len() - 1
    }
}
