//! Measurement: billed durations of deployed copies of the functions, beside the simulated ones.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::{BilledTimes, Quota, RecordedCase, Recording, ScaleFactors};

/// Version of the form of a measurement.
pub const MEASUREMENT_VERSION: u32 = 1;

/// Billed durations of functions in a deployed stage.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Measurement {
    /// Version of this form: [`MEASUREMENT_VERSION`].
    pub version: u32,
    /// Stage with the copies.
    pub stage: String,
    /// Region of the stage.
    pub region: String,
    /// Date of the measurement.
    pub measured_on: String,
    /// SHA-256 of the events, before they get fresh ids.
    pub corpus_sha256: String,
    /// Cases by function and memory.
    pub cases: Vec<MeasuredCase>,
}

/// Invocations of one case at one memory size.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct MeasuredCase {
    /// Name of the function, as in `cdk/`.
    pub function: String,
    /// Memory of the copy, in MB.
    pub memory: u32,
    /// Name of the case, as in [`RecordedCase::case`].
    pub case: String,
    /// Records of a batch; 1 for a function that takes no batches.
    pub records: u32,
    /// Billed milliseconds of each warm invocation.
    pub billed_ms: Vec<u64>,
    /// First invocation of a new environment.
    pub first: Option<FirstInvocation>,
    /// Largest memory in use, in MB.
    pub peak_mb: u32,
    /// Error that ended the case at this memory, for example too little memory.
    pub error: Option<String>,
}

/// First invocation of an execution environment.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FirstInvocation {
    /// Billed milliseconds, with the initialization.
    pub billed_ms: u64,
    /// Duration of the initialization, in milliseconds.
    pub init_ms: Decimal,
}

/// Simulated and billed milliseconds of one case at one memory size, each a
/// [trimmed mean](BilledTimes::trimmed_mean).
#[derive(Debug, Clone, PartialEq)]
pub struct Prediction<'a> {
    /// Measured case.
    pub measured: &'a MeasuredCase,
    /// Simulated duration.
    pub simulated_ms: f64,
    /// Billed duration.
    pub billed_ms: f64,
}

/// Places in a period at which an invocation starts.
const PHASES: u32 = 20;
/// Nanoseconds.
const MILLISECOND: u64 = 1_000_000;

impl Measurement {
    /// Parses a measurement in JSON.
    ///
    /// # Errors
    /// Returns an error if the text is no measurement, or has another version.
    pub fn parse(text: &str) -> Result<Self, String> {
        let measurement: Self = serde_json::from_str(text)
            .map_err(|error| format!("{error}; `daymark tune measure FILE` writes one"))?;
        match measurement.version {
            MEASUREMENT_VERSION => Ok(measurement),
            other => Err(format!(
                "version {other} of a measurement; this program reads version {MEASUREMENT_VERSION}"
            )),
        }
    }

    /// Simulates each measured case that `recording` holds, with the factors.
    #[must_use]
    pub fn predictions(&self, recording: &Recording, factors: ScaleFactors) -> Vec<Prediction<'_>> {
        let cases = self.cases.iter();
        cases.filter_map(|measured| Prediction::of(measured, recording, factors)).collect()
    }
}

impl<'a> Prediction<'a> {
    fn of(
        measured: &'a MeasuredCase,
        recording: &Recording,
        factors: ScaleFactors,
    ) -> Option<Self> {
        if measured.billed_ms.is_empty() {
            return None;
        }
        let nanoseconds = measured.billed_ms.iter().map(|billed| billed * MILLISECOND);
        let billed_ms = BilledTimes::from_durations(nanoseconds).trimmed_mean();
        let is_same =
            |case: &&RecordedCase| (&case.case, case.records) == (&measured.case, measured.records);
        let recorded = recording.function(&measured.function)?.cases.iter().find(is_same)?;
        let quota = Quota::of_memory(measured.memory);
        let traces = recorded.traces.iter();
        let billed = traces.map(|trace| quota.billed(&trace.scaled(factors), PHASES));
        let simulated_ms = BilledTimes::merged(billed).trimmed_mean();
        Some(Self { measured, simulated_ms, billed_ms })
    }

    /// Returns the simulated duration for 1 ms that was billed.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.simulated_ms / self.billed_ms
    }
}
