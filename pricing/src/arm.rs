//! What is shown in each arm of the experiment, given what the optimiser found.

use chrono::{DateTime, Utc};
use domain::calendar::BusinessDay;
use domain::draw;
use domain::experiment::RuleStep;
use domain::{Arm, Experiment, Store};
use rust_decimal::Decimal;

use crate::decision::{Decision, Expected};
use crate::situation::Situation;

/// Steps that lose no more than this part of the best value are left to chance.
const NEARLY_BEST: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// The step to show now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// The step.
    pub discount_percent: u8,
    /// Its price.
    pub price: Decimal,
    /// What is expected of it.
    pub expected: Expected,
    /// Why it was chosen.
    pub why: Why,
}

/// Why a step was chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It is the best.
    Best,
    /// The retailer's rule says so.
    Rule(RuleStep),
    /// By chance, of so many that are nearly the best.
    Chance(usize),
}

/// What an arm shows. Only allowed steps are chosen, in every arm.
#[must_use]
pub fn choose(
    arm: Arm,
    (store, day, slot): (&Store, &BusinessDay, DateTime<Utc>),
    situation: &Situation,
    decision: &Decision,
) -> Choice {
    let experiment = &store.policy.experiment;
    let chosen = match arm {
        Arm::Policy => None,
        Arm::Control => Some(by_rule(experiment, (store, day, slot), situation, decision)),
        Arm::Exploration => by_chance(experiment, situation, decision),
    };
    chosen.unwrap_or_else(|| Choice {
        discount_percent: decision.discount_percent,
        price: decision.price,
        expected: decision.expected.clone(),
        why: Why::Best,
    })
}

/// The allowed steps of a decision.
fn allowed(decision: &Decision) -> impl Iterator<Item = Choice> {
    decision.alternatives.iter().filter_map(|it| {
        let expected = it.outcome.as_ref().ok()?.clone();
        let (discount_percent, price) = (it.discount_percent, it.price);
        Some(Choice { discount_percent, price, expected, why: Why::Best })
    })
}

/// As deep as the rule says by now, or as deep as is allowed before that.
fn by_rule(
    experiment: &Experiment,
    (store, day, slot): (&Store, &BusinessDay, DateTime<Utc>),
    situation: &Situation,
    decision: &Decision,
) -> Choice {
    let shelf = situation.shelf.discount_percent;
    // Steps go deeper; a shop open past midnight has its last ones early by the clock.
    let due = experiment.rule.iter().rfind(|step| store.clock_on(day, step.at) <= slot);
    let wanted = due.map_or(shelf, |step| step.discount_percent.max(shelf));
    let chosen = allowed(decision).filter(|it| it.discount_percent <= wanted).last();
    let chosen = chosen.expect("the step on the shelf is allowed");
    Choice { why: due.map_or(Why::Best, |step| Why::Rule(*step)), ..chosen }
}

/// One of the steps that are nearly the best; `None` where there is but one.
fn by_chance(
    experiment: &Experiment,
    situation: &Situation,
    decision: &Decision,
) -> Option<Choice> {
    let best = decision.expected.value;
    let least = best - best.abs() * NEARLY_BEST;
    let near: Vec<Choice> = allowed(decision).filter(|it| it.expected.value >= least).collect();
    if near.len() < 2 {
        return None;
    }
    let as_of = situation.as_of.to_utc().to_string();
    let words = [&experiment.salt, &situation.store_id, &situation.sku, &as_of];
    let chosen = near[(draw(&words.map(String::as_str)) % near.len() as u64) as usize].clone();
    Some(Choice { why: Why::Chance(near.len()), ..chosen })
}
