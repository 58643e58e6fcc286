//! Looks at the days of a store: a look reads the log only where something has changed.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::Item;
use domain::ports::{CatalogTable, StockLog};
use in_memory::LogReads;
use processors::CloseSummary;

use crate::histories::prompt_event;
use crate::{SPRING, TestStore, midnight, run, store};

/// Store open from 06:00 to 17:00 UTC, with a receipt and a sale of jam on each of the eight dates
/// that a look covers, all closed.
fn eight_days() -> (TestStore, DateTime<Utc>) {
    let mut test_store = TestStore::new(&store("UTC", "mon-sun 06:00-17:00"));
    for day in 1..9 {
        let at = midnight(SPRING) + TimeDelta::days(day) + TimeDelta::hours(9);
        let sale = prompt_event("sale", "jam", 1, at + TimeDelta::minutes(1));
        test_store.arrive(&[prompt_event("receipt", "jam", 4, at)], at);
        test_store.arrive(&[sale], at + TimeDelta::minutes(1));
    }
    let now = midnight(SPRING) + TimeDelta::days(9) + TimeDelta::hours(1);
    test_store.close(now);
    let _ = test_store.reads();
    (test_store, now)
}

fn dates(days: impl IntoIterator<Item = u64>) -> Vec<NaiveDate> {
    days.into_iter().map(|day| midnight(SPRING).date_naive() + chrono::Days::new(day)).collect()
}

impl TestStore {
    pub(crate) fn reads(&self) -> LogReads {
        self.closing.tables.log.take_reads()
    }
}

#[test]
fn an_unchanged_look_reads_no_segment() {
    let (test_store, now) = eight_days();
    for hours in [0, 4, 8, 12] {
        assert_eq!(test_store.close(now + TimeDelta::hours(hours)), CloseSummary::default());
        assert_eq!(test_store.reads(), LogReads { progress: 1, ..LogReads::default() });
    }
}

#[test]
fn a_date_is_read_at_each_look_until_it_is_over_and_settled() {
    let mut test_store = TestStore::new(&store("UTC", "mon-sun 06:00-17:00"));
    let at = midnight(SPRING) + TimeDelta::hours(9);
    test_store.arrive(&[prompt_event("receipt", "jam", 4, at)], at);
    let read = |test_store: &TestStore, clock: &str| {
        test_store.close(format!("2026-03-{clock}Z").parse().unwrap());
        test_store.reads().dates.contains(&at.date_naive())
    };
    assert!(!read(&test_store, "27T17:04:59"), "its doors have just closed");
    assert!(read(&test_store, "27T17:05:00"));
    assert!(read(&test_store, "27T18:00:00"));
    // A till that is still on sends in time, so there is no mark.
    let late_evening = midnight(SPRING) + TimeDelta::hours(23);
    test_store.arrive(&[prompt_event("waste", "jam", 1, late_evening)], late_evening);
    assert!(read(&test_store, "28T00:04:59"));
    assert!(read(&test_store, "28T00:05:00"));
    assert!(!read(&test_store, "28T00:20:00"));
    assert_eq!(test_store.days()[0].figures.wasted, 1.into());
}

#[test]
fn a_late_mark_makes_its_date_and_those_after_it_be_read_until_one_changes_nothing() {
    // Jam keeps 14 days, so a receipt changes what each later day begins with. Cake keeps 3.
    for (sku, kind, read) in
        [("jam", "receipt", 3..9), ("cake", "receipt", 3..7), ("rye", "waste", 3..5)]
    {
        let (mut test_store, now) = eight_days();
        let at = midnight(SPRING) + TimeDelta::days(3) + TimeDelta::hours(10);
        test_store.arrive(&[prompt_event(kind, sku, 2, at)], now);
        test_store.close(now);
        let mut reads = test_store.reads();
        reads.dates.sort();
        reads.dates.dedup();
        assert_eq!((reads.dates, reads.progress), (dates(read), 1), "{sku}");
        assert_eq!(test_store.close(now), CloseSummary::default());
        assert_eq!(test_store.reads().dates, []);
    }
}

#[test]
fn a_repetition_that_arrives_late_makes_only_its_date_be_read() {
    let (mut test_store, now) = eight_days();
    let at = midnight(SPRING) + TimeDelta::days(3) + TimeDelta::hours(9);
    test_store.arrive(&[prompt_event("receipt", "jam", 4, at)], now);
    let closed = test_store.close(now);
    assert_eq!((closed.written(), test_store.reads().dates), (0, dates([3])));
}

#[test]
fn other_hours_shelf_lives_and_units_make_all_dates_be_read() {
    let item = |fields: &str| {
        let json = format!(
            r#"{{"sku":"jam","store_id":"s","currency":"EUR","category":"bread",{fields}}}"#
        );
        Item::parse(&json).expect("an item")
    };
    for changed in ["hours", "zone", "shelf life", "unit", "nothing", "price"] {
        let (test_store, now) = eight_days();
        let tables = &test_store.closing.tables;
        match changed {
            "hours" => run(tables.put_store(&store("UTC", "mon-sun 06:00-18:00"))),
            "zone" => run(tables.put_store(&store("Europe/London", "mon-sun 06:00-17:00"))),
            "shelf life" => run(tables.put_item(&item(r#""price":2.4,"shelf_life_days":2"#))),
            "unit" => {
                run(tables.put_item(&item(r#""price":2.4,"shelf_life_days":14,"unit":"KGM""#)))
            }
            "price" => run(tables.put_item(&item(r#""price":9,"shelf_life_days":14"#))),
            _ => run(tables.put_item(&item(r#""price":2.4,"shelf_life_days":14"#))),
        }
        .expect("tables that work");
        test_store.close(now);
        let mut read = test_store.reads().dates;
        read.sort();
        read.dedup();
        let is_read = !matches!(changed, "nothing" | "price");
        let expected = if is_read { dates(1..9) } else { Vec::new() };
        read.retain(|date| expected.contains(date) || !is_read);
        assert_eq!(read, expected, "{changed}");
        test_store.close(now);
        assert_eq!(test_store.reads().dates, [], "{changed}");
    }
}

#[test]
fn a_segment_that_cannot_be_read_hides_nothing_and_is_read_when_it_can_be() {
    let (mut test_store, now) = eight_days();
    let log = test_store.closing.tables.log.clone();
    let at = midnight(SPRING) + TimeDelta::days(3) + TimeDelta::hours(10);
    let before = log.segments();
    test_store.arrive(&[prompt_event("receipt", "rye", 7, at)], now);
    let (key, bytes) =
        log.segments().into_iter().find(|(key, _)| !before.contains_key(key)).expect("a segment");
    log.put_bytes(key.clone(), b"damaged".to_vec());
    test_store.arrive(&[prompt_event("receipt", "cake", 5, at)], now);
    test_store.close(now);
    let received = |sku: &str| -> u32 {
        let days = test_store.days().into_iter();
        let of_item = days.filter(|day| day.key.sku.as_str() == sku);
        of_item.map(|day| u32::try_from(day.figures.received).unwrap()).sum()
    };
    assert_eq!((received("cake"), received("rye"), received("jam")), (5, 0, 32));
    // Each look reads the date again: the next version of the program may be able to.
    let _ = test_store.reads();
    assert_eq!(test_store.close(now).written(), 0);
    assert_eq!(test_store.reads().dates, dates([3]));
    log.put_bytes(key, bytes);
    test_store.close(now);
    assert_eq!(received("rye"), 7);
    let _ = test_store.reads();
    test_store.close(now);
    assert_eq!(test_store.reads().dates, []);
}

#[test]
fn a_segment_that_is_damaged_later_does_not_make_a_complete_row_poorer() {
    let (mut test_store, now) = eight_days();
    let log = test_store.closing.tables.log.clone();
    let days = test_store.days();
    let at = midnight(SPRING) + TimeDelta::days(3) + TimeDelta::hours(9);
    let is_of_date = |key: &&in_memory::LogKey| key.1 == at.date_naive();
    let key = log.segments().keys().find(is_of_date).cloned().expect("a segment");
    log.put_bytes(key, b"damaged".to_vec());
    test_store.arrive(&[prompt_event("sale", "jam", 1, at + TimeDelta::minutes(1))], now);
    assert_eq!(test_store.close(now).written(), 0);
    assert_eq!(test_store.days(), days);
}

#[test]
fn progress_is_asked_for_all_dates_of_the_spans() {
    // On both sides of UTC the first or the last business day reaches into another UTC date.
    for (zone, hours) in [
        ("Pacific/Auckland", "mon-sun 07:00-18:00"),
        ("America/Los_Angeles", "mon-sun 07:00-18:00"),
        ("Europe/Berlin", "mon-sun 18:00-04:00"),
        ("Pacific/Kiritimati", "mon-sun 20:00-06:00"),
        ("Pacific/Pago_Pago", "mon-sun 20:00-06:00"),
    ] {
        let store = store(zone, hours);
        let mut test_store = TestStore::new(&store);
        let date = midnight(SPRING).date_naive();
        let span = store.span(date);
        let length = span.ends_at - span.starts_at;
        let events: Vec<_> = (0..24)
            .map(|part| prompt_event("receipt", "rye", 1, span.starts_at + length * part / 24))
            .collect();
        for event in &events {
            test_store.arrive(std::slice::from_ref(event), event.occurred_at());
        }
        let now = span.ends_at + TimeDelta::hours(30);
        test_store.close(now);
        let received = |test_store: &TestStore| {
            let days = test_store.days();
            days.iter().find(|day| day.key.date == date).expect("a row").figures.received
        };
        assert_eq!(received(&test_store), 24.into(), "{zone}");
        // A late event in either UTC date closes the business date again.
        for (at, expected) in [(span.starts_at, 25), (span.ends_at - TimeDelta::seconds(1), 26)] {
            test_store.arrive(
                &[prompt_event(
                    "receipt",
                    "rye",
                    1,
                    at + TimeDelta::seconds(i64::from(at == span.starts_at)),
                )],
                now,
            );
            test_store.close(now);
            assert_eq!(received(&test_store), expected.into(), "{zone}");
        }
        let _ = test_store.reads();
        test_store.close(now);
        assert_eq!(test_store.reads().dates, [], "{zone}");
        let asked = run(test_store.closing.tables.query_progress(&store.store_id, date, date));
        assert!(asked.unwrap().closed[&date].is_complete);
    }
}

#[test]
fn a_pass_over_one_earlier_date_leaves_the_dates_after_it_to_the_next_look() {
    let (mut test_store, now) = eight_days();
    let at = midnight(SPRING) + TimeDelta::days(3) + TimeDelta::hours(10);
    test_store.arrive(&[prompt_event("receipt", "jam", 2, at)], now);
    let (date, store) = (at.date_naive(), test_store.store.clone());
    let closed = run(test_store.closing.close_dates(&store, date, date, now)).unwrap();
    assert_eq!(closed.closed_again, 1);
    assert_eq!(test_store.close(now).closed_again, 5);
    let closing = test_store.days().last().map(|day| day.closing);
    assert_eq!(closing, Some((8 * 3 + 2).into()));
    assert_eq!(test_store.close(now), CloseSummary::default());
}
