//! Factors between the machine of a recording and the deployment.

use crate::{Measurement, Recording};

/// Work and latencies of the deployment for 100 of the recorded ones.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScaleFactors {
    /// Processor time.
    pub cpu_percent: u64,
    /// Latency of each call of a service.
    pub latency_percent: u64,
}

impl Default for ScaleFactors {
    /// Returns the factors of a deployment that is equal to the machine of the recording.
    fn default() -> Self {
        Self { cpu_percent: 100, latency_percent: 100 }
    }
}

/// Range of both factors.
const RANGE: std::ops::RangeInclusive<u64> = 10..=1_000;
/// Ratios between neighbours of the search, one round after the other.
const STEPS: [f64; 4] = [1.7, 1.25, 1.07, 1.02];
/// Neighbours on each side in one round.
const NEIGHBOURS: i32 = 3;

impl ScaleFactors {
    /// Returns the factors with which the simulation of `recording` is nearest to the measured
    /// durations: the smallest sum of squared logarithms of their ratios. `None` if the two have no
    /// case in common.
    #[must_use]
    pub fn fitted(recording: &Recording, measurement: &Measurement) -> Option<Self> {
        let mut best = Self::default();
        let mut distance = distance(recording, measurement, best)?;
        for step in STEPS {
            // Each round searches around the best factors of the round before.
            let centre = best;
            for cpu in -NEIGHBOURS..=NEIGHBOURS {
                for latency in -NEIGHBOURS..=NEIGHBOURS {
                    let factors = Self {
                        cpu_percent: moved(centre.cpu_percent, step.powi(cpu)),
                        latency_percent: moved(centre.latency_percent, step.powi(latency)),
                    };
                    let found = self::distance(recording, measurement, factors)?;
                    if found < distance {
                        (best, distance) = (factors, found);
                    }
                }
            }
        }
        Some(best)
    }
}

fn moved(percent: u64, ratio: f64) -> u64 {
    let moved = (percent as f64 * ratio).round() as u64;
    moved.clamp(*RANGE.start(), *RANGE.end())
}

fn distance(
    recording: &Recording,
    measurement: &Measurement,
    factors: ScaleFactors,
) -> Option<f64> {
    let predictions = measurement.predictions(recording, factors);
    let squares = predictions.iter().map(|prediction| prediction.ratio().ln().powi(2));
    (!predictions.is_empty()).then(|| squares.sum())
}
