//! DemandProfile: the usual day of an item at the regular price, by time of day.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset, TimeDelta, Timelike};
use domain::limits::SLOT_MINUTES;

const MINUTES_OF_DAY: f64 = 24.0 * 60.0;

/// Usual day of an item at the regular price.
#[derive(Debug, Clone, PartialEq)]
pub struct DemandProfile {
    /// Origin of the averaged days.
    pub basis: ProfileBasis,
    /// Number of averaged days.
    pub days: f64,
    /// Coefficient of variation of the day's total.
    pub day_cv: f64,
    /// Slots in ascending order, not overlapping. Nothing is expected outside them.
    pub slots: Vec<ProfileSlot>,
}

/// Origin of the days that a profile averages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ProfileBasis {
    /// Days of the item in the store.
    Sku,
    /// Days of its category: a weaker estimate.
    Category,
    /// No days.
    None,
}

/// Half-open part of the day by the store's wall clock. Demand within a slot is even.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileSlot {
    /// First minute, counted from midnight.
    pub start: u16,
    /// First minute after the slot, at most 1,440.
    pub end: u16,
    /// Units expected in the slot.
    pub units: f64,
}

impl DemandProfile {
    /// Returns the units expected in the whole day.
    #[must_use]
    pub fn daily_units(&self) -> f64 {
        self.slots.iter().map(|slot| slot.units).sum()
    }

    /// Returns the units expected between two instants. The day of the profile repeats; the wall
    /// clock is that of `start`.
    #[must_use]
    pub fn units_between(&self, start: DateTime<FixedOffset>, end: DateTime<FixedOffset>) -> f64 {
        let midnight = start - TimeDelta::seconds(i64::from(start.num_seconds_from_midnight()));
        let minutes = |at: DateTime<FixedOffset>| (at - midnight).num_seconds() as f64 / 60.0;
        let (start, end) = (minutes(start), minutes(end));
        let whole_days = ((end - start) / MINUTES_OF_DAY).floor().max(0.0);
        let mut units = whole_days * self.daily_units();
        let end = end - whole_days * MINUTES_OF_DAY;
        // The rest is shorter than a day and touches at most two.
        for day in [0.0, MINUTES_OF_DAY] {
            for slot in &self.slots {
                let (from, to) = (day + f64::from(slot.start), day + f64::from(slot.end));
                let inside = to.min(end) - from.max(start);
                if inside > 0.0 {
                    units += slot.units * inside / (to - from);
                }
            }
        }
        units
    }

    /// Returns the profile with all slots in which the store is open, given by their first minutes.
    ///
    /// A slot is unknown if the item was always sold out by then. Unknown slots get the mean of the
    /// known open slots: without them nothing would be expected, whatever the stock is today.
    /// Returns `None` if no open slot is known.
    #[must_use]
    pub fn filled(self, open: &BTreeSet<u16>) -> Option<Self> {
        let known: BTreeSet<u16> = self.slots.iter().map(|slot| slot.start).collect();
        let inside = self.slots.iter().filter(|slot| open.contains(&slot.start));
        let (units, count) =
            inside.fold((0.0, 0.0), |(units, count), slot| (units + slot.units, count + 1.0));
        if count == 0.0 {
            return None;
        }
        let mean = |start: &u16| ProfileSlot {
            start: *start,
            end: *start + SLOT_MINUTES as u16,
            units: units / count,
        };
        let mut slots = self.slots;
        slots.extend(open.difference(&known).map(mean));
        slots.sort_unstable_by_key(|slot| slot.start);
        Some(Self { slots, ..self })
    }

    /// Returns the profile counted in portions of `portion` units each.
    #[must_use]
    pub fn in_portions(mut self, portion: f64) -> Self {
        if portion != 1.0 {
            self.slots.iter_mut().for_each(|slot| slot.units /= portion);
        }
        self
    }
}
