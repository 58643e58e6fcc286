//! Flags for the dates of imports.

use std::ops::RangeInclusive;
use std::time::Duration;

use chrono::{DateTime, Days, NaiveDate, Utc};
use clap::Args;
use domain::limits::STOCK_LOG_KEPT;

/// Flags for a range of dates in UTC, of any length.
#[derive(Debug, Args)]
pub(super) struct ImportDateArgs {
    /// First date of the events, in UTC [default: 90 days ago, the days for which the stock log is
    /// kept]
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,

    /// Last date of the events, in UTC [default: the last one]
    #[arg(long, value_name = "DATE")]
    to: Option<NaiveDate>,
}

impl ImportDateArgs {
    /// Returns the dates on which there can be events.
    ///
    /// # Errors
    /// Returns an error if the range is empty.
    pub(super) fn dates(&self, now: DateTime<Utc>) -> Result<RangeInclusive<NaiveDate>, String> {
        let today = now.date_naive();
        // A till's clock may be minutes ahead. No event is before the year 2000.
        let last = self.to.unwrap_or(today + Days::new(1)).min(today + Days::new(1));
        let kept = STOCK_LOG_KEPT.as_secs() / Duration::from_hours(24).as_secs();
        let first = self.from.unwrap_or(today - Days::new(kept)).max(EARLIEST);
        if first > last {
            return Err(format!(
                "{first} to {last} are no dates; --from names the first one and --to the last, \
                 which is not after tomorrow"
            ));
        }
        Ok(first..=last)
    }
}

/// First date of an event. Source: docs/events.md.
const EARLIEST: NaiveDate = NaiveDate::from_ymd_opt(2000, 1, 1).expect("a date");
