//! Billed durations of the recorded cases at one memory size.

use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::{BilledTimes, FunctionRecording, Quota, RecordedCase, ScaleFactors};

/// Places in a period at which each recorded invocation starts.
const PHASES: u32 = 40;

/// Billed milliseconds of an invocation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Times {
    /// Mean: many invocations are billed so much each.
    pub mean: f64,
    /// Median.
    pub p50: f64,
    /// 90th percentile.
    pub p90: f64,
    /// 99th percentile.
    pub p99: f64,
}

/// Times of one case with one number of records.
#[derive(Debug, Clone)]
pub(super) struct CaseTimes {
    pub(super) case: String,
    pub(super) records: f64,
    pub(super) events: f64,
    pub(super) times: Times,
}

/// Computes the times of all recorded cases.
pub(super) fn of_cases(
    recording: &FunctionRecording,
    memory: u32,
    factors: ScaleFactors,
) -> Vec<CaseTimes> {
    let quota = Quota::of_memory(memory);
    let of_case = |case: &RecordedCase| {
        let traces = case.traces.iter();
        let billed = traces.map(|trace| quota.billed(&trace.scaled(factors), PHASES));
        let billed = BilledTimes::merged(billed);
        let percentile = |percent| billed.percentile(percent) as f64;
        CaseTimes {
            case: case.case.clone(),
            records: case.records.into(),
            events: case.events.to_f64().unwrap_or(1.0),
            times: Times {
                mean: billed.mean().to_f64().unwrap_or(f64::INFINITY),
                p50: percentile(50),
                p90: percentile(90),
                p99: percentile(99),
            },
        }
    };
    recording.cases.iter().map(of_case).collect()
}

/// Returns the mean uncertainty of the measured work over all cases, as a share.
pub(super) fn noise(recording: &FunctionRecording) -> Decimal {
    let sum: Decimal = recording.cases.iter().map(RecordedCase::noise).sum();
    sum / Decimal::from(recording.cases.len().max(1))
}

/// Returns times and events of a batch of `records` records: on the straight line between the
/// recorded sizes, and beyond them on the outer lines.
pub(super) fn at_records(cases: &[&CaseTimes], records: f64) -> (Times, f64) {
    let [first, .., last] = cases else {
        let only = cases[0];
        return (only.times, only.events * records / only.records);
    };
    let right = cases.iter().find(|case| case.records >= records).unwrap_or(last);
    let right = if right.records <= first.records { cases[1] } else { right };
    let left = cases.iter().rev().find(|case| case.records < right.records).unwrap_or(first);
    let share = (records - left.records) / (right.records - left.records);
    let between = |of: fn(&CaseTimes) -> f64| (of(left) + share * (of(right) - of(left))).max(1.0);
    let times = Times {
        mean: between(|case| case.times.mean),
        p50: between(|case| case.times.p50),
        p90: between(|case| case.times.p90),
        p99: between(|case| case.times.p99),
    };
    (times, between(|case| case.events))
}
