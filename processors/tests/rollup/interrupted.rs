//! Passes that die or fail at any step, and passes at once that read different pages.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::Event;
use in_memory::{CallEnd, CallInjector, CallPlan, Tables, at_most};
use processors::Rollup;

use crate::{TestStore, clock, correction, receipt, run, store_id};

/// Store with rows, then with a conflict that moves an event, an event of a correction that was
/// unmet, another unmet one, and late events.
fn changed() -> TestStore {
    let test_store = TestStore::new();
    let (first, second) = (receipt("a", 2, "09:00:00"), receipt("a", 2, "10:00:00"));
    let (counts, loses) =
        if first.content() < second.content() { (first, second) } else { (second, first) };
    let before = [loses, correction("v", "b", "09:10:00"), receipt("c", 1, "09:20:00")];
    test_store.arrive(&before, clock("10:00:01"));
    test_store.roll_up(clock("10:15:00"));
    let late = [counts, receipt("b", 2, "09:10:00"), correction("w", "d", "09:20:00")];
    for event in late.into_iter().chain((0..6).map(|id| receipt(&format!("e-{id}"), 1, "09:30:00")))
    {
        test_store.arrive(&[event], clock("10:20:00"));
    }
    test_store
}

fn tomorrow() -> DateTime<Utc> {
    clock("06:00:00") + TimeDelta::days(1)
}

#[test]
fn a_pass_that_dies_at_any_step_is_completed_by_the_next() {
    let whole = changed();
    whole.roll_up(tomorrow());
    for died_at in [clock("11:00:00"), tomorrow()] {
        let mut steps = 0;
        loop {
            let test_store = changed();
            let pass = async {
                test_store.rollup.roll_up(&store_id(), died_at).await.expect("tables that work");
            };
            let died = run(at_most(steps, pass)).is_none();
            test_store.roll_up(tomorrow());
            assert_eq!(test_store.views(), whole.views(), "died after {steps} steps");
            assert_eq!(test_store.kept(), whole.kept(), "died after {steps} steps");
            if !died {
                break;
            }
            steps += 1;
        }
        assert!(steps > 8, "{steps} steps are no pass");
    }
}

#[test]
fn a_pass_whose_calls_fail_is_completed_by_the_next() {
    let whole = changed();
    whole.roll_up(tomorrow());
    for failing in 0..40 {
        for is_executed in [false, true] {
            let test_store = changed();
            let calls = AtomicUsize::new(0);
            let plan = move || {
                let broken = domain::ports::Failure::Unavailable("broken".to_owned());
                let end = match calls.fetch_add(1, Ordering::Relaxed) == failing {
                    true if is_executed => CallEnd::ExecutedButFailed(broken),
                    true => CallEnd::Failed(broken),
                    false => CallEnd::Answered,
                };
                CallPlan { request_delay: Duration::ZERO, response_delay: Duration::ZERO, end }
            };
            let tables = test_store.rollup.tables.clone();
            let rollup = Rollup { tables: Tables { calls: CallInjector::new(plan), ..tables } };
            drop(run(rollup.roll_up(&store_id(), clock("11:00:00"))));
            test_store.roll_up(tomorrow());
            assert_eq!(test_store.views(), whole.views(), "call {failing}");
            assert_eq!(test_store.kept(), whole.kept(), "call {failing}");
        }
    }
}

/// Runs a pass. Before its call `at`, `late` arrive, and a second pass runs to its end. Returns
/// `false` if the pass has fewer calls.
fn overtaken(test_store: &TestStore, at: usize, now: DateTime<Utc>, late: &[Event]) -> bool {
    let calls = Arc::new(AtomicUsize::new(0));
    let all_calls = calls.clone();
    let tables = test_store.rollup.tables.clone();
    let other = TestStore::over(Tables { calls: CallInjector::default(), ..tables.clone() });
    let late = late.to_vec();
    let plan = move || {
        if calls.fetch_add(1, Ordering::Relaxed) == at {
            let (other, late) = (other.clone(), late.clone());
            let second = std::thread::spawn(move || {
                other.arrive(&late, now);
                other.roll_up(now);
            });
            second.join().expect("a pass");
        }
        let (request_delay, response_delay) = (Duration::ZERO, Duration::ZERO);
        CallPlan { request_delay, response_delay, end: CallEnd::Answered }
    };
    let slow = Rollup { tables: Tables { calls: CallInjector::new(plan), ..tables } };
    run(slow.roll_up(&store_id(), now)).expect("tables that work");
    all_calls.load(Ordering::Relaxed) > at
}

#[test]
fn passes_at_once_that_read_different_pages_end_with_the_rows_of_one() {
    // Late events below and above the place of the reader, in rows of their own and in others.
    let late = [receipt("x", 5, "09:20:00"), receipt("y", 5, "10:05:00")];
    for now in [clock("11:00:00"), tomorrow()] {
        for at in 0.. {
            let test_store = changed();
            if !overtaken(&test_store, at, now, &late) {
                assert!(at > 8, "{at} calls are no pass");
                break;
            }
            let whole = changed();
            whole.arrive(&late, now);
            whole.roll_up(tomorrow() + TimeDelta::hours(1));
            test_store.roll_up(tomorrow() + TimeDelta::hours(1));
            test_store.roll_up(tomorrow() + TimeDelta::hours(2));
            assert_eq!(test_store.views(), whole.views(), "overtaken at call {at}");
        }
    }
}

#[test]
fn a_row_that_another_pass_replaced_is_written_again_when_the_date_is_over() {
    let test_store = changed();
    test_store.roll_up(clock("11:00:00"));
    let views = test_store.views();
    // A pass that read other pages of the same number of events, and died before its state.
    let tables = &test_store.rollup.tables;
    for mut row in tables.windows.all() {
        row.items.clear();
        tables.windows.put(row);
    }
    assert_eq!(test_store.roll_up(clock("11:15:00")).written, 0);
    test_store.roll_up(tomorrow());
    assert_eq!(test_store.views(), views);
}
