//! Which days are asked about.

use std::ops::RangeInclusive;

use chrono::{Datelike, NaiveDate};
use clap::Args;

/// Most dates at once: as long as stock is kept.
const DATES_MAX: i64 = 400;
/// Dates far beyond it cannot be counted on.
const YEAR_MAX: i32 = 9999;

/// One day, or several.
#[derive(Debug, Args)]
pub(crate) struct DateFlags {
    /// One day, like 2026-03-12
    #[arg(long, value_name = "DATE", conflicts_with = "from")]
    date: Option<NaiveDate>,

    /// The first of several days
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<NaiveDate>,

    /// The last of them
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<NaiveDate>,
}

impl DateFlags {
    /// The days, or these when none is named.
    pub(crate) fn or(
        &self,
        usual: RangeInclusive<NaiveDate>,
    ) -> Result<RangeInclusive<NaiveDate>, String> {
        let dates = match (self.date, self.from, self.to) {
            (Some(date), ..) => date..=date,
            (_, Some(from), Some(to)) => from..=to,
            _ => usual,
        };
        let (first, last) = (*dates.start(), *dates.end());
        let is_usual = (first.year() >= 1 && last.year() <= YEAR_MAX)
            && (0..DATES_MAX).contains(&(last - first).num_days());
        if !is_usual {
            return Err(format!(
                "{first} to {last} is not a span of 1 to {DATES_MAX} dates up to the year \
                 {YEAR_MAX}; --from and --to name the first and the last one"
            ));
        }
        Ok(dates)
    }
}

/// `on 2026-03-12`, or `from 2026-03-12 to 2026-03-14`.
pub(crate) fn told(days: &RangeInclusive<NaiveDate>) -> String {
    let (first, last) = (days.start(), days.end());
    if first == last { format!("on {first}") } else { format!("from {first} to {last}") }
}
