//! The promise under some hundred seeds. `cargo simulate --seeds N` runs as many as wanted.

use simulation::{Plan, run, shrink};

const SEEDS: u64 = 200;

#[test]
fn nothing_is_lost_and_nothing_is_there_twice() {
    for seed in 0..SEEDS {
        let plan = Plan::of(seed);
        let outcome = run(&plan, false);
        if !outcome.objections.is_empty() {
            let (smallest, failed) = shrink(&plan, &outcome);
            panic!("{}\nsmallest:\n{}", outcome.told(&plan), failed.told(&smallest));
        }
    }
}
