//! Rows: when they appear, and which ones a pass writes.

use chrono::{TimeDelta, Utc};
use domain::Item;
use domain::ports::{CatalogTable, StockLog, WindowsTable};
use in_memory::LogReads;
use metrics_exporter_prometheus::PrometheusBuilder;
use processors::{CloseSummary, RollupSummary, visit_store};

use crate::{TestStore, clock, event_at, receipt, run, shown, store_id};

#[test]
fn a_row_appears_when_its_window_is_over() {
    let test_store = TestStore::new();
    test_store
        .arrive(&[receipt("a", 2, "09:00:00"), receipt("b", 3, "09:05:00")], clock("09:05:01"));
    assert_eq!(test_store.roll_up(clock("09:04:59")).written, 0);
    assert_eq!(test_store.shown(), []);
    assert_eq!(test_store.roll_up(clock("09:05:00")).written, 1);
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 2)]));
    assert_eq!(test_store.roll_up(clock("09:10:00")).written, 1);
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 2), ("09:05", "3", 2)]));
    assert_eq!(test_store.roll_up(clock("09:15:00")).written, 0);
}

#[test]
fn a_window_with_events_of_no_quantity_has_a_row_and_one_without_events_has_none() {
    let test_store = TestStore::new();
    let count = event_at("a", r#""kind":"count","sku":"rye","quantity":0"#, clock("09:00:00"));
    test_store.arrive(&[count], clock("09:00:01"));
    test_store.roll_up(clock("10:00:00"));
    assert_eq!(test_store.shown(), shown(&[("09:00", "0", 1)]));
    let [(_, _, figures)] = &test_store.views()[..] else { panic!("one item") };
    assert_eq!((figures.events, figures.counted.map(|count| count.quantity)), (1, Some(0.into())));
}

#[test]
fn a_late_event_changes_only_its_row() {
    let test_store = TestStore::new();
    let events = ["09:00:00", "09:05:00", "09:10:00"].map(|time| receipt(time, 2, time));
    test_store.arrive(&events, clock("09:10:01"));
    assert_eq!(test_store.roll_up(clock("09:20:00")).written, 3);
    test_store.arrive(&[receipt("late", 5, "09:07:00")], clock("09:25:00"));
    let expected = RollupSummary { dates: 1, written: 1, ..RollupSummary::default() };
    assert_eq!(test_store.roll_up(clock("09:30:00")), expected);
    assert_eq!(
        test_store.shown(),
        shown(&[("09:00", "2", 3), ("09:05", "7", 4), ("09:10", "2", 3)])
    );
    // Also a week later.
    let later = clock("09:30:00") + TimeDelta::days(6);
    test_store.roll_up(later);
    test_store.arrive(&[receipt("later", 1, "09:11:00")], later);
    assert_eq!(test_store.roll_up(later), RollupSummary { dates: 2, ..expected });
    assert_eq!(test_store.shown()[2], shown(&[("09:10", "3", 5)])[0]);
    let last = RollupSummary { dates: 1, ..RollupSummary::default() };
    assert_eq!(test_store.roll_up(later), last, "only today is read");
}

#[test]
fn a_date_that_is_over_is_read_once_more_and_then_no_longer() {
    let test_store = TestStore::new();
    test_store.arrive(&[receipt("a", 2, "23:59:00")], clock("23:59:00"));
    let midnight = clock("00:00:00") + TimeDelta::days(1);
    let reads = |minutes| {
        test_store.roll_up(midnight + TimeDelta::minutes(minutes));
        test_store.rollup.tables.log.take_reads()
    };
    let (date, next) = (clock("00:00:00").date_naive(), midnight.date_naive());
    reads(-30);
    assert_eq!(reads(-15).dates, [date]);
    assert_eq!(reads(0).dates, [date, next]);
    assert_eq!(reads(15).dates, [date, next]);
    let expected = LogReads { dates: vec![next], pages: 1, progress: 1 };
    assert_eq!(reads(30), expected);
    assert_eq!(test_store.shown(), shown(&[("23:55", "2", 1)]));
}

#[test]
fn dates_without_a_pass_are_rolled_up_after_an_outage() {
    let test_store = TestStore::new();
    for day in 0..4 {
        let at = clock("09:00:00") + TimeDelta::days(day);
        let fields = r#""kind":"receipt","sku":"rye","quantity":2"#;
        test_store.arrive(&[event_at(&format!("e-{day}"), fields, at)], at);
    }
    // No event came late, so no date has a mark.
    assert_eq!(test_store.rollup.tables.log.late_marks(), []);
    test_store.roll_up(clock("12:00:00") + TimeDelta::days(3));
    assert_eq!(test_store.views().len(), 4);
}

#[test]
fn a_row_of_a_larger_count_stays() {
    let test_store = TestStore::new();
    test_store.arrive(&[receipt("a", 2, "09:00:00")], clock("09:00:01"));
    test_store.roll_up(clock("09:10:00"));
    let mut row = test_store.rollup.tables.windows.all().remove(0);
    row.count = 7;
    test_store.rollup.tables.windows.put(row);
    test_store.arrive(&[receipt("b", 2, "09:00:00")], clock("09:12:00"));
    let summary = test_store.roll_up(clock("09:15:00"));
    assert_eq!((summary.written, summary.superseded), (0, 1));
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 7)]));
    // It is compared again in each pass, until the set has as many events.
    let ids = ["c", "d", "e", "f", "g"];
    let events = ids.map(|id| receipt(id, 2, "10:00:00"));
    assert_eq!(test_store.roll_up(clock("09:30:00")).superseded, 1);
    test_store.arrive(&events, clock("10:00:01"));
    test_store.roll_up(clock("10:15:00"));
    assert_eq!(test_store.shown(), shown(&[("09:00", "4", 7), ("10:00", "10", 7)]));
}

#[test]
fn a_row_whose_numbers_a_table_keeps_without_their_last_zeros_is_unchanged() {
    let test_store = TestStore::new();
    let fields = r#""kind":"sale","sku":"rye","quantity":"0.5","unit":"KGM","unit_price":"2.40",
        "currency":"EUR""#;
    // Two halves are 1.0.
    let events = ["a", "b"].map(|id| event_at(id, fields, clock("09:00:00")));
    test_store.arrive(&events, clock("09:00:01"));
    test_store.roll_up(clock("09:10:00"));
    let tables = &test_store.rollup.tables;
    let mut row = tables.windows.all().remove(0);
    for figures in row.items.values_mut() {
        figures.sold = figures.sold.normalize();
        figures.moved = figures.moved.normalize();
        figures.revenue.values_mut().for_each(|amount| *amount = amount.normalize());
    }
    assert_ne!(format!("{row:?}"), format!("{:?}", tables.windows.all()[0]));
    tables.windows.put(row);
    assert_eq!(test_store.roll_up(clock("09:00:00") + TimeDelta::days(1)).written, 0);
}

#[test]
fn a_store_without_an_entry_in_the_catalogue_is_rolled_up_and_not_closed() {
    let test_store = TestStore::new();
    test_store.arrive(&[receipt("a", 2, "09:00:00")], clock("09:00:01"));
    let tables = &test_store.rollup.tables;
    let item = r#"{"sku":"rye","price":"2.40","currency":"EUR"}"#;
    run(tables.put_item(&Item::parse(item).expect("an item"))).unwrap();
    let (rolled_up, closed) =
        run(visit_store(tables, &store_id(), clock("10:00:00"))).expect("tables that work");
    assert_eq!((rolled_up.written, closed), (1, CloseSummary::default()));
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 1)]));
}

#[test]
fn a_rollup_that_fails_is_told_and_does_not_keep_the_days_from_being_closed() {
    let test_store = TestStore::new();
    let tables = &test_store.rollup.tables;
    let json = r#"{"store_id":"0042","zone":"UTC","hours":"mon-sun 06:00-17:00"}"#;
    run(tables.put_store(&domain::Store::parse(json).expect("a store"))).unwrap();
    test_store.arrive(&[correction(), receipt("a", 2, "09:00:00")], clock("09:00:01"));
    tables.quarantine.set_down(true);
    let recorder = PrometheusBuilder::new().build_recorder();
    let _counted_here = metrics::set_default_local_recorder(&recorder);
    assert!(run(visit_store(tables, &store_id(), clock("18:00:00"))).is_err());
    assert_eq!(tables.days.all().len(), 1);
    assert!(recorder.handle().render().contains("daymark_processor_rollup_failed_total 1"));
    tables.quarantine.set_down(false);
    run(visit_store(tables, &store_id(), clock("18:00:00"))).expect("tables that work");
    assert_eq!((test_store.shown().len(), test_store.kept().len()), (1, 1));
}

fn correction() -> domain::Event {
    crate::correction("v", "nothing", "09:00:00")
}

#[test]
fn a_segment_that_cannot_be_read_hides_nothing_and_is_rolled_up_when_it_can_be() {
    let test_store = TestStore::new();
    let log = &test_store.rollup.tables.log;
    test_store.arrive(&[receipt("a", 2, "09:00:00")], clock("09:00:01"));
    test_store.roll_up(clock("09:15:00"));
    test_store.arrive(&[receipt("b", 3, "09:20:00")], clock("09:20:01"));
    let segments = log.segments();
    let ((first, first_bytes), (second, bytes)) =
        (segments.first_key_value().unwrap(), segments.last_key_value().unwrap());
    log.put_bytes(second.clone(), b"of a later version".to_vec());
    test_store.arrive(&[receipt("c", 4, "09:21:00")], clock("09:21:01"));
    test_store.roll_up(clock("09:30:00"));
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 1), ("09:20", "4", 2)]));
    // A segment that was read before and is damaged now does not make its row poorer.
    log.put_bytes(first.clone(), Vec::new());
    let tomorrow = clock("09:00:00") + TimeDelta::days(1);
    for now in [clock("09:45:00"), tomorrow, tomorrow] {
        assert_eq!(test_store.roll_up(now).written, 0);
        assert_eq!(test_store.shown(), shown(&[("09:00", "2", 1), ("09:20", "4", 2)]));
    }
    // The date is over and has no late mark, and is read again at each pass all the same.
    log.put_bytes(first.clone(), first_bytes.clone());
    log.put_bytes(second.clone(), bytes.clone());
    assert_eq!(test_store.roll_up(tomorrow).written, 1);
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 1), ("09:20", "7", 3)]));
    let _ = log.take_reads();
    test_store.roll_up(tomorrow);
    assert_eq!(log.take_reads().dates, [tomorrow.date_naive()]);
}

#[test]
fn rows_are_queried_by_date_and_the_state_holds_what_was_read() {
    let test_store = TestStore::new();
    test_store
        .arrive(&[receipt("a", 2, "09:00:00"), receipt("b", 1, "23:59:59")], clock("23:59:59"));
    let now = clock("10:00:00") + TimeDelta::days(1);
    test_store.roll_up(now);
    let (tables, date) = (&test_store.rollup.tables, clock("00:00:00").date_naive());
    let rows = run(tables.query_windows(&store_id(), date)).unwrap();
    let starts: Vec<_> = rows.iter().map(|row| row.window.start().with_timezone(&Utc)).collect();
    assert_eq!(starts, [clock("09:00:00"), clock("23:55:00")]);
    let progress = run(tables.query_progress(&store_id(), date, date)).unwrap();
    let state = &progress.rolled[&date];
    assert_eq!((state.count, state.windows.len(), state.read_at), (2, 2, now));
    assert!(progress.is_rolled_up(date));
}
