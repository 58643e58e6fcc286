//! Choice of memory and mapping settings: the cheapest that keep the limits.

mod candidate;
mod durations;
mod stream;

use rust_decimal::Decimal;

use crate::{CostModel, FunctionRecording, ScaleFactors};

pub use candidate::{Candidate, Environments, TunedCost};
pub use durations::Times;
pub use stream::StreamFigures;

/// Memory sizes that are compared, in MB.
pub const MEMORY_SIZES: [u32; 12] =
    [128, 192, 256, 384, 512, 768, 1_024, 1_280, 1_536, 1_769, 2_048, 3_008];

/// Batch sizes that are compared, in records.
pub const BATCH_SIZES: [u32; 5] = [10, 50, 100, 200, 500];

/// Batching windows that are compared, in seconds.
pub const BATCH_WINDOWS: [u32; 5] = [0, 1, 2, 5, 10];

/// Parallelization factors that are compared.
pub const PARALLELIZATIONS: [u32; 4] = [1, 2, 4, 10];

/// Settings of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Setting {
    /// Memory, in MB.
    pub memory: u32,
    /// Settings of the event source mapping. `None` for a function without a stream.
    pub mapping: Option<Mapping>,
}

/// Settings of an event source mapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mapping {
    /// Maximum number of records in a batch.
    pub batch_size: u32,
    /// Maximum wait for a batch to fill, in seconds.
    pub batch_window: u32,
    /// Batches of one shard at the same time.
    pub parallelization: u32,
}

/// Limits that a setting has to keep.
#[derive(Debug, Clone, PartialEq)]
pub struct Limits {
    /// Time from the arrival of an event in the stream until it is stored, 99th percentile at the
    /// peak, in milliseconds.
    pub freshness_p99_ms: f64,
    /// Time to catch up after tills were offline for an hour at the peak, in seconds.
    pub catch_up_seconds: f64,
    /// Duration of an invocation that somebody waits for, 99th percentile in milliseconds.
    pub response_p99_ms: f64,
    /// Duration of another invocation, 99th percentile in milliseconds.
    pub pass_p99_ms: f64,
    /// Ratio of the memory to the largest resident memory.
    pub memory_ratio: f64,
}

impl Default for Limits {
    /// Returns the limits of `daymark tune choose` without flags.
    fn default() -> Self {
        Self {
            freshness_p99_ms: 3_000.0,
            catch_up_seconds: 600.0,
            response_p99_ms: 250.0,
            pass_p99_ms: 10_000.0,
            memory_ratio: 2.0,
        }
    }
}

/// Saving below which nothing is changed, in dollars a month.
pub const SAVING_MIN: Decimal = Decimal::ONE;

/// Question: one function at one retailer.
#[derive(Debug, Clone)]
pub struct Question<'a> {
    /// Traces of the function.
    pub recording: &'a FunctionRecording,
    /// Prices, work and properties of the retailer.
    pub model: &'a CostModel,
    /// Number of stores.
    pub stores: u64,
    /// Limits.
    pub limits: &'a Limits,
    /// Work and latencies of the deployment.
    pub factors: ScaleFactors,
    /// Settings in force.
    pub current: Setting,
    /// `true` if a client waits for the response.
    pub is_request: bool,
    /// Life of the execution environments.
    pub environments: Environments,
}

/// Answer: every setting with its figures, and the decision.
#[derive(Debug, Clone)]
pub struct Choice {
    /// All settings, by memory, then batch size, window and parallelization.
    pub candidates: Vec<Candidate>,
    /// Settings in force.
    pub current: Candidate,
    /// Settings that are to be in force. Equal to `current` if nothing changes.
    pub chosen: Candidate,
    /// Reason.
    pub reason: Reason,
}

/// Reason of a decision.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// Nothing cheaper keeps the limits.
    CurrentIsCheapest,
    /// The cheapest setting saves less than [`SAVING_MIN`].
    SavesTooLittle {
        /// Saving in dollars a month.
        saving: Decimal,
    },
    /// The saving is within the uncertainty of the measured work.
    WithinNoise {
        /// Saving in dollars a month.
        saving: Decimal,
        /// Uncertainty in dollars a month.
        noise: Decimal,
    },
    /// The cheapest setting that keeps the limits is cheaper.
    Cheaper {
        /// Saving in dollars a month.
        saving: Decimal,
    },
    /// The settings in force break a limit.
    CurrentBreaksLimits(Vec<String>),
    /// No setting keeps the limits.
    NothingKeepsLimits(Vec<String>),
}

/// Computes all settings of a function and chooses.
///
/// # Panics
/// If the recording has no case, which [`Recording::parse`](crate::Recording::parse) refuses.
#[must_use]
pub fn choose(question: &Question<'_>) -> Choice {
    let mut candidates = candidate::all(question);
    let current = candidate::of(question, question.current);
    candidates.sort_by(|left, right| {
        let key = |setting: &Setting| {
            let mapping = setting.mapping;
            let of_mapping = |mapping: Mapping| {
                (mapping.batch_size, mapping.batch_window, mapping.parallelization)
            };
            (setting.memory, mapping.map(of_mapping))
        };
        key(&left.setting).cmp(&key(&right.setting))
    });
    let cheapest = candidates
        .iter()
        .filter(|candidate| candidate.broken.is_empty())
        .min_by(|left, right| {
            // Of equally good mappings, the one in force stays.
            let changes = |it: &&Candidate| it.setting.mapping != question.current.mapping;
            let of_cost = left.cost.month().cmp(&right.cost.month());
            let of_latency = left.latency_ms().total_cmp(&right.latency_ms());
            of_cost.then(of_latency).then(changes(left).cmp(&changes(right)))
        })
        .cloned();
    let (chosen, reason) = decide(question, &current, cheapest);
    Choice { candidates, current, chosen, reason }
}

fn decide(
    question: &Question<'_>,
    current: &Candidate,
    cheapest: Option<Candidate>,
) -> (Candidate, Reason) {
    let keep = |reason| (current.clone(), reason);
    let Some(cheapest) = cheapest else {
        return keep(Reason::NothingKeepsLimits(current.broken.clone()));
    };
    if !current.broken.is_empty() {
        return (cheapest, Reason::CurrentBreaksLimits(current.broken.clone()));
    }
    let saving = current.cost.month() - cheapest.cost.month();
    if saving <= Decimal::ZERO {
        return keep(Reason::CurrentIsCheapest);
    }
    let noise = current.cost.duration * durations::noise(question.recording);
    if saving < SAVING_MIN {
        return keep(Reason::SavesTooLittle { saving });
    }
    if saving < noise {
        return keep(Reason::WithinNoise { saving, noise });
    }
    (cheapest, Reason::Cheaper { saving })
}

impl Choice {
    /// Returns the candidates that keep the limits and that no other one beats in cost and latency
    /// at once, the cheapest first.
    #[must_use]
    pub fn pareto(&self) -> Vec<&Candidate> {
        let mut kept: Vec<&Candidate> =
            self.candidates.iter().filter(|candidate| candidate.broken.is_empty()).collect();
        kept.sort_by(|left, right| {
            let of_cost = left.cost.month().cmp(&right.cost.month());
            of_cost.then(left.latency_ms().total_cmp(&right.latency_ms()))
        });
        let mut fastest = f64::INFINITY;
        kept.retain(|candidate| {
            let is_faster = candidate.latency_ms() < fastest;
            fastest = fastest.min(candidate.latency_ms());
            is_faster
        });
        kept
    }
}
