//! One decision: which step to show now, what is expected of it, and why.

use domain::demand::{Basis, Elasticity};
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};
use rust_decimal::{Decimal, RoundingStrategy};

use crate::calendar::{Grid, expected_between};
use crate::decision::{Alternative, Decision, Expected, WhyNot};
use crate::ladder::{Step, steps};
use crate::learning::{Belief, Level, Seen, beliefs, exponent, level};
use crate::programme::{Outlook, Outlooks, Problem, solve};
use crate::reason::{Findings, reason};
use crate::sales::Demand;
use crate::situation::Situation;

/// Most lots on hand that are told apart. More units than that are counted in lots, which changes
/// the value by less than a thousandth.
const LOTS_MAX: u64 = 400;
/// Most decisions looked ahead; where there would be more, some are taken together.
const SLOTS_MAX: usize = 400;
/// The size of an item's Gamma where nobody's days are known: next to nothing, so that the first
/// sales set the level.
const NO_PROFILE_SIZE: f64 = 0.3;

/// The parts of the algorithm. All are on in production; switched off, they show what each is
/// worth.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Method {
    /// Learn today's level from today's sales.
    pub learn_level: bool,
    /// Learn the elasticity from past offers and today's sales.
    pub learn_response: bool,
    /// Average over what the elasticity may be, instead of taking its mean.
    pub average_response: bool,
    /// Trust sales less where they vary more than Poisson's.
    pub temper: bool,
    /// How much a slot's sales vary beyond Poisson: the size of a negative binomial; `None` for
    /// Poisson. Where everything is known exactly, sales are Poisson anyway.
    pub slot_size: Option<f64>,
}

impl Default for Method {
    fn default() -> Self {
        Self {
            learn_level: true,
            learn_response: true,
            average_response: true,
            temper: true,
            slot_size: Some(4.0),
        }
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
    let grid = Grid::of(situation, SLOTS_MAX);
    let shelf = situation.shelf.discount_percent;
    let shown =
        |step: &&Step| step.percent == shelf || step.percent > shelf && step.barred.is_none();
    let usable: Vec<Step> = ladder.iter().filter(shown).copied().collect();
    let max_changes = situation.rules.max_changes.unwrap_or(u32::MAX);
    let changes = max_changes.saturating_sub(situation.shelf.changes_today);
    let day = Day::of(situation, &grid);
    let elasticity = situation.elasticity.unwrap_or_default();
    let beliefs =
        beliefs(day.level, &elasticity, &situation.offer_history, &day.seen(&elasticity), method);
    let is_exact = day.level == Level::Known && elasticity.sd == 0.0;
    let model = Model {
        situation,
        grid: &grid,
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
    let level: f64 = beliefs.iter().map(|belief| belief.weight * belief.level).sum();
    let mut decision = Decision {
        changes: discount_percent != shelf,
        price,
        discount_percent,
        expected,
        if_unchanged,
        reason: String::new(),
        alternatives,
    };
    let findings = Findings { level: day.is_usual.then_some(level), grid: &grid, changes };
    decision.reason = reason(situation, &decision, &findings);
    decision
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

/// What the usual day expects from now on, and what was seen of today.
struct Day<'a> {
    situation: &'a Situation,
    level: Level,
    /// Units of each slot to come.
    expected: Vec<f64>,
    /// Units an hour, where there is no profile.
    flat: f64,
    /// Whether there is a usual day that today can be compared with.
    is_usual: bool,
}

impl<'a> Day<'a> {
    fn of(situation: &'a Situation, grid: &Grid) -> Self {
        let slots = grid.marks.windows(2).map(|marks| (marks[0], marks[1]));
        let profile = situation.profile.as_ref().filter(|profile| profile.basis != Basis::None);
        if let Some(profile) = profile {
            let daily: f64 = profile.slots.iter().map(|slot| slot.units).sum();
            return Self {
                situation,
                level: level(profile.basis, profile.day_cv, profile.days, daily),
                expected: slots
                    .map(|(start, end)| expected_between(&profile.slots, start, end))
                    .collect(),
                flat: 0.0,
                is_usual: true,
            };
        }
        // Who stocks a shelf means to sell it: as much an hour as would leave nothing.
        let sold: u64 = situation.sales_today.iter().map(|sales| sales.units).sum();
        let opened = situation.sales_today.first().map_or(situation.as_of, |sales| sales.start);
        let flat = (sold + situation.on_hand) as f64 / hours(opened, situation.closes_at);
        Self {
            situation,
            level: Level::Unknown(NO_PROFILE_SIZE),
            expected: slots.map(|(start, end)| flat * hours(start, end)).collect(),
            flat,
            is_usual: false,
        }
    }

    /// What today's windows say. Of one with an empty shelf nothing is known.
    fn seen(&self, elasticity: &Elasticity) -> Vec<Seen> {
        let regular = to_f64(self.situation.regular_price);
        let known = self.situation.sales_today.iter().filter(|sales| !sales.sold_out);
        let (mut price, mut same) = (Decimal::ZERO, 0.0);
        known
            .map(|sales| {
                if sales.price != price {
                    price = sales.price;
                    same = exponent(elasticity.form, to_f64(price) / regular);
                }
                let zone = self.situation.as_of.offset();
                let (start, end) = (sales.start.with_timezone(zone), sales.end.with_timezone(zone));
                let expected = match &self.situation.profile {
                    Some(profile) if self.is_usual => expected_between(&profile.slots, start, end),
                    _ => self.flat * hours(start, end),
                };
                Seen { expected, units: sales.units as f64, exponent: same }
            })
            .filter(|seen| seen.expected > 0.0)
            .collect()
    }
}

fn hours(
    start: chrono::DateTime<chrono::FixedOffset>,
    end: chrono::DateTime<chrono::FixedOffset>,
) -> f64 {
    (end - start).num_seconds() as f64 / 3600.0
}

fn to_f64(amount: Decimal) -> f64 {
    amount.to_f64().expect("a decimal has a nearest float")
}

/// What is to be solved for each belief.
struct Model<'a> {
    situation: &'a Situation,
    grid: &'a Grid,
    elasticity: &'a Elasticity,
    expected: &'a [f64],
    usable: &'a [Step],
    changes: u32,
    slot_size: Option<f64>,
}

impl Model<'_> {
    fn averaged(&self, beliefs: &[Belief]) -> Outlooks {
        let mut average: Option<Outlooks> = None;
        for belief in beliefs {
            let outlooks = self.solve(belief);
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
    fn solve(&self, belief: &Belief) -> Outlooks {
        let regular = to_f64(self.situation.regular_price);
        let prices: Vec<f64> = self.usable.iter().map(|step| to_f64(step.price)).collect();
        let effect = |price: &f64| {
            libm::exp(belief.elasticity * exponent(self.elasticity.form, price / regular))
        };
        let effects: Vec<f64> = prices.iter().map(effect).collect();
        let deepest = effects.iter().copied().fold(0.0, f64::max);
        let means = self.expected.iter().map(|expected| belief.level * expected);
        let most = self.most(means.clone().map(|mean| mean * deepest));
        let units = self.situation.on_hand.min(most);
        let lots = units.min(LOTS_MAX);
        let lot = if lots == 0 { 1.0 } else { units as f64 / lots as f64 };

        let mut known: Vec<f64> = Vec::new();
        let mut demand: Vec<Vec<Demand>> = Vec::new();
        let slots: Vec<usize> = means
            .map(|mean| {
                // Hours of even demand are many slots with the same one.
                if known.last() != Some(&mean) {
                    known.push(mean);
                    let of_step = |effect| Demand::new(mean * effect, self.slot_size, lot);
                    demand.push(effects.iter().map(of_step).collect());
                }
                known.len() - 1
            })
            .collect();
        let by_lot: Vec<f64> = prices.iter().map(|price| price * lot).collect();
        let salvage = to_f64(self.situation.salvage_value);
        let outlooks = solve(&Problem {
            on_hand: usize::try_from(lots).expect("a few hundred"),
            prices: &by_lot,
            demand: &slots.iter().map(|slot| demand[*slot].as_slice()).collect::<Vec<_>>(),
            salvage: salvage * lot,
            gap: self.grid.gap,
            first_change: self.grid.first_change,
            changes: self.changes as usize,
        });
        let beyond = (self.situation.on_hand - units) as f64 * salvage;
        outlooks.map(|outlook| Outlook { value: outlook.value + beyond, sold: outlook.sold * lot })
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
struct Figures {
    on_hand: u64,
    salvage: Decimal,
    currency: domain::Currency,
}

impl Figures {
    fn of(&self, outlook: &Outlook) -> Expected {
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
