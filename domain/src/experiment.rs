//! Does it work? Some of a store's categories keep the retailer's old rule on some days, and on a
//! few days a choice among nearly equal prices is left to chance. Which, is decided by digest: any
//! program finds the same arm, also for days on which nothing was offered.

use chrono::{NaiveDate, NaiveTime};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::chance::draw;
use crate::fault::Fault;
use crate::fields::Fields;
use crate::id::StoreId;
use crate::limits::DISCOUNT_PERCENT_MAX;
use crate::words::words;

/// Most steps of the rule.
const RULE_STEPS_MAX: usize = 24;

const FIELDS: &[&str] = &["salt", "control_percent", "exploration_percent", "rule"];
const STEP_FIELDS: &[&str] = &["at", "discount_percent"];

/// How a store's categories and days are spread over the arms; nothing but the policy, unless told
/// otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Experiment {
    /// Another salt draws other days.
    pub salt: String,
    /// How many of a hundred days of a category keep the rule.
    pub control_percent: u8,
    /// How many of a hundred explore.
    pub exploration_percent: u8,
    /// What the retailer did before, each step deeper; without a step, no discounts.
    pub rule: Vec<RuleStep>,
}

/// From a time on, a discount.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RuleStep {
    /// By the store's clock.
    pub at: NaiveTime,
    /// How deep.
    pub discount_percent: u8,
}

words! {
    /// Who decides.
    Arm {
        /// The optimiser.
        Policy = "policy",
        /// The retailer's rule.
        Control = "control",
        /// The optimiser, but chance among the steps that are nearly as good as the best.
        Exploration = "exploration",
    }
}

impl Experiment {
    /// The arm of a category of a store on a date; items without a category are one.
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

    /// Whether there are arms beside the policy's.
    #[must_use]
    pub fn compares(&self) -> bool {
        self.control_percent > 0 || self.exploration_percent > 0
    }

    pub(crate) fn parse(json: &str) -> Result<Self, Vec<Fault>> {
        let mut fields = Fields::of(json, FIELDS).map_err(|fault| vec![fault])?;
        let group = |fields: &mut Fields<'_>, field| fields.whole(field, 0..=100_u8, "percent");
        let experiment = Self {
            salt: fields.text("salt").unwrap_or_default(),
            control_percent: group(&mut fields, "control_percent").unwrap_or(0),
            exploration_percent: group(&mut fields, "exploration_percent").unwrap_or(0),
            rule: rule(&mut fields).unwrap_or_default(),
        };
        let Self { control_percent, exploration_percent, .. } = experiment;
        if u16::from(control_percent) + u16::from(exploration_percent) > 100 {
            fields.fault("exploration_percent", "is with control_percent more than 100");
        }
        if fields.faults.is_empty() { Ok(experiment) } else { Err(fields.faults) }
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

fn rule(fields: &mut Fields<'_>) -> Option<Vec<RuleStep>> {
    let raw = fields.raw("rule")?;
    let given = serde_json::from_str::<Vec<&RawValue>>(raw).ok();
    let steps = given.and_then(|steps| steps.iter().map(|raw| step(raw.get())).collect());
    let in_order = |steps: &Vec<RuleStep>| {
        let deeper = |pair: &[RuleStep]| pair[0].discount_percent < pair[1].discount_percent;
        steps.len() <= RULE_STEPS_MAX && steps.windows(2).all(deeper)
    };
    let told = format!(
        "is not a list of at most {RULE_STEPS_MAX} steps like [{{\"at\": \"17:00\", \
         \"discount_percent\": 30}}], each deeper than the one before, none above \
         {DISCOUNT_PERCENT_MAX}"
    );
    fields.parsed("rule", steps.filter(in_order).ok_or(told))
}

fn step(json: &str) -> Option<RuleStep> {
    let mut fields = Fields::of(json, STEP_FIELDS).ok()?;
    let (at, discount_percent) = (fields.clock("at")?, fields.percent("discount_percent")?);
    Some(RuleStep { at, discount_percent })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arms_are_spread_as_told_and_stay_where_they_are() {
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
