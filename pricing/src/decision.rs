//! What is decided, and what is expected of it: the answer of the public `decide` format, typed.

use rust_decimal::Decimal;

/// The price from now on. Expectations hold from now to the close, for showing this price now and
/// taking the best allowed decisions afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// Whether the price on the shelf changes.
    pub changes: bool,
    /// The price.
    pub price: Decimal,
    /// Its step of the ladder.
    pub discount_percent: u8,
    /// What is expected of it.
    pub expected: Expected,
    /// What is expected if the price now on the shelf stays until the close.
    pub if_unchanged: Expected,
    /// Why, in one to four plain sentences of together at most 400 characters.
    pub reason: String,
    /// Every step of the ladder, in its order.
    pub alternatives: Vec<Alternative>,
}

/// What is expected from now to the close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// Units sold, to four places.
    pub units: Decimal,
    /// Revenue, to the minor unit.
    pub revenue: Decimal,
    /// Units left, to four places: what is on hand less `units`.
    pub waste: Decimal,
    /// Revenue and what is left at its salvage value, to the minor unit.
    pub value: Decimal,
}

/// One step of the ladder.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The step.
    pub discount_percent: u8,
    /// Its shelf price; 0 where no price above 0 has an allowed ending.
    pub price: Decimal,
    /// What is expected of it, or why it may not be shown now.
    pub outcome: Result<Expected, WhyNot>,
}

/// Why a step may not be shown now: the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum WhyNot {
    /// Deeper than the deepest discount.
    MaxDiscount,
    /// Below the least price or the least margin, or not above 0.
    Floor,
    /// Not cheaper than the usable step before it.
    SamePrice,
    /// Shallower than the shelf: prices only go down within a day.
    Shallower,
    /// The last change is too recent.
    Gap,
    /// No change is left today.
    MaxChanges,
}

impl WhyNot {
    /// Its name in the `decide` format.
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
