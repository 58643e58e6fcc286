//! What is expected of an item's demand: its usual day, and how it answers to a lower price.
//!
//! Expectations are floating-point numbers; what was counted or paid is not.

/// How much the items of a category differ in elasticity where nothing was measured, as a standard
/// deviation. Categories differ by about as much, which makes 0.7 together.
pub const ITEMS_SD: f64 = 0.49;

/// The usual day of an item, at the regular price.
#[derive(Debug, Clone, PartialEq)]
pub struct Profile {
    /// Whose days these are.
    pub basis: Basis,
    /// How many past days were averaged.
    pub days: f64,
    /// How much a day's total varies around the average: standard deviation / mean.
    pub day_cv: f64,
    /// The day, in order; outside all slots nothing is expected.
    pub slots: Vec<ProfileSlot>,
}

/// Whose days a profile averages.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Basis {
    /// This item's in this store.
    Sku,
    /// Its category's: a weaker guess.
    Category,
    /// Nobody's.
    None,
}

/// A stretch of the day, half-open, by the store's wall clock. Demand in it is even.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ProfileSlot {
    /// Its first minute, counted from midnight.
    pub start: u16,
    /// The first minute after it, up to 1,440.
    pub end: u16,
    /// Units expected in it.
    pub units: f64,
}

/// How demand answers to a price, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elasticity {
    /// The expected elasticity, above 0: demand grows by so many percent when the price falls by
    /// one (at the regular price, where the form is exponential).
    pub mean: f64,
    /// How uncertain that is: the standard deviation.
    pub sd: f64,
    /// The curve.
    pub form: Form,
}

/// The curve of demand over price, with elasticity `e`, price `p` and regular price `p0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `(p / p0)^(-e)`.
    Constant,
    /// `exp(e (1 - p / p0))`.
    Exponential,
}

/// What came of an earlier offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastOffer {
    /// The discount.
    pub discount_percent: f64,
    /// What would have been sold at the regular price in the same hours.
    pub expected_units: f64,
    /// What was sold.
    pub units: u64,
    /// Whether it ran out: then at least so much would have been sold.
    pub sold_out: bool,
    /// Whose offer it was.
    pub scope: Scope,
}

/// Whose offer it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This item's.
    Sku,
    /// One of its category's.
    Category,
}

impl Default for Elasticity {
    /// Three times the demand at half the price, where nothing was measured: studies of single
    /// items in shops find means of 1.8 to 3.3 (Tellis 1988; Bijmolt, van Heerde & Pieters 2005;
    /// Akbay & Jones 2006). Exponential, because it does not explode at the deepest steps.
    fn default() -> Self {
        Self { mean: 2.2, sd: 0.7, form: Form::Exponential }
    }
}
