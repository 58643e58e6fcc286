//! Histories after repeated folds, damage and interrupted passes.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::history::HistorySubject;
use domain::ports::{CatalogTable, DaysTable, HistoryTable, Saved};
use domain::{Acceptance, ClosedDay, Event, History, Item, Version};
use processors::CloseSummary;
use rust_decimal::Decimal;

use crate::{ITEMS, SPRING, TestStore, midnight, run, store};

/// Event that arrives at once. Kind, item and instant make its id.
pub(crate) fn prompt_event(
    kind: &str,
    sku: &str,
    quantity: u32,
    occurred_at: DateTime<Utc>,
) -> Event {
    let price = if kind == "sale" { r#","unit_price":"2.40","currency":"EUR""# } else { "" };
    let json = format!(
        r#"{{"event_id":"{kind}-{sku}-{}","kind":"{kind}","store_id":"s","terminal_id":"t",
            "sku":"{sku}","quantity":{quantity},"occurred_at":"{}"{price}}}"#,
        occurred_at.timestamp(),
        occurred_at.to_rfc3339()
    );
    Event::parse(&json, &Acceptance::at(occurred_at)).expect("an event")
}

#[test]
fn a_rebuild_finds_what_was_damaged_and_nothing_where_nothing_was() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut test_store = TestStore::new(&store);
    let noon = |day: i64| midnight(SPRING) + TimeDelta::hours(11) + TimeDelta::days(day);
    for day in 0..40 {
        let prompt_event = |(number, (sku, _)): (usize, &(&str, u16))| {
            let sold =
                prompt_event("sale", sku, number as u32 + 1, noon(day) + TimeDelta::hours(1));
            [prompt_event("receipt", sku, 9, noon(day)), sold]
        };
        let events: Vec<Event> = ITEMS.iter().enumerate().flat_map(prompt_event).collect();
        test_store.arrive(&events, noon(day));
        test_store.close(noon(day) + TimeDelta::hours(8));
    }
    let now = noon(39) + TimeDelta::hours(8);
    let rebuild = |test_store: &TestStore| {
        let first = midnight(SPRING).date_naive() - chrono::Days::new(5);
        let mut stretches = Vec::new();
        let progress = |last, closed: CloseSummary| stretches.push((last, closed.written()));
        let closed = run(test_store.closing.rebuild(&store, first, now, progress))
            .expect("tables that work");
        assert_eq!(stretches.last().map(|(last, _)| *last), Some(now.date_naive()));
        (closed.written(), closed.histories)
    };
    let (days, histories) = (test_store.days(), test_store.histories());
    // Three items and their category.
    assert_eq!(histories.len(), 4);
    assert_eq!(rebuild(&test_store), (0, 0));

    let tables = &test_store.closing.tables;
    run(tables.remove_history(&histories[0].key)).unwrap();
    for wrong in [
        History { day_cv: 9.0, ..histories[1].clone() },
        History { through: NaiveDate::MAX, ..histories[2].clone() },
    ] {
        let saved = run(tables.save_history(&wrong, Some(&wrong.version)));
        assert_eq!(saved, Ok(Saved::Done));
    }
    let mut day = days[20].clone();
    day.squares += Decimal::TEN;
    assert_eq!(run(tables.save_day(&day, Some(&day.version))), Ok(Saved::Done));
    assert_eq!(rebuild(&test_store), (1, 3));
    assert_eq!((test_store.days(), test_store.histories()), (days, histories));
}

#[test]
fn a_pass_at_night_reads_old_days_no_more_than_one_by_day() {
    let store = store("Europe/Berlin", "mon-sun 18:00-02:00");
    let mut test_store = TestStore::new(&store);
    let evening = |day: i64| midnight(SPRING) + TimeDelta::hours(19) + TimeDelta::days(day);
    for day in 0..20 {
        test_store.arrive(&[prompt_event("receipt", "rye", 9, evening(day))], evening(day));
        test_store.close(evening(day) + TimeDelta::hours(9));
    }
    // No pass reads this row. A pass that did would fold another history.
    let old = test_store.days().into_iter().next().expect("a row");
    let other = ClosedDay { version: Version::of(b"other"), ..old.clone() };
    assert_eq!(
        run(test_store.closing.tables.save_day(&other, Some(&old.version))),
        Ok(Saved::Done)
    );
    for hours in [0, 3, 4] {
        let closed = test_store.close(evening(20) + TimeDelta::hours(hours));
        assert_eq!((closed.written(), closed.histories), (0, 0), "{hours}");
    }
}

#[test]
fn a_pass_that_dies_before_the_histories_is_made_good_by_the_next() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut test_store = TestStore::new(&store);
    let at = midnight(SPRING) + TimeDelta::hours(9);
    test_store
        .arrive(&[prompt_event("receipt", "rye", 9, at), prompt_event("sale", "rye", 1, at)], at);
    let evening = at + TimeDelta::hours(9);
    assert_eq!(test_store.close(evening).histories, 2);
    // A late sale: the day is written, and then the table fails.
    test_store.arrive(&[prompt_event("sale", "rye", 2, at + TimeDelta::hours(1))], evening);
    test_store.closing.tables.days.fail_after(1);
    assert!(run(test_store.closing.close_store(&store.store_id, evening)).is_err());
    test_store.closing.tables.days.fail_after(usize::MAX);
    let closed = test_store.close(evening);
    assert_eq!((closed.written(), closed.histories), (0, 2));
    assert_eq!(test_store.close(evening).histories, 0);
}

#[test]
fn an_item_that_moves_to_another_category_takes_its_days_with_it() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut test_store = TestStore::new(&store);
    let at = midnight(SPRING) + TimeDelta::hours(9);
    test_store
        .arrive(&[prompt_event("receipt", "rye", 9, at), prompt_event("sale", "rye", 1, at)], at);
    let evening = at + TimeDelta::hours(9);
    test_store.close(evening);
    let json = r#"{"sku":"rye","store_id":"s","price":"2.40","category":"rolls / #1"}"#;
    run(test_store.closing.tables.put_item(&Item::parse(json).expect("an item"))).unwrap();
    assert_eq!(test_store.close(evening).histories, 2);
    // The old category has no item with sales, so its history is removed.
    let left: Vec<HistorySubject> =
        test_store.histories().into_iter().map(|history| history.key.subject).collect();
    let category = HistorySubject::Category("rolls / #1".to_owned());
    assert_eq!(left, [HistorySubject::Item("rye".parse().unwrap()), category]);
}
