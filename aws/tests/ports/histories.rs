//! Histories: beside the day rows, kept and read as they were folded, and small.

use chrono::{Datelike, Days, TimeDelta};
use domain::closed_day::DayContext;
use domain::history::{
    DATES, DayKind, ElasticityEstimate, HistorySubject, NAME_BYTES_MAX, UsualDay,
};
use domain::ports::{DaysTable, HistoryTable, Saved};
use domain::stock::{StockWindow, WindowKey};
use domain::{ClosedDay, DayKey, History, HistoryKey, Store, Version};
use std::collections::BTreeMap;

use crate::samples::{at, sale};
use crate::world::{World, bytes_of, readable};

fn history(subject: HistorySubject) -> History {
    let known = |units: &[Option<f64>]| UsualDay { days: 40.0, units: units.to_vec() };
    History {
        key: HistoryKey { store_id: "s1".parse().unwrap(), subject },
        through: "2026-03-12".parse().unwrap(),
        kinds: [
            known(&[None, Some(0.0), Some(1.25), None, Some(0.000_001_234)]),
            UsualDay { days: 0.5, units: vec![Some(1_235.0)] },
            UsualDay::default(),
        ],
        days: 40.0,
        day_cv: 0.3,
        elasticity: Some(ElasticityEstimate { mean: 2.2, sd: 0.512_3 }),
        items_sd: None,
        recent: Version::of(b"recent"),
        version: Version::of(b"all"),
    }
}

fn item(sku: &str) -> HistorySubject {
    HistorySubject::Item(sku.parse().unwrap())
}

#[tokio::test]
async fn histories_come_back_as_they_were_kept_and_stand_beside_the_days() {
    let world = World::start().await;
    let days = world.tables();
    let names = ["bread", "", "bread/rolls #1", "Brötchen\n", &"x".repeat(NAME_BYTES_MAX + 1)];
    let mut all: Vec<History> =
        names.iter().map(|name| history(HistorySubject::Category((*name).into()))).collect();
    all.iter_mut().for_each(|category| category.items_sd = Some(0.49));
    all.push(history(item("category")));
    all.push(History { elasticity: None, ..history(item("rye")) });
    for history in &all {
        assert_eq!(days.save_history(history, None).await, Ok(Saved::Done));
    }
    let keys: Vec<HistoryKey> = all.iter().map(|history| history.key.clone()).collect();
    let mut found = days.load_histories(&keys).await.unwrap();
    found.sort_by(|a, b| a.key.cmp(&b.key));
    all.sort_by(|a, b| a.key.cmp(&b.key));
    assert_eq!(found, all);
    // A question for days does not meet them.
    let store_id = "s1".parse().unwrap();
    let (first, last) = ("0001-01-01".parse().unwrap(), "9999-12-31".parse().unwrap());
    let of_item = days.query_days(&store_id, &"rye".parse().unwrap(), first, last).await;
    assert_eq!(of_item, Ok(Vec::new()));
    for key in &keys {
        assert_eq!(days.remove_history(key).await, Ok(()));
        assert_eq!(days.remove_history(key).await, Ok(()));
    }
    assert_eq!(days.load_histories(&keys).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_history_that_somebody_folded_meanwhile_is_not_overwritten() {
    let world = World::start().await;
    let days = world.tables();
    let first = history(item("rye"));
    let second = History { day_cv: 0.4, version: Version::of(b"more"), ..first.clone() };
    assert_eq!(days.save_history(&first, None).await, Ok(Saved::Done));
    let conflict = Ok(Saved::Conflict(Some(first.clone())));
    assert_eq!(days.save_history(&second, None).await, conflict);
    assert_eq!(days.save_history(&second, Some(&second.version)).await, conflict);
    assert_eq!(days.save_history(&second, Some(&first.version)).await, Ok(Saved::Done));
    assert_eq!(days.load_histories(&[first.key]).await, Ok(vec![second]));
}

#[tokio::test]
async fn the_stored_form() {
    let world = World::start().await;
    world.tables().save_history(&history(item("rye")), None).await.unwrap();
    assert_eq!(readable(&world.item("days").await), HISTORY);
}

const HISTORY: &str = r#"day_cv N 0.3
days N 40
elasticity N 2.2
elasticity_sd N 0.5123
pk S s1#rye
recent S 034a7e52c5c9534b709dc1dba4038683
saturday M days N 0.5, units L N 1235
sk S history
sku S rye
store_id S s1
sunday M days N 0, units L
through S 2026-03-12
version S 5ef5ef0364b6939c4ca61f34b393f7b3
weekday M days N 40, units L NULL, N 0, N 1.25, NULL, N 0.000001234
"#;

/// Capacity units: DynamoDB counts writes by 1,024 bytes, and reads by 4,096.
#[tokio::test]
async fn a_day_of_sales_all_day_long_is_one_write_and_so_is_its_history() {
    let world = World::start().await;
    let days = world.tables();
    let json = r#"{"store_id":"s1","zone":"Europe/Berlin","hours":"mon-sun 07:00-20:00"}"#;
    let store = Store::parse(json).expect("a store");
    let mut rows = Vec::new();
    let through = at("2026-03-12T12:00:00Z").date_naive();
    for date in (through - Days::new(DATES - 1)).iter_days().take(DATES as usize) {
        let opens_at = store.day(date).expect("open").opens_at;
        let apart = 7 + i64::from(date.day() % 5);
        let sales =
            (0..780 / apart).map(|n| sale(n, "rye", opens_at + TimeDelta::minutes(apart * n)));
        let mut windows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
        for event in sales {
            let key = WindowKey::of(&event);
            windows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
        }
        let key = DayKey { store_id: store.store_id.clone(), sku: "rye".parse().unwrap(), date };
        let context = DayContext {
            before: None,
            span: store.span(date),
            opens_at: Some(opens_at),
            zone: store.zone,
            shelf_life_days: 1,
            is_stored: false,
        };
        let windows: Vec<&StockWindow> = windows.values().collect();
        rows.push(ClosedDay::of(key, &context, &windows, &[]).expect("a row"));
    }
    days.save_day(&rows[0], None).await.unwrap();
    let day = bytes_of(&world.item("days").await);
    assert!(day <= 1_024, "{day}");
    let key = &rows[0].key;
    let history = demand::item_history(&key.store_id, &key.sku, through, &rows).expect("a history");
    let weekday = &history.kinds[DayKind::Weekday as usize];
    assert!(weekday.units.iter().flatten().sum::<f64>() > 70.0);
    days.save_history(&history, None).await.unwrap();
    let items = world.items("days").await;
    let history = bytes_of(items.last().expect("two"));

    assert!(history <= 1_024, "{history}");
}
