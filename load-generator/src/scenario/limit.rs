//! Limits of a run, each with what was measured.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use import::nearest;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::span::Span;

/// Measured figure that a limit is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum LimitMetric {
    /// Planned to answered.
    Response(Statistic),
    /// Sent to answered.
    Service(Statistic),
    /// Planned to sent.
    SendLag(Statistic),
    /// Planned to visible in the stock log.
    Freshness(Statistic),
    /// Number of events that the target refused, apart from planned poison.
    Refused,
    /// Number of events of which nothing is known.
    Unknown,
    /// Number of requests that were answered by 429 or 503.
    Throttled,
    /// Number of differences of the ledger.
    Ledger,
}

/// Statistic of a duration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Statistic {
    /// Percentile in hundredths: 9,990 is p99.9.
    Percentile(u16),
    /// Highest value.
    Max,
}

/// Limit: the highest value that passes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Limit {
    /// Highest duration.
    Time(Span),
    /// Highest number.
    Count(u64),
}

/// Limits by metric.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Limits(pub BTreeMap<LimitMetric, Limit>);

/// Limit that cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LimitError(String);

const TIMES: [&str; 4] = ["response", "service", "send lag", "freshness"];
const COUNTS: [&str; 4] = ["refused", "unknown", "throttled", "ledger"];

impl FromStr for LimitMetric {
    type Err = LimitError;

    fn from_str(text: &str) -> Result<Self, LimitError> {
        let words: Vec<&str> = text.split_whitespace().collect();
        let name = words.join(" ");
        match name.as_str() {
            "refused" => return Ok(Self::Refused),
            "unknown" => return Ok(Self::Unknown),
            "throttled" => return Ok(Self::Throttled),
            "ledger" => return Ok(Self::Ledger),
            _ => {}
        }
        let unknown = || {
            let known = TIMES.map(|name| format!("{name} p99"));
            let known: Vec<&str> = known.iter().map(String::as_str).chain(COUNTS).collect();
            let proposal = nearest(&name, known.iter().copied());
            let proposal = proposal.map(|word| format!("; did you mean {word:?}?"));
            LimitError(format!(
                "limit {name:?}: expected {} with p50 to p99.99 or max, or {}{}",
                TIMES.join(", "),
                COUNTS.join(", "),
                proposal.unwrap_or_default()
            ))
        };
        let (statistic, time) = words.split_last().ok_or_else(unknown)?;
        let statistic = statistic.parse().map_err(|()| unknown())?;
        match time.join(" ").as_str() {
            "response" => Ok(Self::Response(statistic)),
            "service" => Ok(Self::Service(statistic)),
            "send lag" => Ok(Self::SendLag(statistic)),
            "freshness" => Ok(Self::Freshness(statistic)),
            _ => Err(unknown()),
        }
    }
}

impl fmt::Display for LimitMetric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Response(statistic) => write!(f, "response {statistic}"),
            Self::Service(statistic) => write!(f, "service {statistic}"),
            Self::SendLag(statistic) => write!(f, "send lag {statistic}"),
            Self::Freshness(statistic) => write!(f, "freshness {statistic}"),
            Self::Refused => f.write_str("refused"),
            Self::Unknown => f.write_str("unknown"),
            Self::Throttled => f.write_str("throttled"),
            Self::Ledger => f.write_str("ledger"),
        }
    }
}

impl FromStr for Statistic {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        if text == "max" {
            return Ok(Self::Max);
        }
        let percent: f64 = text.strip_prefix('p').and_then(|text| text.parse().ok()).ok_or(())?;
        let hundredths = (percent * 100.0).round();
        let is_valid = (1.0..10_000.0).contains(&hundredths);
        if is_valid { Ok(Self::Percentile(hundredths as u16)) } else { Err(()) }
    }
}

impl fmt::Display for Statistic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Percentile(hundredths) => write!(f, "p{}", f64::from(*hundredths) / 100.0),
            Self::Max => f.write_str("max"),
        }
    }
}

impl LimitMetric {
    /// Parses the value of a limit of this metric.
    ///
    /// # Errors
    /// Returns an error that says which form the value has.
    pub fn limit(self, text: &str) -> Result<Limit, LimitError> {
        let text = text.trim();
        let refused = |form: &str| LimitError(format!("limit {self} is {text:?}: expected {form}"));
        match self {
            Self::Response(_) | Self::Service(_) | Self::SendLag(_) | Self::Freshness(_) => {
                let span = text.parse().map_err(|_| refused("a time, such as 250ms or 2s"))?;
                Ok(Limit::Time(span))
            }
            Self::Ledger if text == "equal" => Ok(Limit::Count(0)),
            Self::Ledger => Err(refused("\"equal\"")),
            Self::Refused | Self::Unknown | Self::Throttled => {
                let count = text.parse().map_err(|_| refused("a whole number, such as 0"))?;
                Ok(Limit::Count(count))
            }
        }
    }
}

impl Limit {
    /// Returns the limit in words; `metric` is the metric that it belongs to.
    #[must_use]
    pub fn words(self, metric: LimitMetric) -> String {
        match (metric, self) {
            (LimitMetric::Ledger, _) => "equal".to_owned(),
            (_, Self::Time(span)) => span.to_string(),
            (_, Self::Count(count)) => count.to_string(),
        }
    }

    /// Returns the limit as a time.
    #[must_use]
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::Time(span) => Some(span.0),
            Self::Count(_) => None,
        }
    }
}

impl Limits {
    /// Adds a limit such as `response p99 < 250ms` or `ledger = equal`.
    ///
    /// # Errors
    /// Returns an error if the text has another form.
    pub fn add(&mut self, text: &str) -> Result<(), LimitError> {
        let (name, value) = text.split_once(['<', '=']).ok_or_else(|| {
            LimitError(format!("limit {text:?}: expected a form such as 'response p99 < 250ms'"))
        })?;
        let metric: LimitMetric = name.parse()?;
        let limit = metric.limit(value.trim_start_matches('='))?;
        self.0.insert(metric, limit);
        Ok(())
    }
}

impl Serialize for Limits {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0.iter().map(|(metric, limit)| (metric.to_string(), limit.words(*metric))),
        )
    }
}

impl<'de> Deserialize<'de> for Limits {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        /// Value of a limit in TOML or JSON.
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Value {
            Count(u64),
            Text(String),
        }
        let mut limits = Self::default();
        for (name, value) in BTreeMap::<String, Value>::deserialize(deserializer)? {
            let metric: LimitMetric = name.parse().map_err(D::Error::custom)?;
            let text = match value {
                Value::Count(count) => count.to_string(),
                Value::Text(text) => text,
            };
            limits.0.insert(metric, metric.limit(&text).map_err(D::Error::custom)?);
        }
        Ok(limits)
    }
}
