//! Metrics of the pricing.

use chrono::{DateTime, Utc};
use domain::slot_of;
use metrics::{Unit, describe_counter, describe_histogram, histogram};

use crate::PassReport;

/// Decisions by `outcome`: `published` (an item's first offer of the day), `deepened` (a later
/// one), `shadow`, `kept`, `already_decided`, or the reason for skipping the item
/// ([`crate::store_snapshot::SkipReason::as_str`]).
pub const DECISIONS_TOTAL: &str = "daymark_pricing_decisions_total";
/// Number of failed passes over a store.
pub const FAILED_TOTAL: &str = "daymark_pricing_failed_total";
/// Number of passes after the end of their slot or the close of the store. They decide nothing.
pub const LATE_TOTAL: &str = "daymark_pricing_late_total";
/// Number of segments of the stock log that passes left out, because they are damaged or of a later
/// version. Each pass over the store counts them again.
pub const UNREADABLE_SEGMENTS_TOTAL: &str = "daymark_pricing_unreadable_segments_total";
/// Number of stores sent to be priced.
pub const DUE_TOTAL: &str = "daymark_pricing_due_total";
/// Delay between the start of a slot and the end of its pass, in seconds.
pub const FRESHNESS_SECONDS: &str = "daymark_pricing_freshness_seconds";

/// Describes the metrics to the installed recorder. The program calls it once.
pub fn describe() {
    describe_counter!(DECISIONS_TOTAL, Unit::Count, "Pricing decisions, by outcome");
    describe_counter!(FAILED_TOTAL, Unit::Count, "Stores that could not be priced");
    describe_counter!(LATE_TOTAL, Unit::Count, "Stores that were not priced within their slot");
    describe_counter!(
        UNREADABLE_SEGMENTS_TOTAL,
        Unit::Count,
        "Segments of the stock log that passes left out"
    );
    describe_counter!(DUE_TOTAL, Unit::Count, "Stores sent to be priced");
    describe_histogram!(FRESHNESS_SECONDS, Unit::Seconds, "Age of a slot when it was priced");
}

/// Records the age of the slot of `due` at the end of its pass, if the pass looked at any item. The
/// program calls it, because it has the clock.
pub fn count_freshness(report: &PassReport, due: DateTime<Utc>, now: DateTime<Utc>) {
    if *report != PassReport::default() {
        let age = now - slot_of(due);
        histogram!(FRESHNESS_SECONDS).record(age.as_seconds_f64());
    }
}
