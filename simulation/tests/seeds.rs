//! The audit of 200 seeds. `cargo simulate --seeds N` runs any number of them.

use simulation::{InjectedFault, WorldOutcome, WorldPlan, run, shrink};

const SEEDS: u64 = 200;

/// Counters that must not be zero, or the audit had nothing to check.
const CHECKED: &[&str] = &[
    "events acknowledged",
    "receipts checked",
    "windows compared",
    "window rows compared",
    "dates counted",
    "windows held up",
    "stocks on hand recomputed",
    "offers checked",
    "days closed",
    "histories folded",
    "quarantined: unopenable",
    "quarantined: invalid event",
    "quarantined: conflicting duplicate",
    "late marks during a rollup",
    "late marks during a close",
    "records redelivered",
];

#[test]
fn no_event_is_lost_and_none_counts_twice() {
    let mut total = WorldOutcome::default();
    for seed in 0..SEEDS {
        let plan = WorldPlan::of(seed);
        let outcome = run(&plan, false);
        if !outcome.violations.is_empty() {
            let (smallest, failed) = shrink(&plan, &outcome);
            panic!("{}\nsmallest:\n{}", outcome.report(&plan), failed.report(&smallest));
        }
        total.add(outcome);
    }
    for fault in InjectedFault::ALL {
        assert!(
            total.injected.get(fault).is_some_and(|times| *times > 0),
            "{fault:?} was never injected"
        );
    }
    for counter in CHECKED {
        assert!(total.counts.get(counter).is_some_and(|times| *times > 0), "no {counter}");
    }
}
