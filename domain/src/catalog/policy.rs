//! The retailer's rules for discounts.

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::{Value, json};

use super::CatalogError;
use crate::calendar::clock;
use crate::fields::Fields;
use crate::limits::{DISCOUNT_PERCENT_MAX, LADDER_STEPS_MAX, SLOT_MINUTES};

/// Allowed discounts in percent: ascending, unique, starting with 0.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ladder(Vec<u8>);

/// Why numbers are not a ladder.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "is not a ladder: 1 to {LADDER_STEPS_MAX} steps, starting with 0, each deeper than the one \
     before, none above {DISCOUNT_PERCENT_MAX}"
)]
pub struct LadderError;

impl Ladder {
    /// A checked ladder.
    ///
    /// # Errors
    /// [`LadderError`], which states the rule.
    pub fn new(steps: Vec<u8>) -> Result<Self, LadderError> {
        let ascending = steps.is_sorted_by(|a, b| a < b);
        let starts_with_zero = steps.first() == Some(&0);
        let within = steps.last().is_some_and(|last| *last <= DISCOUNT_PERCENT_MAX);
        if ascending && starts_with_zero && within && steps.len() <= LADDER_STEPS_MAX {
            Ok(Self(steps))
        } else {
            Err(LadderError)
        }
    }

    /// The steps, in percent.
    #[must_use]
    pub fn steps(&self) -> &[u8] {
        &self.0
    }

    pub(super) fn read(fields: &mut Fields<'_>, field: &'static str) -> Option<Self> {
        let steps = fields.numbers(field)?;
        fields.parsed(field, Self::new(steps))
    }
}

/// What is read of a policy.
const FIELDS: &[&str] = &[
    "afternoon_starts",
    "ladder_percent",
    "max_discount_percent",
    "min_margin_percent",
    "price_endings",
    "min_minutes_between_changes",
    "max_changes",
    "min_on_hand",
    "elasticity",
];

/// When and how deep a store may discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// When the afternoon starts, by the store's clock; it ends with the close.
    pub afternoon_starts: NaiveTime,
    /// The discounts that items without a ladder of their own may get.
    pub ladder: Ladder,
    /// Deeper steps are not allowed.
    pub max_discount_percent: u8,
    /// The price stays at least `cost / (1 - percent / 100)`.
    pub min_margin_percent: Option<u8>,
    /// The price in minor units ends with one of these digits; any ending when empty.
    pub price_endings: Vec<String>,
    /// Least time between two changes of one price.
    pub min_minutes_between_changes: u32,
    /// Most changes of one price a day; no limit when `None`.
    pub max_changes: Option<u32>,
    /// Fewer units on hand than this are left alone.
    pub min_on_hand: Decimal,
    /// How demand answers to price, at the regular price: demand at `d` percent off is
    /// `exp(elasticity * d / 100)` times that without discount.
    pub elasticity: Decimal,
}

impl Default for Policy {
    /// Half an hour between changes and steps of ten points give away next to nothing against any
    /// price at any time, and six changes reach deep enough. An elasticity of 2.2 (three times the
    /// demand at half the price) is where to start when nothing was measured: studies of single
    /// items in shops find means of 1.8 to 3.3 (Tellis 1988; Bijmolt, van Heerde & Pieters 2005;
    /// Akbay & Jones 2006).
    fn default() -> Self {
        Self {
            afternoon_starts: NaiveTime::from_hms_opt(14, 0, 0).expect("a valid time"),
            ladder: Ladder::new((0..=70).step_by(10).collect()).expect("a valid ladder"),
            max_discount_percent: DISCOUNT_PERCENT_MAX,
            min_margin_percent: None,
            price_endings: Vec::new(),
            min_minutes_between_changes: 2 * SLOT_MINUTES,
            max_changes: Some(6),
            min_on_hand: Decimal::ONE,
            elasticity: Decimal::new(22, 1),
        }
    }
}

impl Policy {
    /// Reads a policy; what is left out has the default.
    ///
    /// # Errors
    /// All rules that it breaks.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| CatalogError(vec![fault]))?;
        let policy = read(&mut fields);
        if fields.faults.is_empty() { Ok(policy) } else { Err(CatalogError(fields.faults)) }
    }

    /// The policy as [`Policy::parse`] reads it.
    #[must_use]
    pub fn to_value(&self) -> Value {
        json!({
            "afternoon_starts": self.afternoon_starts.format("%H:%M").to_string(),
            "ladder_percent": self.ladder.steps(),
            "max_discount_percent": self.max_discount_percent,
            "min_margin_percent": self.min_margin_percent,
            "price_endings": self.price_endings,
            "min_minutes_between_changes": self.min_minutes_between_changes,
            "max_changes": self.max_changes.map_or(json!("unlimited"), |changes| json!(changes)),
            "min_on_hand": self.min_on_hand.to_string(),
            "elasticity": self.elasticity.to_string(),
        })
    }
}

fn read(fields: &mut Fields<'_>) -> Policy {
    let default = Policy::default();
    Policy {
        afternoon_starts: afternoon_starts(fields).unwrap_or(default.afternoon_starts),
        ladder: Ladder::read(fields, "ladder_percent").unwrap_or(default.ladder),
        max_discount_percent: percent(fields, "max_discount_percent")
            .unwrap_or(default.max_discount_percent),
        min_margin_percent: percent(fields, "min_margin_percent"),
        price_endings: price_endings(fields).unwrap_or_default(),
        min_minutes_between_changes: fields
            .optional_number("min_minutes_between_changes")
            .unwrap_or(default.min_minutes_between_changes),
        max_changes: max_changes(fields, default.max_changes),
        min_on_hand: decimal(fields, "min_on_hand", Decimal::ZERO, Decimal::from(1_000_000))
            .unwrap_or(default.min_on_hand),
        elasticity: decimal(fields, "elasticity", Decimal::new(1, 1), Decimal::TEN)
            .unwrap_or(default.elasticity),
    }
}

fn afternoon_starts(fields: &mut Fields<'_>) -> Option<NaiveTime> {
    let text = fields.text("afternoon_starts")?;
    fields.parsed("afternoon_starts", clock(&text).ok_or("is not a time like 14:00"))
}

fn percent(fields: &mut Fields<'_>, field: &'static str) -> Option<u8> {
    let percent = fields.optional_number::<u8>(field)?;
    let rule = format!("is outside 0 to {DISCOUNT_PERCENT_MAX} percent");
    fields.parsed(field, (percent <= DISCOUNT_PERCENT_MAX).then_some(percent).ok_or(rule))
}

fn price_endings(fields: &mut Fields<'_>) -> Option<Vec<String>> {
    let endings = fields.words("price_endings")?;
    let digits = |ending: &String| {
        (1..=4).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_digit())
    };
    let valid = endings.iter().all(digits);
    let rule = r#"is not a list of endings of 1 to 4 digits, like ["0", "5"]"#;
    fields.parsed("price_endings", valid.then_some(endings).ok_or(rule))
}

fn max_changes(fields: &mut Fields<'_>, default: Option<u32>) -> Option<u32> {
    if fields.raw("max_changes") == Some("\"unlimited\"") {
        return None;
    }
    if fields.raw("max_changes").is_none() {
        default
    } else {
        fields.optional_number("max_changes")
    }
}

fn decimal(
    fields: &mut Fields<'_>,
    field: &'static str,
    min: Decimal,
    max: Decimal,
) -> Option<Decimal> {
    let text = fields.text_or_number(field)?;
    let value = fields.parsed(field, crate::money::parse_decimal(&text))?;
    let rule = format!("is outside {min} to {max}");
    fields.parsed(field, (min..=max).contains(&value).then_some(value).ok_or(rule))
}
