//! The usual day: in each slot what a day of average level would sell at the regular price.
//!
//! Sales of a day are Poisson around its level times its kind's times the usual day. These are
//! estimated in turns, because a slot is seen on some days more than on others: a strong day is
//! sold out early, and a weak one has offers. Only the time for which there was something to buy
//! counts.

use super::days::{Cell, Day};
use super::{DayKind, UsualDay, rounded};
use crate::closed_day::SLOTS_PER_DAY;

const SLOTS: usize = SLOTS_PER_DAY as usize;
/// Standard deviation / mean of day totals where nothing is known.
pub(super) const DAY_CV_DEFAULT: f64 = 0.3;
const DAY_CV_MIN: f64 = 0.05;
const DAY_CV_MAX: f64 = 1.5;
/// How many days of full information the default counts for.
const DAY_CV_DAYS: f64 = 7.0;
/// How much kinds of days differ from each other: standard deviation / mean.
const KIND_SD: f64 = 0.4;
/// How many days an even day counts for in the shape: a slot in which nobody came on the few days
/// that are known is not one in which nobody ever comes.
const EVEN_DAYS: f64 = 1.0;
/// How many days the shape of all kinds counts for in that of one.
const SHAPE_DAYS: f64 = 10.0;
/// What is known of a kind without a day of its own is worth that many: the variance of days over
/// that of kinds.
const BORROWED_DAYS: f64 = 0.5;
/// Turns of estimating levels, kinds and usual day.
const ROUNDS: u32 = 8;

/// A slot of a day as it counts: exposed to demand at the regular price for `weight` slots.
struct Point {
    slot: usize,
    weight: f64,
    units: f64,
    /// The variance that chance gives the units.
    chance: f64,
}

struct Points {
    kind: DayKind,
    points: Vec<Point>,
}

/// Usual days, in purchases.
pub(super) struct Usual {
    means: Means,
    /// How many days, by kind.
    days: [f64; 3],
    day_cv: f64,
}

/// What was seen and what it says, by kind and slot.
struct Means {
    /// How much a kind sells against the mean day.
    ratios: [f64; 3],
    by_kind: [[Option<f64>; SLOTS]; 3],
    weights: [f64; SLOTS],
    units: [f64; SLOTS],
}

/// By the slots at the regular price alone. `elasticity` is for discounts without an offer.
pub(super) fn at_regular_price(days: &[Day], elasticity: f64) -> Usual {
    usual_of(days, elasticity, |cell| cell.offered == 0.0)
}

/// By all slots, demand under an offer taken back to the regular price.
pub(super) fn usual(days: &[Day], elasticity: f64) -> Usual {
    usual_of(days, elasticity, |_| true)
}

/// What a sale without an offer would have been at the regular price. Nobody says for how long
/// such a price held, so the sale is scaled and not the time.
pub(super) fn taken_back(cell: &Cell, elasticity: f64) -> f64 {
    cell.sold * libm::exp(-elasticity * cell.unoffered)
}

fn usual_of(days: &[Day], elasticity: f64, wanted: impl Fn(&&Cell) -> bool) -> Usual {
    let point = |cell: &Cell| {
        let units = taken_back(cell, elasticity);
        let weight = cell.share * libm::exp(elasticity * cell.offered);
        let chance = units * libm::exp(-elasticity * cell.unoffered);
        Point { slot: cell.slot, weight, units, chance }
    };
    let points = |day: &Day| Points {
        kind: day.kind,
        points: day.cells.iter().filter(&wanted).map(point).collect(),
    };
    let days: Vec<Points> = days.iter().map(points).filter(Points::says_something).collect();
    let mut levels = vec![1.0; days.len()];
    let mut means = Means::of(&days, &levels, [1.0; 3]);
    let size = 1.0 / (DAY_CV_DEFAULT * DAY_CV_DEFAULT);
    for _ in 0..ROUNDS {
        for (level, day) in levels.iter_mut().zip(&days) {
            *level = (size + day.units()) / (size + means.expected(day));
        }
        let mean = levels.iter().sum::<f64>() / days.len().max(1) as f64;
        levels.iter_mut().for_each(|level| *level /= mean);
        means = Means::of(&days, &levels, means.ratios);
    }
    let of_kind = |kind| days.iter().filter(|day| day.kind == kind).count() as f64;
    Usual { day_cv: day_cv(&days, &means), days: DayKind::ALL.map(of_kind), means }
}

impl Points {
    fn says_something(&self) -> bool {
        self.points.iter().any(|point| point.weight > 0.0)
    }

    fn units(&self) -> f64 {
        self.points.iter().map(|point| point.units).sum()
    }
}

impl Means {
    /// `ratios` are those of the turn before.
    fn of(days: &[Points], levels: &[f64], ratios: [f64; 3]) -> Self {
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
            std::array::from_fn(|slot| of_kinds(slot).zip(scales).map(|(it, by)| it * by).sum())
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

    fn expected(&self, day: &Points) -> f64 {
        day.points.iter().map(|point| point.weight * self.at(day.kind, point.slot)).sum()
    }
}

/// How much a kind sells against all kinds together, as far as its days tell.
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

/// The variation of day totals by moments, chance taken off, each day with the weight that it
/// tells more than chance.
fn day_cv(days: &[Points], means: &Means) -> f64 {
    let usual = DAY_CV_DEFAULT * DAY_CV_DEFAULT;
    let (mut weights, mut squares) = (0.0, 0.0);
    for day in days {
        let expected = means.expected(day);
        if expected > 0.0 {
            let off = day.units() - expected;
            let chance: f64 = day.points.iter().map(|point| point.chance).sum();
            let told = usual * expected / (1.0 + usual * expected);
            weights += told * told;
            squares += told * told * (off * off - chance) / (expected * expected);
        }
    }
    // The usual day was fitted to these very days.
    let fitted = if days.len() > 1 { days.len() as f64 / (days.len() - 1) as f64 } else { 1.0 };
    let square = (squares * fitted + DAY_CV_DAYS * usual) / (weights + DAY_CV_DAYS);
    libm::sqrt(square.max(0.0)).clamp(DAY_CV_MIN, DAY_CV_MAX)
}

impl Usual {
    /// Purchases expected in a slot at the regular price.
    pub(super) fn at(&self, kind: DayKind, slot: usize) -> f64 {
        self.means.at(kind, slot)
    }

    /// How many whole slots of days are behind a slot.
    pub(super) fn slots_behind(&self, slot: usize) -> f64 {
        self.means.weights[slot]
    }

    /// How many purchases are behind a slot.
    pub(super) fn purchases_behind(&self, slot: usize) -> f64 {
        self.means.units[slot]
    }

    pub(super) fn days(&self) -> f64 {
        self.days.iter().sum()
    }

    pub(super) fn day_cv(&self) -> f64 {
        rounded(self.day_cv)
    }

    /// In units of the item.
    pub(super) fn kinds(&self, purchase: f64) -> [UsualDay; 3] {
        let any = self.days() > 0.0;
        std::array::from_fn(|kind| {
            let units = self.means.by_kind[kind].map(|mean| mean.map(|it| rounded(it * purchase)));
            let known = units.iter().rposition(Option::is_some).map_or(0, |last| last + 1);
            let days = if any { self.days[kind].max(BORROWED_DAYS) } else { 0.0 };
            UsualDay { days, units: units[..known].to_vec() }
        })
    }
}
