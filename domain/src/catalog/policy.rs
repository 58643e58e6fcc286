//! The retailer's rules for discounts.

use std::collections::BTreeMap;

use chrono::NaiveTime;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use super::{CatalogError, CategoryRules, Ladder};
use crate::experiment::Experiment;
use crate::fault::Fault;
use crate::fields::{Fields, shorten};
use crate::limits::{
    CHANGE_MINUTES_MAX, CHANGES_MAX, DISCOUNT_PERCENT_MAX, SLOT_MINUTES, UNIT_PRICE_MAX,
};
use crate::version::Version;
use crate::words::words;

/// Longest shift of the moments at which an item may step.
const JITTER_MINUTES_MAX: u32 = 105;
/// How long all tills of an open store may be silent before that is doubted.
const DOUBT_AFTER_MINUTES: std::ops::RangeInclusive<u32> = 15..=1_440;

/// What is read of a policy.
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
    "elasticity",
    "on_doubt",
    "doubt_after_minutes",
    "experiment",
    "categories",
];

words! {
    /// What becomes of a decision whose inputs are in doubt.
    OnDoubt {
        /// It is taken, and the offer says so.
        Mark = "mark",
        /// None is taken.
        Withhold = "withhold",
    }
}

/// When and how deep a store may discount.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// Whether any price is decided. What is on the shelf stays as it is until the close.
    pub enabled: bool,
    /// Decides and stores, but offers nothing: to see what would happen.
    pub shadow: bool,
    /// When the afternoon starts, by the store's clock; it ends with the close.
    pub afternoon_starts: NaiveTime,
    /// No change after this time by the store's clock.
    pub latest_change: Option<NaiveTime>,
    /// The discounts that items without a ladder of their own may get.
    pub ladder: Ladder,
    /// Deeper steps are not allowed.
    pub max_discount_percent: u8,
    /// No price below it, in the currency of the item.
    pub min_price: Option<Decimal>,
    /// The price stays at least `cost / (1 - percent / 100)`.
    pub min_margin_percent: Option<u8>,
    /// The price in minor units ends with one of these digits; any ending when empty.
    pub price_endings: Vec<String>,
    /// Least time between two changes of one price.
    pub min_minutes_between_changes: u32,
    /// Most changes of one price a day; no limit when `None`.
    pub max_changes: Option<u32>,
    /// Most changes of all prices of the store within an hour, for people who print stickers: the
    /// best gains first. No limit when `None`.
    pub max_changes_per_hour: Option<u32>,
    /// Against queues at seven: an item may step every 15 minutes and this many more, and in
    /// which quarter of an hour differs by store, date and category. A multiple of 15.
    pub step_jitter_minutes: u32,
    /// Fewer units on hand than this are left alone.
    pub min_on_hand: Decimal,
    /// How demand answers to price, at the regular price: demand at `d` percent off is
    /// `exp(elasticity * d / 100)` times that without discount.
    pub elasticity: Decimal,
    /// What becomes of decisions when the tills' events have gaps, or stop coming.
    pub on_doubt: OnDoubt,
    /// How long no till of an open store need send anything before that is doubted.
    pub doubt_after_minutes: u32,
    /// Control group and exploration.
    pub experiment: Experiment,
    /// What is otherwise for one category.
    pub categories: BTreeMap<String, CategoryRules>,
}

impl Default for Policy {
    /// Half an hour between changes and steps of ten points give away next to nothing against any
    /// price at any time, and six changes reach deep enough. An elasticity of 2.2 (three times the
    /// demand at half the price) is where to start when nothing was measured: studies of single
    /// items in shops find means of 1.8 to 3.3 (Tellis 1988; Bijmolt, van Heerde & Pieters 2005;
    /// Akbay & Jones 2006).
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
            elasticity: Decimal::new(22, 1),
            on_doubt: OnDoubt::Mark,
            doubt_after_minutes: 60,
            experiment: Experiment::default(),
            categories: BTreeMap::new(),
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
            "elasticity": amount(self.elasticity),
            "on_doubt": self.on_doubt.as_str(),
            "doubt_after_minutes": self.doubt_after_minutes,
            "experiment": self.experiment.to_value(),
            "categories": categories,
        })
    }

    /// Names these rules: equal rules have equal versions.
    #[must_use]
    pub fn version(&self) -> Version {
        // The members of a `Value` are in the order of their names.
        Version::of(self.to_value().to_string().as_bytes())
    }
}

fn read(fields: &mut Fields<'_>) -> Policy {
    let default = Policy::default();
    Policy {
        enabled: fields.flag("enabled").unwrap_or(default.enabled),
        shadow: fields.flag("shadow").unwrap_or(default.shadow),
        afternoon_starts: fields.clock("afternoon_starts").unwrap_or(default.afternoon_starts),
        latest_change: fields.clock("latest_change"),
        ladder: Ladder::read(fields, "ladder_percent").unwrap_or(default.ladder),
        max_discount_percent: fields
            .percent("max_discount_percent")
            .unwrap_or(default.max_discount_percent),
        min_price: min_price(fields),
        min_margin_percent: fields.percent("min_margin_percent"),
        price_endings: price_endings(fields).unwrap_or_default(),
        min_minutes_between_changes: fields
            .whole("min_minutes_between_changes", 0..=CHANGE_MINUTES_MAX, "minutes")
            .unwrap_or(default.min_minutes_between_changes),
        max_changes: limit(fields, "max_changes", default.max_changes),
        max_changes_per_hour: limit(fields, "max_changes_per_hour", default.max_changes_per_hour),
        step_jitter_minutes: step_jitter(fields).unwrap_or(default.step_jitter_minutes),
        min_on_hand: fields
            .decimal("min_on_hand", Decimal::ZERO, Decimal::from(1_000_000))
            .map_or(default.min_on_hand, |least| least.normalize()),
        elasticity: fields.elasticity().unwrap_or(default.elasticity),
        on_doubt: on_doubt(fields).unwrap_or(default.on_doubt),
        doubt_after_minutes: fields
            .whole("doubt_after_minutes", DOUBT_AFTER_MINUTES, "minutes")
            .unwrap_or(default.doubt_after_minutes),
        experiment: experiment(fields).unwrap_or_default(),
        categories: categories(fields).unwrap_or_default(),
    }
}

/// A least price, in the main unit of whatever currency.
pub(super) fn min_price(fields: &mut Fields<'_>) -> Option<Decimal> {
    fields.decimal("min_price", Decimal::ZERO, Decimal::from(UNIT_PRICE_MAX))
}

pub(super) fn clock_text(time: NaiveTime) -> String {
    time.format("%H:%M").to_string()
}

pub(super) fn amount(decimal: Decimal) -> String {
    decimal.to_string()
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

fn limit(fields: &mut Fields<'_>, field: &'static str, default: Option<u32>) -> Option<u32> {
    match fields.raw(field) {
        Some("\"unlimited\"") => None,
        None => default,
        Some(_) => fields.whole(field, 0..=CHANGES_MAX, "changes"),
    }
}

fn step_jitter(fields: &mut Fields<'_>) -> Option<u32> {
    let minutes = fields.whole("step_jitter_minutes", 0..=JITTER_MINUTES_MAX, "minutes")?;
    let rule = format!("is not a multiple of {SLOT_MINUTES} minutes");
    let on_grid = minutes % SLOT_MINUTES == 0;
    fields.parsed("step_jitter_minutes", on_grid.then_some(minutes).ok_or(rule))
}

fn on_doubt(fields: &mut Fields<'_>) -> Option<OnDoubt> {
    let word = fields.text("on_doubt")?;
    fields.parsed("on_doubt", OnDoubt::from_word(&word).ok_or("is not mark or withhold"))
}

fn experiment(fields: &mut Fields<'_>) -> Option<Experiment> {
    let json = fields.object("experiment")?;
    Experiment::parse(&json).map_err(|faults| told(fields, "experiment", "", faults)).ok()
}

fn categories(fields: &mut Fields<'_>) -> Option<BTreeMap<String, CategoryRules>> {
    let objects = fields.objects("categories")?;
    let mut categories = BTreeMap::new();
    for (name, json) in objects {
        match CategoryRules::parse(&json) {
            Ok(rules) => drop(categories.insert(name, rules)),
            Err(faults) => told(fields, "categories", &format!("{}: ", shorten(&name)), faults),
        }
    }
    Some(categories)
}

/// Faults of what lies inside a field.
fn told(fields: &mut Fields<'_>, field: &'static str, name: &str, faults: Vec<Fault>) {
    let inside = |fault: Fault| Fault::new(field, None, format!("{name}{fault}"));
    fields.faults.extend(faults.into_iter().map(inside));
}
