//! Search for the knee: the highest rate that a target carries within its limits.
//!
//! The search is a state machine without a clock: [`Knee::next_rate`] names the rate of the next
//! probe, and [`Knee::observe`] takes what was seen. The rate grows by half until a probe fails,
//! then the bracket is halved, then three long probes confirm the highest passing rate. Above its
//! capacity an open loop measures the backlog, not the target. So a probe is judged by its share of
//! acknowledged events and by the growth of the backlog, and the backlog drains before the next.
//!
//! ```
//! use load_generator::knee::{Knee, Probe};
//! use load_generator::scenario::KneeSearch;
//!
//! let mut knee = Knee::new(&KneeSearch::default());
//! while let Some(rate) = knee.next_rate() {
//!     let stored_rate = rate.min(7_000.0);
//!     knee.observe(Probe { stored_rate, ..Probe::within_limits(rate) });
//! }
//! let found = knee.result().within_limits.unwrap();
//! assert!((6_650.0..=7_150.0).contains(&found), "{found}");
//! ```

use serde::{Deserialize, Serialize};

use crate::scenario::KneeSearch;

/// Factor between two rates until a probe fails.
const GROWTH: f64 = 1.5;
/// Lowest share of the planned events that is acknowledged in a probe that passes.
pub const ATTAINMENT_MIN: f64 = 0.98;
/// Highest growth of the backlog in a probe that passes, in milliseconds of age a second.
pub const BACKLOG_GROWTH_MAX: f64 = 100.0;
/// Length of a long probe, in usual ones.
pub const LONG_PROBE: u32 = 4;
/// Probes that confirm a rate.
const CONFIRMATIONS: u32 = 3;
/// Lowest rate that is tried, in events a second.
const RATE_MIN: f64 = 1.0;
/// Most times that a rate is not confirmed. Then the highest passing rate below it is the result.
const SETBACKS_MAX: u32 = 3;

/// Probe: a rate with what was seen at it.
#[derive(Debug, Clone, PartialEq, Deserialize, Serialize)]
pub struct Probe {
    /// Planned rate, in events a second.
    pub rate: f64,
    /// Rate of acknowledged events.
    pub stored_rate: f64,
    /// Growth of the backlog, in milliseconds of age a second.
    pub backlog_growth: f64,
    /// Response time p50 and p99, in milliseconds.
    pub response_ms: [f64; 2],
    /// Limits that were broken.
    pub broken: Vec<String>,
    /// Reason why the generator was the limit.
    pub invalid: Option<String>,
}

/// Result of a search.
#[derive(Debug, Clone, PartialEq, Default, Deserialize, Serialize)]
pub struct KneeResult {
    /// Highest rate of acknowledged events in any probe, in events a second.
    pub most: f64,
    /// Highest rate within the limits, confirmed three times unless `ended_by` names another end.
    /// `None` if no rate passed.
    pub within_limits: Option<f64>,
    /// Reason of the end, if it is not a confirmed knee.
    pub ended_by: Option<String>,
    /// `true` if the generator was the limit before the target was.
    pub is_generator_limited: bool,
    /// All probes, in order.
    pub probes: Vec<Probe>,
}

/// Running search.
#[derive(Debug, Clone)]
pub struct Knee {
    settings: KneeSearch,
    phase: Phase,
    /// Highest rate that passed, and lowest one above it that failed.
    passed: Option<f64>,
    failed: Option<f64>,
    setbacks: u32,
    result: KneeResult,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Phase {
    Search { rate: f64 },
    Confirm { rate: f64, times: u32 },
    Done,
}

impl Probe {
    /// Creates a probe at which everything was acknowledged in time.
    #[must_use]
    pub fn within_limits(rate: f64) -> Self {
        Self {
            rate,
            stored_rate: rate,
            backlog_growth: 0.0,
            response_ms: [0.0; 2],
            broken: Vec::new(),
            invalid: None,
        }
    }

    /// `true` if the target carried the rate within the limits.
    #[must_use]
    pub fn passes(&self) -> bool {
        self.stored_rate >= ATTAINMENT_MIN * self.rate
            && self.backlog_growth <= BACKLOG_GROWTH_MAX
            && self.broken.is_empty()
    }
}

impl Knee {
    /// Starts a search.
    #[must_use]
    pub fn new(settings: &KneeSearch) -> Self {
        Self {
            phase: Phase::Search { rate: settings.from },
            settings: settings.clone(),
            passed: None,
            failed: None,
            setbacks: 0,
            result: KneeResult::default(),
        }
    }

    /// Rate of the next probe, in events a second. `None` at the end of the search.
    #[must_use]
    pub fn next_rate(&self) -> Option<f64> {
        match self.phase {
            Phase::Search { rate } | Phase::Confirm { rate, .. } => Some(rate),
            Phase::Done => None,
        }
    }

    /// `true` if the next probe is a long one, [`LONG_PROBE`] times the usual time: it confirms a
    /// rate, or short ones have passed at a rate that was not confirmed. A target with a reserve,
    /// such as a shard that may exceed its rate for a second, passes short ones above its capacity.
    #[must_use]
    pub fn is_long(&self) -> bool {
        self.setbacks > 0 || matches!(self.phase, Phase::Confirm { .. })
    }

    /// Takes what was seen at the rate of [`Knee::next_rate`].
    pub fn observe(&mut self, probe: Probe) {
        let Some(rate) = self.next_rate() else { return };
        self.result.most = self.result.most.max(probe.stored_rate);
        let (passes, invalid) = (probe.passes(), probe.invalid.clone());
        self.result.probes.push(probe);
        if let Some(reason) = invalid {
            let end = format!("the generator was the limit at {rate:.0} events/s: {reason}");
            self.result.is_generator_limited = true;
            return self.end(self.passed, Some(end));
        }
        if passes {
            self.passed = Some(self.passed.map_or(rate, |passed| passed.max(rate)));
        } else {
            self.failed = Some(self.failed.map_or(rate, |failed| failed.min(rate)));
        }
        match self.phase {
            Phase::Confirm { times, .. } if passes && times + 1 < CONFIRMATIONS => {
                self.phase = Phase::Confirm { rate, times: times + 1 };
            }
            Phase::Confirm { .. } if passes => self.end(Some(rate), None),
            Phase::Confirm { .. } => self.set_back(rate),
            _ => self.narrow(),
        }
    }

    /// Result so far.
    #[must_use]
    pub fn result(&self) -> &KneeResult {
        &self.result
    }

    /// Ends the search before its end.
    pub fn abort(&mut self, reason: &str) {
        if self.phase != Phase::Done {
            self.end(self.passed, Some(reason.to_owned()));
        }
    }

    /// Continues below a rate that was not confirmed.
    fn set_back(&mut self, rate: f64) {
        self.setbacks += 1;
        let lower = rate / (1.0 + 2.0 * self.settings.precision);
        self.passed = None;
        if self.setbacks > SETBACKS_MAX || lower < RATE_MIN {
            let end = format!("{} rates passed once and were not confirmed", self.setbacks);
            return self.end(self.highest_passed(), Some(end));
        }
        self.phase = Phase::Search { rate: lower };
    }

    /// Highest rate that was tried and passed below all rates that failed.
    fn highest_passed(&self) -> Option<f64> {
        let probes = &self.result.probes;
        let failed = probes.iter().filter(|probe| !probe.passes()).map(|probe| probe.rate);
        let failed = failed.fold(f64::INFINITY, f64::min);
        let passed = probes.iter().map(|probe| probe.rate).filter(|rate| *rate < failed);
        passed.max_by(f64::total_cmp)
    }

    fn narrow(&mut self) {
        let Self { passed, failed, settings, .. } = self;
        let rate = match (*passed, *failed) {
            (Some(passed), Some(failed)) if failed - passed <= settings.precision * passed => {
                self.phase = Phase::Confirm { rate: passed, times: 0 };
                return;
            }
            // The middle by ratio: rates differ by orders of magnitude.
            (Some(passed), Some(failed)) => (passed * failed).sqrt(),
            (Some(passed), None) if passed >= settings.to => {
                let end = format!("{passed:.0} events/s is the highest rate that is tried");
                return self.end(Some(passed), Some(end));
            }
            (Some(passed), None) => (passed * GROWTH).min(settings.to),
            (None, Some(failed)) => failed / GROWTH,
            (None, None) => settings.from,
        };
        if rate < RATE_MIN {
            let end = format!("a limit is broken even at {:.1} events/s", rate * GROWTH);
            return self.end(None, Some(end));
        }
        self.phase = Phase::Search { rate };
    }

    fn end(&mut self, within_limits: Option<f64>, ended_by: Option<String>) {
        self.result.within_limits = within_limits;
        self.result.ended_by = ended_by;
        self.phase = Phase::Done;
    }
}
