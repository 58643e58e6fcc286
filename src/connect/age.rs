//! Age limit of events that an operator processes again.

use std::time::Duration;

use aws::settings::{EVENT_AGE_MAX_DAYS, age_max};
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

    /// Returns the reason for not storing events that arrived at `at`, if their segments would have
    /// expired already.
    pub(crate) fn too_long_ago(&self, at: DateTime<Utc>) -> Option<String> {
        // The oldest event of that time may have occurred the age limit before it.
        let kept = STOCK_LOG_KEPT.saturating_sub(self.max()?);
        let days = kept.as_secs() / (24 * 3600);
        (at < clock::now() - kept).then(|| {
            format!(
                "it came more than {days} days ago, and the stock log of that time is expired; \
                 --event-age-max any stores it for ever"
            )
        })
    }
}
