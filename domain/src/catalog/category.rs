//! What a policy says otherwise of one category.

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::Ladder;
use super::policy::{amount, clock_text, min_price};
use crate::fault::Fault;
use crate::fields::Fields;

const FIELDS: &[&str] = &[
    "exclude",
    "earliest",
    "latest",
    "ladder_percent",
    "max_discount_percent",
    "min_price",
    "min_margin_percent",
    "elasticity",
];

/// Rules of one category; what is not said here is as for all.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryRules {
    /// Never discounted.
    pub exclude: bool,
    /// No change before, by the store's clock.
    pub earliest: Option<NaiveTime>,
    /// No change after.
    pub latest: Option<NaiveTime>,
    /// The discounts.
    pub ladder: Option<Ladder>,
    /// The deepest one.
    pub max_discount_percent: Option<u8>,
    /// No price below it.
    pub min_price: Option<Decimal>,
    /// The least margin.
    pub min_margin_percent: Option<u8>,
    /// How demand answers to price.
    pub elasticity: Option<Decimal>,
}

impl CategoryRules {
    pub(super) fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| vec![fault])?;
        let rules = Self {
            exclude: fields.flag("exclude").unwrap_or(false),
            earliest: fields.clock("earliest"),
            latest: fields.clock("latest"),
            ladder: Ladder::read(&mut fields, "ladder_percent"),
            max_discount_percent: fields.percent("max_discount_percent"),
            min_price: min_price(&mut fields),
            min_margin_percent: fields.percent("min_margin_percent"),
            elasticity: fields.elasticity(),
        };
        if fields.faults.is_empty() { Ok(rules) } else { Err(fields.faults) }
    }

    pub(super) fn to_value(&self) -> Value {
        json!({
            "exclude": self.exclude,
            "earliest": self.earliest.map(clock_text),
            "latest": self.latest.map(clock_text),
            "ladder_percent": self.ladder.as_ref().map(Ladder::steps),
            "max_discount_percent": self.max_discount_percent,
            "min_price": self.min_price.map(amount),
            "min_margin_percent": self.min_margin_percent,
            "elasticity": self.elasticity.map(amount),
        })
    }
}
