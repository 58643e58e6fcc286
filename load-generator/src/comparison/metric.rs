//! Figures that are compared, and their values by second.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::usable;
use crate::timings::Second;

/// Shortest time that is told from zero, in milliseconds: one microsecond, as in the histograms.
const TIME_MIN_MS: f64 = 0.001;

/// Figure of a second that is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ComparedMetric {
    /// Median response time, in milliseconds.
    ResponseP50,
    /// Response time p99, in milliseconds.
    ResponseP99,
    /// Service time p99, in milliseconds.
    ServiceP99,
    /// Send lag p99, in milliseconds.
    SendLagP99,
    /// Highest freshness of the probes of a second, in milliseconds.
    Freshness,
    /// Rate of acknowledged events, in events a second.
    StoredRate,
}

impl ComparedMetric {
    /// All figures, in the order of the lines.
    pub const ALL: [Self; 6] = [
        Self::ResponseP50,
        Self::ResponseP99,
        Self::ServiceP99,
        Self::SendLagP99,
        Self::Freshness,
        Self::StoredRate,
    ];

    /// `true` for a time, which is better if it is short; `false` for a rate.
    #[must_use]
    pub fn is_time(self) -> bool {
        self != Self::StoredRate
    }

    /// Returns the value of each second; `None` for one that is not usable. Times are at least a
    /// microsecond.
    pub(super) fn values(self, seconds: &[Second]) -> Vec<Option<f64>> {
        let mut values = vec![None; seconds.len()];
        for place in usable(seconds) {
            values[place] = self.value(&seconds[place]);
        }
        values
    }

    fn value(self, second: &Second) -> Option<f64> {
        let answered = |millis: f64| is_answered(second).then_some(millis);
        let millis = match self {
            Self::ResponseP50 => answered(second.response_ms[0]),
            Self::ResponseP99 => answered(second.response_ms[2]),
            Self::ServiceP99 => answered(second.service_p99_ms),
            Self::SendLagP99 => answered(second.send_lag_p99_ms),
            Self::Freshness => second.freshness_ms,
            Self::StoredRate => return Some(second.stored as f64),
        };
        millis.filter(|millis| millis.is_finite()).map(|millis| millis.max(TIME_MIN_MS))
    }

    /// Returns the value of a run: the geometric mean of times, the mean of rates. `None` without
    /// a value.
    pub(super) fn summary(self, values: &[f64]) -> Option<f64> {
        let mean = |sum: f64| sum / values.len() as f64;
        match self.is_time() {
            _ if values.is_empty() => None,
            true => Some(mean(values.iter().map(|value| value.ln()).sum()).exp()),
            false => Some(mean(values.iter().sum())),
        }
    }

    /// Returns values whose mean has the error of the logarithm of the summary. These are the
    /// logarithms of times, and rates in units of their mean (delta method). The mean of rates
    /// must be above zero.
    pub(super) fn logarithmic(self, values: Vec<f64>) -> Vec<f64> {
        if self.is_time() {
            return values.into_iter().map(f64::ln).collect();
        }
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        values.into_iter().map(|value| value / mean).collect()
    }
}

/// `true` if a request that was planned for this second has been answered.
pub(super) fn is_answered(second: &Second) -> bool {
    second.response_ms[3] > 0.0
}

impl fmt::Display for ComparedMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ResponseP50 => "response p50",
            Self::ResponseP99 => "response p99",
            Self::ServiceP99 => "service p99",
            Self::SendLagP99 => "send lag p99",
            Self::Freshness => "freshness",
            Self::StoredRate => "stored rate",
        })
    }
}
