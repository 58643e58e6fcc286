//! Policy: the retailer's rules for discounts.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};
use strum::{IntoStaticStr, VariantArray};

use super::{CatalogError, CategoryRules, Ladder, Nested, Shape};
use crate::calendar::clock_text;
use crate::digest::Version;
use crate::experiment::Experiment;
use crate::field_reader::FieldReader;
use crate::limits::{
    CHANGE_MINUTES_MAX, CHANGES_MAX, DISCOUNT_PERCENT_MAX, SLOT_MINUTES, UNIT_PRICE_MAX,
};
use crate::violation::excerpt;
use crate::word_enum::word_enum;

/// Longest jitter of the instants at which an item may step, in minutes.
const JITTER_MINUTES_MAX: u32 = 105;
/// Range of `doubt_after_minutes`.
const DOUBT_AFTER_MINUTES: std::ops::RangeInclusive<u32> = 15..=1_440;

const FIELDS: &[&str] = &[
    "enabled",
    "shadow",
    "afternoon_starts",
    "latest_change",
    "ladder_percent",
    "max_discount_percent",
    "min_price",
    "min_margin_percent",
    "price_endings",
    "min_minutes_between_changes",
    "max_changes",
    "max_changes_per_hour",
    "step_jitter_minutes",
    "min_on_hand",
    "min_gain",
    "min_gain_percent",
    "elasticity",
    "on_doubt",
    "doubt_after_minutes",
    "experiment",
    "categories",
];

/// Handling of a decision whose inputs are in doubt.
#[derive(Debug, Clone, Copy, PartialEq, Eq, IntoStaticStr, VariantArray)]
#[strum(serialize_all = "snake_case")]
pub enum OnDoubt {
    /// The offer is published and marked.
    Mark,
    /// No offer is published.
    Withhold,
}

word_enum!(OnDoubt);

/// Rules for the times and depths of a store's discounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `false` if no price is decided. Offers on the shelf stay valid until the close.
    pub enabled: bool,
    /// `true` if decisions are stored and not published, to observe their effect.
    pub shadow: bool,
    /// Start of the afternoon by the store's clock. The afternoon ends with the close.
    pub afternoon_starts: NaiveTime,
    /// Latest time of a change, by the store's clock.
    pub latest_change: Option<NaiveTime>,
    /// Allowed discounts of items without a ladder of their own.
    pub ladder: Ladder,
    /// Deepest discount, in percent.
    pub max_discount_percent: u8,
    /// Lowest price, in the currency of the item.
    pub min_price: Option<Decimal>,
    /// Lowest margin: the price is at least `cost / (1 - percent / 100)`.
    pub min_margin_percent: Option<u8>,
    /// Allowed last digits of a price in minor units. An empty list allows all.
    pub price_endings: Vec<String>,
    /// Shortest time between two changes of one price, in minutes.
    pub min_minutes_between_changes: u32,
    /// Largest number of changes of one price per day; `None` is unlimited.
    pub max_changes: Option<u32>,
    /// Largest number of changes of all prices of the store within an hour; the changes with the
    /// largest gains come first. Stores that print stickers need it. `None` is unlimited.
    pub max_changes_per_hour: Option<u32>,
    /// Jitter of the steps, in minutes, a multiple of 15. An item may step every
    /// `15 + step_jitter_minutes` minutes, at an offset that differs by store, date and category.
    /// Customers cannot wait for a known time.
    pub step_jitter_minutes: u32,
    /// Smallest stock on hand of an item that may get a discount, in its unit.
    pub min_on_hand: Decimal,
    /// Smallest expected gain of a price change, in the currency of the item: the value of the
    /// change now minus the value of waiting. A change that gains less is not made.
    pub min_gain: Decimal,
    /// Smallest expected gain of a price change, in percent of the value of waiting.
    pub min_gain_percent: u8,
    /// Price elasticity of demand at the regular price: the demand at `d` percent off is
    /// `exp(elasticity * d / 100)` times the demand without discount.
    pub elasticity: Decimal,
    /// Handling of decisions if the tills' events have gaps or stop.
    pub on_doubt: OnDoubt,
    /// Time without events of an open store after which its inputs are in doubt, in minutes.
    pub doubt_after_minutes: u32,
    /// Control group and exploration.
    pub experiment: Experiment,
    /// Rules of single categories, by name.
    pub categories: BTreeMap<String, CategoryRules>,
}

impl Default for Policy {
    /// Half an hour between changes and steps of ten points lose almost nothing against any price
    /// at any time, and six changes reach deep enough. An elasticity of 2.2 (three times the demand
    /// at half the price) is the prior without measurements: studies of single items in shops find
    /// means of 1.8 to 3.3 (Tellis 1988; Bijmolt, van Heerde & Pieters 2005; Akbay & Jones 2006).
    fn default() -> Self {
        Self {
            enabled: true,
            shadow: false,
            afternoon_starts: NaiveTime::from_hms_opt(14, 0, 0).expect("a valid time"),
            latest_change: None,
            ladder: Ladder::new((0..=70).step_by(10).collect()).expect("a valid ladder"),
            max_discount_percent: DISCOUNT_PERCENT_MAX,
            min_price: None,
            min_margin_percent: None,
            price_endings: Vec::new(),
            min_minutes_between_changes: 2 * SLOT_MINUTES,
            max_changes: Some(6),
            max_changes_per_hour: None,
            step_jitter_minutes: 0,
            min_on_hand: Decimal::ONE,
            min_gain: Decimal::ZERO,
            min_gain_percent: 0,
            elasticity: Decimal::new(22, 1),
            on_doubt: OnDoubt::Mark,
            doubt_after_minutes: 60,
            experiment: Experiment::default(),
            categories: BTreeMap::new(),
        }
    }
}

impl Policy {
    /// Names of the fields.
    pub const SHAPE: Shape = Shape {
        fields: FIELDS,
        nested: &[
            ("experiment", Nested::Object(&Experiment::SHAPE)),
            ("categories", Nested::Map(&CategoryRules::SHAPE)),
        ],
    };

    /// Parses a policy. Absent fields have their defaults.
    ///
    /// # Errors
    /// Returns all violations of the policy.
    pub fn parse(json: &str) -> Result<Self, CatalogError> {
        let mut fields = FieldReader::new(json, FIELDS).map_err(CatalogError)?;
        let policy = read(&mut fields);
        fields.finish(Some(policy)).map_err(CatalogError)
    }

    /// Returns the JSON that [`Policy::parse`] accepts.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let categories = self.categories.iter();
        let categories: Map<String, Value> =
            categories.map(|(name, rules)| (name.clone(), rules.to_value())).collect();
        json!({
            "enabled": self.enabled,
            "shadow": self.shadow,
            "afternoon_starts": clock_text(self.afternoon_starts),
            "latest_change": self.latest_change.map(clock_text),
            "ladder_percent": self.ladder.steps(),
            "max_discount_percent": self.max_discount_percent,
            "min_price": self.min_price.map(amount),
            "min_margin_percent": self.min_margin_percent,
            "price_endings": self.price_endings,
            "min_minutes_between_changes": self.min_minutes_between_changes,
            "max_changes": self.max_changes.map_or(json!("unlimited"), |changes| json!(changes)),
            "max_changes_per_hour": self.max_changes_per_hour,
            "step_jitter_minutes": self.step_jitter_minutes,
            "min_on_hand": amount(self.min_on_hand),
            "min_gain": amount(self.min_gain),
            "min_gain_percent": self.min_gain_percent,
            "elasticity": amount(self.elasticity),
            "on_doubt": self.on_doubt.as_str(),
            "doubt_after_minutes": self.doubt_after_minutes,
            "experiment": self.experiment.to_value(),
            "categories": categories,
        })
    }

    /// Returns the version of the rules. Equal rules have equal versions.
    #[must_use]
    pub fn version(&self) -> Version {
        // The members of a `Value` are in the order of their names.
        Version::of(self.to_value().to_string().as_bytes())
    }
}

fn read(fields: &mut FieldReader<'_>) -> Policy {
    let default = Policy::default();
    Policy {
        enabled: fields.flag("enabled").unwrap_or(default.enabled),
        shadow: fields.flag("shadow").unwrap_or(default.shadow),
        afternoon_starts: fields.clock_time("afternoon_starts").unwrap_or(default.afternoon_starts),
        latest_change: fields.clock_time("latest_change"),
        ladder: Ladder::read(fields, "ladder_percent").unwrap_or(default.ladder),
        max_discount_percent: fields
            .percent("max_discount_percent")
            .unwrap_or(default.max_discount_percent),
        min_price: min_price(fields),
        min_margin_percent: fields.percent("min_margin_percent"),
        price_endings: price_endings(fields).unwrap_or_default(),
        min_minutes_between_changes: fields
            .whole_number("min_minutes_between_changes", 0..=CHANGE_MINUTES_MAX, "minutes")
            .unwrap_or(default.min_minutes_between_changes),
        max_changes: limit(fields, "max_changes", default.max_changes),
        max_changes_per_hour: limit(fields, "max_changes_per_hour", default.max_changes_per_hour),
        step_jitter_minutes: step_jitter(fields).unwrap_or(default.step_jitter_minutes),
        min_on_hand: fields
            .decimal("min_on_hand", Decimal::ZERO, Decimal::from(1_000_000))
            .map_or(default.min_on_hand, |least| least.normalize()),
        min_gain: fields
            .decimal("min_gain", Decimal::ZERO, Decimal::from(UNIT_PRICE_MAX))
            .map_or(default.min_gain, |gain| gain.normalize()),
        min_gain_percent: fields.percent("min_gain_percent").unwrap_or(default.min_gain_percent),
        elasticity: fields.elasticity().unwrap_or(default.elasticity),
        on_doubt: fields.word("on_doubt", OnDoubt::ALL).unwrap_or(default.on_doubt),
        doubt_after_minutes: fields
            .whole_number("doubt_after_minutes", DOUBT_AFTER_MINUTES, "minutes")
            .unwrap_or(default.doubt_after_minutes),
        experiment: experiment(fields).unwrap_or_default(),
        categories: categories(fields).unwrap_or_default(),
    }
}

/// Reads the lowest price, in the main unit of any currency.
pub(super) fn min_price(fields: &mut FieldReader<'_>) -> Option<Decimal> {
    fields.decimal("min_price", Decimal::ZERO, Decimal::from(UNIT_PRICE_MAX))
}

pub(super) fn amount(decimal: Decimal) -> String {
    decimal.to_string()
}

fn price_endings(fields: &mut FieldReader<'_>) -> Option<Vec<String>> {
    let expected = r#"a list of endings of 1 to 4 digits, like ["0", "5"]"#;
    let endings = fields.texts("price_endings", expected)?;
    let digits = |ending: &String| {
        (1..=4).contains(&ending.len()) && ending.bytes().all(|byte| byte.is_ascii_digit())
    };
    let valid = endings.iter().all(digits);
    fields.check(
        "price_endings",
        valid.then_some(endings).ok_or_else(|| format!("is not {expected}")),
    )
}

fn limit(fields: &mut FieldReader<'_>, field: &'static str, default: Option<u32>) -> Option<u32> {
    match fields.raw(field) {
        Some("\"unlimited\"") => None,
        None => default,
        Some(_) => fields.whole_number(field, 0..=CHANGES_MAX, "changes"),
    }
}

fn step_jitter(fields: &mut FieldReader<'_>) -> Option<u32> {
    let minutes = fields.whole_number("step_jitter_minutes", 0..=JITTER_MINUTES_MAX, "minutes")?;
    let rule = format!("is not a multiple of {SLOT_MINUTES} minutes");
    let on_grid = minutes % SLOT_MINUTES == 0;
    fields.check("step_jitter_minutes", on_grid.then_some(minutes).ok_or(rule))
}

fn experiment(fields: &mut FieldReader<'_>) -> Option<Experiment> {
    let json = fields.object("experiment")?;
    Experiment::parse(&json).map_err(|inner| fields.nested("experiment", "", inner)).ok()
}

fn categories(fields: &mut FieldReader<'_>) -> Option<BTreeMap<String, CategoryRules>> {
    let objects = fields.objects("categories")?;
    let mut categories = BTreeMap::new();
    for (name, json) in objects {
        match CategoryRules::parse(&json) {
            Ok(rules) => drop(categories.insert(name, rules)),
            Err(inner) => fields.nested("categories", &format!("{}: ", excerpt(&name)), inner),
        }
    }
    Some(categories)
}
