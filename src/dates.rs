//! Which days are asked about.

use std::ops::RangeInclusive;

use chrono::NaiveDate;
use clap::Args;

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
        match (self.date, self.from, self.to) {
            (Some(date), ..) => Ok(date..=date),
            (_, Some(from), Some(to)) if from > to => {
                Err(format!("--from {from} is after --to {to}"))
            }
            (_, Some(from), Some(to)) => Ok(from..=to),
            _ => Ok(usual),
        }
    }
}

/// `on 2026-03-12`, or `from 2026-03-12 to 2026-03-14`.
pub(crate) fn told(days: &RangeInclusive<NaiveDate>) -> String {
    let (first, last) = (days.start(), days.end());
    if first == last { format!("on {first}") } else { format!("from {first} to {last}") }
}
