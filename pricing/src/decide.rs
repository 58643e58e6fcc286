//! One decision: the step to show now, its expectation and its reason.

use demand::{Learning, LevelPrior, beliefs};
use rust_decimal::Decimal;

use crate::decision::{Alternative, Decision, ExpectedOutcome, WhyNot};
use crate::decision_grid::DecisionGrid;
use crate::decision_model::DecisionModel;
use crate::decision_request::DecisionRequest;
use crate::demand_today::DemandToday;
use crate::ladder::{LadderStep, steps};
use crate::reason::{ReasonContext, reason};
use crate::solver::ChangeRules;

/// Largest number of decisions looked ahead. More decisions are merged.
const SLOTS_MAX: usize = 500;
/// Number of decisions looked ahead in any case.
const SLOTS_MIN: usize = 24;
/// Largest number of solver states over all slots, without the units on hand.
const STATES_MAX: usize = 150_000;

/// Parts of the algorithm. All are on in production; the simulator switches single parts off to
/// measure their value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// Estimation from past offers and today's sales.
    pub learning: Learning,
    /// Size of the negative binomial of a slot's sales; `None` for Poisson. Sales are Poisson in
    /// any case if everything is known exactly.
    pub slot_size: Option<f64>,
}

impl Default for Method {
    fn default() -> Self {
        Self { learning: Learning::default(), slot_size: Some(4.0) }
    }
}

/// Decides about one item. Equal requests have equal decisions, to the last bit.
#[must_use]
pub fn decide(request: &DecisionRequest) -> Decision {
    decide_by(request, &Method::default())
}

/// Decides with parts of the algorithm switched off.
#[must_use]
pub fn decide_by(request: &DecisionRequest, method: &Method) -> Decision {
    let ladder = steps(request);
    let shelf = request.shelf.discount_percent;
    let is_usable =
        |step: &&LadderStep| step.percent == shelf || step.percent > shelf && step.barred.is_none();
    let usable: Vec<LadderStep> = ladder.iter().filter(is_usable).copied().collect();
    let max_changes = request.rules.max_changes.unwrap_or(u32::MAX);
    let left = max_changes.saturating_sub(request.shelf.changes_today);
    let (grid, changes) = grid(request, usable.len(), left);
    let today = DemandToday::new(request, &grid);
    let elasticity = request.elasticity.unwrap_or_default();
    let (past, sales) = (&request.offer_history, today.sales(&elasticity));
    let beliefs = beliefs(today.level, &elasticity, past, &sales, &method.learning);
    let is_exact = today.level == LevelPrior::Known && elasticity.sd == 0.0;
    let model = DecisionModel {
        request,
        elasticity: &elasticity,
        expected: &today.expected,
        usable: &usable,
        changes,
        slot_size: method.slot_size.filter(|_| !is_exact),
    };
    let values = model.averaged(&beliefs);

    let outcome = |step: &LadderStep| {
        if let Some(why) = step.barred {
            return Err(why);
        }
        match usable.iter().position(|usable| usable.percent == step.percent) {
            None => Err(WhyNot::Shallower),
            Some(index) if index < values.steps.len() => Ok(model.outcome(&values.steps[index])),
            Some(_) if grid.first_change > 0 => Err(WhyNot::Gap),
            Some(_) => Err(WhyNot::MaxChanges),
        }
    };
    let alternatives: Vec<Alternative> = ladder
        .iter()
        .map(|step| Alternative {
            discount_percent: step.percent,
            price: step.price,
            outcome: outcome(step),
        })
        .collect();
    let best = best(&alternatives);
    let (discount_percent, price, expected) = best.expect("the step on the shelf is allowed");
    let level: f64 = beliefs.iter().map(|belief| belief.weight * belief.level.mean).sum();
    let mut decision = Decision {
        changes: discount_percent != shelf,
        price,
        discount_percent,
        expected,
        if_unchanged: model.outcome(&values.unchanged),
        reason: String::new(),
        alternatives,
    };
    let context = ReasonContext { level: today.has_profile().then_some(level), grid: &grid };
    decision.reason = reason(request, &decision, &context);
    decision
}

/// Creates the grid of decisions, with as many slots as the solver can handle in reasonable time.
fn grid(request: &DecisionRequest, steps: usize, left: u32) -> (DecisionGrid, ChangeRules) {
    let mut slots_max = SLOTS_MAX;
    loop {
        let grid = DecisionGrid::new(request, slots_max);
        let changes = ChangeRules { gap: grid.gap, first: grid.first_change, left: left as usize };
        let states = grid.slots() * changes.states(grid.slots(), steps);
        if states <= STATES_MAX || slots_max <= SLOTS_MIN {
            return (grid, changes);
        }
        slots_max = slots_max * 3 / 4;
    }
}

/// Returns the allowed step of the highest value; the shallowest one on a tie.
fn best(alternatives: &[Alternative]) -> Option<(u8, Decimal, ExpectedOutcome)> {
    let mut best: Option<(u8, Decimal, &ExpectedOutcome)> = None;
    for alternative in alternatives {
        if let Ok(expected) = &alternative.outcome
            && best.is_none_or(|(_, _, best)| expected.value > best.value)
        {
            best = Some((alternative.discount_percent, alternative.price, expected));
        }
    }
    best.map(|(percent, price, expected)| (percent, price, expected.clone()))
}
