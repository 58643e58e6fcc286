//! Chosen settings for the deployment, with what they were computed from.

use std::collections::BTreeMap;

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::Recording;

/// Content of `cdk/settings/tuned.json`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TunedSettings {
    /// Command that writes the file.
    pub made_by: String,
    /// Date of the choice.
    pub tuned_on: String,
    /// Number of stores for which it was made.
    pub stores: u64,
    /// Region of the prices, and the date on which they were read.
    pub prices: TunedPrices,
    /// Processor that the work was measured on.
    pub processor: String,
    /// SHA-256 of the recorded events.
    pub corpus_sha256: String,
    /// Binaries by function.
    pub functions: BTreeMap<String, TunedFunctionWork>,
    /// Settings by the names of `cdk/`.
    pub settings: BTreeMap<String, u32>,
}

/// Prices of a choice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TunedPrices {
    /// AWS region.
    pub region: String,
    /// Date on which the prices were read.
    pub read_on: String,
}

/// Work of a function at the time of the choice.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct TunedFunctionWork {
    /// SHA-256 of the binary.
    pub binary_sha256: String,
    /// Processor time for an event, in microseconds.
    pub cpu_microseconds_per_event: Decimal,
}

/// Change of the work of a function since the choice.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkChange {
    /// Name of the function.
    pub function: String,
    /// Microseconds for an event at the time of the choice.
    pub before: Decimal,
    /// Microseconds for an event now.
    pub now: Decimal,
    /// `true` if the binary is another one.
    pub is_other_binary: bool,
}

/// Share by which the work may change until the choice has to be made again.
pub const CHANGE_MAX: Decimal = Decimal::from_parts(2, 0, 0, false, 1);

impl WorkChange {
    /// Returns the change as a share of the work before.
    #[must_use]
    pub fn share(&self) -> Decimal {
        self.now / self.before - Decimal::ONE
    }

    /// `true` if the work has changed by more than [`CHANGE_MAX`].
    #[must_use]
    pub fn is_large(&self) -> bool {
        self.share().abs() > CHANGE_MAX
    }
}

impl TunedSettings {
    /// Parses the file.
    ///
    /// # Errors
    /// Returns an error if the text has another form or the work of a function is not above 0.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tuned: Self = serde_json::from_str(text).map_err(|error| {
            format!("{error}; `daymark tune choose --write FILE` writes the form")
        })?;
        for (name, work) in &tuned.functions {
            if work.cpu_microseconds_per_event <= Decimal::ZERO {
                return Err(format!(
                    "functions.{name}.cpuMicrosecondsPerEvent is {}; it must be above 0",
                    work.cpu_microseconds_per_event
                ));
            }
        }
        Ok(tuned)
    }

    /// Compares the work with a new recording, for the functions that both have.
    #[must_use]
    pub fn changes(&self, recording: &Recording) -> Vec<WorkChange> {
        let change = |(name, before): (&String, &TunedFunctionWork)| {
            let now = recording.function(name)?;
            Some(WorkChange {
                function: name.clone(),
                before: before.cpu_microseconds_per_event,
                now: now.cpu_us_per_event(),
                is_other_binary: before.binary_sha256 != now.binary_sha256,
            })
        };
        self.functions.iter().filter_map(change).collect()
    }
}
