//! Limits of a run, each kept or broken, and its exit code.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::knee::KneeResult;
use crate::run_record::{LedgerResult, Totals};
use crate::scenario::{Limit, LimitMetric, Limits, Statistic};
use crate::timings::{Histogram, Timings};

/// Longest dispatch lag, p99, of a valid run: above it the generator was the limit.
pub const DISPATCH_LAG_MAX: Duration = Duration::from_millis(50);
/// Highest share of one core that the sender's thread may use.
pub const SENDER_CORES_MAX: f64 = 0.9;

/// Exit codes, in ascending order of precedence except for errors: 1 precedes all.
pub mod exit {
    /// Every limit was kept.
    pub const KEPT: u8 = 0;
    /// The run could not be made.
    pub const ERROR: u8 = 1;
    /// The command line or the scenario is wrong.
    pub const USAGE: u8 = 2;
    /// A limit was broken.
    pub const LIMIT_BROKEN: u8 = 3;
    /// The ledger differs from the log.
    pub const LEDGER_DIFFERS: u8 = 4;
    /// The generator was the limit.
    pub const GENERATOR_LIMITED: u8 = 5;
}

/// Limits of a run with what was measured.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
pub struct LimitCheck {
    /// Limits in the order of their names.
    pub limits: Vec<LimitLine>,
    /// Reason why the generator was the limit. `None` for a valid run.
    pub invalid: Option<String>,
}

/// Line of one limit.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct LimitLine {
    /// Metric with its statistic.
    pub metric: String,
    /// Limit.
    pub limit: String,
    /// Measured value.
    pub measured: String,
    /// `true` if the limit was kept.
    pub kept: bool,
}

/// Figures that limits are held against.
#[derive(Debug, Clone, Copy)]
pub struct Measured<'a> {
    /// Times of the requests.
    pub timings: &'a Timings,
    /// Totals.
    pub totals: &'a Totals,
    /// Result of the audit.
    pub ledger: Option<&'a LedgerResult>,
    /// Differences between answers and requests.
    pub mismatches: u64,
    /// `true` for a part of a run. Its ledger and freshness are those of all parts.
    pub is_part: bool,
}

impl LimitCheck {
    /// Judges a run.
    #[must_use]
    pub fn of(limits: &Limits, measured: Measured<'_>) -> Self {
        let line = |(metric, limit): (&LimitMetric, &Limit)| measured.line(*metric, *limit);
        let of_whole = |metric: &LimitMetric| {
            matches!(metric, LimitMetric::Ledger | LimitMetric::Freshness(_))
        };
        let limits = limits.0.iter().filter(|(metric, _)| !(measured.is_part && of_whole(metric)));
        Self { limits: limits.map(line).collect(), invalid: measured.invalid() }
    }

    /// Judges a search for the knee: a rate within the limits was found, and not bound by the
    /// generator.
    #[must_use]
    pub fn of_search(knee: &KneeResult) -> Self {
        let measured = knee.within_limits.map(|rate| format!("{rate:.0} events/s"));
        let line = LimitLine {
            metric: "rate within the limits".to_owned(),
            limit: "any".to_owned(),
            kept: measured.is_some(),
            measured: measured.unwrap_or_else(|| "none".to_owned()),
        };
        let invalid = knee.ended_by.clone().filter(|_| knee.is_generator_limited);
        Self { limits: vec![line], invalid }
    }

    /// Exit code: the ledger precedes the limits, and an invalid run precedes both.
    #[must_use]
    pub fn exit_code(&self, ledger: Option<&LedgerResult>, mismatches: u64) -> u8 {
        let differs = matches!(ledger, Some(LedgerResult::Compared { count, .. }) if *count > 0);
        if self.invalid.is_some() {
            exit::GENERATOR_LIMITED
        } else if differs || mismatches > 0 {
            exit::LEDGER_DIFFERS
        } else if self.limits.iter().any(|line| !line.kept) {
            exit::LIMIT_BROKEN
        } else {
            exit::KEPT
        }
    }
}

impl LimitLine {
    /// Creates the line of a run that broken limits have ended.
    #[must_use]
    pub fn aborted(limits: &str) -> Self {
        Self {
            metric: "abort_after".to_owned(),
            limit: "not reached".to_owned(),
            measured: limits.to_owned(),
            kept: false,
        }
    }
}

impl Measured<'_> {
    /// Reason why the generator was the limit.
    fn invalid(&self) -> Option<String> {
        let lag = self.timings.dispatch_lag.at(Statistic::Percentile(9_900));
        if lag > DISPATCH_LAG_MAX {
            return Some(format!(
                "requests were taken up {} after their planned instants (p99; at most {} is valid)",
                millis(lag),
                millis(DISPATCH_LAG_MAX)
            ));
        }
        None
    }

    fn line(&self, metric: LimitMetric, limit: Limit) -> LimitLine {
        let (measured, kept) = self.value(metric, limit);
        let (metric, limit) = (metric.to_string(), limit.words(metric));
        LimitLine { metric, limit, measured, kept }
    }

    fn value(&self, metric: LimitMetric, limit: Limit) -> (String, bool) {
        let time = |histogram: &Histogram, statistic| {
            let found = histogram.at(statistic);
            let kept = limit.time().is_none_or(|limit| found <= limit);
            if histogram.is_empty() {
                return ("not measured".to_owned(), false);
            }
            (millis(found), kept)
        };
        let count = |found: u64| {
            let kept = !matches!(limit, Limit::Count(most) if found > most);
            (found.to_string(), kept)
        };
        let Timings { send_lag, service, response, freshness, .. } = self.timings;
        match metric {
            LimitMetric::Response(statistic) => time(response, statistic),
            LimitMetric::Service(statistic) => time(service, statistic),
            LimitMetric::SendLag(statistic) => time(send_lag, statistic),
            // A probe that was never seen is staler than any limit.
            LimitMetric::Freshness(_) if self.totals.probes.1 > 0 => {
                (format!("{} probes were never seen", self.totals.probes.1), false)
            }
            LimitMetric::Freshness(statistic) => time(freshness, statistic),
            LimitMetric::Refused => count(self.totals.refused_unplanned),
            LimitMetric::Unknown => count(self.totals.unknown),
            LimitMetric::Throttled => count(self.totals.throttled),
            LimitMetric::Ledger => match self.ledger {
                Some(LedgerResult::Compared { count: 0, .. }) if self.mismatches == 0 => {
                    ("equal".to_owned(), true)
                }
                Some(LedgerResult::Compared { count, .. }) => {
                    (format!("{} differences", *count + self.mismatches), false)
                }
                Some(LedgerResult::NotChecked { reason, .. }) => {
                    (format!("not checked: {reason}"), false)
                }
                None => ("not checked".to_owned(), false),
            },
        }
    }
}

/// Returns the reason why the thread of the sender was the limit, if it used more than
/// [`SENDER_CORES_MAX`] of a core.
#[must_use]
pub fn sender_limited(cores: f64) -> Option<String> {
    (cores > SENDER_CORES_MAX).then(|| {
        format!(
            "its thread used {:.0} % of a core (at most {:.0} % is valid); divide the run with \
             --part",
            cores * 100.0,
            SENDER_CORES_MAX * 100.0
        )
    })
}

/// Returns a duration in milliseconds, with three significant digits.
#[must_use]
pub fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1e3;
    match millis {
        0.0..10.0 => format!("{millis:.2} ms"),
        10.0..100.0 => format!("{millis:.1} ms"),
        100.0..10_000.0 => format!("{millis:.0} ms"),
        _ => format!("{:.1} s", millis / 1e3),
    }
}
