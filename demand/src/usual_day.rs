//! Usual day: expected sales of each slot at the regular price, on a day of level 1.
//!
//! Sales of a day are Poisson around the product of the day's level, the ratio of its kind of day
//! and the usual day. The three are estimated in turns, because a slot is seen on some days more
//! than on others: strong days sell out early, and weak days have offers. Only the time in which
//! the item was available counts.

use domain::closed_day::SLOTS_PER_DAY;
use domain::history::{DayKind, UsualDay};

use crate::elasticity::effect;
use crate::estimate::rounded;
use crate::item_history::{Cell, Day};
use crate::level::{DAY_CV_DEFAULT, LevelPrior, PAST_DAY_SIZE};

const SLOTS: usize = SLOTS_PER_DAY as usize;
const DAY_CV_MIN: f64 = 0.05;
const DAY_CV_MAX: f64 = 1.5;
/// Number of fully informative days that the default variation counts for.
const DAY_CV_DAYS: f64 = 7.0;
/// Coefficient of variation between kinds of days.
const KIND_SD: f64 = 0.4;
/// Number of days that an even day counts for in the shape. Without it, a slot without sales on few
/// days would be expected to never sell.
const EVEN_DAYS: f64 = 1.0;
/// Number of days that the shape of all kinds counts for in the shape of one kind.
const SHAPE_DAYS: f64 = 10.0;
/// Number of days that the other kinds count for, for a kind without a day of its own: variance of
/// days over variance of kinds.
const BORROWED_DAYS: f64 = 0.5;
/// Number of turns of estimating levels, kinds and usual day.
const ROUNDS: u32 = 8;

/// Slot of a day, exposed to demand at the regular price for `weight` slots.
struct Point {
    slot: usize,
    weight: f64,
    units: f64,
    /// Poisson variance of the units.
    chance: f64,
}

struct DayPoints {
    kind: DayKind,
    points: Vec<Point>,
}

/// Fitted usual days, in typical sales.
pub(crate) struct UsualDayFit {
    means: SlotMeans,
    /// Number of days, by kind.
    days: [f64; 3],
    day_cv: f64,
}

/// Observations and means, by kind and slot.
struct SlotMeans {
    /// Sales of each kind of day relative to the mean day.
    ratios: [f64; 3],
    by_kind: [[Option<f64>; SLOTS]; 3],
    weights: [f64; SLOTS],
    units: [f64; SLOTS],
}

/// Fits the slots at the regular price only. `elasticity` is for discounts without an offer.
pub(crate) fn at_regular_price(days: &[Day], elasticity: f64) -> UsualDayFit {
    usual_of(days, elasticity, |cell| cell.offered == 0.0)
}

/// Fits all slots; demand under an offer is converted to the regular price.
pub(crate) fn of_all_slots(days: &[Day], elasticity: f64) -> UsualDayFit {
    usual_of(days, elasticity, |_| true)
}

/// Returns the sales of a cell at the regular price, for a discount without an offer. The duration
/// of such a price is unknown, so the sales are scaled and not the time.
pub(crate) fn without_discount(cell: &Cell, elasticity: f64) -> f64 {
    cell.sold * effect(-elasticity, cell.unoffered)
}

fn usual_of(days: &[Day], elasticity: f64, wanted: impl Fn(&&Cell) -> bool) -> UsualDayFit {
    let point = |cell: &Cell| {
        let units = without_discount(cell, elasticity);
        let weight = cell.share * effect(elasticity, cell.offered);
        let chance = units * effect(-elasticity, cell.unoffered);
        Point { slot: cell.slot, weight, units, chance }
    };
    let points = |day: &Day| DayPoints {
        kind: day.kind,
        points: day.cells.iter().filter(&wanted).map(point).collect(),
    };
    let days: Vec<DayPoints> = days.iter().map(points).filter(DayPoints::is_exposed).collect();
    let mut levels = vec![1.0; days.len()];
    let mut means = SlotMeans::of(&days, &levels, [1.0; 3]);
    let prior = LevelPrior::Gamma(PAST_DAY_SIZE);
    for _ in 0..ROUNDS {
        for (level, day) in levels.iter_mut().zip(&days) {
            *level = prior.posterior(day.units(), means.expected(day)).mean;
        }
        let mean = levels.iter().sum::<f64>() / days.len().max(1) as f64;
        levels.iter_mut().for_each(|level| *level /= mean);
        means = SlotMeans::of(&days, &levels, means.ratios);
    }
    let of_kind = |kind| days.iter().filter(|day| day.kind == kind).count() as f64;
    UsualDayFit { day_cv: day_cv(&days, &means), days: DayKind::ALL.map(of_kind), means }
}

impl DayPoints {
    fn is_exposed(&self) -> bool {
        self.points.iter().any(|point| point.weight > 0.0)
    }

    fn units(&self) -> f64 {
        self.points.iter().map(|point| point.units).sum()
    }
}

impl SlotMeans {
    /// Estimates the means; `ratios` are those of the turn before.
    fn of(days: &[DayPoints], levels: &[f64], ratios: [f64; 3]) -> Self {
        let mut weights = [[0.0; SLOTS]; 3];
        let mut units = [[0.0; SLOTS]; 3];
        let mut days_of = [0.0; 3];
        for (day, level) in days.iter().zip(levels) {
            let kind = day.kind as usize;
            days_of[kind] += 1.0;
            for point in &day.points {
                weights[kind][point.slot] += level * point.weight;
                units[kind][point.slot] += point.units;
            }
        }
        let all = |table: &[[f64; SLOTS]; 3], scales: [f64; 3]| -> [f64; SLOTS] {
            let of_kinds = |slot: usize| table.iter().map(move |of_kind| of_kind[slot]);
            std::array::from_fn(|slot| {
                of_kinds(slot).zip(scales).map(|(value, scale)| value * scale).sum()
            })
        };
        let (expected, sold) = (all(&weights, ratios), all(&units, [1.0; 3]));
        let even = sold.iter().sum::<f64>() / expected.iter().sum::<f64>();
        let pooled: [Option<f64>; SLOTS] = std::array::from_fn(|slot| {
            let mean = (sold[slot] + EVEN_DAYS * even) / (expected[slot] + EVEN_DAYS);
            (expected[slot] > 0.0).then_some(mean)
        });
        let ratios: [f64; 3] =
            std::array::from_fn(|kind| ratio(&pooled, &weights[kind], &units[kind], days_of[kind]));
        let by_kind = std::array::from_fn(|kind| {
            std::array::from_fn(|slot| {
                let expected = ratios[kind] * pooled[slot]?;
                let seen = units[kind][slot] + SHAPE_DAYS * expected;
                Some(seen / (weights[kind][slot] + SHAPE_DAYS))
            })
        });
        Self { ratios, by_kind, weights: all(&weights, [1.0; 3]), units: sold }
    }

    fn at(&self, kind: DayKind, slot: usize) -> f64 {
        self.by_kind[kind as usize][slot].unwrap_or(0.0)
    }

    fn expected(&self, day: &DayPoints) -> f64 {
        day.points.iter().map(|point| point.weight * self.at(day.kind, point.slot)).sum()
    }
}

/// Returns the sales of a kind of day relative to all kinds, shrunk to 1 by the chance in its days.
fn ratio(
    pooled: &[Option<f64>; SLOTS],
    weights: &[f64; SLOTS],
    units: &[f64; SLOTS],
    days: f64,
) -> f64 {
    let expected = pooled.iter().zip(weights).map(|(mean, weight)| mean.unwrap_or(0.0) * weight);
    let expected: f64 = expected.sum();
    if expected <= 0.0 {
        return 1.0;
    }
    let sold: f64 = units.iter().sum();
    let chance = DAY_CV_DEFAULT * DAY_CV_DEFAULT / days + 1.0 / expected;
    let trusted = KIND_SD * KIND_SD / (KIND_SD * KIND_SD + chance);
    1.0 + trusted * (sold / expected - 1.0)
}

/// Returns the variation of day totals by moments without chance. Each day is weighted by its
/// information beyond chance.
fn day_cv(days: &[DayPoints], means: &SlotMeans) -> f64 {
    let usual = DAY_CV_DEFAULT * DAY_CV_DEFAULT;
    let (mut weights, mut squares) = (0.0, 0.0);
    for day in days {
        let expected = means.expected(day);
        if expected > 0.0 {
            let off = day.units() - expected;
            let chance: f64 = day.points.iter().map(|point| point.chance).sum();
            let informed = usual * expected / (1.0 + usual * expected);
            weights += informed * informed;
            squares += informed * informed * (off * off - chance) / (expected * expected);
        }
    }
    // The usual day was fitted to the same days.
    let fitted = if days.len() > 1 { days.len() as f64 / (days.len() - 1) as f64 } else { 1.0 };
    let square = (squares * fitted + DAY_CV_DAYS * usual) / (weights + DAY_CV_DAYS);
    libm::sqrt(square.max(0.0)).clamp(DAY_CV_MIN, DAY_CV_MAX)
}

impl UsualDayFit {
    /// Returns the typical sales expected in a slot at the regular price.
    pub(crate) fn at(&self, kind: DayKind, slot: usize) -> f64 {
        self.means.at(kind, slot)
    }

    /// Returns the observations of a slot, in whole slots.
    pub(crate) fn slots_behind(&self, slot: usize) -> f64 {
        self.means.weights[slot]
    }

    /// Returns the observed typical sales of a slot.
    pub(crate) fn sales_behind(&self, slot: usize) -> f64 {
        self.means.units[slot]
    }

    pub(crate) fn days(&self) -> f64 {
        self.days.iter().sum()
    }

    pub(crate) fn day_cv(&self) -> f64 {
        rounded(self.day_cv)
    }

    /// Returns the usual day of each kind, in units of the item.
    pub(crate) fn kinds(&self, typical_sale: f64) -> [UsualDay; 3] {
        let any = self.days() > 0.0;
        std::array::from_fn(|kind| {
            let units =
                self.means.by_kind[kind].map(|mean| mean.map(|mean| rounded(mean * typical_sale)));
            let known = units.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
            let days = if any { self.days[kind].max(BORROWED_DAYS) } else { 0.0 };
            UsualDay { days, units: units[..known].to_vec() }
        })
    }
}
