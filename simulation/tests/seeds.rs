//! The promise under some hundred seeds. `cargo simulate --seeds N` runs as many as wanted.

use simulation::{Fault, Outcome, Plan, run, shrink};

const SEEDS: u64 = 200;

/// What the auditor must have had to look at, or it was no audit.
const CHECKED: &[&str] = &[
    "events acknowledged",
    "receipts checked",
    "rows compared",
    "windows compared",
    "stocks on hand recomputed",
    "offers checked",
    "days closed",
    "histories folded",
    "quarantined: unopenable",
    "quarantined: invalid event",
    "quarantined: conflicting duplicate",
    "version conflicts",
    "records handed over again",
];

#[test]
fn nothing_is_lost_and_nothing_is_there_twice() {
    let mut total = Outcome::default();
    for seed in 0..SEEDS {
        let plan = Plan::of(seed);
        let outcome = run(&plan, false);
        if !outcome.objections.is_empty() {
            let (smallest, failed) = shrink(&plan, &outcome);
            panic!("{}\nsmallest:\n{}", outcome.told(&plan), failed.told(&smallest));
        }
        total.add(outcome);
    }
    for fault in Fault::ALL {
        assert!(total.struck.get(fault).is_some_and(|times| *times > 0), "{fault:?} never struck");
    }
    for what in CHECKED {
        assert!(total.counts.get(what).is_some_and(|times| *times > 0), "no {what}");
    }
}
