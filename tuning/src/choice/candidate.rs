//! Setting of a function with its times, its cost and the limits that it breaks.

use rust_decimal::Decimal;
use rust_decimal::prelude::{FromPrimitive, ToPrimitive};

use super::durations::{self, CaseTimes, Times};
use super::stream::{self, StreamFigures};
use super::{
    BATCH_SIZES, BATCH_WINDOWS, MEMORY_SIZES, Mapping, PARALLELIZATIONS, Question, Setting,
};
use crate::traffic::HOURS;
use crate::{Architecture, Traffic};

/// Setting with its figures.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Setting.
    pub setting: Setting,
    /// Billed milliseconds of an invocation.
    pub times: Times,
    /// Figures of the stream, for a function that reads one.
    pub stream: Option<StreamFigures>,
    /// Cost of a month.
    pub cost: TunedCost,
    /// Cost of a million events, in dollars.
    pub dollars_per_million: Decimal,
    /// Limits that are broken, with the value and the limit.
    pub broken: Vec<String>,
}

/// Cost of a function in a month, in dollars: the parts that its settings change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TunedCost {
    /// GB-seconds of the invocations.
    pub duration: Decimal,
    /// Fee of the invocations.
    pub requests: Decimal,
    /// GB-seconds of the initializations.
    pub init: Decimal,
    /// Writes of the stock processor: fuller batches write fewer segments.
    pub writes: Decimal,
}

/// Life of the execution environments of a function.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Environments {
    /// Environments at the same time.
    pub count: u32,
    /// Hours after which an environment is replaced. Assumed: AWS publishes no number.
    pub hours: u32,
}

impl TunedCost {
    /// Returns the sum.
    #[must_use]
    pub fn month(&self) -> Decimal {
        self.duration + self.requests + self.init + self.writes
    }
}

impl Candidate {
    /// Returns the latency that is compared: the freshness of a stream, or else the duration, 99th
    /// percentile in milliseconds.
    #[must_use]
    pub fn latency_ms(&self) -> f64 {
        self.stream.map_or(self.times.p99, |stream| stream.freshness_p99_ms)
    }
}

/// Computes every setting of the grid.
pub(super) fn all(question: &Question<'_>) -> Vec<Candidate> {
    let mappings: Vec<Option<Mapping>> = match question.current.mapping {
        None => vec![None],
        Some(_) => {
            let of = |batch_size, batch_window, parallelization| {
                Some(Mapping { batch_size, batch_window, parallelization })
            };
            let windows = |size| BATCH_WINDOWS.into_iter().map(move |window| (size, window));
            let pairs = BATCH_SIZES.into_iter().flat_map(windows);
            let triples = pairs.flat_map(|(size, window)| {
                PARALLELIZATIONS.into_iter().map(move |factor| of(size, window, factor))
            });
            triples.collect()
        }
    };
    let traffic = traffic(question);
    let mut candidates = Vec::new();
    for memory in MEMORY_SIZES {
        let cases = durations::of_cases(question.recording, memory, question.factors);
        for mapping in &mappings {
            let setting = Setting { memory, mapping: *mapping };
            candidates.push(compute(question, &traffic, &cases, setting));
        }
    }
    candidates
}

/// Computes one setting.
pub(super) fn of(question: &Question<'_>, setting: Setting) -> Candidate {
    let cases = durations::of_cases(question.recording, setting.memory, question.factors);
    compute(question, &traffic(question), &cases, setting)
}

fn traffic(question: &Question<'_>) -> Traffic {
    Traffic::new(question.stores, &question.model.assumptions, &question.model.work)
}

fn compute(
    question: &Question<'_>,
    traffic: &Traffic,
    cases: &[CaseTimes],
    setting: Setting,
) -> Candidate {
    let stream = setting.mapping.map(|mapping| stream::figures(question, traffic, cases, mapping));
    let (times, stream, invocations) = match stream {
        Some((times, figures)) => {
            let invocations = traffic.events / decimal(figures.events);
            (times, Some(figures), invocations)
        }
        None => {
            let bill = question.model.month(question.stores);
            let name = question.recording.function.as_str();
            let invocations = bill.invocations.get(name).copied().unwrap_or_default();
            (weighted(cases, invocations, traffic), None, invocations)
        }
    };
    let cost = cost(question, traffic, setting, times, stream.as_ref(), invocations);
    let broken = broken(question, setting, times, stream.as_ref());
    let dollars_per_million = cost.month() * Decimal::from(1_000_000) / traffic.events;
    Candidate { setting, times, stream, cost, dollars_per_million, broken }
}

/// Returns the times of an invocation of a function without a stream. The `close` of a store's day
/// is one of its visits; every other case has the same weight. Percentiles are those of the
/// slowest case.
fn weighted(cases: &[CaseTimes], invocations: Decimal, traffic: &Traffic) -> Times {
    let closes = (traffic.stores * traffic.days / invocations.max(Decimal::ONE)).min(Decimal::ONE);
    let closes = closes.to_f64().unwrap_or(1.0);
    let others = cases.iter().filter(|case| case.case != "close").count().max(1) as f64;
    let has_close = cases.iter().any(|case| case.case == "close");
    let weight = |case: &CaseTimes| match (has_close, case.case == "close") {
        (true, true) => closes,
        (true, false) => (1.0 - closes) / others,
        (false, _) => 1.0 / others,
    };
    let slowest =
        |of: fn(&Times) -> f64| cases.iter().map(|case| of(&case.times)).fold(0.0, f64::max);
    Times {
        mean: cases.iter().map(|case| weight(case) * case.times.mean).sum(),
        p50: slowest(|times| times.p50),
        p90: slowest(|times| times.p90),
        p99: slowest(|times| times.p99),
    }
}

fn cost(
    question: &Question<'_>,
    traffic: &Traffic,
    setting: Setting,
    times: Times,
    stream: Option<&StreamFigures>,
    invocations: Decimal,
) -> TunedCost {
    let prices = &question.model.prices;
    let gigabyte_second = match question.model.assumptions.arch {
        Architecture::Arm64 => prices.price("lambda.arm64"),
        Architecture::X86_64 => prices.price("lambda.x86_64"),
    };
    let gigabytes = Decimal::from(setting.memory) / Decimal::from(1024);
    let seconds = |ms: Decimal| ms / Decimal::from(1000);
    let duration = invocations * seconds(decimal(times.mean)) * gigabytes;
    let parallelization = setting.mapping.map_or(1, |mapping| mapping.parallelization);
    let count = match setting.mapping {
        Some(_) => traffic.shards * Decimal::from(parallelization),
        None => question.environments.count.into(),
    };
    let starts = count * Decimal::from(HOURS) / Decimal::from(question.environments.hours.max(1));
    let init = starts.min(invocations) * seconds(question.recording.init_ms) * gigabytes;
    let writes = stream.map_or(Decimal::ZERO, |figures| {
        let group = group_events(question, traffic, figures, parallelization);
        let writes = question.model.work.group(group, |work| work.writes) * traffic.events / group;
        prices.price("dynamodb.write").dollars(writes, false)
    });
    TunedCost {
        duration: gigabyte_second.dollars(duration, false),
        requests: prices.price("lambda.request").dollars(invocations, false),
        init: gigabyte_second.dollars(init, false),
        writes,
    }
}

/// Returns the number of events of one store in a batch that holds any of its events, as
/// [`Traffic::group_events`] for the settings of the candidate.
fn group_events(
    question: &Question<'_>,
    traffic: &Traffic,
    figures: &StreamFigures,
    parallelization: u32,
) -> Decimal {
    let records = traffic.batches * traffic.records_per_batch / traffic.open_seconds;
    let per_part = records / traffic.shards / Decimal::from(parallelization);
    let covered = (decimal(figures.records) - Decimal::ONE).max(Decimal::ZERO) / per_part;
    let per_store = traffic.events / traffic.stores / traffic.open_seconds;
    question.model.assumptions.events_per_request + per_store * covered
}

fn broken(
    question: &Question<'_>,
    setting: Setting,
    times: Times,
    stream: Option<&StreamFigures>,
) -> Vec<String> {
    let limits = question.limits;
    let mut broken = Vec::new();
    let mut check = |name: &str, value: f64, limit: f64, unit: &str| {
        if value > limit {
            let value =
                if value.is_finite() { format!("{value:.0} {unit}") } else { "never".into() };
            broken.push(format!("{name} {value}, limit {limit:.0} {unit}"));
        }
    };
    let needed = question.recording.peak_kib as f64 / 1024.0 * limits.memory_ratio;
    if f64::from(setting.memory) < needed {
        check("memory needed", needed, setting.memory.into(), "MB");
    }
    match stream {
        Some(figures) => {
            check("freshness p99", figures.freshness_p99_ms, limits.freshness_p99_ms, "ms");
            check("catch-up", figures.catch_up_seconds, limits.catch_up_seconds, "s");
        }
        None if question.is_request => {
            check("response p99", times.p99, limits.response_p99_ms, "ms");
        }
        None => check("pass p99", times.p99, limits.pass_p99_ms, "ms"),
    }
    broken
}

/// Converts a finite figure.
fn decimal(value: f64) -> Decimal {
    Decimal::from_f64(value).unwrap_or_default().max(Decimal::new(1, 9))
}
