//! Level of a day: demand of the whole day divided by demand of the usual day.

use crate::profile::ProfileBasis;

/// Coefficient of variation of day totals where nothing is known.
pub const DAY_CV_DEFAULT: f64 = 0.3;
/// Size of the Gamma prior of the level of a past day.
pub(crate) const PAST_DAY_SIZE: f64 = 1.0 / (DAY_CV_DEFAULT * DAY_CV_DEFAULT);
/// Variance of the ratio between an item's day and the day of its category.
const CATEGORY_VARIANCE: f64 = 0.35;

/// Prior of the level of a day, before its sales.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum LevelPrior {
    /// The level is 1.
    Known,
    /// Gamma with mean 1. The value is shape and rate, the reciprocal of the variance.
    Gamma(f64),
}

/// Posterior of the level of a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DayLevel {
    /// Mean.
    pub mean: f64,
    /// Shape of the Gamma distribution; infinite if the level is known.
    pub size: f64,
}

impl DayLevel {
    /// Level 1 without uncertainty.
    pub const USUAL: Self = Self { mean: 1.0, size: f64::INFINITY };
}

impl LevelPrior {
    /// Creates the prior for a profile: variation between days plus the uncertainty of a mean over
    /// `days` days with `daily_units` units each.
    #[must_use]
    pub fn of_profile(basis: ProfileBasis, day_cv: f64, days: f64, daily_units: f64) -> Self {
        if basis == ProfileBasis::Sku && day_cv == 0.0 {
            return Self::Known;
        }
        let days = days.max(1.0);
        let variance = day_cv * day_cv * (1.0 + 1.0 / days) + 1.0 / (days * daily_units.max(0.1));
        let variance = match basis {
            ProfileBasis::Category => variance.max(CATEGORY_VARIANCE),
            ProfileBasis::Sku | ProfileBasis::None => variance,
        };
        Self::Gamma(1.0 / variance.max(1e-6))
    }

    /// Returns the posterior after `units` sold in windows with `expected` units on a usual day.
    #[must_use]
    pub fn posterior(self, units: f64, expected: f64) -> DayLevel {
        match self {
            Self::Known => DayLevel::USUAL,
            Self::Gamma(size) => {
                DayLevel { mean: (size + units) / (size + expected), size: size + units }
            }
        }
    }
}
