//! Passes that die at any step, and passes at once: the next look completes what is left.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{CatalogTable, Failure, StockLog};
use domain::{ClosedDay, History, Item};
use in_memory::{CallEnd, CallInjector, CallPlan, Tables, at_most};
use processors::{CloseSummary, Closing};
use proptest::prelude::*;

use crate::histories::prompt_event;
use crate::{SPRING, TestStore, differences, midnight, run, store};

/// Store with three closed days, and late events of all three items on the first.
fn with_late_events() -> (TestStore, DateTime<Utc>) {
    let mut test_store = TestStore::new(&store("UTC", "mon-sun 06:00-17:00"));
    let at = |day| midnight(SPRING) + TimeDelta::days(day) + TimeDelta::hours(9);
    for day in 0..3 {
        let sale = prompt_event("sale", "jam", 1, at(day));
        test_store.arrive(&[prompt_event("receipt", "jam", 4, at(day)), sale], at(day));
    }
    let now = at(3);
    test_store.close(now);
    let late = at(0) + TimeDelta::minutes(30);
    let events =
        ["rye", "cake", "jam", "unlisted"].map(|sku| prompt_event("receipt", sku, 2, late));
    test_store.arrive(&events, now);
    (test_store, now)
}

fn stored(tables: &Tables) -> (Vec<ClosedDay>, Vec<History>) {
    (tables.days.all(), tables.days.all_histories())
}

#[test]
fn a_pass_that_dies_at_any_step_is_completed_by_the_next() {
    let (whole, now) = with_late_events();
    whole.close(now);
    let expected = stored(&whole.closing.tables);
    let mut steps = 0;
    loop {
        let (test_store, now) = with_late_events();
        let id = &test_store.store.store_id;
        let pass = async {
            test_store.closing.close_store(id, now).await.expect("tables that work");
        };
        let died = run(at_most(steps, pass)).is_none();
        test_store.close(now);
        let differences = differences(&test_store.days(), &expected.0);
        assert_eq!(differences, [""; 0], "died after {steps} steps");
        assert_eq!(test_store.histories(), expected.1, "died after {steps} steps");
        assert_eq!(test_store.close(now), CloseSummary::default(), "died after {steps} steps");
        if !died {
            break;
        }
        steps += 1;
    }
    assert!(steps > 20, "{steps} steps are no pass");
}

#[test]
fn a_pass_that_dies_before_its_last_state_makes_the_next_fold_all_histories() {
    let (test_store, now) = with_late_events();
    let tables = &test_store.closing.tables;
    // The days of four items on three dates are written, and the histories are not.
    tables.days.fail_after(8);
    let first = midnight(SPRING).date_naive();
    while run(test_store.closing.close_store(&test_store.store.store_id, now)).is_err() {
        let progress =
            run(tables.query_progress(&test_store.store.store_id, first, first)).unwrap();
        assert!(!progress.closed[&first].is_complete);
        tables.days.fail_after(8);
    }
    tables.days.fail_after(usize::MAX);
    let (whole, now) = with_late_events();
    whole.close(now);
    assert_eq!(stored(tables), stored(&whole.closing.tables));
}

/// Runs `other` over the same tables before call `at` of a pass. Returns `false` if the pass has
/// fewer calls.
fn overtaken(
    test_store: &TestStore,
    at: usize,
    now: DateTime<Utc>,
    other: impl Fn(TestStore) + Clone + Send + Sync + 'static,
) -> bool {
    let calls = Arc::new(AtomicUsize::new(0));
    let all_calls = calls.clone();
    let tables = test_store.closing.tables.clone();
    let undisturbed = Tables { calls: CallInjector::default(), ..tables.clone() };
    let store_id = test_store.store.store_id.clone();
    let plan = move || {
        if calls.fetch_add(1, Ordering::Relaxed) == at {
            let (undisturbed, store_id, other) =
                (undisturbed.clone(), store_id.clone(), other.clone());
            std::thread::spawn(move || other(TestStore::over(undisturbed, &store_id)))
                .join()
                .expect("a pass");
        }
        CallPlan {
            request_delay: Duration::ZERO,
            response_delay: Duration::ZERO,
            end: CallEnd::Answered,
        }
    };
    let slow = Closing { tables: Tables { calls: CallInjector::new(plan), ..tables } };
    let timed = async { slow.close_store(&test_store.store.store_id, now).await };
    tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .build()
        .expect("a runtime")
        .block_on(timed)
        .expect("tables that work");
    all_calls.load(Ordering::Relaxed) > at
}

impl TestStore {
    /// Store over tables that exist.
    fn over(tables: Tables, store_id: &domain::StoreId) -> Self {
        let store = run(tables.load_store(store_id)).unwrap().expect("a store");
        let mut test_store = Self::new(&store);
        let clock = test_store.now.clone();
        let clock = Arc::new(move || *clock.lock().unwrap());
        test_store.processor = processors::Processor::new(tables.clone(), clock);
        test_store.closing = Closing { tables };
        test_store
    }
}

#[test]
fn a_pass_that_is_overtaken_at_any_call_does_not_restore_what_the_other_replaced() {
    let noon = midnight(SPRING) + TimeDelta::hours(12);
    let events = move || ["jam", "rye", "unlisted"].map(|sku| prompt_event("waste", sku, 1, noon));
    let (mut whole, now) = with_late_events();
    whole.arrive(&events(), now);
    whole.close(now);
    let expected = stored(&whole.closing.tables);
    for at in 0.. {
        let (test_store, now) = with_late_events();
        let other = move |mut second: TestStore| {
            second.arrive(&events(), now);
            second.close(now);
        };
        if !overtaken(&test_store, at, now, other) {
            assert!(at > 20, "{at} calls are no pass");
            break;
        }
        test_store.close(now);
        let differences = differences(&test_store.days(), &expected.0);
        assert_eq!(differences, [""; 0], "overtaken at call {at}");
        test_store.close(now);
        assert!(stored(&test_store.closing.tables) == expected, "overtaken at call {at}");
    }
}

/// The row that the other pass wrote before it died changes nothing for this pass. It still reads
/// the dates after it.
#[test]
fn a_pass_that_is_overtaken_by_one_that_dies_at_any_step_leaves_nothing_out() {
    let (whole, now) = with_late_events();
    whole.close(now);
    let expected = stored(&whole.closing.tables);
    for steps in 1.. {
        let has_died = Arc::new(AtomicBool::new(false));
        for at in [1, 3, 5, 10, 20] {
            let (test_store, now) = with_late_events();
            let died = has_died.clone();
            let other = move |second: TestStore| {
                let pass = second.closing.close_store(&second.store.store_id, now);
                died.fetch_or(run(at_most(steps, pass)).is_none(), Ordering::Relaxed);
            };
            assert!(overtaken(&test_store, at, now, other), "{at} calls are no pass");
            test_store.close(now);
            let differences = differences(&test_store.days(), &expected.0);
            assert_eq!(differences, [""; 0], "overtaken at call {at}, by {steps} steps");
            test_store.close(now);
            let equal = stored(&test_store.closing.tables) == expected;
            assert!(equal, "overtaken at call {at}, by {steps} steps");
        }
        if !has_died.load(Ordering::Relaxed) {
            assert!(steps > 20, "{steps} steps are no pass");
            break;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 48, ..ProptestConfig::default()
    })]

    #[test]
    fn passes_whose_calls_fail_converge(fails in prop::collection::vec(any::<bool>(), 1..80)) {
        let (whole, now) = with_late_events();
        whole.close(now);
        let (test_store, now) = with_late_events();
        let calls = AtomicUsize::new(0);
        let plan = move || {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            let failure = || Failure::Unavailable("the connection broke".to_owned());
            let end = match fails.get(call) {
                Some(true) if call.is_multiple_of(2) => CallEnd::ExecutedButFailed(failure()),
                Some(true) => CallEnd::Failed(failure()),
                _ => CallEnd::Answered,
            };
            CallPlan { request_delay: Duration::ZERO, response_delay: Duration::ZERO, end }
        };
        let tables = test_store.closing.tables.clone();
        let closing = Closing { tables: Tables { calls: CallInjector::new(plan), ..tables } };
        let passes = async {
            while closing.close_store(&test_store.store.store_id, now).await.is_err() {}
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
        runtime.expect("a runtime").block_on(passes);
        test_store.close(now);
        prop_assert_eq!(stored(&test_store.closing.tables), stored(&whole.closing.tables));
        prop_assert_eq!(test_store.close(now), CloseSummary::default());
    }
}

#[test]
fn an_item_without_an_entry_continues_the_day_before_however_its_date_is_read() {
    let (mut test_store, now) = with_late_events();
    let at = |day| midnight(SPRING) + TimeDelta::days(day) + TimeDelta::hours(9);
    for day in 0..3 {
        test_store.arrive(&[prompt_event("receipt", "unlisted", 1, at(day))], now);
    }
    test_store.close(now);
    let days = test_store.days();
    // Only the last date is read again.
    test_store.arrive(&[prompt_event("receipt", "unlisted", 1, at(2))], now);
    assert_eq!(test_store.close(now).written(), 0);
    assert_eq!(test_store.days(), days);
    let json =
        r#"{"sku":"unlisted","store_id":"s","price":"1","currency":"EUR","shelf_life_days":3}"#;
    run(test_store.closing.tables.put_item(&Item::parse(json).unwrap())).unwrap();
    test_store.close(now);
    let openings: Vec<String> = test_store
        .days()
        .iter()
        .filter(|day| day.key.sku.as_str() == "unlisted")
        .map(|day| day.opening.to_string())
        .collect();
    assert_eq!(openings, ["0", "3", "4"]);
}
