//! Decision: the answer of the public `decide` format, typed.

use rust_decimal::Decimal;

/// Price from now on. An expectation holds from now to the close, for showing its price now and
/// taking the best allowed decisions afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// `true` if the shelf price changes.
    pub changes: bool,
    /// Price.
    pub price: Decimal,
    /// Step of the ladder, in percent.
    pub discount_percent: u8,
    /// Expectation at that price.
    pub expected: ExpectedOutcome,
    /// Expectation if the current shelf price stays until the close.
    pub if_unchanged: ExpectedOutcome,
    /// Reason: one to five plain sentences, at most 400 characters in all.
    pub reason: String,
    /// All steps of the ladder, in order.
    pub alternatives: Vec<Alternative>,
}

impl Decision {
    /// Returns the expected value of keeping the price on the shelf now, with the best later
    /// decisions. `shelf` is the step on the shelf, in percent.
    #[must_use]
    pub fn value_of_waiting(&self, shelf: u8) -> Decimal {
        let kept = self.alternatives.iter().find(|step| step.discount_percent == shelf);
        let kept = kept.and_then(|step| step.outcome.as_ref().ok());
        kept.map_or(self.if_unchanged.value, |kept| kept.value)
    }
}

/// Expected sales from now to the close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExpectedOutcome {
    /// Units sold, to four decimal places.
    pub units: Decimal,
    /// Revenue, to the minor unit.
    pub revenue: Decimal,
    /// Units left, to four decimal places: units on hand minus `units`.
    pub waste: Decimal,
    /// Revenue plus salvage value of the waste, to the minor unit.
    pub value: Decimal,
}

/// One step of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// Discount.
    pub discount_percent: u8,
    /// Shelf price; 0 if no price above 0 has an allowed ending.
    pub price: Decimal,
    /// Expectation, or the reason that forbids the step now.
    pub outcome: Result<ExpectedOutcome, WhyNot>,
}

/// Reason that forbids a step now. The first applicable one counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyNot {
    /// Deeper than the deepest allowed discount.
    MaxDiscount,
    /// Below the lowest price or the least margin, or not above 0.
    Floor,
    /// Not cheaper than the usable step before.
    SamePrice,
    /// Shallower than the shelf price: prices only go down within a day.
    Shallower,
    /// Too soon after the last change.
    Gap,
    /// No change left today.
    MaxChanges,
}

impl WhyNot {
    /// Returns the name in the `decide` format.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::MaxDiscount => "max_discount",
            Self::Floor => "floor",
            Self::SamePrice => "same_price",
            Self::Shallower => "shallower",
            Self::Gap => "gap",
            Self::MaxChanges => "max_changes",
        }
    }
}
