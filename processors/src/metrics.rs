//! The names of everything counted here.

use metrics::{Unit, describe_counter};

/// Events by `outcome`: `stored`, `duplicate`, `late` (stored, after its window ended), `poison`.
pub const EVENTS_TOTAL: &str = "daymark_processor_events_total";
/// Rows by `outcome`: `saved`, `unchanged`, `failed`.
pub const ROWS_TOTAL: &str = "daymark_processor_rows_total";
/// Version conflicts met while saving.
pub const CONFLICTS_TOTAL: &str = "daymark_processor_conflicts_total";
/// What was put into quarantine, by `reason`.
pub const QUARANTINED_TOTAL: &str = "daymark_processor_quarantined_total";
/// Day rows by `outcome`: `closed`, `closed_again`, `unchanged`, `contested`.
pub const DAYS_TOTAL: &str = "daymark_processor_days_total";
/// Histories by `outcome`: `folded`, `removed`; and `contested`,
/// written by another pass at the same time.
pub const HISTORIES_TOTAL: &str = "daymark_processor_histories_total";
/// Stores whose days could not be closed.
pub const CLOSE_FAILED_TOTAL: &str = "daymark_processor_close_failed_total";

/// Tells the installed recorder what the names mean; a shell calls it once.
pub fn describe() {
    describe_counter!(EVENTS_TOTAL, Unit::Count, "Events, by outcome");
    describe_counter!(ROWS_TOTAL, Unit::Count, "Stock rows, by outcome");
    describe_counter!(CONFLICTS_TOTAL, Unit::Count, "Version conflicts met while saving");
    describe_counter!(DAYS_TOTAL, Unit::Count, "Day rows, by outcome");
    describe_counter!(HISTORIES_TOTAL, Unit::Count, "Histories, by outcome");
    describe_counter!(CLOSE_FAILED_TOTAL, Unit::Count, "Stores whose days were not closed");
    describe_counter!(QUARANTINED_TOTAL, Unit::Count, "Refused after the ack, by reason");
}
