//! The names of everything counted here.

use metrics::{Unit, describe_counter};

/// Decisions by `outcome`: `published`, `shadow`, `kept`, `already_decided`, or what held the item
/// back, as [`crate::afternoon::HeldBack`] names it.
pub const DECISIONS_TOTAL: &str = "daymark_pricing_decisions_total";
/// Passes over a store that failed.
pub const FAILED_TOTAL: &str = "daymark_pricing_failed_total";

/// Tells the installed recorder what the names mean; a shell calls it once.
pub fn describe() {
    describe_counter!(DECISIONS_TOTAL, Unit::Count, "Pricing decisions, by outcome");
    describe_counter!(FAILED_TOTAL, Unit::Count, "Stores that could not be priced");
}
