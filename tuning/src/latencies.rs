//! Latencies of calls of another service, drawn from a distribution by a seed.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::SeedableRng;
use rand_distr::{Distribution, LogNormal};

/// Spread of the logarithm: the 99th percentile is 2.5 times the median. Assumed; published
/// latencies of single calls of DynamoDB within a region have a ratio of two to three.
const SIGMA: f64 = 0.4;

/// Endless latencies with a given mean, log-normal.
#[derive(Debug, Clone)]
pub struct Latencies {
    distribution: LogNormal<f64>,
    draws: ChaCha8Rng,
}

impl Latencies {
    /// Creates latencies with a mean in milliseconds. Equal seeds give equal latencies.
    ///
    /// ```
    /// use tuning::Latencies;
    ///
    /// let mut latencies = Latencies::new(5.0, 7);
    /// let sum: u64 = (0..10_000).map(|_| latencies.next_nanoseconds()).sum();
    /// assert!((4_900_000..5_100_000).contains(&(sum / 10_000)));
    /// ```
    ///
    /// # Panics
    /// If the mean is not a positive finite number.
    #[must_use]
    pub fn new(mean_ms: f64, seed: u64) -> Self {
        assert!(mean_ms > 0.0 && mean_ms.is_finite(), "a call takes some time");
        // The mean of a log-normal distribution is exp(mu + sigma^2 / 2).
        let location = mean_ms.ln() - SIGMA * SIGMA / 2.0;
        let distribution = LogNormal::new(location, SIGMA).expect("a positive spread");
        Self { distribution, draws: ChaCha8Rng::seed_from_u64(seed) }
    }

    /// Draws the next latency, in nanoseconds.
    pub fn next_nanoseconds(&mut self) -> u64 {
        (self.distribution.sample(&mut self.draws) * 1e6).round() as u64
    }
}
