//! Value of each price, averaged over the beliefs about demand.

use demand::{Belief, Elasticity, effect, exponent};
use rust_decimal::prelude::FromPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::decision::ExpectedOutcome;
use crate::decision_request::DecisionRequest;
use crate::demand_today::to_f64;
use crate::ladder::LadderStep;
use crate::slot_demand::SlotDemand;
use crate::solver::{ChangeRules, SolverProblem, StepValue, StepValues, solve};

/// Largest number of solver units on hand. A larger stock is counted in groups, which changes the
/// value by less than a thousandth.
const UNITS_MAX: u64 = 400;
/// Number of solver units that are distinguished in any case.
const UNITS_MIN: u64 = 50;
/// Largest work of a decision: states over all slots, times the square of the solver units.
const WORK_MAX: u64 = 400_000_000;

/// Problem to be solved for each belief.
pub(crate) struct DecisionModel<'a> {
    pub(crate) request: &'a DecisionRequest,
    pub(crate) elasticity: &'a Elasticity,
    /// Units of each slot on the usual day at the regular price.
    pub(crate) expected: &'a [f64],
    pub(crate) usable: &'a [LadderStep],
    pub(crate) changes: ChangeRules,
    pub(crate) slot_size: Option<f64>,
}

impl DecisionModel<'_> {
    /// Returns the value of each price, averaged over the beliefs.
    pub(crate) fn averaged(&self, beliefs: &[Belief]) -> StepValues {
        let mut average: Option<StepValues> = None;
        let units_max = self.units_max(beliefs.len());
        for belief in beliefs {
            let values = self.solve(belief, units_max);
            let average = average.get_or_insert_with(|| StepValues {
                steps: vec![StepValue::default(); values.steps.len()],
                unchanged: StepValue::default(),
            });
            for (sum, value) in average.steps.iter_mut().zip(&values.steps) {
                sum.add(belief.weight, value);
            }
            average.unchanged.add(belief.weight, &values.unchanged);
        }
        average.expect("there is at least one belief")
    }

    /// Returns the value of each price under a belief, in sellable units.
    fn solve(&self, belief: &Belief, units_max: u64) -> StepValues {
        let regular = to_f64(self.request.regular_price);
        let prices: Vec<f64> = self.usable.iter().map(|step| to_f64(step.price)).collect();
        let exponents = prices.iter().map(|price| exponent(self.elasticity.form, price / regular));
        let effects: Vec<f64> =
            exponents.map(|of_price| effect(belief.elasticity, of_price)).collect();
        let deepest = effects.iter().copied().fold(0.0, f64::max);
        let means = self.expected.iter().map(|expected| belief.level.mean * expected);
        let most = self.most_sold(means.clone().map(|mean| mean * deepest));
        let sellable = self.request.on_hand.min(most);
        let units = sellable.min(units_max);
        let unit_size = if units == 0 { 1.0 } else { sellable as f64 / units as f64 };
        let on_hand = usize::try_from(units).expect("a few hundred");

        let mut known: Vec<f64> = Vec::new();
        let mut demand: Vec<Vec<SlotDemand>> = Vec::new();
        let slots: Vec<usize> = means
            .map(|mean| {
                // Hours of even demand are many slots with the same distribution.
                if known.last() != Some(&mean) {
                    known.push(mean);
                    let of_step =
                        |effect| SlotDemand::new(mean * effect, self.slot_size, unit_size, on_hand);
                    demand.push(effects.iter().map(of_step).collect());
                }
                known.len() - 1
            })
            .collect();
        let unit_prices: Vec<f64> = prices.iter().map(|price| price * unit_size).collect();
        let salvage = to_f64(self.request.salvage_value);
        let values = solve(&SolverProblem {
            on_hand,
            prices: &unit_prices,
            demand: &slots.iter().map(|slot| demand[*slot].as_slice()).collect::<Vec<_>>(),
            salvage: salvage * unit_size,
            changes: self.changes,
        });
        let beyond = (self.request.on_hand - sellable) as f64 * salvage;
        values.map(|StepValue { value, sold }| StepValue {
            value: value + beyond,
            sold: sold * unit_size,
        })
    }

    /// Returns the number of solver units that can be distinguished in reasonable time.
    fn units_max(&self, beliefs: usize) -> u64 {
        let slots = self.expected.len();
        let states = beliefs * slots * self.changes.states(slots, self.usable.len());
        // The work grows with the square of the units: each stock may become any smaller one.
        let units = WORK_MAX.checked_div(states as u64).unwrap_or(WORK_MAX).isqrt();
        units.clamp(UNITS_MIN, UNITS_MAX)
    }

    /// Returns the number of units that demand exceeds with a probability below one in a billion.
    fn most_sold(&self, means: impl Iterator<Item = f64>) -> u64 {
        let (mut mean, mut variance) = (0.0, 0.0);
        for slot in means {
            mean += slot;
            variance += slot + self.slot_size.map_or(0.0, |size| slot * slot / size);
        }
        (mean + 6.5 * variance.sqrt() + 20.0).ceil() as u64
    }

    /// Converts a value in sellable units to the figures of the decision.
    pub(crate) fn outcome(&self, StepValue { value, sold }: &StepValue) -> ExpectedOutcome {
        let on_hand = Decimal::from(self.request.on_hand);
        let places = self.request.currency.minor_digits();
        let units = rounded(*sold, 4).clamp(Decimal::ZERO, on_hand);
        let salvage = to_f64(self.request.salvage_value) * (self.request.on_hand as f64 - sold);
        ExpectedOutcome {
            units,
            revenue: rounded(value - salvage, places),
            waste: on_hand - units,
            value: rounded(*value, places),
        }
    }
}

fn rounded(value: f64, places: u32) -> Decimal {
    let exact = Decimal::from_f64(value).unwrap_or_default();
    let mut rounded = exact.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    if rounded.is_zero() { Decimal::new(0, places) } else { rounded }
}
