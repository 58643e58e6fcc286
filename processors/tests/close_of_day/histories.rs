//! Histories: as often as they are folded, whatever was damaged or died in between.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::history::Whose;
use domain::ports::{CatalogTable, DaysTable, HistoryTable, Saved};
use domain::{Acceptance, ClosedDay, Event, History, Item, Version};
use processors::CloseSummary;
use rust_decimal::Decimal;

use crate::{ITEMS, SPRING, Shop, midnight, run, store};

/// Said promptly; each sentence has an id of its own.
fn said(kind: &str, sku: &str, quantity: u32, occurred_at: DateTime<Utc>) -> Event {
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
    let mut shop = Shop::new(&store);
    let noon = |day: i64| midnight(SPRING) + TimeDelta::hours(11) + TimeDelta::days(day);
    for day in 0..40 {
        let said = |(number, (sku, _)): (usize, &(&str, u16))| {
            let sold = said("sale", sku, number as u32 + 1, noon(day) + TimeDelta::hours(1));
            [said("receipt", sku, 9, noon(day)), sold]
        };
        let events: Vec<Event> = ITEMS.iter().enumerate().flat_map(said).collect();
        shop.arrive(&events, noon(day));
        shop.close(noon(day) + TimeDelta::hours(8));
    }
    let now = noon(39) + TimeDelta::hours(8);
    let rebuild = |shop: &Shop| {
        let first = midnight(SPRING).date_naive() - chrono::Days::new(5);
        let mut stretches = Vec::new();
        let told = |last, closed: CloseSummary| stretches.push((last, closed.written()));
        let closed = run(shop.closing.rebuild(&store, first, now, told)).expect("tables that work");
        assert_eq!(stretches.last().map(|(last, _)| *last), Some(now.date_naive()));
        (closed.written(), closed.histories)
    };
    let (days, histories) = (shop.days(), shop.histories());
    // Three items and their category.
    assert_eq!(histories.len(), 4);
    assert_eq!(rebuild(&shop), (0, 0));

    let tables = &shop.closing.tables;
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
    assert_eq!(rebuild(&shop), (1, 3));
    assert_eq!((shop.days(), shop.histories()), (days, histories));
}

#[test]
fn a_pass_at_night_reads_old_days_no_more_than_one_by_day() {
    let store = store("Europe/Berlin", "mon-sun 18:00-02:00");
    let mut shop = Shop::new(&store);
    let evening = |day: i64| midnight(SPRING) + TimeDelta::hours(19) + TimeDelta::days(day);
    for day in 0..20 {
        shop.arrive(&[said("receipt", "rye", 9, evening(day))], evening(day));
        shop.close(evening(day) + TimeDelta::hours(9));
    }
    // A row that no pass looks at; whoever reads it again folds another history.
    let old = shop.days().into_iter().next().expect("a row");
    let other = ClosedDay { version: Version::of(b"other"), ..old.clone() };
    assert_eq!(run(shop.closing.tables.save_day(&other, Some(&old.version))), Ok(Saved::Done));
    for hours in [0, 3, 4] {
        let closed = shop.close(evening(20) + TimeDelta::hours(hours));
        assert_eq!((closed.written(), closed.histories), (0, 0), "{hours}");
    }
}

#[test]
fn a_pass_that_dies_before_the_histories_is_made_good_by_the_next() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut shop = Shop::new(&store);
    let at = midnight(SPRING) + TimeDelta::hours(9);
    shop.arrive(&[said("receipt", "rye", 9, at), said("sale", "rye", 1, at)], at);
    let evening = at + TimeDelta::hours(9);
    assert_eq!(shop.close(evening).histories, 2);
    // A late sale: the day is written, and then the table is gone.
    shop.arrive(&[said("sale", "rye", 2, at + TimeDelta::hours(1))], evening);
    shop.closing.tables.days.fail_after(1);
    assert!(run(shop.closing.close_store(&store.store_id, evening)).is_err());
    shop.closing.tables.days.fail_after(usize::MAX);
    let closed = shop.close(evening);
    assert_eq!((closed.written(), closed.histories), (0, 2));
    assert_eq!(shop.close(evening).histories, 0);
}

#[test]
fn an_item_that_moves_to_another_category_takes_its_days_with_it() {
    let store = store("Europe/Berlin", "mon-sun 07:00-18:00");
    let mut shop = Shop::new(&store);
    let at = midnight(SPRING) + TimeDelta::hours(9);
    shop.arrive(&[said("receipt", "rye", 9, at), said("sale", "rye", 1, at)], at);
    let evening = at + TimeDelta::hours(9);
    shop.close(evening);
    let json = r#"{"sku":"rye","store_id":"s","price":"2.40","category":"rolls / #1"}"#;
    run(shop.closing.tables.put_item(&Item::parse(json).expect("an item"))).unwrap();
    assert_eq!(shop.close(evening).histories, 2);
    // Of the old one nobody is left who was ever sold.
    let left: Vec<Whose> = shop.histories().into_iter().map(|history| history.key.of).collect();
    let category = Whose::Category("rolls / #1".to_owned());
    assert_eq!(left, [Whose::Item("rye".parse().unwrap()), category]);
}
