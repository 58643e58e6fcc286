//! How old an event may be that an operator has processed again.

use std::time::Duration;

use aws::settings::{EVENT_AGE_MAX_DAYS, age_max};
use chrono::{DateTime, Utc};
use clap::Args;
use domain::limits::{EVENT_AGE_MAX, STOCK_KEPT};

use crate::clock;

/// The age limit: that of the functions of the stage, or of `daymark up`.
#[derive(Debug, Args)]
pub(crate) struct AgeFlags {
    /// How old an event may be when it arrives, in days; any takes all, into rows that never
    /// expire. 7 when left out. Give it what the stage has as eventAgeMaxDays, so that rows come
    /// out as its functions would write them
    #[arg(long, env = EVENT_AGE_MAX_DAYS, value_name = "DAYS|any", value_parser = age)]
    event_age_max: Option<AgeMax>,

    /// The same as --event-age-max any. Give it when `daymark up` has it
    #[arg(long, conflicts_with = "event_age_max")]
    any_age: bool,
}

#[derive(Debug, Clone, Copy)]
struct AgeMax(Option<Duration>);

fn age(given: &str) -> Result<AgeMax, String> {
    age_max(given).map(AgeMax).map_err(|expected| format!("expected {expected}"))
}

impl AgeFlags {
    /// The limit; `None` takes history of any age.
    pub(crate) fn max(&self) -> Option<Duration> {
        let given = self.event_age_max.map_or(Some(EVENT_AGE_MAX), |age| age.0);
        given.filter(|_| !self.any_age)
    }

    /// Why what came then is not stored any more: readers would leave its row out at once.
    pub(crate) fn too_long_ago(&self, at: DateTime<Utc>) -> Option<String> {
        // Its oldest event lies as far back from then as one may be old.
        let kept = STOCK_KEPT.saturating_sub(self.max()?);
        let days = kept.as_secs() / (24 * 3600);
        (at < clock::now() - kept).then(|| {
            format!(
                "it came more than {days} days ago, and rows of that time are expired; \
                 --event-age-max any stores it in rows that never expire"
            )
        })
    }
}
