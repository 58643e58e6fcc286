//! Offers API behind API Gateway.

use chrono::TimeDelta;
use domain::ports::{CatalogTable, OffersTable};
use domain::{Arm, Inputs, Money, Offer, Outlook, Store, Trust, Version};
use serde_json::{Value, json};

use crate::ingest::{read, request, token};
use crate::world::{World, now};

const PATH: &str = "/v1/stores/s1/offers";

/// Revision of the offer of an item in store s1.
fn offer(sku: &str, revision: u32, price: &str) -> Offer {
    let money = |text| Money::parse_price(text, "EUR".parse().expect("a code")).expect("a price");
    let at = |text: &str| text.parse().expect("an instant");
    let nothing = || Outlook { units: 0.into(), revenue: 0.into(), waste: 0.into() };
    Offer {
        offer_id: format!("2026-03-12/s1/{sku}/{revision}").parse().expect("an id"),
        slot: at("2026-03-12T15:15:00Z"),
        valid_from: at("2026-03-12T15:15:20Z"),
        valid_until: at("2026-03-12T19:00:00Z"),
        regular_price: money("3.90"),
        was_price: money("3.90"),
        lowest_price: None,
        price: money(price),
        discount_percent: 30,
        on_hand: 12.into(),
        portion: 1.into(),
        expected: nothing(),
        if_unchanged: nothing(),
        reason: "12 left".to_owned(),
        arm: Arm::Policy,
        trust: Trust::Full,
        shadow: sku == "shadow",
        policy_version: Version::of(b"rules"),
        inputs: Inputs { request: "{}".to_owned(), answer: "{}".to_owned() },
    }
}

async fn prepared() -> World {
    let world = World::start();
    world.create_tables("shop-").await;
    let store =
        json!({ "store_id": "s1", "zone": "Europe/Berlin", "hours": "mon-sun 06:00-20:00" });
    let store = Store::parse(&store.to_string()).expect("valid");
    let tables = world.tables("shop-");
    tables.put_store(&store).await.expect("written");
    for offer in [offer("rye", 1, "2.90"), offer("rye", 2, "2.40"), offer("shadow", 1, "1.00")] {
        tables.publish_offer(&offer).await.expect("written");
    }
    world
}

fn get(path: &str, query: &str, authorizer: Value) -> Value {
    let mut request = request("GET", path, json!({}), "", false);
    request["rawQueryString"] = json!(query);
    request["requestContext"]["authorizer"] = authorizer;
    request
}

#[tokio::test]
async fn the_current_offers_of_a_day_are_answered_on_the_clock_of_the_store() {
    let world = prepared().await;
    let mut function = world.function("offers-lambda", "shop-").await;
    let (status, body) = read(&function.respond(get(PATH, "date=2026-03-12", token("s1"))).await);
    assert_eq!(status, 200, "{body}");
    let offers = body["offers"].as_array().expect("offers");
    assert_eq!(offers.len(), 1, "the last revision, and no shadow: {body}");
    let told = json!({
        "offer_id": "2026-03-12/s1/rye/2", "sku": "rye", "revision": "2",
        "valid_from": "2026-03-12T16:15:20+01:00", "valid_until": "2026-03-12T20:00:00+01:00",
        "regular_price": "3.90", "price": "2.40", "currency": "EUR", "label_percent_off": "38",
        "label_was_price": "3.90", "lowest_price": "", "discount_percent": "30",
        "reason": "12 left",
    });
    assert_eq!(offers[0], told, "and nothing of the chain's own");
    let (status, body) = read(&function.respond(get(PATH, "", token("*"))).await);
    assert_eq!((status, &body["offers"]), (200, &json!([])), "of today");
}

#[tokio::test]
async fn a_token_reads_only_the_offers_of_its_stores() {
    let world = prepared().await;
    let mut function = world.function("offers-lambda", "shop-").await;
    for (authorizer, status, told) in [
        (token("s2"), 403, "may read, which is s2"),
        (token(""), 403, "which is no store"),
        (Value::Null, 401, "nobody has checked who asks"),
    ] {
        let response = function.respond(get(PATH, "date=2026-03-12", authorizer)).await;
        let (answered, body) = read(&response);
        assert_eq!(answered, status, "{body}");
        assert!(body["detail"].to_string().contains(told), "{body}");
        assert!(body["offers"].is_null());
    }
}

#[tokio::test]
async fn an_expired_offer_is_listed_for_its_day_and_not_as_current() {
    let world = prepared().await;
    let table = world.tables("shop-");
    let today = now().with_timezone(&chrono_tz::Europe::Berlin).date_naive();
    for (sku, hours) in [("over", -1), ("holds", 1)] {
        let offer_id = format!("{today}/s1/{sku}/1").parse().expect("an id");
        let valid_until = now() + TimeDelta::hours(hours);
        let offer = Offer { offer_id, valid_until, ..offer(sku, 1, "2.40") };
        table.publish_offer(&offer).await.expect("written");
    }
    let mut function = world.function("offers-lambda", "shop-").await;
    let dated = format!("date={today}");
    for (query, expected) in [("", &["holds"][..]), (&*dated, &["holds", "over"])] {
        let (_, body) = read(&function.respond(get(PATH, query, token("s1"))).await);
        let offers = body["offers"].as_array().expect("offers").iter();
        let told: Vec<&str> = offers.map(|offer| offer["sku"].as_str().expect("text")).collect();
        assert_eq!(told, expected, "{query}");
    }
}

#[tokio::test]
async fn the_health_check_needs_no_token() {
    let world = prepared().await;
    let mut function = world.function("offers-lambda", "shop-").await;
    let answered = read(&function.respond(get("/healthz", "", Value::Null)).await);
    assert_eq!(answered, (200, json!({ "status": "alive" })));
}

#[tokio::test]
async fn an_invalid_request_is_answered_with_a_problem() {
    let world = prepared().await;
    let mut function = world.function("offers-lambda", "shop-").await;
    for (path, query, status, told) in [
        ("/v1/offers", "", 404, "there is nothing at /v1/offers; offers are read at /v1/stores/"),
        (PATH, "date=2026-03-12&date=2026-03-13", 400, "the date is given twice"),
        (PATH, "shadows=true", 400, "is not known"),
    ] {
        let response = function.respond(get(path, query, token("s1"))).await;
        let (answered, body) = read(&response);
        assert_eq!(answered, status, "{body}");
        assert!(body["detail"].to_string().contains(told), "{body}");
        assert_eq!(response["headers"]["content-type"], "application/problem+json");
    }
}
