//! The pricing on its schedule.

use std::sync::LazyLock;

use aws::{Catalog, Days, Offers, Stock};
use chrono::{DateTime, TimeDelta, Timelike, Utc};
use domain::ports::{CatalogTable, Saved, StockTable};
use domain::stock::{StockWindow, WindowKey};
use domain::{Acceptance, Event, Item, Store};
use pricing::{Pricing, slot_of};
use serde_json::json;

use crate::function::metrics;
use crate::runtime_api::Answer;
use crate::world::{World, names};

/// The next slot: it is not over while these tests run.
#[expect(clippy::disallowed_methods, reason = "the function reads the clock as well")]
static DUE: LazyLock<DateTime<Utc>> =
    LazyLock::new(|| slot_of(std::time::SystemTime::now().into()) + TimeDelta::minutes(15));

/// How far a zone is ahead in which it is then between three and four in the afternoon.
fn ahead() -> i64 {
    match 15 - i64::from(DUE.hour()) {
        ahead @ ..=12 => ahead,
        ahead => ahead - 24,
    }
}

fn pricing(world: &World, prefix: &str) -> Pricing<Catalog, Stock, Days, Offers> {
    let (client, names) = (&world.clients.dynamodb, names(prefix));
    Pricing {
        catalog: Catalog::new(client.clone(), &names),
        stock: Stock::new(client.clone(), &names),
        days: Days::new(client.clone(), &names),
        offers: Offers::new(client.clone(), &names),
    }
}

/// A store with far too much bread.
async fn prepare(world: &World, prefix: &str) {
    world.create_tables(prefix).await;
    let Pricing { catalog, stock, .. } = pricing(world, prefix);
    // In these names the sign is the other way round.
    let zone = format!("Etc/GMT{:+}", -ahead());
    let store = json!({ "store_id": "s1", "zone": zone, "hours": "mon-sun 06:00-20:00" });
    catalog.put_store(&Store::parse(&store.to_string()).expect("valid")).await.expect("written");
    for (sku, price) in [("rye", "3.90"), ("bun", "0.60")] {
        let item = json!({ "sku": sku, "price": price }).to_string();
        catalog.put_item(&Item::parse(&item).expect("valid")).await.expect("written");
    }
    for (event_id, kind, quantity, minutes) in [("e1", "receipt", 100, 480), ("e2", "sale", 3, 90)]
    {
        let event = json!({
            "event_id": event_id, "kind": kind, "store_id": "s1", "terminal_id": "t1",
            "sku": "rye", "quantity": quantity, "unit_price": "3.90", "currency": "EUR",
            "occurred_at": (*DUE - TimeDelta::minutes(minutes)).to_rfc3339(),
        });
        let event = Event::parse(&event.to_string(), &Acceptance::at(*DUE)).expect("valid");
        let mut row = StockWindow::new(WindowKey::of(&event));
        row.absorb(event);
        assert_eq!(stock.save(&row, None).await, Ok(Saved::Done));
    }
}

/// As EventBridge Scheduler sends it, with more than is read.
fn tick_of(due: DateTime<Utc>) -> serde_json::Value {
    json!({ "version": "0", "source": "aws.scheduler", "time": due.to_rfc3339(), "detail": {} })
}

fn tick() -> serde_json::Value {
    tick_of(*DUE)
}

/// Nobody knows of a bun.
fn answer(published: u32, already_decided: u32) -> serde_json::Value {
    json!({
        "published": published, "shadows": 0, "kept": 0, "already_decided": already_decided,
        "held_back": 1,
    })
}

#[tokio::test]
async fn a_tick_writes_the_offers_that_the_same_code_writes_in_process() {
    let world = World::start();
    prepare(&world, "here-").await;
    prepare(&world, "there-").await;
    let mut function = world.function("pricing-lambda", "there-").await;
    let response = function.respond(tick()).await;
    assert_eq!(response, answer(1, 0));
    let pass = pricing(&world, "here-").tick(*DUE, *DUE).await.expect("the tables answer");
    assert_eq!(pass.published.len(), 1);
    let offers = world.items("there-offers").await;
    assert_eq!(offers, world.items("here-offers").await);
    let date = (*DUE + TimeDelta::hours(ahead())).date_naive();
    assert_eq!(*offers[0]["offer_id"].as_s().expect("a text"), format!("{date}/s1/rye/1"));

    let again = function.respond(tick()).await;
    assert_eq!(again, answer(0, 1));
    assert_eq!(world.items("there-offers").await, offers);

    let metrics = metrics(&function.end(), "pricing");
    let counted =
        |outcome| format!("daymark_pricing_decisions_total[\"pricing\", \"{outcome}\"] 1 Count");
    assert_eq!(metrics, ["already_decided", "published", "too_few", "too_few"].map(counted));
}

#[tokio::test]
async fn a_tick_without_a_catalogue_is_an_error_that_says_so_and_a_late_one_decides_nothing() {
    let world = World::start();
    let mut function = world.function("pricing-lambda", "shop-").await;
    let Answer::Error(error) = function.invoke(tick()).await else { panic!("it went well") };
    let why = error["errorMessage"].as_str().expect("a message");
    assert!(why.starts_with("refused: ResourceNotFoundException: "), "{error}");

    prepare(&world, "shop-").await;
    let late = function.respond(tick_of(*DUE - TimeDelta::hours(1))).await;
    assert_eq!(late["published"], 0, "its slot is over: {late}");
    assert_eq!(function.respond(tick()).await["published"], 1, "when the tables are there");
}
