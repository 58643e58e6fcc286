//! Price response: elasticity, its form, and the effect of a price on demand.

use domain::catalog::ItemRules;
use libm::{exp, log};
use rust_decimal::prelude::ToPrimitive;

/// Standard deviation of the elasticity between items of one category where nothing was measured.
/// Categories differ by about as much, which gives 0.7 for an item of unknown category.
pub const ITEMS_SD: f64 = 0.49;
/// Logarithm of the largest effect of a price: more than any stock, and far from overflow.
const LOG_EFFECT_MAX: f64 = 100.0;

/// Belief about the price response of an item.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Elasticity {
    /// Mean, above 0: percent of additional demand for each percent of price reduction (at the
    /// regular price, if the form is exponential).
    pub mean: f64,
    /// Standard deviation, at least 0. 0 if the elasticity is known.
    pub sd: f64,
    /// Form of the demand curve.
    pub form: ResponseForm,
}

/// Form of demand over price, with elasticity `e`, price `p` and regular price `p0`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResponseForm {
    /// `(p / p0)^(-e)`.
    Constant,
    /// `exp(e (1 - p / p0))`.
    Exponential,
}

impl Default for Elasticity {
    /// Belief where nothing was measured: three times the demand at half the price. Studies of
    /// single items in shops find means of 1.8 to 3.3 (Tellis 1988; Bijmolt, van Heerde & Pieters
    /// 2005; Akbay & Jones 2006). The form is exponential because it stays finite at the deepest
    /// steps.
    fn default() -> Self {
        Self { mean: 2.2, sd: 0.7, form: ResponseForm::Exponential }
    }
}

/// Returns the belief about an item without measured offers, from the catalogue's rules.
///
/// A value set for the item itself has the standard deviation of items within a category: offers
/// of other items do not change it.
#[must_use]
pub fn prior_elasticity(rules: &ItemRules<'_>) -> Elasticity {
    let unknown = Elasticity::default();
    let mean = rules.elasticity.to_f64().unwrap_or(unknown.mean);
    let sd = if rules.is_its_own { ITEMS_SD } else { unknown.sd };
    Elasticity { mean, sd, ..unknown }
}

/// Returns the logarithm of demand at `share` of the regular price for an elasticity of 1, relative
/// to demand at the regular price.
#[must_use]
pub fn exponent(form: ResponseForm, share: f64) -> f64 {
    match form {
        ResponseForm::Constant => -log(share),
        ResponseForm::Exponential => 1.0 - share,
    }
}

/// Returns demand as a multiple of demand at the regular price. `exponent` is that of the price.
#[must_use]
pub fn effect(elasticity: f64, exponent: f64) -> f64 {
    exp((elasticity * exponent).min(LOG_EFFECT_MAX))
}
