//! Names of the metrics of this crate.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use domain::{ClosedDay, Sku};
use metrics::{Unit, describe_counter, describe_histogram, histogram};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::date_closing::DayRows;

/// Events by `outcome`: `written` to the log, `late` (arrived after the end of the window,
/// repetitions included), `duplicate` (a repetition within the batch), `poison`.
pub const EVENTS_TOTAL: &str = "daymark_processor_events_total";
/// Segments of the stock log by `outcome`: `stored`, `failed`.
pub const SEGMENTS_TOTAL: &str = "daymark_processor_segments_total";
/// Segments of the stock log that a pass could not read.
pub const UNREADABLE_SEGMENTS_TOTAL: &str = "daymark_processor_unreadable_segments_total";
/// Rows of windows by `outcome`: `written`, `superseded` (another pass had read more events).
pub const WINDOW_ROWS_TOTAL: &str = "daymark_processor_window_rows_total";
/// Seconds from the end of the oldest window without a current row to the rollup that writes it.
pub const WINDOWS_AGE_SECONDS: &str = "daymark_processor_windows_age_seconds";
/// Stores whose windows could not be rolled up.
pub const ROLLUP_FAILED_TOTAL: &str = "daymark_processor_rollup_failed_total";
/// Quarantined records and events by `reason`.
pub const QUARANTINED_TOTAL: &str = "daymark_processor_quarantined_total";
/// Day rows by `outcome`: `closed`, `closed_again`, `unchanged`, `contested`.
pub const DAYS_TOTAL: &str = "daymark_processor_days_total";
/// Histories by `outcome`: `folded`, `removed`, `contested` (a concurrent pass wrote it first).
pub const HISTORIES_TOTAL: &str = "daymark_processor_histories_total";
/// Stores whose days could not be closed.
pub const CLOSE_FAILED_TOTAL: &str = "daymark_processor_close_failed_total";
/// Stores sent to the queue of the close of day.
pub const DUE_TOTAL: &str = "daymark_processor_due_total";
/// Seconds from the occurrence of an event until it is in the log.
pub const FRESHNESS_SECONDS: &str = "daymark_processor_freshness_seconds";
/// Units of closed days by `figure`: `to_sell`, `received`, `sold` (returns subtracted), `wasted`,
/// `expired` (left after the last day of the shelf life). A day closed again adds the difference,
/// which may be negative, so that the sum is correct. Pieces and kilograms are added without
/// conversion.
pub const DAY_UNITS: &str = "daymark_processor_day_units";

/// Maximum number of values of [`FRESHNESS_SECONDS`] per batch: the limit of CloudWatch's embedded
/// metric format.
const SAMPLES_MAX: usize = 100;

type Figure = fn(&ClosedDay) -> Decimal;
const FIGURES: [(&str, Figure); 5] = [
    ("to_sell", ClosedDay::to_sell),
    ("received", |day| day.figures.received),
    ("sold", |day| day.figures.sold - day.figures.returned),
    ("wasted", |day| day.figures.wasted),
    ("expired", ClosedDay::expired),
];

/// Registers descriptions and units with the installed recorder. Each program calls it once.
pub fn describe() {
    describe_counter!(EVENTS_TOTAL, Unit::Count, "Events, by outcome");
    describe_counter!(SEGMENTS_TOTAL, Unit::Count, "Segments of the stock log, by outcome");
    describe_counter!(UNREADABLE_SEGMENTS_TOTAL, Unit::Count, "Segments that cannot be read");
    describe_counter!(WINDOW_ROWS_TOTAL, Unit::Count, "Rows of windows, by outcome");
    describe_histogram!(WINDOWS_AGE_SECONDS, Unit::Seconds, "Age of windows without a row");
    describe_counter!(ROLLUP_FAILED_TOTAL, Unit::Count, "Stores whose windows were not rolled up");
    describe_counter!(DAYS_TOTAL, Unit::Count, "Day rows, by outcome");
    describe_counter!(HISTORIES_TOTAL, Unit::Count, "Histories, by outcome");
    describe_counter!(CLOSE_FAILED_TOTAL, Unit::Count, "Stores whose days were not closed");
    describe_counter!(QUARANTINED_TOTAL, Unit::Count, "Quarantined records and events, by reason");
    describe_counter!(DUE_TOTAL, Unit::Count, "Stores sent to the queue of the close of day");
    describe_histogram!(FRESHNESS_SECONDS, Unit::Seconds, "Age of events when they were stored");
    describe_histogram!(DAY_UNITS, Unit::Count, "Units of closed days, by figure");
}

/// Records the age of the stored events of a batch. Above 100 events a sample is recorded, evenly
/// spaced from the youngest to the oldest. The program calls it, because only programs read clocks.
pub fn count_freshness(occurred_at: &[DateTime<Utc>], now: DateTime<Utc>) {
    let ages = occurred_at.iter().map(|occurred_at| (now - occurred_at).as_seconds_f64());
    for age in samples(ages.collect()) {
        histogram!(FRESHNESS_SECONDS).record(age);
    }
}

fn samples(mut values: Vec<f64>) -> Vec<f64> {
    values.sort_by(f64::total_cmp);
    let count = values.len();
    if count <= SAMPLES_MAX {
        return values;
    }
    (0..SAMPLES_MAX).map(|sample| values[sample * (count - 1) / (SAMPLES_MAX - 1)]).collect()
}

/// Records the difference between the figures of a store's rows of one date before and after a
/// pass, for the items with a row that the pass has written.
pub(crate) fn count_units(before: &DayRows, after: &DayRows, written: &BTreeSet<Sku>) {
    for (name, figure) in FIGURES {
        let of_written = |rows: &DayRows| -> Decimal {
            written.iter().filter_map(|sku| rows.get(sku)).map(figure).sum()
        };
        let change = of_written(after) - of_written(before);
        if let Some(units) = change.to_f64().filter(|_| !change.is_zero()) {
            histogram!(DAY_UNITS, "figure" => name).record(units);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_ages_are_all_recorded_and_of_many_an_even_sample_with_the_youngest_and_the_oldest() {
        assert!(samples(vec![]).is_empty());
        assert_eq!(samples(vec![3.0, 1.0, 2.0]), [1.0, 2.0, 3.0]);
        let many = samples((0..=9_900).rev().map(f64::from).collect());
        assert_eq!(many.len(), SAMPLES_MAX);
        assert_eq!((many[0], many[1], many[99]), (0.0, 100.0, 9_900.0));
    }
}
