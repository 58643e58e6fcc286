//! All that one decision depends on: the request of the public `decide` format, typed.

use chrono::{DateTime, FixedOffset};
use demand::{Elasticity, PastOffer, Profile};
use domain::{Currency, Ladder};
use rust_decimal::Decimal;

/// One item in one store at one moment. Amounts are in the main unit of `currency`, all with VAT
/// or all without.
#[derive(Debug, Clone, PartialEq)]
pub struct Situation {
    /// The store, as its owner calls it.
    pub store_id: String,
    /// The item, as its owner calls it.
    pub sku: String,
    /// The moment; its offset is that of the store's wall clock.
    pub as_of: DateTime<FixedOffset>,
    /// When the store closes; after `as_of`.
    pub closes_at: DateTime<FixedOffset>,
    /// The currency.
    pub currency: Currency,
    /// Pieces for sale.
    pub on_hand: u64,
    /// The price without discount, above 0.
    pub regular_price: Decimal,
    /// What a piece costs the store; sunk, so it matters to the margin rule alone.
    pub unit_cost: Decimal,
    /// What a piece left at the close is worth; below 0 where disposal costs money.
    pub salvage_value: Decimal,
    /// What is on the shelf.
    pub shelf: Shelf,
    /// What today's windows sold, in order, not overlapping, none after `as_of`.
    pub sales_today: Vec<Sales>,
    /// The usual day, if there is history.
    pub profile: Option<Profile>,
    /// What is believed about the price response before today.
    pub elasticity: Option<Elasticity>,
    /// Past offers to learn the price response from.
    pub offer_history: Vec<PastOffer>,
    /// The retailer's rules.
    pub rules: Rules,
}

/// The price on the shelf and how it came there.
#[derive(Debug, Clone, PartialEq)]
pub struct Shelf {
    /// The price.
    pub price: Decimal,
    /// Its step of the ladder.
    pub discount_percent: u8,
    /// The last change today; `None` if there was none.
    pub since: Option<DateTime<FixedOffset>>,
    /// How often it was changed today.
    pub changes_today: u32,
}

/// What one window sold. Windows that are missing are unknown; one without a sale is listed.
#[derive(Debug, Clone, PartialEq)]
pub struct Sales {
    /// Its first instant.
    pub start: DateTime<FixedOffset>,
    /// The first instant after it.
    pub end: DateTime<FixedOffset>,
    /// Pieces sold.
    pub units: u64,
    /// The price on the shelf.
    pub price: Decimal,
    /// Whether the shelf was empty for part of it: demand may have been higher.
    pub sold_out: bool,
}

/// The rules that bind one item's price.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rules {
    /// The allowed discounts.
    pub ladder: Ladder,
    /// Steps above it are not allowed, in percent.
    pub max_discount_percent: Decimal,
    /// No price below it.
    pub min_price: Option<Decimal>,
    /// The price is at least `unit_cost / (1 - percent / 100)`.
    pub min_margin_percent: Option<Decimal>,
    /// The price in minor units ends with one of these digits; any ending when empty.
    pub price_endings: Vec<String>,
    /// The next decisions come at `as_of` and multiples of this, before the close; above 0.
    pub decision_interval_minutes: u32,
    /// No change earlier than this after the last one.
    pub min_minutes_between_changes: u32,
    /// Price changes per day; `None` for no limit.
    pub max_changes: Option<u32>,
}
