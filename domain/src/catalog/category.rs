//! Rules of one category that replace rules of the policy.

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::policy::{amount, min_price};
use super::{Ladder, Shape};
use crate::calendar::clock_text;
use crate::field_reader::FieldReader;
use crate::violation::Violation;

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

/// Rules of one category. Absent rules are those of the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct CategoryRules {
    /// `true` if items of the category never get a discount.
    pub exclude: bool,
    /// Earliest time of a change, by the store's clock.
    pub earliest: Option<NaiveTime>,
    /// Latest time of a change, by the store's clock.
    pub latest: Option<NaiveTime>,
    /// Allowed discounts.
    pub ladder: Option<Ladder>,
    /// Deepest discount, in percent.
    pub max_discount_percent: Option<u8>,
    /// Lowest price, in the currency of the item.
    pub min_price: Option<Decimal>,
    /// Lowest margin, in percent of the price.
    pub min_margin_percent: Option<u8>,
    /// Price elasticity of demand.
    pub elasticity: Option<Decimal>,
}

impl CategoryRules {
    /// Names of the fields.
    pub(super) const SHAPE: Shape = Shape::flat(FIELDS);

    pub(super) fn parse(json: &str) -> Result<Self, Vec<Violation>> {
        let mut fields = FieldReader::new(json, FIELDS)?;
        let rules = Self {
            exclude: fields.flag("exclude").unwrap_or(false),
            earliest: fields.clock_time("earliest"),
            latest: fields.clock_time("latest"),
            ladder: Ladder::read(&mut fields, "ladder_percent"),
            max_discount_percent: fields.percent("max_discount_percent"),
            min_price: min_price(&mut fields),
            min_margin_percent: fields.percent("min_margin_percent"),
            elasticity: fields.elasticity(),
        };
        fields.finish(Some(rules))
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
