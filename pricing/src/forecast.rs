//! What may be left, from now to the close, if a price stays: the distribution behind a decision's
//! expectations, for people to see how sure they are.
//!
//! The model is the decision's own, slot by slot. Where that takes today's level at its mean, which
//! costs no money, here its whole Gamma counts: a strong day is strong in all of its slots.

use chrono::{DateTime, FixedOffset};
use demand::{Belief, Level, LevelPrior, beliefs, exponent};
use rust_decimal::Decimal;
use statrs::distribution::{ContinuousCDF, Gamma};

use crate::calendar::Grid;
use crate::day::{Day, to_f64};
use crate::decide::Method;
use crate::sales::Demand;
use crate::situation::Situation;

/// Most moments; where there would be more decisions, some are taken together.
const SLOTS_MAX: usize = 200;
/// Most lots on hand that are told apart.
const LOTS_MAX: u64 = 400;
/// Levels that stand for the Gamma of today's level, each for an equal share of it.
const LEVELS: u32 = 15;

/// What may be left at one moment. Eight of ten such afternoons have from `low` to `high` left, and
/// one of ten less, one of ten more.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Left {
    /// The moment.
    pub at: DateTime<FixedOffset>,
    /// The lower tenth.
    pub low: f64,
    /// The half.
    pub middle: f64,
    /// The upper tenth.
    pub high: f64,
}

/// What may be left at each moment of decision from now on, and at the close, while `price` stays.
#[must_use]
pub fn left(situation: &Situation, price: Decimal) -> Vec<Left> {
    let method = Method::default();
    let grid = Grid::of(situation, SLOTS_MAX);
    let day = Day::of(situation, &grid);
    let elasticity = situation.elasticity.unwrap_or_default();
    let seen = day.seen(&elasticity);
    let beliefs =
        beliefs(day.level, &elasticity, &situation.offer_history, &seen, &method.learning);
    let is_exact = day.level == LevelPrior::Known && elasticity.sd == 0.0;
    let size = method.slot_size.filter(|_| !is_exact);
    let lots = situation.on_hand.min(LOTS_MAX);
    let lot = if lots == 0 { 1.0 } else { situation.on_hand as f64 / lots as f64 };

    let share = to_f64(price) / to_f64(situation.regular_price);
    let effect = exponent(elasticity.form, share);
    let mut afternoons: Vec<Afternoon> =
        beliefs.iter().flat_map(|belief| afternoons(belief, effect, lots as usize)).collect();
    let mut course = vec![quantiles(&afternoons, grid.marks[0], lot)];
    for (expected, at) in day.expected.iter().zip(&grid.marks[1..]) {
        afternoons.iter_mut().for_each(|afternoon| afternoon.sell(*expected, size, lot));
        course.push(quantiles(&afternoons, *at, lot));
    }
    course
}

/// One strength of demand with what may be left under it.
struct Afternoon {
    weight: f64,
    /// Demand against that of the usual day at the regular price.
    strength: f64,
    /// The probability of each number of lots.
    left: Vec<f64>,
}

/// A belief as so many strengths of demand.
fn afternoons(belief: &Belief, effect: f64, lots: usize) -> impl Iterator<Item = Afternoon> {
    let Belief { weight, elasticity, level: Level { mean, size } } = *belief;
    let gamma = Gamma::new(size, size / mean).ok().filter(|_| size.is_finite());
    let levels: Vec<f64> = match gamma {
        None => vec![mean],
        Some(gamma) => {
            let middle = |index| (f64::from(index) + 0.5) / f64::from(LEVELS);
            (0..LEVELS).map(|index| gamma.inverse_cdf(middle(index))).collect()
        }
    };
    let weight = weight / levels.len() as f64;
    let price = demand::effect(elasticity, effect);
    levels.into_iter().map(move |level| {
        let mut left = vec![0.0; lots + 1];
        left[lots] = 1.0;
        Afternoon { weight, strength: level * price, left }
    })
}

impl Afternoon {
    fn sell(&mut self, expected: f64, size: Option<f64>, lot: f64) {
        let on_hand = self.left.len() - 1;
        let demand = Demand::new(expected * self.strength, size, lot, on_hand);
        let mut left = vec![0.0; self.left.len()];
        for (on_hand, probability) in self.left.iter().enumerate() {
            for (asked, chance) in demand.probability.iter().enumerate() {
                left[on_hand.saturating_sub(asked)] += probability * chance;
            }
        }
        self.left = left;
    }
}

fn quantiles(afternoons: &[Afternoon], at: DateTime<FixedOffset>, lot: f64) -> Left {
    let lots = afternoons.first().map_or(0, |afternoon| afternoon.left.len());
    let all: f64 = afternoons.iter().map(|afternoon| afternoon.weight).sum();
    let quantile = |share: f64| {
        let mut below = 0.0;
        let found = (0..lots).find(|lots| {
            let here = afternoons.iter().map(|afternoon| afternoon.weight * afternoon.left[*lots]);
            below += here.sum::<f64>();
            below >= share * all
        });
        found.unwrap_or(lots.saturating_sub(1)) as f64 * lot
    };
    Left { at, low: quantile(0.1), middle: quantile(0.5), high: quantile(0.9) }
}
