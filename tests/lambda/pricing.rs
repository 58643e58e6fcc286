//! Pricing, invoked by the queue of its schedule.

use std::sync::LazyLock;

use aws::Tables;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::ports::CatalogTable;
use domain::{Acceptance, DueStore, Event, Item, Store};
use pricing::{Pricing, slot_of};
use serde_json::{Value, json};

use crate::function::metrics;
use crate::queue::batch;
use crate::runtime_api::Answer;
use crate::world::{World, append_events};

/// Returns the next slot, which is not over during these tests.
#[expect(clippy::disallowed_methods, reason = "the function reads the clock as well")]
static DUE: LazyLock<DateTime<Utc>> =
    LazyLock::new(|| slot_of(std::time::SystemTime::now().into()) + TimeDelta::minutes(15));

/// Returns the UTC offset in hours of a zone whose local time is then between 15:00 and 16:00.
fn ahead() -> i64 {
    match 15 - i64::from(DUE.hour()) {
        ahead @ ..=12 => ahead,
        ahead => ahead - 24,
    }
}

fn pricing(world: &World, prefix: &str) -> Pricing<Tables> {
    Pricing { tables: world.tables(prefix) }
}

/// Prepares a store with far too much bread.
async fn prepare(world: &World, prefix: &str) {
    world.create_tables(prefix).await;
    let tables = world.tables(prefix);
    // The names of these zones have the opposite sign.
    let zone = format!("Etc/GMT{:+}", -ahead());
    let store = json!({ "store_id": "s1", "zone": zone, "hours": "mon-sun 06:00-20:00" });
    tables.put_store(&Store::parse(&store.to_string()).expect("valid")).await.expect("written");
    for (sku, price) in [("rye", "3.90"), ("bun", "0.60")] {
        let item = json!({ "sku": sku, "price": price }).to_string();
        tables.put_item(&Item::parse(&item).expect("valid")).await.expect("written");
    }
    let deliveries = [("e1", "receipt", 100, 480), ("e2", "sale", 3, 90)];
    let events = deliveries.map(|(event_id, kind, quantity, minutes)| {
        let event = json!({
            "event_id": event_id, "kind": kind, "store_id": "s1", "terminal_id": "t1",
            "sku": "rye", "quantity": quantity, "unit_price": "3.90", "currency": "EUR",
            "occurred_at": (*DUE - TimeDelta::minutes(minutes)).to_rfc3339(),
        });
        Event::parse(&event.to_string(), &Acceptance::at(*DUE)).expect("valid")
    });
    append_events(&tables, &events, *DUE).await;
}

/// Message of the queue for the store in a slot.
fn message(due: DateTime<Utc>) -> Value {
    let due = DueStore { store_id: "s1".parse().expect("an id"), due };
    batch([("s1", due.to_json().as_str())])
}

fn all_served() -> Value {
    json!({ "batchItemFailures": [] })
}

#[tokio::test]
async fn a_message_writes_the_offers_that_the_same_code_writes_in_process() {
    let world = World::start();
    prepare(&world, "here-").await;
    prepare(&world, "there-").await;
    let mut function = world.function("pricing-lambda", "there-").await;
    assert_eq!(function.respond(message(*DUE)).await, all_served());
    let store_id = "s1".parse().expect("an id");
    let pass = pricing(&world, "here-").price_store(&store_id, *DUE, *DUE).await;
    let pass = pass.expect("the tables answer");
    assert_eq!(pass.published.len(), 1);
    let offers = world.items("there-offers").await;
    assert_eq!(offers, world.items("here-offers").await);
    let date = (*DUE + TimeDelta::hours(ahead())).date_naive();
    assert_eq!(*offers[0]["offer_id"].as_s().expect("a text"), format!("{date}/s1/rye/1"));

    assert_eq!(function.respond(message(*DUE)).await, all_served());
    assert_eq!(world.items("there-offers").await, offers);

    let metrics = metrics(&function.end(), "pricing-lambda");
    let counted = |outcome| {
        format!("daymark_pricing_decisions_total[\"pricing-lambda\", \"{outcome}\"] 1 Count")
    };
    let (freshness, decisions): (Vec<String>, Vec<String>) =
        metrics.into_iter().partition(|metric| metric.contains("freshness"));
    assert_eq!(decisions, ["already_decided", "published", "too_few", "too_few"].map(counted));
    let age = "daymark_pricing_freshness_seconds[\"pricing-lambda\"] [";
    assert!(freshness.len() == 2 && freshness[0].starts_with(age), "{freshness:?}");
}

#[tokio::test]
async fn without_a_catalogue_a_message_is_redelivered_and_a_late_message_decides_nothing() {
    let world = World::start();
    let mut function = world.function("pricing-lambda", "shop-").await;
    let failed = json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] });
    assert_eq!(function.respond(message(*DUE)).await, failed);

    prepare(&world, "shop-").await;
    assert_eq!(function.respond(message(*DUE - TimeDelta::hours(1))).await, all_served());
    assert_eq!(world.items("shop-offers").await.len(), 0, "its slot is over");
    assert_eq!(function.respond(message(*DUE)).await, all_served());
    assert_eq!(world.items("shop-offers").await.len(), 1, "when the tables are there");

    let metrics = metrics(&function.end(), "pricing-lambda");
    for name in ["failed", "late"] {
        let counted = format!("daymark_pricing_{name}_total[\"pricing-lambda\"] 1 Count");
        assert!(metrics.contains(&counted), "{metrics:#?}");
    }
}

#[tokio::test]
async fn only_the_message_of_an_unreadable_store_is_redelivered() {
    let world = World::start();
    prepare(&world, "shop-").await;
    let damage = world.clients.dynamodb.put_item().table_name("shop-catalog");
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let damage = damage.item("pk", text("store#s0")).item("sk", text("settings"));
    damage.item("entry", text("{}")).send().await.expect("written");
    let mut function = world.function("pricing-lambda", "shop-").await;
    let due = |store: &str| DueStore { store_id: store.parse().expect("an id"), due: *DUE };
    let bodies = ["s0", "s1"].map(|store| due(store).to_json());
    let answer = function.respond(batch([("s0", bodies[0].as_str()), ("s1", &bodies[1])])).await;
    assert_eq!(answer, json!({ "batchItemFailures": [{ "itemIdentifier": "m0" }] }));
    assert_eq!(world.items("shop-offers").await.len(), 1, "of the other");
}

#[tokio::test]
async fn an_invalid_request_is_an_error_and_the_function_continues() {
    let world = World::start();
    let mut function = world.function("pricing-lambda", "shop-").await;
    let Answer::Error(error) = function.invoke(json!({ "due": "now" })).await else {
        panic!("it was taken")
    };
    assert!(error["errorMessage"].as_str().is_some_and(|why| why.contains("Records")), "{error}");
    assert_eq!(function.respond(batch([])).await, all_served());
}
