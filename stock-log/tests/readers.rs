//! Readers of the stock log. Pages of the tables in memory hold three segments.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::stock::{StockWindow, StoreDay, utc_dates};
use domain::{Acceptance, Event, StoreId};
use in_memory::{CallEnd, CallInjector, CallPlan, Tables};
use proptest::prelude::*;
use stock_log::{BusinessDays, read_date, read_windows};

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build();
    runtime.expect("a runtime").block_on(future)
}

fn store_id() -> StoreId {
    "0042".parse().expect("a store")
}

fn midnight() -> DateTime<Utc> {
    "2026-03-12T00:00:00Z".parse().expect("an instant")
}

fn date() -> NaiveDate {
    midnight().date_naive()
}

fn receipt(id: usize, sku: &str, at: DateTime<Utc>) -> Event {
    let json = format!(
        r#"{{"event_id":"e-{id}","kind":"receipt","store_id":"0042","terminal_id":"t",
            "sku":"{sku}","quantity":1,"occurred_at":"{}"}}"#,
        at.to_rfc3339()
    );
    Event::parse(&json, &Acceptance::at(at)).expect("an event")
}

/// Tables with one segment for each event, in this order.
fn tables(events: &[Event]) -> Tables {
    let tables = Tables::default();
    for (number, event) in (0..).zip(events) {
        let arrived_at = midnight() + TimeDelta::seconds(number);
        run(tables.append_events([event.clone()], arrived_at)).expect("tables that work");
    }
    tables
}

fn at_minute(minute: i64) -> DateTime<Utc> {
    midnight() + TimeDelta::minutes(minute)
}

#[test]
fn all_pages_of_a_date_are_read_and_no_other_date_and_store() {
    for count in [0, 1, 2, 3, 4, 6, 7, 30] {
        let events: Vec<Event> = (0..count).map(|id| receipt(id, "rye", at_minute(600))).collect();
        let tables = tables(&events);
        let other = receipt(99, "rye", at_minute(600 + 1440));
        run(tables.append_events([other], at_minute(600))).unwrap();
        let read = run(read_date(&tables, &store_id(), date())).unwrap();
        assert_eq!((read.day.len(), read.unreadable.len()), (count, 0));
        let pages = count.div_ceil(3).max(1);
        assert_eq!(tables.log.take_reads().pages, pages, "{count} segments");
        let other_store = "0043".parse().unwrap();
        assert!(run(read_date(&tables, &other_store, date())).unwrap().day.is_empty());
    }
}

#[test]
fn segments_that_are_appended_between_pages_hide_none_that_was_there_and_may_be_read() {
    let events: Vec<Event> = (0..9).map(|id| receipt(id, "rye", at_minute(600))).collect();
    // Below and above the place of the reader, at each of its calls.
    for (call, offset, is_read) in
        [(1, -60, false), (1, 60, true), (2, -60, false), (2, 60, true), (3, 60, false)]
    {
        let whole = tables(&events);
        let added = whole.clone();
        let calls = AtomicUsize::new(0);
        let late = receipt(100, "rye", at_minute(601));
        let plan = move || {
            if calls.fetch_add(1, Ordering::Relaxed) == call {
                let arrived_at = midnight() + TimeDelta::seconds(offset);
                let segment =
                    domain::stock::Segment::cut(&store_id(), date(), arrived_at, vec![&late]);
                let key = (store_id(), date(), segment[0].key.sort_key());
                added.log.put_bytes(key, segment[0].bytes.clone());
            }
            let (request_delay, response_delay) = (Duration::ZERO, Duration::ZERO);
            CallPlan { request_delay, response_delay, end: CallEnd::Answered }
        };
        let slow = Tables { calls: CallInjector::new(plan), ..whole };
        let read = run(read_date(&slow, &store_id(), date())).unwrap();
        assert!(events.iter().all(|event| read.day.events().any(|other| other == event)));
        assert_eq!(read.day.len(), 9 + usize::from(is_read), "call {call}, {offset} s");
    }
}

#[test]
fn a_segment_that_cannot_be_read_is_told_and_hides_no_other() {
    let events: Vec<Event> = (0..7).map(|id| receipt(id, "rye", at_minute(600))).collect();
    let tables = tables(&events);
    let keys: Vec<_> = tables.log.segments().into_keys().collect();
    // Other bytes than the digest in the key tells, and bytes of a later version.
    tables.log.put_bytes(keys[1].clone(), tables.log.segments()[&keys[2]].clone());
    let later = vec![255_u8, 1, 2, 3];
    let later_key = format!("2026-03-12T09:00:00.000Z#{}", domain::Version::of(&later));
    tables.log.put_bytes((store_id(), date(), later_key.clone()), later);
    let read = run(read_date(&tables, &store_id(), date())).unwrap();
    assert_eq!(read.day.len(), 6);
    let told: Vec<&str> = read.unreadable.iter().map(|one| one.sort_key.as_str()).collect();
    assert_eq!(told, [keys[1].2.as_str(), &later_key]);
    let text = read.unreadable[0].to_string();
    let start = format!("segment 0042#2026-03-12/{} of the stock log", keys[1].2);
    assert!(text.starts_with(&start), "{text}");
    assert!(text.ends_with("its bytes do not match the digest in its key"), "{text}");
    let windows =
        run(read_windows(&tables, &store_id(), None, midnight(), at_minute(1440))).unwrap();
    assert_eq!(windows.unreadable, read.unreadable);
}

#[test]
fn the_set_does_not_depend_on_the_segments_that_hold_it() {
    // One id with two contents, of two items: the content that sorts first counts for both.
    let [jam, rye] = ["jam", "rye"].map(|sku| receipt(1, sku, at_minute(600)));
    for (events, expected) in [([&jam, &rye], "jam"), ([&rye, &jam], "jam")] {
        let tables = tables(&events.map(Clone::clone));
        let counts = |sku: Option<&str>| -> Vec<String> {
            let (id, sku) = (store_id(), sku.map(|sku| sku.parse().expect("an item")));
            let read = read_windows(&tables, &id, sku.as_ref(), midnight(), at_minute(1440));
            let windows = run(read).unwrap().windows;
            windows.iter().map(|window| window.key().sku.to_string()).collect()
        };
        assert_eq!(counts(None), [expected]);
        assert_eq!(counts(Some("jam")), ["jam"]);
        assert_eq!(counts(Some("rye")), [""; 0], "its content does not count");
    }
}

/// Events on four UTC dates, as (minute, item).
fn any_events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec((0..4 * 1440_i64, 0..3_usize), 0..60).prop_map(|all| {
        let event = |(id, (minute, sku)): (usize, (i64, usize))| {
            receipt(id, ["cake", "jam", "rye"][sku], at_minute(minute))
        };
        all.into_iter().enumerate().map(event).collect()
    })
}

fn windows_of(events: &[Event]) -> Vec<StockWindow> {
    let mut windows = Vec::new();
    for date in utc_dates(midnight(), at_minute(4 * 1440)) {
        let mut day = StoreDay::new(store_id(), date);
        day.extend(events.iter().filter(|one| one.occurred_at().date_naive() == date).cloned());
        windows.extend(day.into_windows());
    }
    windows.sort_by_key(|window| (window.key().sku.clone(), window.key().window));
    windows
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn business_days_are_the_windows_of_their_spans_and_each_date_is_read_once(
        events in any_events(),
        cuts in prop::collection::btree_set(0..4 * 288_i64, 2..12),
        skipped in prop::collection::vec(any::<bool>(), 12),
    ) {
        let tables = tables(&events);
        let store_id = store_id();
        let cuts: Vec<DateTime<Utc>> = cuts.into_iter().map(|cut| at_minute(5 * cut)).collect();
        let mut days = BusinessDays::new(&tables, &store_id);
        let mut read_in_order = Vec::new();
        for (span, skipped) in cuts.windows(2).zip(skipped) {
            if skipped {
                continue;
            }
            let (since, until) = (span[0], span[1]);
            let _ = tables.log.take_reads();
            let windows = run(days.windows(since, until)).unwrap();
            read_in_order.extend(tables.log.take_reads().dates);
            let plain = run(read_windows(&tables, &store_id, None, since, until)).unwrap();
            prop_assert_eq!(&windows, &plain.windows);
            let mut expected = windows_of(&events);
            expected.retain(|window| (since..until).contains(&window.key().window.start()));
            prop_assert_eq!(windows, expected);
        }
        prop_assert!(read_in_order.is_sorted_by(|one, next| one < next), "{:?}", read_in_order);
    }
}

#[test]
fn a_date_with_a_segment_that_cannot_be_read_is_told_for_each_business_day_in_it() {
    let events: Vec<Event> =
        [100, 800, 1500].map(|minute| receipt(0, "rye", at_minute(minute))).to_vec();
    let tables = tables(&events);
    let (key, _) = tables.log.segments().into_iter().next().expect("a segment");
    tables.log.put_bytes(key, Vec::new());
    let store_id = store_id();
    let mut days = BusinessDays::new(&tables, &store_id);
    for (since, until, told) in [(0, 700, 1), (700, 1500, 1), (1500, 2000, 0)] {
        run(days.windows(at_minute(since), at_minute(until))).unwrap();
        assert_eq!(days.unreadable.len(), told, "from minute {since}");
    }
}

#[test]
fn a_failed_read_is_an_error_and_the_reader_can_be_used_again() {
    let calls = Arc::new(AtomicUsize::new(0));
    let plan = move || {
        let end = match calls.fetch_add(1, Ordering::Relaxed) {
            1 => CallEnd::Failed(domain::ports::Failure::Unavailable("broken".to_owned())),
            _ => CallEnd::Answered,
        };
        CallPlan { request_delay: Duration::ZERO, response_delay: Duration::ZERO, end }
    };
    let events: Vec<Event> = (0..7).map(|id| receipt(id, "rye", at_minute(600))).collect();
    let tables = Tables { calls: CallInjector::new(plan), ..tables(&events) };
    let store_id = store_id();
    let mut days = BusinessDays::new(&tables, &store_id);
    assert!(run(days.windows(midnight(), at_minute(1440))).is_err());
    let windows = run(days.windows(midnight(), at_minute(1440))).unwrap();
    assert_eq!(windows.iter().map(StockWindow::len).sum::<usize>(), 7);
}
