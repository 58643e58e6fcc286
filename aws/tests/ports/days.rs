//! Day rows: saved under the version that was read, and loaded as they were saved.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::closed_day::DayContext;
use domain::ports::{DaysTable, Saved};
use domain::stock::StockWindow;
use domain::{ClosedDay, DayKey, Offer, Store};
use tokio::runtime::Builder;

use crate::samples::{any_row, at, event, for_any, offer, row, sale};
use crate::world::World;

fn store() -> Store {
    let json = r#"{"store_id":"s1","zone":"Europe/Berlin","hours":"mon-sun 07:00-18:00"}"#;
    Store::parse(json).expect("a store")
}

/// The day of a row's window, after a day that left something.
fn day_of(window: &StockWindow, life: u16) -> ClosedDay {
    let date = window.key().window.date();
    let key = |date| DayKey {
        store_id: window.key().store_id.clone(),
        sku: window.key().sku.clone(),
        date,
    };
    let yesterday = date - Days::new(1);
    let received = row([event(&serde_json::json!({
        "event_id": "r", "kind": "receipt", "store_id": window.key().store_id.as_str(),
        "terminal_id": "t1", "sku": window.key().sku.as_str(), "quantity": "7.125", "unit": "KGM",
        "occurred_at": store().span(yesterday).starts_at.to_rfc3339(),
    }))]);
    let context = |before, date| DayContext {
        before,
        span: store().span(date),
        opens_at: store().day(date).map(|day| day.opens_at),
        zone: store().zone,
        shelf_life_days: life,
        is_stored: false,
    };
    let before = ClosedDay::of(key(yesterday), &context(None, yesterday), &[&received], &[]);
    let offers = [offer_of(window, 1, 0), offer_of(window, 2, 3)];
    let offers: Vec<&Offer> = offers.iter().collect();
    ClosedDay::of(key(date), &context(before.as_ref(), date), &[window], &offers).expect("a row")
}

/// An offer of the day of a window, which starts to hold so many minutes after it.
fn offer_of(window: &StockWindow, revision: u32, minutes: i64) -> Offer {
    let at = &window.key();
    let id = format!("{}/{}/{}/{revision}", at.window.date(), at.store_id, at.sku);
    let price = ["2.00", "1.50"][revision as usize % 2];
    let valid_from = at.window.start() + TimeDelta::minutes(minutes);
    Offer { valid_from, ..offer(&id, price, "EUR") }
}

fn day_at(occurred_at: DateTime<Utc>) -> ClosedDay {
    day_of(&row([sale("e1", "rye", occurred_at)]), 3)
}

#[test]
fn any_day_comes_back_as_it_was_saved() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::start());
    for_any(&(any_row(), 1..14_u16), |(window, life)| {
        let day = day_of(&window, life);
        runtime.block_on(async {
            let days = world.tables();
            let known = days.load_days(std::slice::from_ref(&day.key)).await.unwrap();
            let read = known.first().map(|day| day.version.clone());
            assert_eq!(days.save_day(&day, read.as_ref()).await, Ok(Saved::Done));
            assert_eq!(days.load_days(std::slice::from_ref(&day.key)).await, Ok(vec![day]));
        });
    });
}

#[tokio::test]
async fn a_day_that_somebody_closed_meanwhile_is_not_overwritten() {
    let world = World::start().await;
    let days = world.tables();
    let noon = at("2026-03-12T12:00:00Z");
    let first = day_at(noon);
    let more = row([sale("e1", "rye", noon), sale("e2", "rye", noon)]);
    let second = day_of(&more, 3);
    assert_eq!(days.save_day(&first, None).await, Ok(Saved::Done));
    let conflict = Ok(Saved::Conflict(Some(first.clone())));
    assert_eq!(days.save_day(&second, None).await, conflict);
    assert_eq!(days.save_day(&second, Some(&second.version)).await, conflict);
    assert_eq!(days.save_day(&second, Some(&first.version)).await, Ok(Saved::Done));
    assert_eq!(days.load_days(&[first.key]).await, Ok(vec![second]));
}

#[tokio::test]
async fn the_days_of_an_item_come_by_date_and_within_their_bounds() {
    let world = World::start().await;
    let days = world.tables();
    let noon = |day: i64| at("2026-03-12T12:00:00Z") + TimeDelta::days(day);
    let all: Vec<ClosedDay> = (0..5).map(|day| day_at(noon(day))).collect();
    for day in all.iter().rev() {
        assert_eq!(days.save_day(day, None).await, Ok(Saved::Done));
    }
    let DayKey { store_id, sku, .. } = &all[0].key;
    let (first, last) = (noon(1).date_naive(), noon(3).date_naive());
    assert_eq!(days.query_days(store_id, sku, first, last).await.unwrap(), all[1..4]);
    let other = "rye-2".parse().unwrap();
    assert_eq!(days.query_days(store_id, &other, first, last).await.unwrap(), []);
    let keys: Vec<DayKey> = all.iter().map(|day| day.key.clone()).collect();
    assert_eq!(days.load_days(&keys).await.unwrap().len(), 5);
}

#[tokio::test]
async fn a_day_names_the_deliveries_and_the_unit_and_one_of_an_earlier_version_has_none() {
    let world = World::start().await;
    let days = world.tables();
    let receipt = |id: &str, quantity: &str, hour: u32, expires_on: Option<&str>| {
        event(&serde_json::json!({
            "event_id": id, "kind": "receipt", "store_id": "s1", "terminal_id": "t1", "sku": "rye",
            "quantity": quantity, "unit": "KGM", "expires_on": expires_on,
            "occurred_at": format!("2026-03-12T12:0{hour}:00Z"),
        }))
    };
    let window = row([
        receipt("a", "9", 0, None),
        receipt("b", "2.50", 1, Some("2026-03-14")),
        receipt("c", "0.5", 2, Some("2026-03-14")),
        receipt("d", "4", 3, None),
    ]);
    let day = day_of(&window, 5);
    assert_eq!(days.save_day(&day, None).await, Ok(Saved::Done));
    let mut items = world.items("days").await;
    let item = items.pop().expect("a row");
    let delivery = |quantity: &str, expires_on: Option<&str>| {
        let expires_on = expires_on.map(|date| ("expires_on", AttributeValue::S(date.to_owned())));
        let came = ("came", AttributeValue::S("2026-03-12".to_owned()));
        let quantity = ("quantity", AttributeValue::N(quantity.to_owned()));
        let entries = [came, quantity].into_iter().chain(expires_on);
        AttributeValue::M(entries.map(|(name, value)| (name.to_owned(), value)).collect())
    };
    // What came before all goods with an expiry date is left out.
    let expected = vec![delivery("3", Some("2026-03-14")), delivery("4", None)];
    assert_eq!(item["deliveries"], AttributeValue::L(expected));
    assert_eq!(item["unit"], AttributeValue::S("KGM".to_owned()));
    assert_eq!(days.load_days(std::slice::from_ref(&day.key)).await, Ok(vec![day.clone()]));

    let mut earlier = item;
    earlier.retain(|name, _| name != "deliveries" && name != "unit");
    world.put("days", earlier).await;
    let expected = ClosedDay { deliveries: None, unit: None, ..day.clone() };
    assert_eq!(days.load_days(&[day.key]).await, Ok(vec![expected]));
}
