//! Flags for a range of dates.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use clap::Args;
use reader::stores::usual_dates;

/// Maximum number of dates: a year of history, and the weeks around it.
const DATES_MAX: i64 = 400;
/// Last year of the range, far inside the calendar of `chrono`, so that date arithmetic succeeds.
const YEAR_MAX: i32 = 9999;

/// Flags for one date or a range of dates.
#[derive(Debug, Args)]
pub(crate) struct DateArgs {
    /// Date, like 2026-03-12
    #[arg(long, value_name = "DATE", conflicts_with = "from")]
    date: Option<NaiveDate>,

    /// First date of a range
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<NaiveDate>,

    /// Last date of the range
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<NaiveDate>,
}

impl DateArgs {
    /// Returns the dates of the flags, or `default` if there are none.
    ///
    /// # Errors
    /// Returns an error if the range is empty, longer than 400 days or outside the years 1 to 9999.
    pub(crate) fn or(
        &self,
        default: RangeInclusive<NaiveDate>,
    ) -> Result<RangeInclusive<NaiveDate>, String> {
        Ok(self.given()?.unwrap_or(default))
    }

    /// Returns the dates of the flags, or the seven days before `today` and `today`.
    ///
    /// # Errors
    /// As [`DateArgs::or`].
    pub(crate) fn or_last_days(
        &self,
        today: NaiveDate,
    ) -> Result<RangeInclusive<NaiveDate>, String> {
        self.or(usual_dates(today))
    }

    /// Returns the dates of the flags.
    ///
    /// # Errors
    /// Returns an error if the range is empty, longer than 400 days or outside the years 1 to 9999.
    pub(crate) fn given(&self) -> Result<Option<RangeInclusive<NaiveDate>>, String> {
        let dates = match (self.date, self.from, self.to) {
            (Some(date), ..) => date..=date,
            (_, Some(from), Some(to)) => from..=to,
            _ => return Ok(None),
        };
        let (first, last) = (*dates.start(), *dates.end());
        let is_valid = (first.year() >= 1 && last.year() <= YEAR_MAX)
            && (0..DATES_MAX).contains(&(last - first).num_days());
        if !is_valid {
            return Err(format!(
                "{first} to {last} is not a span of 1 to {DATES_MAX} dates up to the year \
                 {YEAR_MAX}; --from and --to name the first and the last one"
            ));
        }
        Ok(Some(dates))
    }
}

/// Describes dates: `on 2026-03-12`, or `from 2026-03-12 to 2026-03-14`.
pub(crate) fn dates_text(dates: &RangeInclusive<NaiveDate>) -> String {
    let (first, last) = (dates.start(), dates.end());
    if first == last { format!("on {first}") } else { format!("from {first} to {last}") }
}
