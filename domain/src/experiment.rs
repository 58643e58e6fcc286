//! Experiment that measures the effect of offers.
//!
//! On some days a category of a store keeps the retailer's previous rule (control). On a few days
//! the price is drawn from nearly equal prices (exploration). A digest decides the arm, so every
//! program computes the same arm, also for days without offers.

use chrono::{NaiveDate, NaiveTime};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use strum::{EnumString, IntoStaticStr, VariantArray};

use crate::catalog::{Nested, Shape};
use crate::digest::draw;
use crate::field_reader::FieldReader;
use crate::identifier::StoreId;
use crate::limits::DISCOUNT_PERCENT_MAX;
use crate::violation::Violation;
use crate::word_enum::word_enum;

/// Largest number of steps of the rule.
const RULE_STEPS_MAX: usize = 24;

const FIELDS: &[&str] = &["salt", "control_percent", "exploration_percent", "rule"];
const STEP_FIELDS: &[&str] = &["at", "discount_percent"];

/// Distribution of a store's categories and days over the arms. The default has only the policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Experiment {
    /// Salt of the draws. Another salt assigns other arms.
    pub salt: String,
    /// Share of a category's days in the control arm, in percent.
    pub control_percent: u8,
    /// Share of a category's days in the exploration arm, in percent.
    pub exploration_percent: u8,
    /// Previous rule of the retailer, with ascending discounts. An empty rule gives no discounts.
    pub rule: Vec<RuleStep>,
}

/// Step of a rule: a discount from a time on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleStep {
    /// Time by the store's clock.
    pub at: NaiveTime,
    /// Discount, in percent.
    pub discount_percent: u8,
}

/// Arm of an experiment.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Arm {
    /// The optimiser decides.
    Policy,
    /// The retailer's previous rule decides.
    Control,
    /// A draw decides among the steps that are nearly as good as the best.
    Exploration,
}

word_enum!(Arm);

impl Experiment {
    /// Names of the fields.
    pub(crate) const SHAPE: Shape =
        Shape { fields: FIELDS, nested: &[("rule", Nested::List(&Shape::flat(STEP_FIELDS)))] };

    /// Returns the arm of a category of a store on a date. Items without a category form one
    /// category.
    #[must_use]
    pub fn arm(&self, store_id: &StoreId, category: Option<&str>, date: NaiveDate) -> Arm {
        let date = date.to_string();
        let words = [&self.salt, store_id.as_str(), category.unwrap_or_default(), &date];
        let percent = draw(&words) % 100;
        let control = u64::from(self.control_percent);
        if percent < control {
            Arm::Control
        } else if percent < control + u64::from(self.exploration_percent) {
            Arm::Exploration
        } else {
            Arm::Policy
        }
    }

    /// `true` if there are arms beside the policy.
    #[must_use]
    pub fn compares(&self) -> bool {
        self.control_percent > 0 || self.exploration_percent > 0
    }

    pub(crate) fn parse(json: &str) -> Result<Self, Vec<Violation>> {
        let mut fields = FieldReader::new(json, FIELDS)?;
        let share =
            |fields: &mut FieldReader<'_>, field| fields.whole_number(field, 0..=100_u8, "percent");
        let experiment = Self {
            salt: fields.text("salt").unwrap_or_default(),
            control_percent: share(&mut fields, "control_percent").unwrap_or(0),
            exploration_percent: share(&mut fields, "exploration_percent").unwrap_or(0),
            rule: rule(&mut fields).unwrap_or_default(),
        };
        let Self { control_percent, exploration_percent, .. } = experiment;
        if u16::from(control_percent) + u16::from(exploration_percent) > 100 {
            fields.violation("exploration_percent", "is with control_percent more than 100");
        }
        fields.finish(Some(experiment))
    }

    pub(crate) fn to_value(&self) -> Value {
        let step = |step: &RuleStep| {
            json!({
                "at": step.at.format("%H:%M").to_string(),
                "discount_percent": step.discount_percent,
            })
        };
        json!({
            "salt": self.salt,
            "control_percent": self.control_percent,
            "exploration_percent": self.exploration_percent,
            "rule": self.rule.iter().map(step).collect::<Vec<_>>(),
        })
    }
}

fn rule(fields: &mut FieldReader<'_>) -> Option<Vec<RuleStep>> {
    let raw = fields.raw("rule")?;
    let given = serde_json::from_str::<Vec<&RawValue>>(raw).ok();
    let steps = given.and_then(|steps| steps.iter().map(|raw| step(raw.get())).collect());
    let in_order = |steps: &Vec<RuleStep>| {
        let deeper = |pair: &[RuleStep]| pair[0].discount_percent < pair[1].discount_percent;
        steps.len() <= RULE_STEPS_MAX && steps.windows(2).all(deeper)
    };
    let rule = format!(
        "is not a list of at most {RULE_STEPS_MAX} steps like [{{\"at\": \"17:00\", \
         \"discount_percent\": 30}}], each deeper than the one before, none above \
         {DISCOUNT_PERCENT_MAX}"
    );
    fields.check("rule", steps.filter(in_order).ok_or(rule))
}

fn step(json: &str) -> Option<RuleStep> {
    let mut fields = FieldReader::new(json, STEP_FIELDS).ok()?;
    let (at, discount_percent) = (fields.clock_time("at")?, fields.percent("discount_percent")?);
    Some(RuleStep { at, discount_percent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_have_their_shares_and_never_change() {
        let experiment = Experiment {
            salt: "spring".to_owned(),
            control_percent: 20,
            exploration_percent: 5,
            rule: Vec::new(),
        };
        let store_id: StoreId = "0042".parse().unwrap();
        let first: NaiveDate = "2026-01-01".parse().unwrap();
        let arms = |experiment: &Experiment| -> Vec<Arm> {
            let days = first.iter_days().take(2_000);
            days.map(|date| experiment.arm(&store_id, Some("bread"), date)).collect()
        };
        let of = |arm: Arm, arms: &[Arm]| arms.iter().filter(|found| **found == arm).count();
        let found = arms(&experiment);
        assert_eq!(found, arms(&experiment));
        // A binomial share of 2,000 days, within five standard deviations.
        assert!(of(Arm::Control, &found).abs_diff(400) < 90, "{}", of(Arm::Control, &found));
        assert!(of(Arm::Exploration, &found).abs_diff(100) < 50);
        let other = Experiment { salt: "summer".to_owned(), ..experiment.clone() };
        assert_ne!(found, arms(&other));
        assert_eq!(of(Arm::Policy, &arms(&Experiment::default())), 2_000);
        let uncategorised = first.iter_days().map(|date| experiment.arm(&store_id, None, date));
        assert!(!uncategorised.take(50).eq(found[..50].iter().copied()));
    }
}
