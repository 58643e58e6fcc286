//! Stages of a run: the course of the planned rate.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{ScenarioError, within};
use crate::shops::HourlyProfile;
use crate::span::Span;

/// Maximum rate, in events a second: more than ten thousand shards carry.
pub const RATE_MAX: f64 = 10_000_000.0;
/// Maximum duration of a run.
pub const TIME_MAX: Duration = Duration::from_secs(7 * 24 * 3600);
/// Hours of the curve of a day: from six to twenty-two.
const DAY_HOURS: std::ops::Range<u32> = 6..22;

/// Instants of requests within a rate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Arrivals {
    /// Independent arrivals: the gaps are exponential.
    #[default]
    Poisson,
    /// Equal gaps.
    Regular,
}

/// Stage of a run. Rates are in events a second.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "shape", rename_all = "lowercase", deny_unknown_fields)]
pub enum Stage {
    /// One rate.
    Constant {
        /// Rate.
        rate: f64,
        /// Duration.
        #[serde(rename = "for")]
        time: Span,
    },
    /// A rate that changes evenly.
    Ramp {
        /// Rate at the start.
        from: f64,
        /// Rate at the end.
        to: f64,
        /// Duration.
        #[serde(rename = "for")]
        time: Span,
    },
    /// Rates one after the other.
    Steps {
        /// First rate.
        from: f64,
        /// Difference between two steps.
        by: f64,
        /// Duration of a step.
        each: Span,
        /// Number of steps.
        times: u32,
    },
    /// A base rate with a peak in the middle.
    Spike {
        /// Rate before and after the peak.
        base: f64,
        /// Rate of the peak.
        peak: f64,
        /// Duration of the whole stage.
        #[serde(rename = "for")]
        time: Span,
        /// Duration of the peak.
        peak_for: Span,
    },
    /// One rate for a long time, after which memory and descriptors are compared with the start.
    Soak {
        /// Rate.
        rate: f64,
        /// Duration.
        #[serde(rename = "for")]
        time: Span,
    },
    /// The curve of a day from six to twenty-two o'clock, in a shorter time.
    Day {
        /// Rate of the busiest hour.
        peak: f64,
        /// Duration.
        #[serde(rename = "for")]
        time: Span,
    },
    /// A search for the highest rate within the limits.
    Knee(KneeSearch),
    /// The times of a file of events. It stands for `shops.file`, and is no stage of a scenario.
    File,
}

/// Settings of a search for the knee.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct KneeSearch {
    /// First rate, in events a second.
    pub from: f64,
    /// Highest rate that is tried.
    pub to: f64,
    /// Duration of a probe.
    pub probe: Span,
    /// Relative width of the bracket at which the search ends.
    pub precision: f64,
    /// Longest time between probes for the backlog to drain.
    pub drain: Span,
}

impl Default for KneeSearch {
    fn default() -> Self {
        Self {
            from: 500.0,
            to: 1_000_000.0,
            probe: Span(Duration::from_secs(5)),
            precision: 0.05,
            drain: Span(Duration::from_secs(60)),
        }
    }
}

/// Part of a stage in which the rate changes evenly.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateSegment {
    /// Rate at the start, in events a second.
    pub from: f64,
    /// Rate at the end.
    pub to: f64,
    /// Duration in seconds.
    pub seconds: f64,
}

impl Stage {
    /// Returns the course of the rate. A search for the knee has none before it runs.
    #[must_use]
    pub fn segments(&self) -> Vec<RateSegment> {
        let flat = |rate: f64, time: Duration| RateSegment {
            from: rate,
            to: rate,
            seconds: time.as_secs_f64(),
        };
        match self {
            Self::Constant { rate, time } | Self::Soak { rate, time } => vec![flat(*rate, time.0)],
            Self::Ramp { from, to, time } => {
                vec![RateSegment { from: *from, to: *to, seconds: time.0.as_secs_f64() }]
            }
            Self::Steps { from, by, each, times } => {
                (0..*times).map(|step| flat(from + by * f64::from(step), each.0)).collect()
            }
            Self::Spike { base, peak, time, peak_for } => {
                let side = time.0.saturating_sub(peak_for.0) / 2;
                vec![flat(*base, side), flat(*peak, peak_for.0), flat(*base, side)]
            }
            Self::Day { peak, time } => {
                let weight = |hour| f64::from(HourlyProfile::Steady.weight(hour));
                let highest = DAY_HOURS.map(weight).fold(0.0, f64::max);
                let rate = |hour| peak * weight(hour) / highest;
                let hours = f64::from(DAY_HOURS.end - DAY_HOURS.start);
                let seconds = time.0.as_secs_f64() / hours;
                let segment = |hour| RateSegment { from: rate(hour), to: rate(hour + 1), seconds };
                DAY_HOURS.map(segment).collect()
            }
            Self::Knee(_) | Self::File => Vec::new(),
        }
    }

    /// Returns the duration; 0 for a search for the knee and for a file, which end by themselves.
    #[must_use]
    pub fn duration(&self) -> Duration {
        let seconds = self.segments().iter().map(|segment| segment.seconds).sum();
        Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX)
    }

    pub(super) fn check(&self) -> Result<(), ScenarioError> {
        let rate = |name, rate| within(name, rate, 0.001, RATE_MAX);
        let time =
            |name, time: &Span| within(name, time.0.as_secs_f64(), 0.001, TIME_MAX.as_secs_f64());
        match self {
            Self::Constant { rate: of, time: span } | Self::Soak { rate: of, time: span } => {
                rate("rate", *of)?;
                time("for", span)
            }
            Self::Ramp { from, to, time: span } => {
                within("from", *from, 0.0, RATE_MAX)?;
                within("to", *to, 0.0, RATE_MAX)?;
                if *from == 0.0 && *to == 0.0 {
                    return Err(ScenarioError::rule("to", "0", "a ramp needs a rate", ""));
                }
                time("for", span)
            }
            Self::Steps { from, by, each, times } => {
                rate("from", *from)?;
                within("times", f64::from(*times), 1.0, 10_000.0)?;
                rate("the rate of the last step", from + by * f64::from(times - 1))?;
                time("each", each)
            }
            Self::Spike { base, peak, time: span, peak_for } => {
                rate("base", *base)?;
                rate("peak", *peak)?;
                time("peak_for", peak_for)?;
                if peak_for > span {
                    let rule = format!("the peak is a part of the stage, which takes {span}");
                    return Err(ScenarioError::rule("peak_for", &peak_for.to_string(), &rule, ""));
                }
                time("for", span)
            }
            Self::Day { peak, time: span } => {
                rate("peak", *peak)?;
                time("for", span)
            }
            Self::Knee(KneeSearch { from, to, probe, precision, drain }) => {
                rate("from", *from)?;
                rate("to", *to)?;
                within("precision", *precision, 0.005, 0.5)?;
                within("probe in seconds", probe.0.as_secs_f64(), 0.5, 3600.0)?;
                within("drain in seconds", drain.0.as_secs_f64(), 0.5, 3600.0)?;
                if from >= to {
                    let rule = format!("it must be above from, which is {from}");
                    return Err(ScenarioError::rule("to", &to.to_string(), &rule, ""));
                }
                Ok(())
            }
            Self::File => {
                let rule = "the file of a replay is given as shops.file";
                Err(ScenarioError::rule("shape", "file", rule, ""))
            }
        }
    }
}
