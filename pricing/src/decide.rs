//! One decision: which step to show now, what is expected of it, and why.

use demand::{Learning, LevelPrior, beliefs};
use rust_decimal::Decimal;

use crate::calendar::Grid;
use crate::day::Day;
use crate::decision::{Alternative, Decision, Expected, WhyNot};
use crate::ladder::{Step, steps};
use crate::model::{Figures, Model};
use crate::programme::Changes;
use crate::reason::{Findings, reason};
use crate::situation::Situation;

/// Most decisions looked ahead; where there would be more, some are taken together.
const SLOTS_MAX: usize = 500;
/// So many are looked ahead in any case.
const SLOTS_MIN: usize = 24;
/// Most states of the programme over all slots, but for the units on hand.
const STATES_MAX: usize = 150_000;

/// Parts of the algorithm. All are on in production; the simulator switches single parts off to
/// measure their value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// Estimation from past offers and today's sales.
    pub learning: Learning,
    /// Size of the negative binomial of a slot's sales; `None` for Poisson. Where everything is
    /// known exactly, sales are Poisson anyway.
    pub slot_size: Option<f64>,
}

impl Default for Method {
    fn default() -> Self {
        Self { learning: Learning::default(), slot_size: Some(4.0) }
    }
}

/// Decides. The same situation always gets the same decision, to the last bit.
#[must_use]
pub fn decide(situation: &Situation) -> Decision {
    decide_by(situation, &Method::default())
}

/// Decides with parts of the algorithm switched off.
#[must_use]
pub fn decide_by(situation: &Situation, method: &Method) -> Decision {
    let ladder = steps(situation);
    let shelf = situation.shelf.discount_percent;
    let shown =
        |step: &&Step| step.percent == shelf || step.percent > shelf && step.barred.is_none();
    let usable: Vec<Step> = ladder.iter().filter(shown).copied().collect();
    let max_changes = situation.rules.max_changes.unwrap_or(u32::MAX);
    let left = max_changes.saturating_sub(situation.shelf.changes_today);
    let (grid, changes) = grid(situation, usable.len(), left);
    let day = Day::of(situation, &grid);
    let elasticity = situation.elasticity.unwrap_or_default();
    let beliefs = beliefs(
        day.level,
        &elasticity,
        &situation.offer_history,
        &day.seen(&elasticity),
        &method.learning,
    );
    let is_exact = day.level == LevelPrior::Known && elasticity.sd == 0.0;
    let model = Model {
        situation,
        elasticity: &elasticity,
        expected: &day.expected,
        usable: &usable,
        changes,
        slot_size: method.slot_size.filter(|_| !is_exact),
    };
    let outlooks = model.averaged(&beliefs);

    let currency = situation.currency;
    let figures =
        Figures { on_hand: situation.on_hand, salvage: situation.salvage_value, currency };
    let if_unchanged = figures.of(&outlooks.unchanged);
    let outcome = |step: &Step| {
        if let Some(why) = step.barred {
            return Err(why);
        }
        match usable.iter().position(|usable| usable.percent == step.percent) {
            None => Err(WhyNot::Shallower),
            Some(index) if index < outlooks.steps.len() => Ok(figures.of(&outlooks.steps[index])),
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
        if_unchanged,
        reason: String::new(),
        alternatives,
    };
    let findings = Findings { level: day.is_usual.then_some(level), grid: &grid };
    decision.reason = reason(situation, &decision, &findings);
    decision
}

/// When decisions are taken, in as many slots as can be looked at in reasonable time.
fn grid(situation: &Situation, steps: usize, left: u32) -> (Grid, Changes) {
    let mut slots_max = SLOTS_MAX;
    loop {
        let grid = Grid::of(situation, slots_max);
        let changes = Changes { gap: grid.gap, first: grid.first_change, left: left as usize };
        let states = grid.slots() * changes.states(grid.slots(), steps);
        if states <= STATES_MAX || slots_max <= SLOTS_MIN {
            return (grid, changes);
        }
        slots_max = slots_max * 3 / 4;
    }
}

/// The allowed step of the highest value, of equal ones the shallowest.
fn best(alternatives: &[Alternative]) -> Option<(u8, Decimal, Expected)> {
    let mut best: Option<(u8, Decimal, &Expected)> = None;
    for alternative in alternatives {
        if let Ok(expected) = &alternative.outcome
            && best.is_none_or(|(_, _, best)| expected.value > best.value)
        {
            best = Some((alternative.discount_percent, alternative.price, expected));
        }
    }
    best.map(|(percent, price, expected)| (percent, price, expected.clone()))
}
