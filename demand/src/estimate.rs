//! Arithmetic on estimates: rounding, and the combination of independent ones.

use domain::history::ElasticityEstimate;

/// Significant digits kept of an expectation; the data support far fewer.
pub const DIGITS: i32 = 4;
/// Largest number of decimal places kept.
const PLACES_MAX: i32 = 12;

/// Rounds an expectation to [`DIGITS`] for storage.
pub(crate) fn rounded(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    // A power of ten that is exact, so that the quotient is the number nearest to its digits.
    let places = DIGITS - 1 - libm::floor(libm::log10(value.abs())) as i32;
    let scale = |places: i32| (0..places).fold(1.0, |scale, _| scale * 10.0);
    match places {
        0..=PLACES_MAX => libm::round(value * scale(places)) / scale(places),
        ..0 => libm::round(value / scale(-places)) * scale(-places),
        _ => 0.0,
    }
}

/// Combines two independent estimates, weighted by their precision. The first one may be exact.
pub(crate) fn combined(one: ElasticityEstimate, other: ElasticityEstimate) -> ElasticityEstimate {
    if one.sd <= 0.0 {
        return one;
    }
    let (one_precision, other_precision) = (precision(one.sd), precision(other.sd));
    let all = one_precision + other_precision;
    let mean = (one.mean * one_precision + other.mean * other_precision) / all;
    ElasticityEstimate { mean, sd: libm::sqrt(1.0 / all) }
}

/// Returns the reciprocal of the variance.
pub(crate) fn precision(sd: f64) -> f64 {
    1.0 / (sd * sd)
}
