//! Past offers of a `decide` request, and their likelihood.
//!
//! Unlike the windows of a day, a past offer comes with an expectation that already contains the
//! level of its day. Its units are negative binomial around that expectation (Agrawal & Smith 1996,
//! Naval Research Logistics 43). The probability itself is needed, not only its shape over the
//! elasticity, because an offer that sold out counts as "at least".

use libm::{exp, log};

use crate::elasticity::{ResponseForm, effect, exponent};

/// Size of the negative binomial of an offer's sales: their variation beyond Poisson.
pub(crate) const OFFER_SIZE: f64 = 8.0;
/// Weight of an offer of the category, relative to an offer of the item.
const CATEGORY_WEIGHT: f64 = 0.5;
/// Number of terms summed for "at least". Further terms would not change an elasticity.
const TERMS_MAX: u64 = 1_000;

/// Result of an earlier offer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PastOffer {
    /// Discount in percent.
    pub discount_percent: f64,
    /// Units that would have been sold in the same hours at the regular price.
    pub expected_units: f64,
    /// Units sold.
    pub units: u64,
    /// `true` if the item sold out: demand was at least `units`.
    pub sold_out: bool,
    /// Subject of the offer.
    pub scope: OfferScope,
}

/// Subject of a past offer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OfferScope {
    /// The item.
    Sku,
    /// Another item of its category.
    Category,
}

/// Returns the log-likelihood of an elasticity, given past offers.
pub(crate) fn log_likelihood(form: ResponseForm, past: &[PastOffer], elasticity: f64) -> f64 {
    let of_one = |offer: &PastOffer| {
        let share = 1.0 - offer.discount_percent / 100.0;
        let mean = offer.expected_units * effect(elasticity, exponent(form, share));
        if mean <= 0.0 {
            return 0.0;
        }
        let likelihood =
            if offer.sold_out { at_least(offer.units, mean) } else { exactly(offer.units, mean) };
        likelihood * if offer.scope == OfferScope::Category { CATEGORY_WEIGHT } else { 1.0 }
    };
    past.iter().map(of_one).sum()
}

/// Returns the logarithm of the probability of `n` units, without the factor that does not depend
/// on the mean (1 if `n` is 0).
fn exactly(n: u64, mean: f64) -> f64 {
    let size = OFFER_SIZE;
    size * log(size / (size + mean)) + n as f64 * log(mean / (size + mean))
}

/// Returns the logarithm of the probability of `n` or more units.
fn at_least(n: u64, mean: f64) -> f64 {
    let mut mass = exp(exactly(0, mean));
    let mut below = 0.0;
    for n in 0..n.min(TERMS_MAX) {
        below += mass;
        let n = n as f64;
        mass *= (n + OFFER_SIZE) / (n + 1.0) * (mean / (mean + OFFER_SIZE));
    }
    log((1.0 - below).max(1e-12))
}
