//! What an item's own offers say of its elasticity.
//!
//! Offers go to weak days, so each day is its own measure: with the level of the day integrated
//! out, its sales at the regular price and under each offer have the likelihood
//! `sum y e x - (a + S) ln(a + E + sum B exp(e x))`: `y` sold and `B` expected at the discount `x`,
//! `S` sold and `E` expected in all and at the regular price, `a` the size of the level's prior.
//! Each offer takes the same few steps, whatever came before it.

use super::days::Day;
use super::profile::{self, DAY_CV_DEFAULT, Usual};
use super::{Estimate, rounded};
use crate::demand::Elasticity;

/// The grid of elasticities: 0.1 to 8.
const GRID: usize = 80;
const STEP: f64 = 0.1;
/// Its ends.
pub(super) const MEAN_MIN: f64 = STEP;
pub(super) const MEAN_MAX: f64 = STEP * GRID as f64;
/// A prior that says next to nothing; what it says is taken off again.
const VAGUE_SD: f64 = 2.0;
/// Below it, in 1 / variance, nothing was learnt.
const INFORMATION_MIN: f64 = 1e-3;
/// Sales of an offer vary more than chance: the size of the negative binomial.
const OFFER_SIZE: f64 = 8.0;
/// A slot is a measure when so many days tell what it sells at the regular price.
const SLOTS_BEHIND_MIN: f64 = 3.0;

/// One day's offers.
struct Offered {
    /// By discount: what was sold, and what would have been at the regular price.
    steps: Vec<(f64, f64, f64)>,
    sold: f64,
    expected_at_regular: f64,
}

/// What the days say by themselves, without what is believed of other items.
pub(super) fn measured(days: &[Day], regular: &Usual) -> Option<Estimate> {
    let offered: Vec<Offered> = days.iter().filter_map(|day| offered(day, regular)).collect();
    let without = moments(&[]);
    let with = moments(&offered);
    let (known, vague) = (1.0 / (with.sd * with.sd), 1.0 / (without.sd * without.sd));
    let information = known - vague;
    if information <= INFORMATION_MIN {
        return None;
    }
    let mean = (with.mean * known - without.mean * vague) / information;
    let variance = 1.0 / information + unsure(days, &offered, regular);
    let mean = mean.clamp(MEAN_MIN, MEAN_MAX);
    Some(Estimate { mean: rounded(mean), sd: rounded(libm::sqrt(variance)) })
}

fn offered(day: &Day, regular: &Usual) -> Option<Offered> {
    let unknown = Elasticity::default().mean;
    let mut offered = Offered { steps: Vec::new(), sold: 0.0, expected_at_regular: 0.0 };
    for cell in &day.cells {
        if regular.slots_behind(cell.slot) < SLOTS_BEHIND_MIN {
            continue;
        }
        let expected = cell.share * regular.at(day.kind, cell.slot);
        let sold = profile::taken_back(cell, unknown);
        offered.sold += sold;
        if cell.offered > 0.0 {
            let known = offered.steps.iter_mut().find(|(discount, ..)| *discount == cell.offered);
            match known {
                Some((_, sold_before, expected_before)) => {
                    *sold_before += sold;
                    *expected_before += expected;
                }
                None => offered.steps.push((cell.offered, sold, expected)),
            }
        } else {
            offered.expected_at_regular += expected;
        }
    }
    (!offered.steps.is_empty()).then_some(offered)
}

/// The variance that comes from not knowing what the slots sell at the regular price: the same
/// error for all days, so more days do not make it smaller.
fn unsure(days: &[Day], offered: &[Offered], regular: &Usual) -> f64 {
    let steps = || offered.iter().flat_map(|day| &day.steps);
    let expected: f64 = steps().map(|(_, _, expected)| expected).sum();
    let discount: f64 = steps().map(|(discount, _, expected)| discount * expected).sum();
    let cells = days.iter().flat_map(|day| &day.cells);
    let mut slots: Vec<usize> =
        cells.filter(|cell| cell.offered > 0.0).map(|cell| cell.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    let behind: f64 = slots.into_iter().map(|slot| regular.purchases_behind(slot)).sum();
    let discount = if expected > 0.0 { discount / expected } else { 1.0 };
    1.0 / (discount * discount * behind.max(1.0))
}

impl Offered {
    fn log_likelihood(&self, elasticity: f64) -> f64 {
        let size = 1.0 / (DAY_CV_DEFAULT * DAY_CV_DEFAULT);
        let (mut gain, mut sold, mut expected) = (0.0, 0.0, self.expected_at_regular);
        for (discount, units, at_regular) in &self.steps {
            gain += units * elasticity * discount;
            expected += at_regular * libm::exp(elasticity * discount);
            sold += units;
        }
        let told = gain - (size + self.sold) * libm::log(size + expected);
        told / (1.0 + sold / OFFER_SIZE)
    }
}

/// Mean and standard deviation over the grid.
fn moments(offered: &[Offered]) -> Estimate {
    let unknown = Elasticity::default().mean;
    let grid: [f64; GRID] = std::array::from_fn(|step| STEP * (step + 1) as f64);
    let logs = grid.map(|elasticity| {
        let off = (elasticity - unknown) / VAGUE_SD;
        let told: f64 = offered.iter().map(|day| day.log_likelihood(elasticity)).sum();
        told - off * off / 2.0
    });
    let highest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let weights = logs.map(|log| libm::exp(log - highest));
    let all: f64 = weights.iter().sum();
    let mean = grid.iter().zip(&weights).map(|(e, weight)| e * weight).sum::<f64>() / all;
    let square = grid.iter().zip(&weights).map(|(e, weight)| (e - mean) * (e - mean) * weight);
    // The grid itself is no finer.
    let sd = libm::sqrt(square.sum::<f64>() / all).max(STEP / 2.0);
    Estimate { mean, sd }
}

/// Two independent estimates as one.
pub(super) fn combined(one: Estimate, other: Estimate) -> Estimate {
    if one.sd <= 0.0 {
        return one;
    }
    let (one_told, other_told) = (1.0 / (one.sd * one.sd), 1.0 / (other.sd * other.sd));
    let told = one_told + other_told;
    let mean = (one.mean * one_told + other.mean * other_told) / told;
    Estimate { mean, sd: libm::sqrt(1.0 / told) }
}

/// With what is believed of any item.
pub(super) fn with_default(measured: Option<Estimate>) -> Estimate {
    let unknown = Elasticity::default();
    let unknown = Estimate { mean: unknown.mean, sd: unknown.sd };
    measured.map_or(unknown, |measured| combined(unknown, measured))
}
