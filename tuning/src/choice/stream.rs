//! Batches of a stream under the settings of its event source mapping.

use rust_decimal::prelude::ToPrimitive;

use super::durations::{self, CaseTimes, Times};
use super::{Mapping, Question};
use crate::Traffic;

/// Interval of the polls of a shard, in milliseconds. Source: Lambda developer guide, "Using AWS
/// Lambda with Amazon Kinesis": the base rate is once a second.
const POLL_MS: f64 = 1_000.0;
/// Time for which tills were offline before a catch-up.
const OFFLINE_SECONDS: f64 = 3_600.0;

/// Figures of a stream function under one setting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StreamFigures {
    /// Records of a mean batch.
    pub records: f64,
    /// Events of a mean batch.
    pub events: f64,
    /// Time from the arrival of an event until it is stored, 99th percentile at the peak. Infinite
    /// if the batches do not keep up.
    pub freshness_p99_ms: f64,
    /// Time to work off an hour of the peak. Infinite if the batches do not keep up.
    pub catch_up_seconds: f64,
}

/// Rates of one part of a shard.
struct Rates {
    mean: f64,
    peak: f64,
}

/// Computes the figures of a mapping, and the times of its mean batch.
pub(super) fn figures(
    question: &Question<'_>,
    traffic: &Traffic,
    cases: &[CaseTimes],
    mapping: Mapping,
) -> (Times, StreamFigures) {
    let usual: Vec<&CaseTimes> =
        cases.iter().filter(|case| case.case == "peak" || case.case == "kept").collect();
    let usual = if usual.is_empty() { of_case(cases, &cases[0].case) } else { usual };
    let catch_up = of_case(cases, "catch-up");
    let catch_up = if catch_up.is_empty() { &usual } else { &catch_up };
    let rates = rates(question, traffic, mapping);
    let (size, window) = (f64::from(mapping.batch_size), f64::from(mapping.batch_window));

    let records = (1.0 + rates.mean * window).min(size);
    let (times, events) = durations::at_records(&usual, records);

    // Records that arrive while a batch is processed are the next batch.
    let seconds = |records: f64| durations::at_records(&usual, records).0.mean / 1_000.0;
    let mut at_peak = (1.0 + rates.peak * window).min(size);
    for _ in 0..50 {
        at_peak = at_peak.max(rates.peak * seconds(at_peak)).min(size);
    }
    let keeps_up = rates.peak * seconds(at_peak) <= at_peak;
    // At the peak a batch may be full sooner. In a quiet hour its first record waits to the end.
    let fills_ms = window * 1_000.0;
    let peak_times = durations::at_records(&usual, at_peak).0;
    let freshness_p99_ms = match keeps_up {
        true => 0.99 * POLL_MS + fills_ms + peak_times.mean + peak_times.p99,
        false => f64::INFINITY,
    };

    let largest = catch_up.iter().map(|case| case.records).fold(1.0, f64::max);
    let (full, full_events) = durations::at_records(catch_up, size.min(largest));
    let peak_events = rates.peak * durations::at_records(&usual, 1.0).1;
    let gained = full_events / (full.mean / 1_000.0) - peak_events;
    let catch_up_seconds = match gained > 0.0 {
        true => OFFLINE_SECONDS * peak_events / gained,
        false => f64::INFINITY,
    };
    (times, StreamFigures { records, events, freshness_p99_ms, catch_up_seconds })
}

fn of_case<'a>(cases: &'a [CaseTimes], name: &str) -> Vec<&'a CaseTimes> {
    cases.iter().filter(|case| case.case == name).collect()
}

/// Records a second of one part of a shard. `parallelization` parts share the records of a shard.
fn rates(question: &Question<'_>, traffic: &Traffic, mapping: Mapping) -> Rates {
    let number = |value: rust_decimal::Decimal| value.to_f64().unwrap_or(f64::INFINITY);
    let records = number(traffic.batches * traffic.records_per_batch);
    let parts = number(traffic.shards) * f64::from(mapping.parallelization);
    let mean = records / number(traffic.open_seconds) / parts;
    Rates { mean, peak: mean * number(question.model.assumptions.peak) }
}
