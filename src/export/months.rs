//! Dates of an export, and their months.

use std::ops::RangeInclusive;

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use domain::Store;

use crate::CommandError;
use reader::stores::latest_today;

/// Maximum number of dates: ten years.
const DATES_MAX: i64 = 3_660;

/// Returns the dates of the flags, or those of this month and the month before.
pub(super) fn dates(
    given: Option<(NaiveDate, NaiveDate)>,
    stores: &[Store],
    now: DateTime<Utc>,
) -> Result<RangeInclusive<NaiveDate>, CommandError> {
    let today = latest_today(stores, now);
    let Some((from, to)) = given else {
        return Ok(first_of_month(first_of_month(today) - Days::new(1))..=today);
    };
    if to > today {
        return Err(format!("--to {to} is in the future; it may be {today} at the latest").into());
    }
    if !(0..DATES_MAX).contains(&(to - from).num_days()) {
        return Err(format!(
            "{from} to {to} is not a span of 1 to {DATES_MAX} dates; --from and --to name the \
             first and the last one"
        )
        .into());
    }
    Ok(from..=to)
}

fn first_of_month(date: NaiveDate) -> NaiveDate {
    date.with_day(1).unwrap_or(date)
}

/// Divides dates into months.
pub(super) fn months(dates: &RangeInclusive<NaiveDate>) -> Vec<RangeInclusive<NaiveDate>> {
    let mut months = Vec::new();
    let mut first = *dates.start();
    while first <= *dates.end() {
        let next = first_of_month(first) + Months::new(1);
        months.push(first..=(next - Days::new(1)).min(*dates.end()));
        first = next;
    }
    months
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_meet_without_gap_or_overlap() {
        let date = |text: &str| text.parse::<NaiveDate>().expect("a date");
        let months = months(&(date("2025-12-30")..=date("2026-02-03")));
        let expected = [
            ("2025-12-30", "2025-12-31"),
            ("2026-01-01", "2026-01-31"),
            ("2026-02-01", "2026-02-03"),
        ];
        assert_eq!(months, expected.map(|(first, last)| date(first)..=date(last)));
    }
}
