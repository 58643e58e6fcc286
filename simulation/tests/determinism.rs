//! First of all: a seed decides everything, or no failure could ever be repeated.

use simulation::{Plan, run};

#[test]
fn the_same_seed_twice_gives_the_same_history_to_the_last_byte() {
    for seed in [0, 1, 7, 42, 1_000_003] {
        let plan = Plan::of(seed);
        let (one, other) = (run(&plan, true), run(&plan, true));
        assert!(one.history.lines().count() > 100, "seed {seed} has no history");
        let differing = one.history.lines().zip(other.history.lines()).find(|(a, b)| a != b);
        assert_eq!(differing, None, "seed {seed}");
        assert_eq!(one.history.len(), other.history.len(), "seed {seed}");
    }
}

#[test]
fn to_read_along_changes_nothing() {
    let plan = Plan::of(3);
    let (told, untold) = (run(&plan, true), run(&plan, false));
    assert_eq!((told.struck, told.counts), (untold.struck, untold.counts));
}
