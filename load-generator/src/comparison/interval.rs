//! Intervals of the means of autocorrelated series.
//!
//! The resamples are blocks of consecutive seconds (Künsch, "The jackknife and the bootstrap for
//! general stationary observations", 1989). Blocks continue at the beginning of the series
//! (Politis and Romano, "A circular block-resampling procedure for stationary data", 1992).
//!
//! Blocks of a short series give too small a variance, because they cut correlations. So the
//! deviations are widened to the variance of the mean of a first-order autoregression, if that is
//! larger. Its coefficient is corrected for bias (Marriott and Pope, "Bias in the estimation of
//! autocorrelations", 1954). The rest is Student's factor for the effective number of seconds.

use crate::draw::Draw;

/// Resamples of a series.
const RESAMPLES: usize = 2_000;
/// Resamples beyond each end of an interval: 2.5 %.
const TAIL: usize = RESAMPLES / 40;
/// Quantile 0.975 of the normal distribution.
const NORMAL_QUANTILE: f64 = 1.959_963_984_540_054;
/// Highest coefficient of an autoregression.
const COEFFICIENT_MAX: f64 = 0.99;
/// Lowest ratio of the expected sample variance to the variance of the process.
const VARIANCE_SHARE_MIN: f64 = 0.05;
/// Sample variance of a constant series, up to rounding.
const VARIANCE_MIN: f64 = 1e-24;
/// Fewest degrees of freedom. Below it, the series of [`student_factor`] does not hold.
const FREEDOM_MIN: f64 = 2.0;

/// Returns the ends of the 95 % interval around `estimate`. The estimate is the mean of one
/// series, or the mean of the first of two series minus that of the second.
/// Constant series have an interval without width.
pub(super) fn log_interval(estimate: f64, series: &[Vec<f64>], draw: &mut Draw) -> [f64; 2] {
    let means: Vec<MeanError> = series.iter().map(|values| MeanError::of(values, draw)).collect();
    let variance: f64 = means.iter().map(|mean| mean.variance).sum();
    // Degrees of freedom of a sum of variances (Welch 1947, Satterthwaite 1946).
    let terms = means.iter().map(|mean| mean.variance.powi(2) / mean.freedom);
    let factor = student_factor(variance.powi(2) / terms.sum::<f64>().max(f64::MIN_POSITIVE));
    let mut deviations: Vec<f64> = (0..RESAMPLES)
        .map(|number| match means.as_slice() {
            [first, second] => first.deviations[number] - second.deviations[number],
            _ => means[0].deviations[number],
        })
        .collect();
    deviations.sort_unstable_by(f64::total_cmp);
    let (low, high) = (deviations[TAIL], deviations[RESAMPLES - 1 - TAIL]);
    [estimate - factor * high, estimate - factor * low]
}

/// Error of the mean of a series.
#[derive(Debug)]
struct MeanError {
    /// Deviations of resampled means from the mean, after the correction.
    deviations: Vec<f64>,
    /// Variance of the mean.
    variance: f64,
    /// Degrees of freedom of the variance.
    freedom: f64,
}

impl MeanError {
    fn of(values: &[f64], draw: &mut Draw) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
        let sample_variance = autocovariance(&centred, 0);
        if sample_variance <= VARIANCE_MIN {
            let deviations = vec![0.0; RESAMPLES];
            return Self { deviations, variance: 0.0, freedom: count - 1.0 };
        }

        let mut deviations = resampled_means(&centred, block_length(&centred), draw);
        let of_blocks = deviations.iter().map(|deviation| deviation.powi(2)).sum::<f64>();
        let of_blocks = of_blocks / RESAMPLES as f64;

        // The expected coefficient is r - (1 + 3 r) / n, where r is the true one.
        let measured = autocovariance(&centred, 1) / sample_variance;
        let coefficient = (count * measured + 1.0) / (count - 3.0);
        let inflation = variance_inflation(coefficient.clamp(0.0, COEFFICIENT_MAX), centred.len());
        let share = (1.0 - inflation / count).max(VARIANCE_SHARE_MIN);
        let of_autoregression = sample_variance / share * inflation / count;

        let variance = of_blocks.max(of_autoregression);
        if of_blocks > 0.0 {
            let scale = (variance / of_blocks).sqrt();
            deviations.iter_mut().for_each(|deviation| *deviation *= scale);
        }
        let freedom = (count / inflation - 1.0).max(FREEDOM_MIN);
        Self { deviations, variance, freedom }
    }
}

/// Autocovariance of a centred series at a lag below its length.
fn autocovariance(centred: &[f64], lag: usize) -> f64 {
    let products = centred.iter().zip(&centred[lag..]).map(|(first, second)| first * second);
    products.sum::<f64>() / centred.len() as f64
}

/// Length of the blocks: the first lag at which the autocorrelation is below `2 / sqrt(n)`, from 1
/// to half of the series.
fn block_length(centred: &[f64]) -> usize {
    let least = autocovariance(centred, 0) * 2.0 / (centred.len() as f64).sqrt();
    let longest = (centred.len() / 2).max(1);
    (1..longest).find(|lag| autocovariance(centred, *lag) < least).unwrap_or(longest)
}

/// Returns the means of resamples. Each has the length of the series; its last block is cut.
fn resampled_means(centred: &[f64], block: usize, draw: &mut Draw) -> Vec<f64> {
    let count = centred.len();
    let mut sums = vec![0.0];
    let mut sum = 0.0;
    for value in centred.iter().cycle().take(count + block) {
        sum += value;
        sums.push(sum);
    }
    let mut block_sum = |length: usize| {
        let start = draw.below(count as u64) as usize;
        sums[start + length] - sums[start]
    };
    let mut mean = || {
        let whole: f64 = (0..count / block).map(|_| block_sum(block)).sum();
        (whole + block_sum(count % block)) / count as f64
    };
    (0..RESAMPLES).map(|_| mean()).collect()
}

/// Ratio of the variance of the mean of `count` seconds to that of independent seconds, for a
/// first-order autoregression.
fn variance_inflation(coefficient: f64, count: usize) -> f64 {
    let mut power = 1.0;
    let mut sum = 0.0;
    for lag in 1..count {
        power *= coefficient;
        sum += (1.0 - lag as f64 / count as f64) * power;
    }
    1.0 + 2.0 * sum
}

/// Ratio of Student's quantile 0.975 to the normal one, from 2 degrees of freedom with an error
/// below 4 % (Abramowitz and Stegun, "Handbook of Mathematical Functions", 26.7.5).
fn student_factor(freedom: f64) -> f64 {
    let freedom = freedom.max(FREEDOM_MIN);
    let square = NORMAL_QUANTILE.powi(2);
    let first = (square + 1.0) / 4.0;
    let second = ((5.0 * square + 16.0) * square + 3.0) / 96.0;
    let third = (((3.0 * square + 19.0) * square + 17.0) * square - 15.0) / 384.0;
    1.0 + first / freedom + second / freedom.powi(2) + third / freedom.powi(3)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn students_quantiles_are_those_of_the_tables() {
        for (freedom, quantile, error) in
            [(2.0, 4.3027, 0.04), (3.0, 3.1824, 0.01), (5.0, 2.5706, 2e-3), (30.0, 2.0423, 1e-4)]
        {
            let found = student_factor(freedom) * NORMAL_QUANTILE;
            assert!((found / quantile - 1.0).abs() < error, "{freedom}: {found}");
        }
        assert_eq!(student_factor(f64::INFINITY), 1.0);
    }

    #[test]
    fn the_variance_inflation_is_that_of_a_long_autoregression() {
        assert_eq!(variance_inflation(0.0, 60), 1.0);
        assert!((variance_inflation(0.8, 100_000) - 9.0).abs() < 0.01);
    }

    #[test]
    fn blocks_are_single_seconds_without_autocorrelation_and_long_for_steps() {
        let alternating: Vec<f64> = (0..60).map(|n| if n % 2 == 0 { 1.0 } else { -1.0 }).collect();
        assert_eq!(block_length(&alternating), 1);
        let steps: Vec<f64> = (0..60).map(|n| if n < 30 { 1.0 } else { -1.0 }).collect();
        assert!(block_length(&steps) > 10);
    }

    #[test]
    fn resampled_means_have_the_variance_of_the_blocks() {
        let mut draw = Draw::of(3, "values");
        let values: Vec<f64> = (0..200).map(|_| draw.unit() - 0.5).collect();
        let mean = values.iter().sum::<f64>() / 200.0;
        let centred: Vec<f64> = values.iter().map(|value| value - mean).collect();
        for block in [1, 7] {
            let means = resampled_means(&centred, block, &mut draw);
            let variance = means.iter().map(|mean| mean * mean).sum::<f64>() / RESAMPLES as f64;
            let sum_of = |start: usize| {
                (start..start + block).map(|place| centred[place % 200]).sum::<f64>()
            };
            let squares = (0..200).map(|start| sum_of(start).powi(2)).sum::<f64>() / 200.0;
            let expected = squares / block as f64 / 200.0;
            assert!((variance / expected - 1.0).abs() < 0.15, "{block}: {variance} {expected}");
        }
    }
}
