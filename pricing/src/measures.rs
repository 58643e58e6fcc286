//! What this station counts.

/// Decisions by `outcome`: `published`, `kept`, `already_decided`.
pub const DECISIONS: &str = "daymark_pricing_decisions_total";
/// Passes over a store that failed.
pub const FAILED: &str = "daymark_pricing_failed_total";

/// What each counter means, for those who publish them.
pub const DESCRIPTIONS: &[(&str, &str)] = &[
    (DECISIONS, "Pricing decisions by outcome: published, kept, already_decided"),
    (FAILED, "Pricing passes over a store that failed"),
];
