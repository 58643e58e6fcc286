//! Request of one decision: the request of the public `decide` format, typed.

use chrono::{DateTime, FixedOffset};
use demand::{DemandProfile, Elasticity, PastOffer};
use domain::{Currency, Ladder};
use rust_decimal::Decimal;

use crate::measure::Measure;

/// One item in one store at one moment. Amounts are in the main unit of `currency`, all with VAT
/// or all without.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRequest {
    /// Store id, echoed.
    pub store_id: String,
    /// Item id, echoed.
    pub sku: String,
    /// Moment of the decision, in the offset of the store's wall clock.
    pub as_of: DateTime<FixedOffset>,
    /// Close of the store, after `as_of`.
    pub closes_at: DateTime<FixedOffset>,
    /// Currency of all amounts.
    pub currency: Currency,
    /// Units for sale: portions if there is a measure.
    pub on_hand: u64,
    /// Measure of goods that are counted in portions; `None` for whole pieces.
    pub measure: Option<Measure>,
    /// Price without discount, above 0.
    pub regular_price: Decimal,
    /// Cost of a unit, at least 0. The cost is sunk and only matters to the margin rule.
    pub unit_cost: Decimal,
    /// Value of a unit left at the close; negative if disposal costs money.
    pub salvage_value: Decimal,
    /// Current shelf price.
    pub shelf: ShelfPrice,
    /// Sales of today, ascending, not overlapping, not after `as_of`.
    pub sales_today: Vec<SalesWindow>,
    /// Usual day, if there is history.
    pub profile: Option<DemandProfile>,
    /// Belief about the price response before today.
    pub elasticity: Option<Elasticity>,
    /// Past offers that inform the price response.
    pub offer_history: Vec<PastOffer>,
    /// Rules of the retailer.
    pub rules: PriceRules,
}

impl DecisionRequest {
    /// Returns the measure of the item, which counts whole pieces if the request has none.
    #[must_use]
    pub fn counted(&self) -> Measure {
        self.measure.unwrap_or_else(|| Measure::pieces(self.on_hand))
    }
}

/// Price on the shelf and its changes of today.
#[derive(Debug, Clone, PartialEq)]
pub struct ShelfPrice {
    /// Price.
    pub price: Decimal,
    /// Step of the ladder, in percent.
    pub discount_percent: u8,
    /// Last change today; `None` if there was none.
    pub since: Option<DateTime<FixedOffset>>,
    /// Number of changes today.
    pub changes_today: u32,
}

/// Sales of one window. A window without a sale is listed with 0 units; a missing window is
/// unknown.
#[derive(Debug, Clone, PartialEq)]
pub struct SalesWindow {
    /// First instant.
    pub start: DateTime<FixedOffset>,
    /// First instant after the window.
    pub end: DateTime<FixedOffset>,
    /// Units sold.
    pub units: u64,
    /// Shelf price.
    pub price: Decimal,
    /// `true` if the shelf was empty for part of the window: demand may have been higher.
    pub sold_out: bool,
}

/// Rules for the price of one item.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceRules {
    /// Allowed discounts.
    pub ladder: Ladder,
    /// Deepest allowed discount, in percent.
    pub max_discount_percent: Decimal,
    /// Lowest allowed price.
    pub min_price: Option<Decimal>,
    /// Least margin: the price is at least `unit_cost / (1 - percent / 100)`.
    pub min_margin_percent: Option<Decimal>,
    /// Allowed last digits of the price in minor units; empty if any digits are allowed.
    pub price_endings: Vec<String>,
    /// Minutes between decisions, above 0. The last decision is before the close.
    pub decision_interval_minutes: u32,
    /// Minutes after a change before the next change is allowed.
    pub min_minutes_between_changes: u32,
    /// Price changes per day; `None` for no limit.
    pub max_changes: Option<u32>,
}
