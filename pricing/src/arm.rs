//! Step shown in each arm of the experiment, given the optimiser's decision.

use chrono::{DateTime, Utc};
use domain::calendar::BusinessDay;
use domain::draw;
use domain::experiment::RuleStep;
use domain::{Arm, Experiment, Store};
use rust_decimal::Decimal;

use crate::decision::{Decision, ExpectedOutcome};
use crate::decision_request::DecisionRequest;

/// Largest loss of a step that is drawn at random, as a share of the best value: 1 %.
const NEARLY_BEST: Decimal = Decimal::from_parts(1, 0, 0, false, 2);

/// Step to show now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmChoice {
    /// Discount.
    pub discount_percent: u8,
    /// Shelf price.
    pub price: Decimal,
    /// Expectation at that price.
    pub expected: ExpectedOutcome,
    /// Origin of the choice.
    pub origin: ChoiceOrigin,
}

/// Origin of a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ChoiceOrigin {
    /// Highest expected value.
    Best,
    /// Rule of the retailer.
    Rule(RuleStep),
    /// Random draw from this number of nearly best steps.
    Random(usize),
}

/// Returns the step that an arm shows. Every arm chooses allowed steps only.
#[must_use]
pub fn choose(
    arm: Arm,
    (store, day, slot): (&Store, &BusinessDay, DateTime<Utc>),
    request: &DecisionRequest,
    decision: &Decision,
) -> ArmChoice {
    let experiment = &store.policy.experiment;
    let chosen = match arm {
        Arm::Policy => None,
        Arm::Control => Some(by_rule(experiment, (store, day, slot), request, decision)),
        Arm::Exploration => at_random(experiment, request, decision),
    };
    chosen.unwrap_or_else(|| ArmChoice {
        discount_percent: decision.discount_percent,
        price: decision.price,
        expected: decision.expected.clone(),
        origin: ChoiceOrigin::Best,
    })
}

fn allowed(decision: &Decision) -> impl Iterator<Item = ArmChoice> {
    decision.alternatives.iter().filter_map(|step| {
        let expected = step.outcome.as_ref().ok()?.clone();
        let (discount_percent, price) = (step.discount_percent, step.price);
        Some(ArmChoice { discount_percent, price, expected, origin: ChoiceOrigin::Best })
    })
}

/// Returns the deepest allowed step up to the step that the rule has reached at the slot.
fn by_rule(
    experiment: &Experiment,
    (store, day, slot): (&Store, &BusinessDay, DateTime<Utc>),
    request: &DecisionRequest,
    decision: &Decision,
) -> ArmChoice {
    let shelf = request.shelf.discount_percent;
    // Rule steps go deeper. In a store open past midnight the last ones have early clock times.
    let due = experiment.rule.iter().rfind(|step| store.clock_on(day, step.at) <= slot);
    let wanted = due.map_or(shelf, |step| step.discount_percent.max(shelf));
    let chosen = allowed(decision).filter(|step| step.discount_percent <= wanted).last();
    let chosen = chosen.expect("the step on the shelf is allowed");
    ArmChoice { origin: due.map_or(ChoiceOrigin::Best, |step| ChoiceOrigin::Rule(*step)), ..chosen }
}

/// Draws one of the nearly best steps; `None` if there is only one.
fn at_random(
    experiment: &Experiment,
    request: &DecisionRequest,
    decision: &Decision,
) -> Option<ArmChoice> {
    let best = decision.expected.value;
    let least = best - best.abs() * NEARLY_BEST;
    let near: Vec<ArmChoice> =
        allowed(decision).filter(|step| step.expected.value >= least).collect();
    if near.len() < 2 {
        return None;
    }
    let as_of = request.as_of.to_utc().to_string();
    let words = [&experiment.salt, &request.store_id, &request.sku, &as_of];
    let chosen = near[(draw(&words.map(String::as_str)) % near.len() as u64) as usize].clone();
    Some(ArmChoice { origin: ChoiceOrigin::Random(near.len()), ..chosen })
}
