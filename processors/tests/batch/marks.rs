//! Marks of late segments and of active stores.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::ports::StockLog;
use domain::record::Delivered;
use in_memory::{CallInjector, Tables};
use processors::Processor;

use crate::poison::line;
use crate::{TestProcessor, delivered, run};

/// Processor with a clock that is set.
fn processor_at(tables: Tables, now: &str) -> TestProcessor {
    let now: DateTime<Utc> = now.parse().expect("an instant");
    TestProcessor(Processor::new(tables, Arc::new(move || now)))
}

fn arrived(text: String, at: &str) -> Delivered {
    let mut record = delivered(0, text.into_bytes());
    record.arrived_at = at.parse().expect("an instant");
    record
}

fn active(tables: &Tables, date: &str) -> Vec<String> {
    let date: NaiveDate = date.parse().expect("a date");
    let stores = run(tables.query_active_stores(date)).expect("tables that work");
    stores.iter().map(ToString::to_string).collect()
}

#[test]
fn only_a_segment_that_is_stored_late_leaves_a_mark_with_its_key() {
    for (now, marks) in [
        ("2026-03-12T09:00:01Z", 0),
        ("2026-03-12T09:04:00Z", 0),
        ("2026-03-12T09:04:00.001Z", 1),
        ("2026-03-13T09:00:00Z", 1),
    ] {
        let processor = processor_at(Tables::default(), now);
        let record = arrived(line("a", "09:00:00"), "2026-03-12T09:00:01Z");
        assert_eq!(processor.process(&[record]).retry_from, None);
        let log = &processor.0.tables.log;
        let segments: Vec<_> = log.segments().into_keys().collect();
        assert_eq!(log.late_marks(), segments[..marks], "{now}");
    }
}

#[test]
fn the_clock_is_read_after_the_segment_was_stored() {
    // The events are in time when the batch begins, and late when its segment is stored.
    let now = Arc::new(Mutex::new("2026-03-12T09:00:01Z".parse::<DateTime<Utc>>().unwrap()));
    let slow = now.clone();
    let calls = CallInjector::default().with_unprocessed(move || {
        *slow.lock().unwrap() += TimeDelta::minutes(6);
        false
    });
    let clock = Arc::new(move || *now.lock().unwrap());
    let processor = TestProcessor(Processor::new(Tables::with_calls(calls), clock));
    processor.process(&[arrived(line("a", "09:00:00"), "2026-03-12T09:00:01Z")]);
    assert_eq!(processor.0.tables.log.late_marks().len(), 1);
}

#[test]
fn until_the_mark_is_stored_the_batch_is_reported_as_failed() {
    // Entries in order: the segment, the active store, the late mark.
    for (unprocessed, segments, marks) in [(0, 0, 0), (1, 1, 1), (2, 1, 0)] {
        let entries = AtomicUsize::new(0);
        let leaves = move || entries.fetch_add(1, Ordering::Relaxed) == unprocessed;
        let calls = CallInjector::default().with_unprocessed(leaves);
        let processor = processor_at(Tables::with_calls(calls), "2026-03-13T09:00:00Z");
        let record = arrived(line("a", "09:00:00"), "2026-03-12T09:00:01Z");
        let outcome = processor.process(std::slice::from_ref(&record));
        assert_eq!(outcome.retry_from.as_ref(), Some(&record.sequence_number), "{unprocessed}");
        let log = &processor.0.tables.log;
        assert_eq!((log.segments().len(), log.late_marks().len()), (segments, marks));

        assert_eq!(processor.process(&[record]).retry_from, None, "{unprocessed}");
        assert_eq!((log.segments().len(), log.late_marks().len()), (1, 1));
        assert_eq!(active(&processor.0.tables, "2026-03-13"), ["0042"]);
    }
}

#[test]
fn a_store_with_several_dates_in_a_batch_is_marked_as_active_once_by_date_of_storage() {
    let processor = processor_at(Tables::default(), "2026-03-13T00:00:10Z");
    let yesterday = arrived(line("a", "23:59:00"), "2026-03-12T23:59:59Z");
    let text = [
        line("b", "23:59:59"),
        line("c", "00:00:01").replace("-12T", "-13T"),
        line("d", "00:00:01").replace("-12T", "-13T").replace("0042", "0043"),
    ];
    let today = arrived(text.join("\n"), "2026-03-13T00:00:02Z");
    let outcome = processor.process(&[yesterday, today.clone()]);
    assert_eq!((outcome.retry_from, outcome.written), (None, 4));
    assert!(active(&processor.0.tables, "2026-03-12").is_empty());
    assert_eq!(active(&processor.0.tables, "2026-03-13"), ["0042", "0043"]);
}

#[test]
fn a_warm_function_marks_a_store_as_active_once_a_day() {
    let entries = Arc::new(AtomicUsize::new(0));
    let counted = entries.clone();
    let calls = CallInjector::default().with_unprocessed(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        false
    });
    let now: Arc<Mutex<DateTime<Utc>>> = Arc::default();
    let clock = now.clone();
    let clock = Arc::new(move || *clock.lock().expect("no thread panicked"));
    let processor = TestProcessor(Processor::new(Tables::with_calls(calls), clock));
    for (id, date, expected) in [("a", "-12T", 2), ("b", "-12T", 1), ("c", "-13T", 2)] {
        let at = format!("2026-03{date}09:00:01Z");
        *now.lock().expect("no thread panicked") = at.parse().expect("an instant");
        entries.store(0, Ordering::Relaxed);
        processor.process(&[arrived(line(id, "09:00:00").replace("-12T", date), &at)]);
        assert_eq!(entries.load(Ordering::Relaxed), expected, "{id}");
    }
}
