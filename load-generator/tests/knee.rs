//! The search for the knee against targets of known capacity, without a clock.

use load_generator::draw::Draw;
use load_generator::knee::{Knee, KneeResult, LONG_PROBE, Probe};
use load_generator::scenario::KneeSearch;
use proptest::prelude::*;

/// Searches the knee of a target that `respond` describes. Returns the result after at most 200
/// probes.
fn search(settings: &KneeSearch, mut respond: impl FnMut(f64) -> Probe) -> KneeResult {
    let mut knee = Knee::new(settings);
    for _ in 0..200 {
        let Some(rate) = knee.next_rate() else { return knee.result().clone() };
        knee.observe(respond(rate));
    }
    panic!("no end after 200 probes");
}

fn target_of(capacity: f64) -> impl FnMut(f64) -> Probe {
    move |rate| Probe { stored_rate: rate.min(capacity), ..Probe::within_limits(rate) }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_knee_of_a_target_is_found_within_the_precision(
        capacity in 3.0..500_000.0_f64,
        from in 1.0..100_000.0_f64,
        precision in 0.01..0.2_f64,
    ) {
        let settings = KneeSearch { from, precision, ..KneeSearch::default() };
        let result = search(&settings, target_of(capacity));
        let found = result.within_limits.expect("a knee");
        let most = capacity / 0.98;
        prop_assert!(found <= most && found >= most * (1.0 - precision) - 0.1);
        prop_assert!(result.most <= capacity + 1e-6);
        prop_assert_eq!(result.ended_by, None);
        let confirming = result.probes.iter().rev().take(3);
        prop_assert!(confirming.clone().all(|probe| probe.rate == found && probe.passes()));
    }

    #[test]
    fn a_noisy_target_ends_the_search_below_its_capacity(
        capacity in 100.0..100_000.0_f64,
        seed in any::<u64>(),
    ) {
        let mut draw = Draw::of(seed, "noise");
        let mut noisy = move |rate: f64| {
            let of_this_probe = capacity * (0.85 + 0.15 * draw.unit());
            Probe { stored_rate: rate.min(of_this_probe), ..Probe::within_limits(rate) }
        };
        let result = search(&KneeSearch::default(), &mut noisy);
        let found = result.within_limits.expect("a knee");
        prop_assert!(found <= 1.03 * capacity && found >= 0.5 * capacity, "{found} of {capacity}");
    }
}

/// A shard has a reserve of one second: a probe of five seconds passes at 1.2 times its rate.
#[test]
fn a_reserve_of_the_target_does_not_raise_its_knee() {
    let (capacity, probe_seconds) = (1_000.0, 5.0);
    let mut knee = Knee::new(&KneeSearch::default());
    while let Some(rate) = knee.next_rate() {
        let seconds = probe_seconds * if knee.is_long() { f64::from(LONG_PROBE) } else { 1.0 };
        let stored = (rate * seconds).min(capacity * (seconds + 1.0));
        knee.observe(Probe { stored_rate: stored / seconds, ..Probe::within_limits(rate) });
        assert!(knee.result().probes.len() < 60);
    }
    let found = knee.result().within_limits.expect("a knee");
    assert!((950.0..=1_075.0).contains(&found), "{found}");
}

#[test]
fn a_growing_backlog_and_a_broken_limit_fail_a_probe() {
    let falls_behind = |rate: f64| {
        let backlog_growth = if rate > 4_000.0 { 400.0 } else { 0.0 };
        Probe { backlog_growth, ..Probe::within_limits(rate) }
    };
    let slows_down = |rate: f64| {
        let broken = if rate > 4_000.0 { vec!["response p99".to_owned()] } else { vec![] };
        Probe { broken, ..Probe::within_limits(rate) }
    };
    for result in
        [search(&KneeSearch::default(), falls_behind), search(&KneeSearch::default(), slows_down)]
    {
        let found = result.within_limits.unwrap();
        assert!((3_800.0..=4_000.0).contains(&found), "{found}");
        assert!(result.most > 4_000.0, "the most it took is another number");
    }
}

#[test]
fn a_search_ends_where_the_generator_is_the_limit() {
    let limited = |rate: f64| Probe {
        invalid: (rate > 3_000.0).then(|| "its lag".to_owned()),
        ..Probe::within_limits(rate)
    };
    let result = search(&KneeSearch::default(), limited);
    assert!(result.is_generator_limited);
    assert!(result.ended_by.unwrap().contains("the generator was the limit"));
    assert!(result.within_limits.unwrap() <= 3_000.0);
}

#[test]
fn a_target_that_carries_nothing_or_everything_ends_the_search() {
    let nothing = search(&KneeSearch::default(), target_of(0.0));
    assert_eq!(nothing.within_limits, None);
    assert!(nothing.ended_by.unwrap().contains("even at"));
    let settings = KneeSearch { to: 2_000.0, ..KneeSearch::default() };
    let everything = search(&settings, target_of(f64::MAX));
    assert_eq!(everything.within_limits, Some(2_000.0));
    assert!(everything.ended_by.unwrap().contains("highest rate"));
}

#[test]
fn a_search_that_is_aborted_keeps_its_probes() {
    let mut knee = Knee::new(&KneeSearch::default());
    knee.observe(Probe::within_limits(500.0));
    knee.abort("interrupted");
    assert_eq!(knee.next_rate(), None);
    assert_eq!(knee.result().within_limits, Some(500.0));
    assert_eq!(knee.result().probes.len(), 1);
}
