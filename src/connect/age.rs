//! Age limit of events that an operator processes again.

use std::time::Duration;

use aws::settings::{EVENT_AGE_MAX_DAYS, STOCK_LOG_DAYS, age_max, log_kept};
use chrono::{DateTime, Utc};
use clap::Args;
use domain::limits::{EVENT_AGE_MAX, STOCK_LOG_KEPT};

use crate::clock;

/// Flags for the age limit, which should equal that of the stage or of `daymark up`.
#[derive(Debug, Args)]
pub(crate) struct AgeArgs {
    /// Maximum age of an event on arrival, in days; `any` accepts all events, in segments that
    /// never expire [default: 7]. Set it to the eventAgeMaxDays of the stage
    #[arg(long, env = EVENT_AGE_MAX_DAYS, value_name = "DAYS|any", value_parser = age)]
    event_age_max: Option<AgeLimit>,

    /// Same as --event-age-max any. Set it if `daymark up` has it
    #[arg(long, conflicts_with = "event_age_max")]
    any_age: bool,

    /// Days for which the stock log is kept after its date, or `forever` [default: 90]. Set
    /// it to the stockLogDays of the stage
    #[arg(long, env = STOCK_LOG_DAYS, value_name = "DAYS|forever", value_parser = kept)]
    stock_log_days: Option<LogKept>,
}

/// Value of `--stock-log-days`. `None` is for ever.
#[derive(Debug, Clone, Copy)]
struct LogKept(Option<Duration>);

fn kept(given: &str) -> Result<LogKept, String> {
    log_kept(given).map(LogKept).map_err(|expected| format!("expected {expected}"))
}

/// Value of `--event-age-max`. `None` is `any`.
#[derive(Debug, Clone, Copy)]
struct AgeLimit(Option<Duration>);

fn age(given: &str) -> Result<AgeLimit, String> {
    age_max(given).map(AgeLimit).map_err(|expected| format!("expected {expected}"))
}

impl AgeArgs {
    /// Returns the age limit. `None` accepts events of any age.
    pub(crate) fn max(&self) -> Option<Duration> {
        let given = self.event_age_max.map_or(Some(EVENT_AGE_MAX), |age| age.0);
        given.filter(|_| !self.any_age)
    }

    /// Returns the lifetime of the stock log after its date. `None` keeps it for ever, as every log
    /// of events of any age is.
    pub(crate) fn log_kept(&self) -> Option<Duration> {
        self.max()?;
        self.stock_log_days.map_or(Some(STOCK_LOG_KEPT), |kept| kept.0)
    }

    /// Returns the arrival before which all events would have expired already. Events that occurred
    /// before their arrival may have expired as well.
    pub(crate) fn oldest_arrival(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let kept = self.log_kept().zip(self.max());
        kept.map_or(DateTime::UNIX_EPOCH, |(kept, _)| now - kept)
    }

    /// Returns the reason for not storing events that arrived at `at`, if their segments would have
    /// expired already.
    pub(crate) fn too_long_ago(&self, at: DateTime<Utc>) -> Option<String> {
        let now = clock::now();
        let oldest = self.oldest_arrival(now);
        (at < oldest).then(|| {
            format!(
                "it came more than {} days ago, and the stock log of that time is expired; \
                 --event-age-max any stores it for ever",
                (now - oldest).num_days()
            )
        })
    }
}
