//! Likelihood of an elasticity, and its posterior on a grid.
//!
//! Sales of a window are Poisson with mean `level * m * exp(e x)`: `m` units on a usual day at the
//! regular price, elasticity `e`, exponent `x` of the price. The level has a Gamma prior of size
//! `a` and integrates out. With `s` units sold in a window and `S` in all, up to a constant:
//!
//! ```text
//! log L(e) = e * sum of s x - (a + S) * ln(a + sum of m exp(e x))
//! ```
//!
//! Offers go to weak days. Because the level integrates out, a weak day does not make the response
//! look weak. Source: Berk, Gurler & Levine 2007, EJOR 182, 256-281 (Gamma-Poisson learning from
//! sales censored by the stock; windows with an empty shelf are left out).

use libm::{exp, log};

use crate::elasticity::effect;
use crate::level::{DayLevel, LevelPrior};

/// Sales of one item on one day, at one or several prices.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct PricedSales {
    /// Units sold in all windows.
    units: f64,
    /// Sum over the windows of units times exponent.
    weighted_units: f64,
    /// Units of the usual day at the regular price, and exponent, of each run of windows with one
    /// price.
    runs: Vec<(f64, f64)>,
}

impl PricedSales {
    /// Adds a window: units sold, units expected on a usual day at the regular price, and the
    /// exponent of the price.
    pub fn add(&mut self, units: f64, expected: f64, exponent: f64) {
        self.units += units;
        self.weighted_units += units * exponent;
        match self.runs.last_mut() {
            Some((sum, last)) if *last == exponent => *sum += expected,
            _ => self.runs.push((expected, exponent)),
        }
    }

    /// Divides all sums by `temper`, so that sales with more variance than Poisson count for less.
    #[must_use]
    pub fn tempered(mut self, temper: f64) -> Self {
        self.units /= temper;
        self.weighted_units /= temper;
        self.runs.iter_mut().for_each(|(expected, _)| *expected /= temper);
        self
    }

    /// Returns the units expected on a day of level 1.
    #[must_use]
    pub fn expected(&self, elasticity: f64) -> f64 {
        self.runs.iter().map(|(expected, exponent)| expected * effect(elasticity, *exponent)).sum()
    }

    /// Returns the posterior of the day's level.
    #[must_use]
    pub fn level(&self, prior: LevelPrior, elasticity: f64) -> DayLevel {
        prior.posterior(self.units, self.expected(elasticity))
    }

    /// Returns the log-likelihood of an elasticity, up to a constant.
    #[must_use]
    pub fn log_likelihood(&self, prior: LevelPrior, elasticity: f64) -> f64 {
        let (gain, expected) = (elasticity * self.weighted_units, self.expected(elasticity));
        match prior {
            LevelPrior::Known => gain - expected,
            LevelPrior::Gamma(size) => gain - (size + self.units) * log(size + expected),
        }
    }
}

/// Posterior of the elasticity on a grid, ascending, with weights that sum to 1.
pub(crate) struct Posterior(Vec<(f64, f64)>);

impl Posterior {
    /// Creates the posterior from the logarithm of its density, up to a constant.
    pub(crate) fn new(grid: impl Iterator<Item = f64>, log_density: impl Fn(f64) -> f64) -> Self {
        let grid: Vec<(f64, f64)> = grid.map(|e| (e, log_density(e))).collect();
        let highest = grid.iter().map(|(_, log)| *log).fold(f64::NEG_INFINITY, f64::max);
        let grid: Vec<(f64, f64)> =
            grid.into_iter().map(|(e, log)| (e, exp(log - highest))).collect();
        let total: f64 = grid.iter().map(|(_, weight)| weight).sum();
        Self(grid.into_iter().map(|(e, weight)| (e, weight / total)).collect())
    }

    pub(crate) fn mean(&self) -> f64 {
        self.0.iter().map(|(e, weight)| e * weight).sum()
    }

    pub(crate) fn variance(&self) -> f64 {
        let mean = self.mean();
        self.0.iter().map(|(e, weight)| (e - mean) * (e - mean) * weight).sum()
    }

    /// Returns the mean elasticity between two quantiles.
    pub(crate) fn mean_between(&self, from: f64, to: f64) -> f64 {
        let (mut below, mut sum) = (0.0, 0.0);
        for (e, weight) in &self.0 {
            let inside = (below + weight).min(to) - below.max(from);
            sum += e * inside.max(0.0);
            below += weight;
        }
        sum / (to - from)
    }
}
