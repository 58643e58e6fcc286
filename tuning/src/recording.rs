//! Recording: traces of the functions, with the figures of their processes.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Trace;

/// Version of the form of a recording.
pub const RECORDING_VERSION: u32 = 1;

/// Recorded invocations of all functions.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Recording {
    /// Version of this form: [`RECORDING_VERSION`].
    pub version: u32,
    /// Date of the recording.
    pub recorded_on: String,
    /// Processor that the work was measured on.
    pub processor: String,
    /// Architecture of the binaries, as Lambda names it: `arm64` or `x86_64`.
    pub architecture: String,
    /// SHA-256 of the events, before they get fresh ids.
    pub corpus_sha256: String,
    /// Functions.
    pub functions: Vec<FunctionRecording>,
}

/// Recorded invocations of one function.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct FunctionRecording {
    /// Name of the function, as in `cdk/`.
    pub function: String,
    /// Name of its binary.
    pub binary: String,
    /// SHA-256 of its binary.
    pub binary_sha256: String,
    /// Processor time of the initialization, in milliseconds.
    pub init_cpu_ms: Decimal,
    /// Duration of the initialization, in milliseconds.
    pub init_ms: Decimal,
    /// First invocation of the process.
    pub first: Trace,
    /// Largest resident memory of the process, in KiB.
    pub peak_kib: u64,
    /// Warm invocations by case.
    pub cases: Vec<RecordedCase>,
}

/// Warm invocations with equally large payloads.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RecordedCase {
    /// Name of the case: `peak`, `catch-up`, `spike` or `kept` for batches.
    pub case: String,
    /// Records of a batch; 1 for a function that takes no batches.
    pub records: u32,
    /// Mean number of events in an invocation.
    pub events: Decimal,
    /// Mean bytes of the payload.
    pub payload_bytes: u64,
    /// Mean bytes that the calls sent.
    pub sent_bytes: u64,
    /// Mean bytes that the calls received.
    pub received_bytes: u64,
    /// Invocations.
    pub traces: Vec<Trace>,
}

impl Recording {
    /// Parses a recording in JSON.
    ///
    /// # Errors
    /// Returns an error if the text is no recording, has another version, or lacks a trace.
    pub fn parse(text: &str) -> Result<Self, String> {
        let recording: Self = serde_json::from_str(text)
            .map_err(|error| format!("{error}; `daymark tune record FILE` writes a recording"))?;
        if recording.version != RECORDING_VERSION {
            return Err(format!(
                "version {} of a recording; this program reads version {RECORDING_VERSION}, and \
                 `daymark tune record FILE` writes it",
                recording.version
            ));
        }
        for function in &recording.functions {
            let name = &function.function;
            if function.cases.is_empty() {
                return Err(format!("functions: {name} has no case"));
            }
            for case in &function.cases {
                let named = format!("functions: {name}, case {} of {}", case.case, case.records);
                if case.traces.is_empty() {
                    return Err(format!("{named} has no trace"));
                }
                if case.events <= Decimal::ZERO || case.records == 0 {
                    return Err(format!("{named}: records and events must be above 0"));
                }
            }
        }
        Ok(recording)
    }

    /// Returns the recording of a function.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&FunctionRecording> {
        self.functions.iter().find(|function| function.function == name)
    }
}

impl FunctionRecording {
    /// Returns the mean processor time for an event in microseconds, each case with equal weight.
    #[must_use]
    pub fn cpu_us_per_event(&self) -> Decimal {
        let of_case = |case: &RecordedCase| {
            Decimal::from(case.median_compute()) / Decimal::from(1_000) / case.events
        };
        let sum: Decimal = self.cases.iter().map(of_case).sum();
        (sum / Decimal::from(self.cases.len())).round_dp(1)
    }
}

impl RecordedCase {
    /// Returns the median work of an invocation, in nanoseconds.
    #[must_use]
    pub fn median_compute(&self) -> u64 {
        let sorted = self.sorted_compute();
        sorted[sorted.len() / 2]
    }

    /// Returns the uncertainty of the work: half the distance between its quartiles, as a share of
    /// its median.
    #[must_use]
    pub fn noise(&self) -> Decimal {
        let sorted = self.sorted_compute();
        let at = |quarter: usize| sorted[(sorted.len() - 1) * quarter / 4];
        let median = at(2).max(1);
        Decimal::from(at(3) - at(1)) / Decimal::TWO / Decimal::from(median)
    }

    fn sorted_compute(&self) -> Vec<u64> {
        let mut sorted: Vec<u64> = self.traces.iter().map(Trace::compute).collect();
        sorted.sort_unstable();
        sorted
    }
}
