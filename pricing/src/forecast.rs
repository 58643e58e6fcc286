//! Forecast of the stock until the close at a constant price: the distribution behind a decision's
//! expectations.
//!
//! The model is that of the decision, slot by slot. The decision takes today's level at its mean,
//! which costs no value. Here the whole Gamma distribution of the level counts, because a strong
//! day is strong in all of its slots.

use chrono::{DateTime, FixedOffset};
use demand::{Belief, DayLevel, LevelPrior, beliefs, effect, exponent};
use rust_decimal::Decimal;
use statrs::distribution::{ContinuousCDF, Gamma};

use crate::decide::Method;
use crate::decision_grid::DecisionGrid;
use crate::decision_request::DecisionRequest;
use crate::demand_today::{DemandToday, to_f64};
use crate::slot_demand::SlotDemand;

/// Largest number of slots. More decisions are merged.
const SLOTS_MAX: usize = 200;
/// Largest number of solver units on hand. A larger stock is counted in groups.
const UNITS_MAX: u64 = 400;
/// Number of levels that stand for the Gamma distribution of today's level, with equal weights.
const LEVELS: u32 = 15;

/// Quantiles of the stock at one moment. The stock is between `low` and `high` in eight of ten
/// cases.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StockQuantiles {
    /// Moment.
    pub at: DateTime<FixedOffset>,
    /// Lower decile, in units.
    pub low: f64,
    /// Median, in units.
    pub middle: f64,
    /// Upper decile, in units.
    pub high: f64,
}

/// Returns the stock at each decision from now on, and at the close, while `price` stays.
#[must_use]
pub fn stock_until_close(request: &DecisionRequest, price: Decimal) -> Vec<StockQuantiles> {
    let method = Method::default();
    let grid = DecisionGrid::new(request, SLOTS_MAX);
    let today = DemandToday::new(request, &grid);
    let elasticity = request.elasticity.unwrap_or_default();
    let (past, sales) = (&request.offer_history, today.sales(&elasticity));
    let beliefs = beliefs(today.level, &elasticity, past, &sales, &method.learning);
    let is_exact = today.level == LevelPrior::Known && elasticity.sd == 0.0;
    let size = method.slot_size.filter(|_| !is_exact);
    let units = request.on_hand.min(UNITS_MAX);
    let unit_size = if units == 0 { 1.0 } else { request.on_hand as f64 / units as f64 };

    let share = to_f64(price) / to_f64(request.regular_price);
    let of_price = exponent(elasticity.form, share);
    let mut stocks: Vec<StockDistribution> =
        beliefs.iter().flat_map(|belief| distributions(belief, of_price, units as usize)).collect();
    let mut course = vec![quantiles(&stocks, grid.marks[0], unit_size)];
    for (expected, at) in today.expected.iter().zip(&grid.marks[1..]) {
        stocks.iter_mut().for_each(|stock| stock.sell(*expected, size, unit_size));
        course.push(quantiles(&stocks, *at, unit_size));
    }
    course
}

/// Distribution of the stock at one strength of demand.
struct StockDistribution {
    weight: f64,
    /// Demand relative to the usual day at the regular price.
    strength: f64,
    /// Probability of each number of solver units.
    left: Vec<f64>,
}

/// Splits a belief into several strengths of demand.
fn distributions(
    belief: &Belief,
    of_price: f64,
    units: usize,
) -> impl Iterator<Item = StockDistribution> {
    let Belief { weight, elasticity, level: DayLevel { mean, size } } = *belief;
    let gamma = Gamma::new(size, size / mean).ok().filter(|_| size.is_finite());
    let levels: Vec<f64> = match gamma {
        None => vec![mean],
        Some(gamma) => {
            let middle = |index| (f64::from(index) + 0.5) / f64::from(LEVELS);
            (0..LEVELS).map(|index| gamma.inverse_cdf(middle(index))).collect()
        }
    };
    let weight = weight / levels.len() as f64;
    let effect = effect(elasticity, of_price);
    levels.into_iter().map(move |level| {
        let mut left = vec![0.0; units + 1];
        left[units] = 1.0;
        StockDistribution { weight, strength: level * effect, left }
    })
}

impl StockDistribution {
    fn sell(&mut self, expected: f64, size: Option<f64>, unit_size: f64) {
        let on_hand = self.left.len() - 1;
        let demand = SlotDemand::new(expected * self.strength, size, unit_size, on_hand);
        let mut left = vec![0.0; self.left.len()];
        for (on_hand, probability) in self.left.iter().enumerate() {
            for (wanted, chance) in demand.probability.iter().enumerate() {
                left[on_hand.saturating_sub(wanted)] += probability * chance;
            }
        }
        self.left = left;
    }
}

fn quantiles(
    stocks: &[StockDistribution],
    at: DateTime<FixedOffset>,
    unit_size: f64,
) -> StockQuantiles {
    let units = stocks.first().map_or(0, |stock| stock.left.len());
    let all: f64 = stocks.iter().map(|stock| stock.weight).sum();
    let quantile = |share: f64| {
        let mut below = 0.0;
        let found = (0..units).find(|units| {
            let here = stocks.iter().map(|stock| stock.weight * stock.left[*units]);
            below += here.sum::<f64>();
            below >= share * all
        });
        found.unwrap_or(units.saturating_sub(1)) as f64 * unit_size
    };
    StockQuantiles { at, low: quantile(0.1), middle: quantile(0.5), high: quantile(0.9) }
}
