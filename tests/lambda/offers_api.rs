//! The offers behind API Gateway.

use aws::{Catalog, Offers};
use domain::ports::{CatalogTable, OffersTable};
use domain::{Arm, Inputs, Money, Offer, Outlook, Store, Trust, Version};
use serde_json::{Value, json};

use crate::ingest::{read, request, token};
use crate::world::{World, names};

const PATH: &str = "/v1/stores/s1/offers";

/// A revision of the offer of an item in store s1.
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
        piece: 1.into(),
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
    let (client, names) = (&world.clients.dynamodb, names("shop-"));
    let store =
        json!({ "store_id": "s1", "zone": "Europe/Berlin", "hours": "mon-sun 06:00-20:00" });
    let store = Store::parse(&store.to_string()).expect("valid");
    Catalog::new(client.clone(), &names).put_store(&store).await.expect("written");
    let offers = Offers::new(client.clone(), &names);
    for offer in [offer("rye", 1, "2.90"), offer("rye", 2, "2.40"), offer("shadow", 1, "1.00")] {
        offers.publish(&offer).await.expect("written");
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
    let told = ["offer_id", "from", "price", "regular"].map(|name| offers[0][name].as_str());
    let expected = ["2026-03-12/s1/rye/2", "2026-03-12T16:15:20+01:00", "2.40", "3.90"];
    assert_eq!(told, expected.map(Some));
    let (status, body) = read(&function.respond(get(PATH, "", token("*"))).await);
    assert_eq!((status, &body["offers"]), (200, &json!([])), "of today");
}

#[tokio::test]
async fn a_token_reads_the_offers_of_its_stores_alone() {
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
