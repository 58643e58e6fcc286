//! Estimator of demand: the usual day, today's level and the response to a price.
//!
//! One model serves the close of day, which folds closed days into stored histories, and the
//! pricing, which adds today's sales:
//!
//! ```text
//! sales in a window ~ Poisson(level * usual units * exp(elasticity * exponent of the price))
//! level of a day    ~ Gamma(size, size), mean 1
//! ```
//!
//! - [`item_history()`] and [`category_history()`] estimate the usual day and the elasticity from
//!   closed days ([`domain::History`]).
//! - [`expectation()`] combines the history of an item with the history of its category.
//! - [`beliefs`] updates level and elasticity with the sales of today.
//!
//! [`PricedSales::log_likelihood`] is the only likelihood of an elasticity. The crate does no I/O
//! and reads no clock. Sums run in a fixed order, and exponentials and logarithms come from `libm`,
//! so that the same input gives the same bits on every machine.
//!
//! # Examples
//!
//! ```
//! use demand::{Elasticity, Learning, LevelPrior, WindowSales, beliefs, exponent};
//!
//! // Half an hour at the regular price, then half an hour at half the price.
//! let elasticity = Elasticity::default();
//! let window = |units, share| WindowSales {
//!     expected: 5.0,
//!     units,
//!     exponent: exponent(elasticity.form, share),
//! };
//! let today = [window(5.0, 1.0), window(30.0, 0.5)];
//! let beliefs =
//!     beliefs(LevelPrior::Gamma(10.0), &elasticity, &[], &today, &Learning::default());
//! let mean: f64 = beliefs.iter().map(|belief| belief.weight * belief.elasticity).sum();
//! assert!(mean > elasticity.mean, "six times the sales at half the price");
//! ```

mod belief;
mod category_history;
mod elasticity;
mod estimate;
mod expectation;
mod item_history;
mod level;
mod offer_response;
mod past_offer;
mod price_response;
mod profile;
mod usual_day;

pub use belief::{Belief, Learning, WindowSales, beliefs};
pub use category_history::category_history;
pub use elasticity::{Elasticity, ITEMS_SD, ResponseForm, effect, exponent, prior_elasticity};
pub use estimate::DIGITS;
pub use expectation::{Expectation, expectation};
pub use item_history::{item_history, recent_version};
pub use level::{DAY_CV_DEFAULT, DayLevel, LevelPrior};
pub use past_offer::{OfferScope, PastOffer};
pub use price_response::PricedSales;
pub use profile::{DemandProfile, ProfileBasis, ProfileSlot};

/// Version of the rules of this crate, part of the version of every history. A change of the rules
/// increments the number, so that histories are folded again.
const RULES: u8 = 3;
