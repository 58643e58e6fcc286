//! Beliefs about today: level and elasticity after past offers and today's sales.
//!
//! The elasticity has a Student-t prior with 4 degrees of freedom on a grid.

use libm::log;

use crate::elasticity::{Elasticity, effect};
use crate::level::{DayLevel, LevelPrior};
use crate::past_offer::{self, PastOffer};
use crate::price_response::{Posterior, PricedSales};

/// Number of points of the elasticity grid.
const GRID: usize = 21;
/// Half of the width of the grid, in standard deviations of the prior.
const REACH: f64 = 4.0;
/// Smallest elasticity of the grid.
const ELASTICITY_MIN: f64 = 0.05;
/// Coefficient of variation below which the posterior is replaced by its mean. In simulated shops
/// the value stays the same and less is left (`daymark simulate-pricing`), for a third of the work.
const NARROW: f64 = 0.18;
/// Number of windows of ordinary variation that temper the estimate of the dispersion.
const CALM_WINDOWS: f64 = 12.0;

/// Sales of one window of today.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WindowSales {
    /// Units expected on a usual day at the regular price.
    pub expected: f64,
    /// Units sold.
    pub units: f64,
    /// Exponent of the price; see [`crate::exponent`].
    pub exponent: f64,
}

/// One possible state of demand.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Belief {
    /// Probability.
    pub weight: f64,
    /// Elasticity.
    pub elasticity: f64,
    /// Today's level, given the elasticity.
    pub level: DayLevel,
}

/// Parts of the estimation from today's sales. All are on in production; the simulator switches
/// single parts off to measure their value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Learning {
    /// Estimates today's level.
    pub level: bool,
    /// Estimates the elasticity from past offers and today's sales.
    pub response: bool,
    /// Returns three beliefs for an uncertain elasticity instead of one at its mean.
    pub average_response: bool,
    /// Gives less weight to sales with more variance than Poisson.
    pub temper: bool,
}

impl Default for Learning {
    fn default() -> Self {
        Self { level: true, response: true, average_response: true, temper: true }
    }
}

/// Returns the possible states of demand, by ascending elasticity, with weights that sum to 1.
#[must_use]
pub fn beliefs(
    prior: LevelPrior,
    elasticity: &Elasticity,
    past: &[PastOffer],
    today: &[WindowSales],
    learning: &Learning,
) -> Vec<Belief> {
    let mut sales = PricedSales::default();
    today.iter().for_each(|window| sales.add(window.units, window.expected, window.exponent));
    let sales = if learning.temper {
        let level = sales.level(prior, elasticity.mean);
        sales.tempered(dispersion(level, elasticity.mean, today))
    } else {
        sales
    };
    let at = |weight, elasticity| {
        let level = if learning.level { sales.level(prior, elasticity) } else { DayLevel::USUAL };
        Belief { weight, elasticity, level }
    };
    if elasticity.sd == 0.0 || !learning.response {
        return vec![at(1.0, elasticity.mean)];
    }
    let posterior = Posterior::new(grid(elasticity), |e| {
        let z = (e - elasticity.mean) / elasticity.sd;
        let offers = past_offer::log_likelihood(elasticity.form, past, e);
        -2.5 * log(1.0 + z * z / 4.0) + (offers + sales.log_likelihood(prior, e))
    });
    let (mean, variance) = (posterior.mean(), posterior.variance());
    if !learning.average_response || variance <= (NARROW * mean) * (NARROW * mean) {
        return vec![at(1.0, mean)];
    }
    [(0.0, 0.25), (0.25, 0.75), (0.75, 1.0)]
        .map(|(from, to)| at(to - from, posterior.mean_between(from, to)))
        .to_vec()
}

/// Grid of elasticities around the prior mean.
fn grid(prior: &Elasticity) -> impl Iterator<Item = f64> {
    let least = (prior.mean - REACH * prior.sd).max(ELASTICITY_MIN.min(prior.mean));
    let width = (prior.mean + REACH * prior.sd - least) / (GRID - 1) as f64;
    (0..GRID).map(move |index| least + width * index as f64)
}

/// Returns the variance of the windows around today's level relative to Poisson, at least 1:
/// Pearson's chi-squared over its degrees of freedom, drawn to 1 while there are few windows.
fn dispersion(level: DayLevel, elasticity: f64, today: &[WindowSales]) -> f64 {
    let (mut squares, mut windows) = (0.0, 0.0);
    for window in today {
        let mean = level.mean * window.expected * effect(elasticity, window.exponent);
        if mean > 0.0 {
            squares += (window.units - mean) * (window.units - mean) / mean;
            windows += 1.0;
        }
    }
    ((squares + CALM_WINDOWS) / (windows + CALM_WINDOWS)).max(1.0)
}
