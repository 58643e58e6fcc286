//! Figures for analysts behind API Gateway.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::ports::CatalogTable;
use domain::{Acceptance, Event, Item, Store};
use processors::Closing;
use serde_json::{Value, json};

use crate::ingest::{read, request, token};
use crate::world::{World, append_events};

const DATE: &str = "2026-03-12";
const DATES: &str = "from=2026-03-12&to=2026-03-13";

/// Two stores with a delivery and a sale on a closed date.
async fn prepared() -> World {
    let world = World::start();
    world.create_tables("shop-").await;
    let tables = world.tables("shop-");
    let now: DateTime<Utc> = "2026-03-15T06:00:00Z".parse().expect("an instant");
    for store_id in ["s1", "s2"] {
        let hours = "mon-sun 06:00-20:00";
        let store = json!({ "store_id": store_id, "zone": "Europe/Berlin", "hours": hours });
        let store = Store::parse(&store.to_string()).expect("valid");
        tables.put_store(&store).await.expect("written");
        let item = json!({ "store_id": store_id, "sku": "rye", "price": "3.90" }).to_string();
        tables.put_item(&Item::parse(&item).expect("valid")).await.expect("written");
        let events = [("e1", "receipt", 100, "06:30"), ("e2", "sale", 3, "09:05")];
        let events = events.map(|(event_id, kind, quantity, time)| {
            let event = json!({
                "event_id": event_id, "kind": kind, "store_id": store_id, "terminal_id": "t1",
                "sku": "rye", "quantity": quantity, "unit_price": "3.90", "currency": "EUR",
                "occurred_at": format!("{DATE}T{time}:00Z"),
            });
            Event::parse(&event.to_string(), &Acceptance::at(now)).expect("valid")
        });
        append_events(&tables, &events, now).await;
        let date = DATE.parse().expect("a date");
        let closing = Closing { tables: tables.clone() };
        closing.close_dates(&store, date, date, now).await.expect("closed");
    }
    world
}

fn get(path: &str, query: &str, authorizer: Value) -> Value {
    let mut request = request("GET", path, json!({}), "", false);
    request["rawQueryString"] = json!(query);
    request["requestContext"]["authorizer"] = authorizer;
    request
}

/// Stores and figures of the rows, in their order.
fn stores(body: &Value) -> Vec<&str> {
    let rows = body["rows"].as_array().unwrap_or_else(|| panic!("no rows: {body}"));
    rows.iter().map(|row| row["store_id"].as_str().expect("text")).collect()
}

#[tokio::test]
async fn a_token_reads_the_figures_of_its_stores_and_of_no_other() {
    let world = prepared().await;
    let mut function = world.function("figures-lambda", "shop-").await;
    for (path, query) in [("/v1/stores", ""), ("/v1/days", DATES), ("/v1/prices/lowest", "")] {
        for (granted, expected) in [("*", &["s1", "s2"][..]), ("s2", &["s2"]), ("", &[])] {
            let response = function.respond(get(path, query, token(granted))).await;
            let (status, body) = read(&response);
            assert_eq!((status, &*stores(&body)), (200, expected), "{path} with {granted:?}");
        }
    }
    let (_, days) = read(&function.respond(get("/v1/days", DATES, token("s1"))).await);
    assert_eq!(
        (&days["rows"][0]["sold"], &days["rows"][0]["revenue"]),
        (&3.into(), &"11.70".into())
    );
    assert_eq!(days["not_closed"][0]["dates"], json!(["2026-03-13"]));
    let (_, stock) =
        read(&function.respond(get("/v1/stores/s1/stock", "date=2026-03-12", token("s1"))).await);
    assert_eq!(stock["rows"][0]["on_hand"], 97);
    for (authorizer, status, told) in [
        (token("s2"), 403, "may read, which is s2"),
        (Value::Null, 401, "nobody has checked who asks"),
    ] {
        for (path, query) in [("/v1/days", "store=s1"), ("/v1/stores/s1/stock", "")] {
            let response = function.respond(get(path, query, authorizer.clone())).await;
            let (answered, body) = read(&response);
            assert_eq!(answered, status, "{body}");
            assert!(body["detail"].to_string().contains(told), "{body}");
            assert!(body["rows"].is_null());
        }
    }
}

#[tokio::test]
async fn csv_and_unchanged_answers_pass_through_the_gateway() {
    let world = prepared().await;
    let mut function = world.function("figures-lambda", "shop-").await;
    let mut asked = get("/v1/sales", DATES, token("s1"));
    asked["headers"]["accept"] = json!("text/csv");
    let response = function.respond(asked.clone()).await;
    let body = response["body"].as_str().expect("a body");
    let body = match response["isBase64Encoded"].as_bool() {
        Some(true) => STANDARD.decode(body).expect("base64"),
        _ => body.as_bytes().to_vec(),
    };
    let body = String::from_utf8(body).expect("UTF-8");
    assert!(body.starts_with("store_id,business_date,sku,"), "{body}");
    assert!(body.contains("2026-03-12T10:00:00+01:00"), "on the store's clock: {body}");
    asked["headers"]["if-none-match"] = response["headers"]["etag"].clone();
    let unchanged = function.respond(asked).await;
    assert_eq!(unchanged["statusCode"], 304, "{unchanged}");
}
