//! Times of the requests of a run: histograms of the whole run and of each second.
//!
//! Each request has three times, which are never mixed: the *send lag* from its planned instant
//! until it is sent, the *service time* from there to the answer, and the *response time* from the
//! planned instant to the answer. The response time is what a till waits, and the one that
//! coordinated omission hides (Tene, "How NOT to Measure Latency", 2013).
//!
//! ```
//! use std::time::Duration;
//!
//! use load_generator::scenario::Statistic;
//! use load_generator::timings::Histogram;
//!
//! let mut service = Histogram::default();
//! for millis in 1..=100 {
//!     service.record(Duration::from_millis(millis));
//! }
//! let p99 = service.at(Statistic::Percentile(9_900)).as_secs_f64();
//! assert!((p99 - 0.099).abs() < 0.001);
//! ```

use std::time::Duration;

use hdrhistogram::serialization::{Deserializer, Serializer, V2DeflateSerializer};
use serde::{Deserialize, Serialize};

use crate::scenario::Statistic;

/// Highest duration that a histogram tells apart: an hour.
const HIGHEST_US: u64 = 3_600_000_000;
/// Significant decimal digits of a histogram.
const DIGITS: u8 = 3;

/// Histogram of durations in microseconds, with three significant digits up to an hour. In JSON it
/// is a HdrHistogram in format V2, deflated, in base64.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram(hdrhistogram::Histogram<u64>);

impl Default for Histogram {
    fn default() -> Self {
        let histogram = hdrhistogram::Histogram::new_with_bounds(1, HIGHEST_US, DIGITS);
        Self(histogram.expect("constant bounds"))
    }
}

impl Histogram {
    /// Adds a duration.
    pub fn record(&mut self, duration: Duration) {
        self.0.saturating_record((duration.as_micros() as u64).max(1));
    }

    pub(crate) fn as_inner(&self) -> &hdrhistogram::Histogram<u64> {
        &self.0
    }

    /// Adds all durations of another histogram, without loss.
    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("histograms have the same bounds");
    }

    /// Returns the durations that were added since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        let mut histogram = self.clone();
        // Only a histogram that is no earlier state of this one cannot be subtracted.
        let _ = histogram.0.subtract(&before.0);
        histogram
    }

    /// Number of durations.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.0.len()
    }

    /// `true` without durations.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns a statistic; zero without durations.
    #[must_use]
    pub fn at(&self, statistic: Statistic) -> Duration {
        Duration::from_micros(match statistic {
            _ if self.0.is_empty() => 0,
            Statistic::Max => self.0.max(),
            Statistic::Percentile(hundredths) => {
                self.0.value_at_quantile(f64::from(hundredths) / 10_000.0)
            }
        })
    }

    /// Returns points of the curve of percentiles: the number of nines of the quantile, and the
    /// duration. 2 is p99, 3 is p99.9.
    #[must_use]
    pub fn nines(&self) -> Vec<(f64, Duration)> {
        let most = (self.0.len() as f64).log10().max(0.0);
        let steps = (most * 20.0).floor() as u32;
        let point = |step: u32| {
            let nines = f64::from(step) / 20.0;
            let value = self.0.value_at_quantile(1.0 - 10_f64.powf(-nines));
            (nines, Duration::from_micros(value))
        };
        (0..=steps).map(point).collect()
    }
}

impl Serialize for Histogram {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use base64::Engine as _;
        use serde::ser::Error as _;
        let mut bytes = Vec::new();
        V2DeflateSerializer::new().serialize(&self.0, &mut bytes).map_err(S::Error::custom)?;
        serializer.serialize_str(&base64::engine::general_purpose::STANDARD.encode(bytes))
    }
}

impl<'de> Deserialize<'de> for Histogram {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        use base64::Engine as _;
        use serde::de::Error as _;
        let text = String::deserialize(deserializer)?;
        let bytes = base64::engine::general_purpose::STANDARD.decode(text);
        let bytes = bytes.map_err(D::Error::custom)?;
        let read = Deserializer::new().deserialize(&mut bytes.as_slice());
        let read: hdrhistogram::Histogram<u64> =
            read.map_err(|error| D::Error::custom(format!("a histogram: {error:?}")))?;
        // Histograms are added only if they have the same bounds.
        let mut histogram = Self::default();
        histogram.0.add(&read).map_err(|error| D::Error::custom(format!("{error:?}")))?;
        Ok(histogram)
    }
}

/// Times of the requests of a run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
pub struct Timings {
    /// From the planned instant until the generator took the request up. The rest of the send lag
    /// is the wait for a connection under a cap.
    pub dispatch_lag: Histogram,
    /// From the planned instant until the request was sent.
    pub send_lag: Histogram,
    /// From sending to the answer.
    pub service: Histogram,
    /// From the planned instant to the answer.
    pub response: Histogram,
    /// From the planned instant until a query of the stock log answers with a probe event.
    pub freshness: Histogram,
}

impl Timings {
    /// Returns the times that were added since `before`.
    #[must_use]
    pub fn since(&self, before: &Self) -> Self {
        Self {
            dispatch_lag: self.dispatch_lag.since(&before.dispatch_lag),
            send_lag: self.send_lag.since(&before.send_lag),
            service: self.service.since(&before.service),
            response: self.response.since(&before.response),
            freshness: self.freshness.since(&before.freshness),
        }
    }

    /// Adds the times of another part of the run.
    pub fn add(&mut self, other: &Self) {
        self.dispatch_lag.add(&other.dispatch_lag);
        self.send_lag.add(&other.send_lag);
        self.service.add(&other.service);
        self.response.add(&other.response);
        self.freshness.add(&other.freshness);
    }
}

/// Figures of one second of a run. Times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
#[serde(default)]
pub struct Second {
    /// Events planned for this second.
    pub planned: u64,
    /// Events sent in it, repeated attempts included.
    pub sent: u64,
    /// Events acknowledged in it.
    pub stored: u64,
    /// Requests answered in it by 429 or 503.
    pub throttled: u64,
    /// Requests sent and not answered, at its end.
    pub open: u64,
    /// Response times of the requests planned for it: p50, p90, p99 and the highest.
    pub response_ms: [f64; 4],
    /// Service time p99 of the same requests.
    pub service_p99_ms: f64,
    /// Send lag p99 of the same requests.
    pub send_lag_p99_ms: f64,
    /// Highest freshness of the probes planned for it. `None` without a probe that was seen.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub freshness_ms: Option<f64>,
    /// Age of the oldest probe that was not yet seen at its end, a measure of the backlog.
    pub backlog_ms: f64,
    /// Processor time by part of the system, in shares of a core.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty")]
    pub cores: std::collections::BTreeMap<String, f64>,
    /// Resident memory of the process, in MB.
    pub memory_mb: f64,
    /// Open file descriptors of the process.
    pub descriptors: u64,
}
