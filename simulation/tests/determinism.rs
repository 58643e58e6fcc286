//! A seed decides the whole history, so that every failure can be repeated.

use simulation::{WorldPlan, run};

#[test]
fn the_same_seed_gives_the_same_history_byte_for_byte() {
    for seed in [0, 1, 7, 42, 1_000_003] {
        let plan = WorldPlan::of(seed);
        let (one, other) = (run(&plan, true), run(&plan, true));
        assert!(one.history.lines().count() > 100, "seed {seed} has no history");
        let differing = one.history.lines().zip(other.history.lines()).find(|(a, b)| a != b);
        assert_eq!(differing, None, "seed {seed}");
        assert_eq!(one.history.len(), other.history.len(), "seed {seed}");
    }
}

#[test]
fn recording_the_history_changes_nothing() {
    let plan = WorldPlan::of(3);
    let (recorded, unrecorded) = (run(&plan, true), run(&plan, false));
    assert_eq!(recorded.injected, unrecorded.injected);
    assert_eq!(recorded.counts, unrecorded.counts);
}
