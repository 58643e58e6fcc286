//! When decisions are taken, and what the usual day expects between them.

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike};
use domain::demand::ProfileSlot;

use crate::situation::Situation;

const MINUTES_OF_DAY: f64 = 24.0 * 60.0;

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

/// Units that `slots` expect between two instants. The day of the slots repeats; demand inside a
/// slot is even.
#[must_use]
pub fn expected_between(
    slots: &[ProfileSlot],
    start: DateTime<FixedOffset>,
    end: DateTime<FixedOffset>,
) -> f64 {
    let midnight = start - TimeDelta::seconds(i64::from(start.num_seconds_from_midnight()));
    let minutes = |at: DateTime<FixedOffset>| (at - midnight).num_seconds() as f64 / 60.0;
    let (start, end) = (minutes(start), minutes(end));
    let whole_days = ((end - start) / MINUTES_OF_DAY).floor().max(0.0);
    let mut units = whole_days * slots.iter().map(|slot| slot.units).sum::<f64>();
    let end = end - whole_days * MINUTES_OF_DAY;
    // What is left is less than a day, and touches at most two.
    for day in [0.0, MINUTES_OF_DAY] {
        for slot in slots {
            let (from, to) = (day + f64::from(slot.start), day + f64::from(slot.end));
            let inside = to.min(end) - from.max(start);
            if inside > 0.0 {
                units += slot.units * inside / (to - from);
            }
        }
    }
    units
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(instant: &str) -> DateTime<FixedOffset> {
        DateTime::parse_from_rfc3339(instant).expect("an instant")
    }

    #[test]
    fn a_slot_counts_for_the_part_that_is_inside() {
        let slots = [
            ProfileSlot { start: 9 * 60, end: 10 * 60, units: 4.0 },
            ProfileSlot { start: 23 * 60, end: 24 * 60, units: 6.0 },
        ];
        let between = |start: &str, end: &str| expected_between(&slots, at(start), at(end));
        assert_eq!(between("2026-03-12T09:15:00+01:00", "2026-03-12T09:30:00+01:00"), 1.0);
        assert_eq!(between("2026-03-12T10:00:00+01:00", "2026-03-12T23:00:00+01:00"), 0.0);
        // The clock is that of the start, whatever offset the end is written in.
        assert_eq!(between("2026-03-12T09:30:00+01:00", "2026-03-12T09:00:00Z"), 2.0);
    }

    #[test]
    fn the_day_of_the_slots_repeats() {
        let slots = [
            ProfileSlot { start: 30, end: 60, units: 2.0 },
            ProfileSlot { start: 23 * 60, end: 24 * 60, units: 6.0 },
        ];
        let between = |start: &str, end: &str| expected_between(&slots, at(start), at(end));
        assert_eq!(between("2026-03-12T23:30:00+01:00", "2026-03-13T00:45:00+01:00"), 4.0);
        assert_eq!(between("2026-03-12T12:00:00+01:00", "2026-03-22T12:00:00+01:00"), 80.0);
    }
}
