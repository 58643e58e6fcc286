//! Record of a run: all that another process needs to audit it, to draw it and to compare it.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::knee::KneeResult;
use crate::limit_check::{LimitCheck, LimitLine, Measured, exit};
use crate::outcomes::Outcomes;
use crate::plan::{Leg, PlanKey};
use crate::timings::{Second, Timings};

/// Part of an error of a connection for which no descriptor was left (EMFILE).
const NO_DESCRIPTORS: &str = "os error 24";

/// Version of the format of a record.
pub const RECORD_VERSION: u32 = 1;

/// Record of a run, written as `run.json`.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct RunRecord {
    /// Version of the format.
    pub version: u32,
    /// `true` if every limit was kept, the ledger is equal and the generator kept up.
    pub passed: bool,
    /// Exit code of the run.
    pub exit_code: u8,
    /// `true` if the run was ended before its plan.
    pub is_partial: bool,
    /// Reason of an early end, and other remarks.
    pub notes: Vec<String>,
    /// Id, start and scenario of the run.
    pub key: PlanKey,
    /// Legs that were run.
    pub legs: Vec<Leg>,
    /// Parts that this record holds, and the number of parts of the run.
    pub parts: Parts,
    /// Target, as given.
    pub target: String,
    /// Connections at most; `None` without a cap.
    pub connections: Option<u32>,
    /// Command that repeats the run.
    pub command: String,
    /// Machine and program.
    pub environment: Environment,
    /// Totals.
    pub totals: Totals,
    /// Times of all requests.
    pub timings: Timings,
    /// Seconds of the run, from its start.
    pub seconds: Vec<Second>,
    /// Outcomes of the requests.
    pub outcomes: Outcomes,
    /// Answers that do not fit their request, such as one that leaves out an event: the first ones.
    pub mismatched: Vec<String>,
    /// Number of all these answers.
    pub mismatches: u64,
    /// Broken limits that ended the run before its plan.
    pub aborted_by: Option<String>,
    /// Errors with the number of requests or events that had them.
    pub errors: BTreeMap<String, u64>,
    /// Result of the audit. `None` before it.
    pub ledger: Option<LedgerResult>,
    /// Result of a search for the knee.
    pub knee: Option<KneeResult>,
    /// Check of the limits.
    pub check: LimitCheck,
}

/// Parts of a run that several processes send.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
pub struct Parts {
    /// Parts in the record, from 1.
    pub numbers: Vec<u32>,
    /// Number of all parts.
    pub of: u32,
}

/// Machine and program of a run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
pub struct Environment {
    /// Version of the program.
    pub version: String,
    /// Commit of the program, if known.
    pub commit: Option<String>,
    /// Operating system and architecture.
    pub system: String,
    /// Model of the processor.
    pub processor: String,
    /// Processors.
    pub cores: u32,
    /// Load of the machine before the run: its average over one minute.
    pub load_before: f64,
    /// Settings of the machine that the run started; empty for another target.
    pub machine: BTreeMap<String, String>,
}

/// Totals of a run.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
pub struct Totals {
    /// Requests planned.
    pub requests_planned: u64,
    /// Requests that ended: answered, or given up without an answer.
    pub requests_settled: u64,
    /// Events planned.
    pub planned: u64,
    /// Events sent, without repeated attempts.
    pub sent: u64,
    /// Events acknowledged.
    pub stored: u64,
    /// Events refused.
    pub refused: u64,
    /// Events refused that were not planned to be.
    pub refused_unplanned: u64,
    /// Events that were planned to be refused.
    pub poison: u64,
    /// Events of which nothing is known.
    pub unknown: u64,
    /// Requests that were answered by 429 or 503.
    pub throttled: u64,
    /// Requests that were sent again.
    pub retried: u64,
    /// Bytes of all bodies.
    pub bytes: u64,
    /// Seconds from the start to the last answer.
    pub seconds: f64,
    /// Probes sent, and those never seen in the log.
    pub probes: (u64, u64),
    /// Most requests that waited for an answer at once: so many connections were in use.
    pub connections: u64,
    /// Processor time of the generator, in seconds.
    pub generator_cpu_s: f64,
}

/// Result of the audit.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum LedgerResult {
    /// The log was compared with the record.
    Compared {
        /// Instant of the comparison.
        at: DateTime<Utc>,
        /// Distinct events that must be stored.
        expected: u64,
        /// Distinct events of unknown outcome that are stored.
        unknown_stored: u64,
        /// Windows compared.
        windows: u64,
        /// Sequence numbers of tills that are missing in the log between stored ones: those of
        /// refused and unsent events.
        #[serde(default)]
        missing_numbers: u64,
        /// Differences, the first ones in words.
        differences: Vec<String>,
        /// Number of all differences.
        count: u64,
        /// Seconds from the last answer until the log was equal, or the wait ended.
        drained_after_s: f64,
    },
    /// The log was not compared.
    NotChecked {
        /// Reason.
        reason: String,
        /// `true` if the caller left it out, or compares all parts at once.
        is_intended: bool,
    },
}

impl RunRecord {
    /// Creates the record of a run that has not sent anything.
    #[must_use]
    pub fn new(key: PlanKey) -> Self {
        Self {
            version: RECORD_VERSION,
            passed: false,
            exit_code: exit::ERROR,
            is_partial: false,
            notes: Vec::new(),
            key,
            legs: Vec::new(),
            parts: Parts { numbers: vec![1], of: 1 },
            target: String::new(),
            connections: None,
            command: String::new(),
            environment: Environment::default(),
            totals: Totals::default(),
            timings: Timings::default(),
            seconds: Vec::new(),
            outcomes: Outcomes::default(),
            mismatched: Vec::new(),
            mismatches: 0,
            aborted_by: None,
            errors: BTreeMap::new(),
            ledger: None,
            knee: None,
            check: LimitCheck::default(),
        }
    }

    /// Parses a record.
    ///
    /// # Errors
    /// Returns an error if the text is no record, or has another version.
    pub fn parse(text: &str) -> Result<Self, RecordError> {
        /// Version alone, so that another version is told as such.
        #[derive(Deserialize)]
        struct Header {
            version: u32,
        }
        let header: Header = serde_json::from_str(text)?;
        if header.version != RECORD_VERSION {
            return Err(RecordError::Version(header.version));
        }
        Ok(serde_json::from_str(text)?)
    }

    /// Judges the run again, with another result of the audit.
    pub fn judge(&mut self, ledger: Option<LedgerResult>) {
        let invalid = self.check.invalid.take();
        self.ledger = ledger;
        let measured = Measured {
            timings: &self.timings,
            totals: &self.totals,
            ledger: self.ledger.as_ref(),
            mismatches: self.mismatches,
            is_part: self.parts.numbers.len() < self.parts.of as usize,
        };
        self.check = match &self.knee {
            None => LimitCheck::of(&self.key.scenario.limits, measured),
            // A search breaks limits on purpose; its probes are judged by them one by one.
            Some(knee) => LimitCheck::of_search(knee),
        };
        if let Some(limits) = &self.aborted_by {
            self.check.limits.push(LimitLine::aborted(limits));
        }
        // The use of the processor is known to the process that sent the run alone.
        self.check.invalid = invalid.or(self.check.invalid.take()).or(self.unsent());
        self.exit_code = self.check.exit_code(self.ledger.as_ref(), self.mismatches);
        let not_compared =
            matches!(self.ledger, Some(LedgerResult::NotChecked { is_intended: false, .. }));
        let is_interrupted = self.is_partial && self.aborted_by.is_none();
        let is_incomplete = not_compared || is_interrupted;
        if self.totals.stored == 0 || is_incomplete && self.exit_code == exit::KEPT {
            self.exit_code = exit::ERROR;
        }
        self.passed = self.exit_code == exit::KEPT && !self.is_partial;
    }

    /// Reason why the generator could not send the plan.
    fn unsent(&self) -> Option<String> {
        let Totals { requests_planned, requests_settled, .. } = self.totals;
        if self.errors.keys().any(|error| error.contains(NO_DESCRIPTORS)) {
            return Some(
                "it ran out of file descriptors; raise `ulimit -n`, or cap --connections"
                    .to_owned(),
            );
        }
        let is_over = self.ledger.is_some() && !self.is_partial;
        (is_over && requests_settled < requests_planned)
            .then(|| format!("{requests_settled} of {requests_planned} planned requests were sent"))
    }

    /// Rate of acknowledged events, in events a second.
    #[must_use]
    pub fn stored_rate(&self) -> f64 {
        self.totals.stored as f64 / self.totals.seconds.max(0.001)
    }

    /// Planned rate over the time of the plan, in events a second.
    #[must_use]
    pub fn planned_rate(&self) -> f64 {
        let seconds: f64 = self.legs.iter().map(|leg| leg.stage.duration().as_secs_f64()).sum();
        let seconds = if seconds > 0.0 { seconds } else { self.totals.seconds };
        self.totals.planned as f64 / seconds.max(0.001)
    }
}

/// Record that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    /// The text is no record.
    #[error("it is no record of a load run: {0}")]
    Syntax(#[from] serde_json::Error),
    /// The record has another version.
    #[error("the record has version {0}; this program reads version {RECORD_VERSION}")]
    Version(u32),
}
