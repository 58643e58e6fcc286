//! Elasticity of an item, measured by its own offers.
//!
//! Each day with offers is a measurement of its own ([`PricedSales`]), with the day's level
//! integrated out. The posterior under a vague prior is compared with that prior; the difference is
//! the information of the offers alone.

use domain::history::ElasticityEstimate;

use crate::elasticity::Elasticity;
use crate::estimate::{combined, precision, rounded};
use crate::item_history::{Cell, Day};
use crate::level::{LevelPrior, PAST_DAY_SIZE};
use crate::past_offer::OFFER_SIZE;
use crate::price_response::{Posterior, PricedSales};
use crate::usual_day::{UsualDayFit, without_discount};

/// Number of points of the elasticity grid.
const GRID: u32 = 80;
/// Distance between points.
const STEP: f64 = 0.1;
/// Smallest elasticity of the grid.
pub(crate) const ELASTICITY_MIN: f64 = STEP;
/// Largest elasticity of the grid.
pub(crate) const ELASTICITY_MAX: f64 = STEP * GRID as f64;
/// Standard deviation of the vague prior, whose information is subtracted again.
const VAGUE_SD: f64 = 2.0;
/// Precision below which the offers say nothing.
const INFORMATION_MIN: f64 = 1e-3;
/// Days needed to know the regular sales of a slot, in whole slots.
const SLOTS_BEHIND_MIN: f64 = 3.0;

/// Sales of one day with an offer.
#[derive(Default)]
struct OfferDay {
    sales: PricedSales,
    /// Sold under an offer.
    offered: f64,
    /// Expected at the regular price in the hours of an offer.
    expected: f64,
    /// `expected`, each hour times its discount.
    discounted: f64,
}

/// Returns the elasticity that an item's own days tell, without beliefs about other items.
pub(crate) fn measured(days: &[Day], regular: &UsualDayFit) -> Option<ElasticityEstimate> {
    let offers: Vec<OfferDay> = days.iter().filter_map(|day| OfferDay::of(day, regular)).collect();
    let (without, with) = (moments(&[]), moments(&offers));
    let (vague, known) = (precision(without.sd), precision(with.sd));
    let information = known - vague;
    if information <= INFORMATION_MIN {
        return None;
    }
    let mean = (with.mean * known - without.mean * vague) / information;
    let variance = 1.0 / information + variance_of_regular(days, &offers, regular);
    let mean = mean.clamp(ELASTICITY_MIN, ELASTICITY_MAX);
    Some(ElasticityEstimate { mean: rounded(mean), sd: rounded(libm::sqrt(variance)) })
}

/// Combines a measurement with the belief about any item.
pub(crate) fn with_default(measured: Option<ElasticityEstimate>) -> ElasticityEstimate {
    let Elasticity { mean, sd, .. } = Elasticity::default();
    let unknown = ElasticityEstimate { mean, sd };
    measured.map_or(unknown, |measured| combined(unknown, measured))
}

impl OfferDay {
    /// Returns `None` for a day without an offer.
    fn of(day: &Day, regular: &UsualDayFit) -> Option<Self> {
        let unknown = Elasticity::default().mean;
        let mut all = Self::default();
        let is_known = |cell: &&Cell| regular.slots_behind(cell.slot) >= SLOTS_BEHIND_MIN;
        let mut has_offer = false;
        for cell in day.cells.iter().filter(is_known) {
            let expected = cell.share * regular.at(day.kind, cell.slot);
            let sold = without_discount(cell, unknown);
            all.sales.add(sold, expected, cell.offered);
            if cell.offered > 0.0 {
                has_offer = true;
                all.offered += sold;
                all.expected += expected;
                all.discounted += cell.offered * expected;
            }
        }
        has_offer.then_some(all)
    }

    /// Log-likelihood, divided because the sales of an offer vary beyond Poisson.
    fn log_likelihood(&self, elasticity: f64) -> f64 {
        let level = LevelPrior::Gamma(PAST_DAY_SIZE);
        self.sales.log_likelihood(level, elasticity) / (1.0 + self.offered / OFFER_SIZE)
    }
}

/// Returns the variance that comes from the uncertain regular sales of the slots. The error is the
/// same on all days, so more days do not reduce it.
fn variance_of_regular(days: &[Day], offers: &[OfferDay], regular: &UsualDayFit) -> f64 {
    let expected: f64 = offers.iter().map(|day| day.expected).sum();
    let discount: f64 = offers.iter().map(|day| day.discounted).sum();
    let cells = days.iter().flat_map(|day| &day.cells);
    let mut slots: Vec<usize> =
        cells.filter(|cell| cell.offered > 0.0).map(|cell| cell.slot).collect();
    slots.sort_unstable();
    slots.dedup();
    let behind: f64 = slots.into_iter().map(|slot| regular.sales_behind(slot)).sum();
    let discount = if expected > 0.0 { discount / expected } else { 1.0 };
    1.0 / (discount * discount * behind.max(1.0))
}

/// Returns mean and standard deviation of the posterior under the vague prior.
fn moments(offers: &[OfferDay]) -> ElasticityEstimate {
    let unknown = Elasticity::default().mean;
    let grid = (1..=GRID).map(|step| STEP * f64::from(step));
    let posterior = Posterior::new(grid, |elasticity| {
        let off = (elasticity - unknown) / VAGUE_SD;
        let log: f64 = offers.iter().map(|day| day.log_likelihood(elasticity)).sum();
        log - off * off / 2.0
    });
    // The estimate is no finer than the grid.
    let sd = libm::sqrt(posterior.variance()).max(STEP / 2.0);
    ElasticityEstimate { mean: posterior.mean(), sd }
}
