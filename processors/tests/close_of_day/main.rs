//! Close of day over in-memory tables. The day rows do not depend on the arrival of events and on
//! the number of passes.

mod histories;
mod interrupted;
mod looks;
mod readings;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::ports::CatalogTable;
use domain::record::{self, Delivered};
use domain::stock::Figures;
use domain::{Acceptance, ClosedDay, Event, History, Item, SequenceNumber, Store, limits};
use in_memory::{Log, Tables};
use metrics_exporter_prometheus::PrometheusBuilder;
use processors::{CloseSummary, Closing, Processor};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use rust_decimal::Decimal;
use tokio::runtime::Builder;

/// A weekend on which Berlin has a day of 23 hours, and one in autumn with 25.
const SPRING: &str = "2026-03-27";
const AUTUMN: &str = "2026-10-23";
const ITEMS: [(&str, u16); 3] = [("rye", 1), ("cake", 3), ("jam", 14)];

/// Store with its tables.
struct TestStore {
    /// Instant at which the processor stores what arrives.
    now: Arc<Mutex<DateTime<Utc>>>,
    processor: Processor<Tables>,
    closing: Closing<Tables>,
    store: Store,
    records: u32,
}

fn run<T>(future: impl Future<Output = T>) -> T {
    Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn store(zone: &str, hours: &str) -> Store {
    let json = format!(r#"{{"store_id":"s","zone":"{zone}","hours":"{hours}"}}"#);
    Store::parse(&json).expect("a store")
}

impl TestStore {
    fn new(store: &Store) -> Self {
        let tables = Tables::default();
        run(tables.put_store(store)).unwrap();
        for (sku, life) in ITEMS {
            let json = format!(
                r#"{{"sku":"{sku}","store_id":"s","price":"2.40","currency":"EUR",
                    "category":"bread","shelf_life_days":{life}}}"#
            );
            run(tables.put_item(&Item::parse(&json).expect("an item"))).unwrap();
        }
        let now = Arc::new(Mutex::new(DateTime::UNIX_EPOCH));
        let clock = now.clone();
        Self {
            now,
            processor: Processor::new(tables.clone(), Arc::new(move || *clock.lock().unwrap())),
            closing: Closing { tables },
            store: store.clone(),
            records: 0,
        }
    }

    fn arrive(&mut self, events: &[Event], now: DateTime<Utc>) {
        self.records += 1;
        *self.now.lock().unwrap() = now;
        let record = Delivered {
            shard_id: "shardId-000000000000".to_owned(),
            sequence_number: SequenceNumber::new(self.records.to_string()),
            partition_key: "s".to_owned(),
            arrived_at: now,
            data: record::pack("s", events).data,
        };
        assert_eq!(run(self.processor.process(&[record])).retry_from, None);
    }

    fn close(&self, now: DateTime<Utc>) -> CloseSummary {
        run(self.closing.close_store(&self.store.store_id, now)).expect("tables that work")
    }

    fn days(&self) -> Vec<ClosedDay> {
        self.closing.tables.days.all()
    }

    fn histories(&self) -> Vec<History> {
        self.closing.tables.days.all_histories()
    }
}

/// Returns the rows that are in only one of two lists, in short.
fn differences(one: &[ClosedDay], other: &[ClosedDay]) -> Vec<String> {
    let only = |name, these: &[ClosedDay], others: &[ClosedDay]| -> Vec<String> {
        let text = |day: &ClosedDay| {
            let ClosedDay { key, opening, closing, moved_on, version, figures, .. } = day;
            let events = figures.events;
            format!("{name}: {key} {opening} {closing} {events} {moved_on} {version}")
        };
        these.iter().filter(|day| !others.contains(day)).map(text).collect()
    };
    [only("one", one, other), only("other", other, one)].concat()
}

/// Event and the delay of its arrival.
#[derive(Debug, Clone)]
struct ArrivingEvent {
    event: Event,
    /// Delay between occurrence and arrival.
    takes: TimeDelta,
}

fn midnight(date: &str) -> DateTime<Utc> {
    date.parse::<NaiveDate>().expect("a date").and_time(chrono::NaiveTime::MIN).and_utc()
}

fn any_events(first: &'static str) -> impl Strategy<Value = Vec<ArrivingEvent>> {
    let kinds = vec!["receipt", "receipt", "sale", "sale", "waste", "count", "transfer_in"];
    let one = (0..4 * 1440_i64, select(kinds), 0..9_u32, select(&ITEMS[..]), 0..6 * 1440_i64);
    prop::collection::vec((one, any::<bool>()), 1..60).prop_map(move |all| {
        let arriving = |(number, ((minute, kind, quantity, (sku, _), takes), prompt))| {
            let occurred_at = midnight(first) + TimeDelta::minutes(minute);
            let price =
                if kind == "sale" { r#","unit_price":"2.40","currency":"EUR""# } else { "" };
            let json = format!(
                r#"{{"event_id":"e-{number}","kind":"{kind}","store_id":"s","terminal_id":"t",
                    "sku":"{sku}","quantity":{quantity},"occurred_at":"{}"{price}}}"#,
                occurred_at.to_rfc3339()
            );
            let event = Event::parse(&json, &Acceptance::at(occurred_at)).expect("an event");
            let takes = TimeDelta::minutes(if prompt { 0 } else { takes });
            ArrivingEvent { event, takes }
        };
        all.into_iter().enumerate().map(arriving).collect()
    })
}

fn any_store() -> impl Strategy<Value = (Store, &'static str)> {
    let zones = vec!["Europe/Berlin", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"];
    let hours = vec!["mon-sun 07:00-18:00", "mon-sat 06:00-20:00", "mon-sun 17:00-03:00"];
    (select(zones), select(hours), select(vec![SPRING, AUTUMN]))
        .prop_map(|(zone, hours, first)| (store(zone, hours), first))
}

fn story() -> impl Strategy<Value = (Store, &'static str, Vec<ArrivingEvent>)> {
    any_store().prop_flat_map(|(store, first)| (Just(store), Just(first), any_events(first)))
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 48, ..ProptestConfig::default()
    })]

    #[test]
    fn late_events_close_their_days_again_with_the_result_they_would_have_had_on_time(
        (store, first, arriving) in story(),
        passes in prop::collection::vec(0..10 * 1440_i64, 0..12),
        repeated in any::<Index>(),
    ) {
        let end = midnight(first) + TimeDelta::days(10);
        // On time: everything is there before the first close.
        let mut on_time = TestStore::new(&store);
        let events: Vec<Event> = arriving.iter().map(|arriving| arriving.event.clone()).collect();
        on_time.arrive(&events, midnight(first) + TimeDelta::days(4));
        on_time.close(midnight(first) + TimeDelta::days(6));

        let mut test_store = TestStore::new(&store);
        let mut steps: Vec<(DateTime<Utc>, Option<&ArrivingEvent>)> = Vec::new();
        for arriving in &arriving {
            steps.push((arriving.event.occurred_at() + arriving.takes, Some(arriving)));
        }
        for minute in &passes {
            steps.push((midnight(first) + TimeDelta::minutes(*minute), None));
        }
        steps.sort_by_key(|(at, arriving)| (*at, arriving.is_some()));
        for (at, arriving) in &steps {
            match arriving {
                Some(arriving) => test_store.arrive(std::slice::from_ref(&arriving.event), *at),
                None => { test_store.close(*at); }
            }
        }
        // A repeated event changes nothing.
        let again = repeated.get(&arriving);
        let arrives_at = again.event.occurred_at() + again.takes;
        test_store.arrive(std::slice::from_ref(&again.event), arrives_at);
        test_store.close(midnight(first) + TimeDelta::days(6));
        test_store.close(end);
        on_time.close(end);
        prop_assert_eq!(differences(&test_store.days(), &on_time.days()), [""; 0]);
        prop_assert_eq!(test_store.histories(), on_time.histories());
        // A further pass changes nothing.
        let again = test_store.close(end);
        prop_assert_eq!((again.written(), again.histories), (0, 0));
    }

    #[test]
    fn every_event_counts_for_exactly_one_day_and_days_begin_with_what_is_left(
        (store, first, arriving) in story(),
    ) {
        let mut test_store = TestStore::new(&store);
        let events: Vec<Event> = arriving.iter().map(|arriving| arriving.event.clone()).collect();
        test_store.arrive(&events, midnight(first) + TimeDelta::days(4));
        test_store.close(midnight(first) + TimeDelta::days(6));
        let days = test_store.days();
        for (sku, _) in ITEMS {
            let of_item: Vec<&ClosedDay> =
                days.iter().filter(|day| day.key.sku.as_str() == sku).collect();
            let whole =
                Figures::of(events.iter().filter(|event| event.sku().as_str() == sku));
            let sum = |figure: fn(&Figures) -> Decimal| -> Decimal {
                of_item.iter().map(|day| figure(&day.figures)).sum()
            };
            prop_assert_eq!(sum(|figures| figures.sold), whole.sold);
            prop_assert_eq!(sum(|figures| figures.received), whole.received);
            prop_assert_eq!(sum(|figures| figures.wasted), whole.wasted);
            prop_assert_eq!(sum(|figures| figures.transferred_in), whole.transferred_in);
            let counted: u64 = of_item.iter().map(|day| day.figures.events).sum();
            prop_assert_eq!(counted, whole.events);
            for pair in of_item.windows(2) {
                if pair[0].key.date.succ_opt() == Some(pair[1].key.date) {
                    let left: Decimal = pair[0].carried.values().sum();
                    prop_assert_eq!(left, pair[1].opening);
                }
            }
        }
        for day in &days {
            let span = store.span(day.key.date);
            prop_assert_eq!(day.closes_at, span.closes_at);
            let inside = |event: &&Event| {
                event.sku() == &day.key.sku
                    && (span.starts_at..span.ends_at).contains(&event.occurred_at())
            };
            let expected = events.iter().filter(inside).count() as u64;
            prop_assert_eq!(day.figures.events, expected);
        }
    }

    #[test]
    fn passes_at_once_write_what_one_would_have_written((store, first, arriving) in story()) {
        let mut test_store = TestStore::new(&store);
        let events: Vec<Event> = arriving.iter().map(|arriving| arriving.event.clone()).collect();
        test_store.arrive(&events, midnight(first) + TimeDelta::days(4));
        let now = midnight(first) + TimeDelta::days(6);
        let pass = || test_store.closing.close_store(&store.store_id, now);
        let (a, b) = run(async { tokio::join!(pass(), pass()) });
        let (a, b) = (a.unwrap(), b.unwrap());
        prop_assert_eq!(a.written() + b.written(), test_store.days().len() as u64);
        let beaten = |closed: CloseSummary| closed.contested + closed.unchanged;
        prop_assert_eq!(beaten(a) + beaten(b), a.written() + b.written());
        prop_assert_eq!(test_store.close(now).written(), 0);
    }
}

#[test]
fn a_day_is_not_closed_before_its_doors_and_an_unlisted_item_is_closed_as_well() {
    let store = store("Europe/Berlin", "mon-sun 17:00-03:00");
    let mut test_store = TestStore::new(&store);
    let json = r#"{"event_id":"e","kind":"receipt","store_id":"s","terminal_id":"t",
        "sku":"unlisted","quantity":4,"occurred_at":"2026-03-28T01:30:00Z"}"#;
    let at: DateTime<Utc> = "2026-03-28T01:30:00Z".parse().unwrap();
    test_store.arrive(&[Event::parse(json, &Acceptance::at(at)).unwrap()], at);
    // It is 02:30 local time in the night of the 27th; the doors close at 03:00.
    assert_eq!(test_store.close(at + TimeDelta::minutes(30)), CloseSummary::default());
    let closed = test_store.close(at + TimeDelta::minutes(36));
    assert_eq!(closed, CloseSummary { closed: 1, ..CloseSummary::default() });
    let days = test_store.days();
    let [day] = &days[..] else { panic!("{days:?}") };
    assert_eq!((day.key.to_string().as_str(), day.expired()), ("s/unlisted/2026-03-27", 4.into()));
    assert_eq!(test_store.close(at + TimeDelta::days(1)), CloseSummary::default());
}

#[test]
fn a_table_that_fails_stops_the_pass_and_the_next_one_goes_on() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut test_store = TestStore::new(&store);
    let at: DateTime<Utc> = "2026-03-27T09:00:00Z".parse().unwrap();
    let arriving: BTreeMap<&str, u32> = BTreeMap::from([("rye", 1), ("cake", 2), ("jam", 3)]);
    for (sku, quantity) in arriving {
        let json = format!(
            r#"{{"event_id":"{sku}","kind":"receipt","store_id":"s","terminal_id":"t",
                "sku":"{sku}","quantity":{quantity},"occurred_at":"{}"}}"#,
            at.to_rfc3339()
        );
        test_store.arrive(&[Event::parse(&json, &Acceptance::at(at)).unwrap()], at);
    }
    let evening = at + TimeDelta::hours(9);
    let recorder = PrometheusBuilder::new().build_recorder();
    let _counted_here = metrics::set_default_local_recorder(&recorder);
    test_store.closing.tables.days.fail_after(1);
    assert!(run(test_store.closing.close_store(&store.store_id, evening)).is_err());
    assert_eq!(test_store.days().len(), 1);
    assert!(run(test_store.closing.close_store(&store.store_id, evening)).is_err());
    test_store.closing.tables.days.fail_after(usize::MAX);
    assert_eq!(
        test_store.close(evening),
        CloseSummary { closed: 2, unchanged: 1, histories: 4, ..CloseSummary::default() }
    );
    let counted = recorder.handle().render();
    let received = "daymark_processor_day_units_sum{figure=\"received\"} 6\n";
    assert!(counted.contains(received), "each unit once, of all passes: {counted}");
}

#[test]
fn a_day_whose_segments_are_expired_stays_as_it_was_closed() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut test_store = TestStore::new(&store);
    let at: DateTime<Utc> = "2026-03-27T09:00:00Z".parse().unwrap();
    let json = format!(
        r#"{{"event_id":"e","kind":"receipt","store_id":"s","terminal_id":"t","sku":"jam",
            "quantity":5,"occurred_at":"{}"}}"#,
        at.to_rfc3339()
    );
    test_store.arrive(&[Event::parse(&json, &Acceptance::at(at)).unwrap()], at);
    let (first, last) = (at.date_naive(), at.date_naive() + chrono::Days::new(1));
    test_store.close(at + TimeDelta::days(1) + TimeDelta::hours(9));
    let days = test_store.days();
    assert_eq!(days.len(), 2);
    // The rows stay when the segments are gone.
    test_store.closing.tables.log = Log::default();
    let later = at + limits::STOCK_LOG_KEPT + TimeDelta::days(2);
    let closed = run(test_store.closing.close_dates(&store, first, last, later)).unwrap();
    assert_eq!(closed, CloseSummary { unchanged: 2, ..CloseSummary::default() });
    assert_eq!(test_store.days(), days);
}

#[test]
fn other_hours_close_the_last_days_again_and_no_event_counts_for_two() {
    let mut test_store = TestStore::new(&store("Europe/Berlin", "mon-sun 17:00-03:00"));
    // At 01:30 local time the event belongs to the 27th, because the doors close at 03:00.
    let at: DateTime<Utc> = "2026-03-28T00:30:00Z".parse().unwrap();
    let json = format!(
        r#"{{"event_id":"e","kind":"receipt","store_id":"s","terminal_id":"t","sku":"jam",
            "quantity":5,"occurred_at":"{}"}}"#,
        at.to_rfc3339()
    );
    test_store.arrive(&[Event::parse(&json, &Acceptance::at(at)).unwrap()], at);
    test_store.close(at + TimeDelta::days(1));
    let earlier = store("Europe/Berlin", "mon-sun 07:00-18:00");
    run(test_store.closing.tables.put_store(&earlier)).unwrap();
    test_store.close(at + TimeDelta::days(1));
    let received = |test_store: &TestStore| -> Vec<(String, Decimal)> {
        let days = test_store.days().into_iter();
        let moved = days.filter(|day| !day.figures.received.is_zero());
        moved.map(|day| (day.key.date.to_string(), day.figures.received)).collect()
    };
    assert_eq!(received(&test_store), [("2026-03-28".to_owned(), Decimal::from(5))]);
}
