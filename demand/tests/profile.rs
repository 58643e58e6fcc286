//! Units that a profile expects between two instants, and in slots that it does not know.

use std::collections::BTreeSet;

use chrono::{DateTime, FixedOffset};
use demand::{DemandProfile, LevelPrior, ProfileBasis, ProfileSlot};

fn at(instant: &str) -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339(instant).expect("an instant")
}

fn profile(slots: &[(u16, u16, f64)]) -> DemandProfile {
    let slot = |(start, end, units): &(u16, u16, f64)| ProfileSlot {
        start: *start,
        end: *end,
        units: *units,
    };
    let slots = slots.iter().map(slot).collect();
    DemandProfile { basis: ProfileBasis::Sku, days: 20.0, day_cv: 0.3, slots }
}

#[test]
fn a_slot_counts_for_the_part_that_is_inside() {
    let profile = profile(&[(9 * 60, 10 * 60, 4.0), (23 * 60, 24 * 60, 6.0)]);
    let between = |start: &str, end: &str| profile.units_between(at(start), at(end));
    assert_eq!(between("2026-03-12T09:15:00+01:00", "2026-03-12T09:30:00+01:00"), 1.0);
    assert_eq!(between("2026-03-12T10:00:00+01:00", "2026-03-12T23:00:00+01:00"), 0.0);
    // The clock is that of the start, whatever offset the end is written in.
    assert_eq!(between("2026-03-12T09:30:00+01:00", "2026-03-12T09:00:00Z"), 2.0);
}

#[test]
fn the_day_of_the_slots_repeats() {
    let profile = profile(&[(30, 60, 2.0), (23 * 60, 24 * 60, 6.0)]);
    let between = |start: &str, end: &str| profile.units_between(at(start), at(end));
    assert_eq!(between("2026-03-12T23:30:00+01:00", "2026-03-13T00:45:00+01:00"), 4.0);
    assert_eq!(between("2026-03-12T12:00:00+01:00", "2026-03-22T12:00:00+01:00"), 80.0);
}

#[test]
fn unknown_opening_slots_get_the_mean_of_the_known_ones() {
    let quarters = |slots: &[(u16, f64)]| {
        profile(
            &slots.iter().map(|(start, units)| (*start, start + 15, *units)).collect::<Vec<_>>(),
        )
    };
    let opening: BTreeSet<u16> = [420, 435, 450, 465].into();
    // A sale before opening comes from a wrong clock.
    let known = quarters(&[(0, 90.0), (420, 1.0), (450, 2.0)]);
    let filled = quarters(&[(0, 90.0), (420, 1.0), (435, 1.5), (450, 2.0), (465, 1.5)]);
    assert_eq!(known.filled(&opening), Some(filled));
    let whole = quarters(&opening.iter().map(|start| (*start, 0.0)).collect::<Vec<_>>());
    assert_eq!(whole.clone().filled(&opening), Some(whole));
    assert_eq!(quarters(&[(0, 90.0)]).filled(&opening), None);
    assert_eq!(quarters(&[]).filled(&opening), None);
}

#[test]
fn portions_divide_the_units() {
    let profile = profile(&[(30, 60, 2.0), (60, 90, 0.5)]);
    assert_eq!(profile.clone().in_portions(1.0), profile);
    assert_eq!(profile.clone().in_portions(0.25).daily_units(), 10.0);
}

#[test]
fn few_days_and_days_of_a_category_make_the_level_less_certain() {
    let size = |basis, days| match LevelPrior::of_profile(basis, 0.3, days, 20.0) {
        LevelPrior::Gamma(size) => size,
        LevelPrior::Known => f64::INFINITY,
    };
    assert!(size(ProfileBasis::Sku, 2.0) < size(ProfileBasis::Sku, 28.0));
    assert!((size(ProfileBasis::Category, 28.0) - 1.0 / 0.35).abs() < 1e-12);
    let exact = LevelPrior::of_profile(ProfileBasis::Sku, 0.0, 3.0, 20.0);
    assert_eq!(exact, LevelPrior::Known);
}
