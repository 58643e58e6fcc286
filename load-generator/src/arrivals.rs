//! Planned instants of the requests of a stage.
//!
//! The instants are fixed before the stage starts, so no answer can delay them: an open loop. For
//! Poisson arrivals, exponential gaps are drawn in units of expected arrivals and mapped to time by
//! the inverse of the cumulative rate (time change; Çinlar, Introduction to Stochastic Processes,
//! 1975, section 4.7).
//!
//! ```
//! use load_generator::arrivals::instants;
//! use load_generator::draw::Draw;
//! use load_generator::scenario::{Arrivals, RateSegment};
//!
//! let constant = [RateSegment { from: 100.0, to: 100.0, seconds: 1.0 }];
//! let instants: Vec<u64> =
//!     instants(&constant, 10.0, Arrivals::Regular, Draw::of(1, "arrivals")).collect();
//! assert_eq!(instants.len(), 10, "100 events a second, ten a request");
//! assert_eq!(instants[1] - instants[0], 100_000);
//! ```

use crate::draw::Draw;
use crate::scenario::{Arrivals, RateSegment};

/// Returns the planned instants of the requests of a stage, ascending, in microseconds after its
/// start. Each request has `events_per_request` events.
pub fn instants(
    segments: &[RateSegment],
    events_per_request: f64,
    arrivals: Arrivals,
    draw: Draw,
) -> impl Iterator<Item = u64> + use<> {
    let segments = segments.iter().map(|segment| RateSegment {
        from: segment.from / events_per_request,
        to: segment.to / events_per_request,
        seconds: segment.seconds,
    });
    Instants { segments: segments.collect(), arrivals, draw, passed: (0, 0.0, 0.0), next: None }
}

struct Instants {
    /// Rates in requests a second.
    segments: Vec<RateSegment>,
    arrivals: Arrivals,
    draw: Draw,
    /// Number of segments that have passed, with their seconds and their expected arrivals.
    passed: (usize, f64, f64),
    /// Next arrival, in expected arrivals since the start.
    next: Option<f64>,
}

impl Iterator for Instants {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let gap = match self.arrivals {
            Arrivals::Poisson => self.draw.exponential(),
            // The first of regular arrivals is half a gap after the start.
            Arrivals::Regular if self.next.is_none() => 0.5,
            Arrivals::Regular => 1.0,
        };
        let next = self.next.unwrap_or_default() + gap;
        self.next = Some(next);
        loop {
            let (index, seconds, arrivals) = self.passed;
            let segment = self.segments.get(index)?;
            let expected = (segment.from + segment.to) / 2.0 * segment.seconds;
            if next < arrivals + expected {
                let at = seconds + segment.seconds_until(next - arrivals);
                return Some((at * 1e6).round() as u64);
            }
            self.passed = (index + 1, seconds + segment.seconds, arrivals + expected);
        }
    }
}

impl RateSegment {
    /// Returns the seconds after which this number of arrivals is expected: the root of
    /// `from * t + (to - from) / seconds * t² / 2 = arrivals`.
    fn seconds_until(&self, arrivals: f64) -> f64 {
        let slope = (self.to - self.from) / self.seconds;
        let root = (self.from * self.from + 2.0 * slope * arrivals).max(0.0).sqrt();
        // This form of the root has no difference of equal numbers for a small slope.
        let seconds = 2.0 * arrivals / (self.from + root);
        if seconds.is_finite() { seconds.clamp(0.0, self.seconds) } else { 0.0 }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None, ..ProptestConfig::default()
        })]

        #[test]
        fn instants_ascend_within_the_stage_and_have_its_mean_rate(
            rates in prop::collection::vec((0.0..2_000.0, 0.0..2_000.0, 0.1..20.0), 1..5),
            is_regular in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let segments: Vec<RateSegment> = rates
                .iter()
                .map(|(from, to, seconds)| RateSegment { from: *from, to: *to, seconds: *seconds })
                .collect();
            let arrivals = if is_regular { Arrivals::Regular } else { Arrivals::Poisson };
            let found: Vec<u64> =
                instants(&segments, 1.0, arrivals, Draw::of(seed, "arrivals")).collect();
            prop_assert!(found.is_sorted());
            let seconds: f64 = segments.iter().map(|segment| segment.seconds).sum();
            prop_assert!(found.iter().all(|at| *at <= (seconds * 1e6).ceil() as u64));
            let expected: f64 =
                segments.iter().map(|s| (s.from + s.to) / 2.0 * s.seconds).sum();
            let slack = if is_regular { 1.0 } else { 6.0 * expected.sqrt() + 10.0 };
            let found = found.len() as f64;
            prop_assert!((found - expected).abs() <= slack, "{found} of {expected}");
        }
    }

    #[test]
    fn a_ramp_has_its_rate_at_every_instant() {
        let ramp = [RateSegment { from: 0.0, to: 1_000.0, seconds: 10.0 }];
        let found: Vec<u64> =
            instants(&ramp, 1.0, Arrivals::Regular, Draw::of(1, "arrivals")).collect();
        // A rate of 100 t per second has 50 t² arrivals after t seconds.
        for (number, seconds) in [(50, 1.0), (1_250, 5.0), (4_050, 9.0)] {
            assert!((found[number] as f64 / 1e6 - seconds).abs() < 0.02, "{number}");
        }
    }
}
