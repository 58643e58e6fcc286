//! Trace of one invocation: work of the processor, and calls of other services.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::ScaleFactors;

/// One step of an invocation, in the order in which the program takes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Work on a whole processor, in nanoseconds.
    Compute(u64),
    /// Start of a call of another service, which answers after this number of nanoseconds. Calls
    /// are numbered from 0 in the order of their starts.
    Call(u64),
    /// Wait for the answer of the call with this number.
    Await(usize),
}

/// Steps of one invocation. Each `Await` names a call that was started before it.
///
/// As text, a step is a letter and a number: work `w`, call `c`, await `a`.
///
/// ```
/// let trace: tuning::Trace = "w300000 c5000000 a0 w100000".parse()?;
/// assert_eq!((trace.compute(), trace.calls()), (400_000, 1));
/// assert_eq!(trace.to_string(), "w300000 c5000000 a0 w100000");
/// # Ok::<(), tuning::TraceError>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(try_from = "String", into = "String")]
pub struct Trace(Vec<Step>);

/// Error of a trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TraceError {
    /// A step waits for a call that no earlier step starts.
    UnknownCall {
        /// Position of the step, from 0.
        step: usize,
        /// Number of the call.
        call: usize,
    },
    /// A word of the text is no step.
    NoStep(String),
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownCall { step, call } => {
                write!(f, "step {step} waits for call {call}, which no earlier step starts")
            }
            Self::NoStep(word) => {
                write!(f, "{word:?} is no step; a step is w, c or a with a number, like w300000")
            }
        }
    }
}

impl std::error::Error for TraceError {}

impl fmt::Display for Trace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, step) in self.0.iter().enumerate() {
            let space = if position == 0 { "" } else { " " };
            match step {
                Step::Compute(work) => write!(f, "{space}w{work}")?,
                Step::Call(latency) => write!(f, "{space}c{latency}")?,
                Step::Await(call) => write!(f, "{space}a{call}")?,
            }
        }
        Ok(())
    }
}

impl FromStr for Trace {
    type Err = TraceError;

    fn from_str(text: &str) -> Result<Self, TraceError> {
        let step = |word: &str| {
            let no_step = || TraceError::NoStep(word.to_owned());
            let (letter, number) = word.split_at_checked(1).ok_or_else(no_step)?;
            let number: u64 = number.parse().map_err(|_| no_step())?;
            match letter {
                "w" => Ok(Step::Compute(number)),
                "c" => Ok(Step::Call(number)),
                "a" => Ok(Step::Await(usize::try_from(number).map_err(|_| no_step())?)),
                _ => Err(no_step()),
            }
        };
        Self::new(text.split_whitespace().map(step).collect::<Result<_, _>>()?)
    }
}

impl TryFrom<String> for Trace {
    type Error = TraceError;

    fn try_from(text: String) -> Result<Self, TraceError> {
        text.parse()
    }
}

impl From<Trace> for String {
    fn from(trace: Trace) -> Self {
        trace.to_string()
    }
}

impl Trace {
    /// Creates a trace.
    ///
    /// # Errors
    /// Returns an error if a step waits for a call that no earlier step starts.
    pub fn new(steps: Vec<Step>) -> Result<Self, TraceError> {
        let mut calls = 0;
        for (position, step) in steps.iter().enumerate() {
            match *step {
                Step::Call(_) => calls += 1,
                Step::Await(call) if call >= calls => {
                    return Err(TraceError::UnknownCall { step: position, call });
                }
                Step::Await(_) | Step::Compute(_) => {}
            }
        }
        Ok(Self(steps))
    }

    /// Creates the trace of `calls` calls in sequence, with equal parts of the work before, between
    /// and after them. Times are in nanoseconds.
    #[must_use]
    pub fn alternating(compute: u64, calls: u64, latency: u64) -> Self {
        let part = compute / (calls + 1);
        let mut steps = Vec::new();
        for call in 0..calls {
            let call = usize::try_from(call).expect("a call is a step in memory");
            steps.extend([Step::Compute(part), Step::Call(latency), Step::Await(call)]);
        }
        steps.push(Step::Compute(compute - part * calls));
        Self(steps)
    }

    /// Returns the steps.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.0
    }

    /// Returns the work of all steps on a whole processor, in nanoseconds.
    #[must_use]
    pub fn compute(&self) -> u64 {
        self.0.iter().map(|step| if let Step::Compute(work) = step { *work } else { 0 }).sum()
    }

    /// Returns the number of calls.
    #[must_use]
    pub fn calls(&self) -> usize {
        self.0.iter().filter(|step| matches!(step, Step::Call(_))).count()
    }

    /// Returns the same steps with the work and the latencies of another deployment.
    #[must_use]
    pub fn scaled(&self, factors: ScaleFactors) -> Self {
        let scale = |time: u64, percent: u64| {
            let scaled = u128::from(time) * u128::from(percent) / 100;
            u64::try_from(scaled).unwrap_or(u64::MAX)
        };
        let scale = |step: &Step| match *step {
            Step::Compute(work) => Step::Compute(scale(work, factors.cpu_percent)),
            Step::Call(latency) => Step::Call(scale(latency, factors.latency_percent)),
            Step::Await(call) => Step::Await(call),
        };
        Self(self.0.iter().map(scale).collect())
    }
}
