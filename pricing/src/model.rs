//! From beliefs to what each price is worth: the programme of each belief, and their average.

use demand::{Belief, Elasticity, effect, exponent};
use domain::Currency;
use rust_decimal::prelude::FromPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::day::to_f64;
use crate::decision::Expected;
use crate::ladder::Step;
use crate::programme::{Changes, Outlook, Outlooks, Problem, solve};
use crate::sales::Demand;
use crate::situation::Situation;

/// Most lots on hand that are told apart. More units than that are counted in lots, which changes
/// the value by less than a thousandth.
const LOTS_MAX: u64 = 400;
/// So many are told apart in any case.
const LOTS_MIN: u64 = 50;
/// How much work a decision may be: states, over all slots, times the square of the lots.
const WORK_MAX: u64 = 400_000_000;

/// What is to be solved for each belief.
pub(crate) struct Model<'a> {
    pub(crate) situation: &'a Situation,
    pub(crate) elasticity: &'a Elasticity,
    pub(crate) expected: &'a [f64],
    pub(crate) usable: &'a [Step],
    pub(crate) changes: Changes,
    pub(crate) slot_size: Option<f64>,
}

impl Model<'_> {
    /// What each price is worth, averaged over what may be true.
    pub(crate) fn averaged(&self, beliefs: &[Belief]) -> Outlooks {
        let mut average: Option<Outlooks> = None;
        let lots_max = self.lots_max(beliefs.len());
        for belief in beliefs {
            let outlooks = self.solve(belief, lots_max);
            let average = average.get_or_insert_with(|| Outlooks {
                steps: vec![Outlook::default(); outlooks.steps.len()],
                unchanged: Outlook::default(),
            });
            for (sum, outlook) in average.steps.iter_mut().zip(&outlooks.steps) {
                sum.add(belief.weight, outlook);
            }
            average.unchanged.add(belief.weight, &outlooks.unchanged);
        }
        average.expect("there is at least one belief")
    }

    /// What each price is worth, in units, if the belief is true.
    fn solve(&self, belief: &Belief, lots_max: u64) -> Outlooks {
        let regular = to_f64(self.situation.regular_price);
        let prices: Vec<f64> = self.usable.iter().map(|step| to_f64(step.price)).collect();
        let exponents = prices.iter().map(|price| exponent(self.elasticity.form, price / regular));
        let effects: Vec<f64> = exponents.map(|it| effect(belief.elasticity, it)).collect();
        let deepest = effects.iter().copied().fold(0.0, f64::max);
        let means = self.expected.iter().map(|expected| belief.level.mean * expected);
        let most = self.most(means.clone().map(|mean| mean * deepest));
        let units = self.situation.on_hand.min(most);
        let lots = units.min(lots_max);
        let lot = if lots == 0 { 1.0 } else { units as f64 / lots as f64 };

        let on_hand = usize::try_from(lots).expect("a few hundred");

        let mut known: Vec<f64> = Vec::new();
        let mut demand: Vec<Vec<Demand>> = Vec::new();
        let slots: Vec<usize> = means
            .map(|mean| {
                // Hours of even demand are many slots with the same one.
                if known.last() != Some(&mean) {
                    known.push(mean);
                    let of_step = |effect| Demand::new(mean * effect, self.slot_size, lot, on_hand);
                    demand.push(effects.iter().map(of_step).collect());
                }
                known.len() - 1
            })
            .collect();
        let by_lot: Vec<f64> = prices.iter().map(|price| price * lot).collect();
        let salvage = to_f64(self.situation.salvage_value);
        let outlooks = solve(&Problem {
            on_hand,
            prices: &by_lot,
            demand: &slots.iter().map(|slot| demand[*slot].as_slice()).collect::<Vec<_>>(),
            salvage: salvage * lot,
            changes: self.changes,
        });
        let beyond = (self.situation.on_hand - units) as f64 * salvage;
        outlooks.map(|outlook| Outlook { value: outlook.value + beyond, sold: outlook.sold * lot })
    }

    /// How many lots can be told apart in reasonable time, with so many programmes to solve.
    fn lots_max(&self, programmes: usize) -> u64 {
        let slots = self.expected.len();
        let states = programmes * slots * self.changes.states(slots, self.usable.len());
        // The work grows with the square of the lots: each may become any smaller number.
        let lots = WORK_MAX.checked_div(states as u64).unwrap_or(WORK_MAX).isqrt();
        lots.clamp(LOTS_MIN, LOTS_MAX)
    }

    /// More than can be sold, but for one chance in a billion.
    fn most(&self, means: impl Iterator<Item = f64>) -> u64 {
        let (mut mean, mut variance) = (0.0, 0.0);
        for slot in means {
            mean += slot;
            variance += slot + self.slot_size.map_or(0.0, |size| slot * slot / size);
        }
        (mean + 6.5 * variance.sqrt() + 20.0).ceil() as u64
    }
}

/// Turns outlooks into the decision's figures.
pub(crate) struct Figures {
    pub(crate) on_hand: u64,
    pub(crate) salvage: Decimal,
    pub(crate) currency: Currency,
}

impl Figures {
    /// The figures of an outlook in units.
    pub(crate) fn of(&self, outlook: &Outlook) -> Expected {
        let on_hand = Decimal::from(self.on_hand);
        let units = rounded(outlook.sold, 4).clamp(Decimal::ZERO, on_hand);
        let salvage = to_f64(self.salvage) * (self.on_hand as f64 - outlook.sold);
        Expected {
            units,
            revenue: rounded(outlook.value - salvage, self.currency.minor_digits()),
            waste: on_hand - units,
            value: rounded(outlook.value, self.currency.minor_digits()),
        }
    }
}

fn rounded(value: f64, places: u32) -> Decimal {
    let exact = Decimal::from_f64(value).unwrap_or_default();
    let mut rounded = exact.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero);
    rounded.rescale(places);
    if rounded.is_zero() { Decimal::new(0, places) } else { rounded }
}
