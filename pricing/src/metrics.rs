//! The names of everything counted here.

use chrono::{DateTime, Utc};
use domain::slot_of;
use metrics::{Unit, describe_counter, describe_histogram, histogram};

use crate::Pass;

/// Decisions by `outcome`: `published` (an item's first offer of the day), `deepened` (a later
/// one), `shadow`, `kept`, `already_decided`, or what held the item back, as
/// [`crate::afternoon::HeldBack`] names it.
pub const DECISIONS_TOTAL: &str = "daymark_pricing_decisions_total";
/// Passes over a store that failed.
pub const FAILED_TOTAL: &str = "daymark_pricing_failed_total";
/// Passes that came when their slot was over or the store closed, and decided nothing.
pub const LATE_TOTAL: &str = "daymark_pricing_late_total";
/// Stores that were sent to be priced.
pub const DUE_TOTAL: &str = "daymark_pricing_due_total";
/// From when a slot began until the offers for it were stored, in seconds.
pub const FRESHNESS_SECONDS: &str = "daymark_pricing_freshness_seconds";

/// Tells the installed recorder what the names mean; a shell calls it once.
pub fn describe() {
    describe_counter!(DECISIONS_TOTAL, Unit::Count, "Pricing decisions, by outcome");
    describe_counter!(FAILED_TOTAL, Unit::Count, "Stores that could not be priced");
    describe_counter!(LATE_TOTAL, Unit::Count, "Stores that were not priced within their slot");
    describe_counter!(DUE_TOTAL, Unit::Count, "Stores sent to be priced");
    describe_histogram!(FRESHNESS_SECONDS, Unit::Seconds, "Age of a slot when it was priced");
}

/// How old the slot of `due` was when a pass for it was done, if that decided anything; a shell
/// calls it, because it knows the time.
pub fn count_freshness(pass: &Pass, due: DateTime<Utc>, now: DateTime<Utc>) {
    if *pass != Pass::default() {
        let age = now - slot_of(due);
        histogram!(FRESHNESS_SECONDS).record(age.as_seconds_f64());
    }
}
