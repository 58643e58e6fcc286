//! What this station counts.

/// Events by `outcome`: `stored`, `duplicate`, `late` (stored, after its window ended), `poison`.
pub const EVENTS: &str = "daymark_processor_events_total";
/// Rows by `outcome`: `saved`, `unchanged`, `failed`.
pub const ROWS: &str = "daymark_processor_rows_total";
/// Version conflicts met while saving.
pub const CONFLICTS: &str = "daymark_processor_conflicts_total";
/// What was put into quarantine, by `reason`.
pub const QUARANTINED: &str = "daymark_processor_quarantined_total";

/// What each counter means, for those who publish them.
pub const DESCRIPTIONS: &[(&str, &str)] = &[
    (EVENTS, "Events by outcome: stored, duplicate, late (stored after its window ended), poison"),
    (ROWS, "Stock rows by outcome: saved, unchanged, failed"),
    (CONFLICTS, "Version conflicts met while saving stock rows"),
    (QUARANTINED, "Refused after the acknowledgement, by reason"),
];
