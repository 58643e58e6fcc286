//! Warnings about times at which no price can change.

use chrono::{NaiveDate, NaiveTime, TimeDelta};
use domain::{BusinessDay, Store, excerpt};

/// Monday of a week without a clock change in almost all zones.
const ANY_WEEK: NaiveDate = NaiveDate::from_ymd_opt(2026, 1, 12).expect("a date");

/// Time of a policy, with its path.
type Time<'a> = (&'a str, NaiveTime);

/// Returns warnings about times that leave no change, or that are after the close, on every day.
pub(super) fn warnings(store: &Store) -> Vec<String> {
    let days: Vec<_> = ANY_WEEK.iter_days().take(7).filter_map(|date| store.day(date)).collect();
    if days.is_empty() {
        return Vec::new();
    }
    let week = Week { store, days };
    let policy = &store.policy;
    let starts = ("policy.afternoon_starts", policy.afternoon_starts);
    let latest = policy.latest_change.map(|time| ("policy.latest_change", time));
    let mut found = Vec::from_iter(week.no_change(&[starts], latest));
    found.extend(week.day_and_night().map(|time| {
        format!(
            "hours: an opening that begins and ends at {} is 24 hours long; a day on which the \
             store stays closed is left out",
            clock(time)
        )
    }));
    for (name, rules) in policy.categories.iter().filter(|_| !week.is_late(starts)) {
        let path = |field| format!("policy.categories.{}.{field}", excerpt(name));
        let paths = ["earliest", "latest"].map(path);
        let earliest = rules.earliest.map(|time| (&*paths[0], time));
        let own_latest = rules.latest.map(|time| (&*paths[1], time));
        if earliest.or(own_latest).is_some() {
            let first: Vec<Time<'_>> = std::iter::once(starts).chain(earliest).collect();
            found.extend(week.no_change(&first, own_latest.or(latest)));
        }
    }
    let steps = policy.experiment.rule.iter().map(|step| ("policy.experiment.rule", step.at));
    found.extend(steps.filter(|step| week.is_late(*step)).map(|(path, time)| {
        format!("{path}: the step at {} is after the close on every day", clock(time))
    }));
    found
}

/// Business days of a week; at least one.
struct Week<'a> {
    store: &'a Store,
    days: Vec<BusinessDay>,
}

impl Week<'_> {
    /// Returns the time at which an opening begins and ends; midnight is written as a whole day.
    fn day_and_night(&self) -> Option<NaiveTime> {
        let is_whole = |day: &&BusinessDay| day.closes_at - day.opens_at == TimeDelta::days(1);
        let opens = |day: &BusinessDay| day.opens_at.with_timezone(&self.store.zone).time();
        self.days.iter().filter(is_whole).map(opens).find(|opens| *opens != NaiveTime::MIN)
    }

    /// `true` if the time is after the close on every day.
    fn is_late(&self, (_, time): Time<'_>) -> bool {
        self.days.iter().all(|day| self.store.clock_on(day, time) >= day.closes_at)
    }

    /// Returns a warning if no price can change on any day: after all of `first`, not after
    /// `latest`, and while the store is open.
    fn no_change(&self, first: &[Time<'_>], latest: Option<Time<'_>>) -> Option<String> {
        let (store, every) =
            (self.store, |holds: &dyn Fn(&BusinessDay) -> bool| self.days.iter().all(holds));
        let is_empty = |day: &BusinessDay| {
            let first = first.iter().map(|(_, time)| store.clock_on(day, *time));
            let starts_at = first.max().unwrap_or(day.opens_at).max(day.opens_at);
            let ends = latest.is_some_and(|(_, time)| store.clock_on(day, time) < starts_at);
            starts_at >= day.closes_at || ends
        };
        if !every(&is_empty) {
            return None;
        }
        let shown = |(path, time): Time<'_>| format!("{path} {}", clock(time));
        let late = first.iter().find(|time| self.is_late(**time));
        let late = late.map(|time| format!("{} is after the close on every day", shown(*time)));
        let early = || {
            let (path, time) = latest?;
            let is_before = |other: &Time<'_>| {
                every(&|day| store.clock_on(day, time) < store.clock_on(day, other.1))
            };
            if every(&|day| store.clock_on(day, time) < day.opens_at) {
                return Some(format!("{} is before the opening on every day", shown((path, time))));
            }
            let other = first.iter().copied().find(is_before)?;
            Some(format!("{} is before {}", shown((path, time)), shown(other)))
        };
        let none = || {
            let times = first.iter().copied().chain(latest).map(shown).collect::<Vec<_>>();
            format!("{} leave no time within the opening hours of any day", times.join(" and "))
        };
        let reason = late.or_else(early).unwrap_or_else(none);
        Some(format!("{reason}; no price ever changes"))
    }
}

fn clock(time: NaiveTime) -> impl std::fmt::Display {
    time.format("%H:%M")
}
