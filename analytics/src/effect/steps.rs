//! Offers by discount: expected and actual stock at the close.

use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{ItemDayOutcome, OfferOutcome};

/// Outcome of the offers with one discount.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct StepOutcome {
    /// Number of offers.
    pub offers: u64,
    /// Sold with their ids.
    pub sold: Decimal,
    /// Sum of the expected stock at the close.
    pub expected_waste: Decimal,
    /// Sum of the actual stock at the close.
    pub left: Decimal,
}

/// By discount, in percent. Each revision of an item counts: what it expected is what would be
/// left if the best was done afterwards.
#[must_use]
pub fn steps(outcomes: &[ItemDayOutcome]) -> BTreeMap<u8, StepOutcome> {
    let mut steps: BTreeMap<u8, StepOutcome> = BTreeMap::new();
    for offer in outcomes.iter().flat_map(|outcome| &outcome.offers) {
        let OfferOutcome { discount_percent, sold, expected_waste, left } = offer;
        let step = steps.entry(*discount_percent).or_default();
        step.offers += 1;
        step.sold += sold;
        step.expected_waste += expected_waste;
        step.left += left;
    }
    steps
}
