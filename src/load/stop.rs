//! End of a run before its plan: limits that stay broken.

use std::time::Duration;

use load_generator::limit_check::{LimitCheck, Measured};
use load_generator::scenario::{LimitMetric, Limits};
use load_generator::sender::Collected;

/// Watch of the limits, second by second.
#[derive(Debug)]
pub(super) struct LimitWatch {
    limits: Limits,
    before: Collected,
    broken_for: Duration,
}

impl LimitWatch {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut limits = limits.clone();
        limits.0.retain(|metric, _| *metric != LimitMetric::Ledger);
        Self { limits, before: Collected::default(), broken_for: Duration::ZERO }
    }

    /// Takes what was seen until the end of a second. Returns the time for which limits have been
    /// broken in each second, and the limits.
    pub(super) fn observe(&mut self, collected: Collected, second: Duration) -> (Duration, String) {
        let broken = broken_since(&self.limits, &collected, &self.before);
        self.before = collected;
        self.broken_for = if broken.is_empty() { Duration::ZERO } else { self.broken_for + second };
        (self.broken_for, broken.join(", "))
    }
}

/// Returns the limits that were broken since `before`, with what was measured. A time that was not
/// measured since is not broken.
pub(super) fn broken_since(limits: &Limits, now: &Collected, before: &Collected) -> Vec<String> {
    let timings = now.timings.since(&before.timings);
    let mut totals = now.totals.clone();
    totals.refused_unplanned -= before.totals.refused_unplanned;
    totals.unknown -= before.totals.unknown;
    totals.throttled -= before.totals.throttled;
    totals.probes.1 -= before.totals.probes.1;
    let measured = Measured {
        timings: &timings,
        totals: &totals,
        ledger: None,
        mismatches: 0,
        is_part: false,
    };
    let check = LimitCheck::of(limits, measured);
    let broken = check.limits.into_iter().filter(|line| !line.kept);
    let measured = broken.filter(|line| !line.measured.starts_with("not "));
    measured.map(|line| format!("{} {}, not {}", line.metric, line.measured, line.limit)).collect()
}
