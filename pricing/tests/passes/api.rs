//! Offers over HTTP, read from the tables that the passes wrote.

use std::sync::Arc;

use axum::Extension;
use axum::body::Body;
use axum::http::{Request, StatusCode};
use domain::Authority;
use http_body_util::BodyExt;
use pricing::api::{OffersService, router};
use serde_json::Value;
use tower::ServiceExt;

use crate::{World, at, corner, run, too_much};

const OFFERS: &str = "/v1/stores/corner/offers";

/// A shop with one offer, made at three in the afternoon.
fn shop() -> World {
    let world = corner("{}", &[r#"{"sku":"roll","price":"2.40","cost":"0.60"}"#]);
    world.store(&too_much("roll"));
    assert_eq!(world.tick(at("2026-03-12T14:00:00Z")).published.len(), 1);
    world
}

/// Sends a GET request at an instant, with the stores that the sender may read.
fn get(world: &World, path: &str, now: &str, stores: Option<&str>) -> (StatusCode, Value) {
    let now = at(now);
    let service = OffersService { tables: world.tables.clone(), clock: Arc::new(move || now) };
    let mut routes = router(Arc::new(service));
    if let Some(stores) = stores {
        routes = routes.layer(Extension::<Authority>(stores.parse().expect("stores")));
    }
    run(async {
        let request = Request::get(path).body(Body::empty()).expect("a request");
        let response = routes.oneshot(request).await.expect("a response");
        let status = response.status();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        (status, serde_json::from_slice(&body).expect("JSON"))
    })
}

#[test]
fn an_offer_is_shown_from_its_slot_to_its_end_and_later_by_date() {
    let world = shop();
    let offer = &world.offers().into_values().next().expect("an item")[0];
    let (status, body) = get(&world, OFFERS, "2026-03-12T14:05:00Z", Some("*"));
    assert_eq!((status, &body["business_date"]), (StatusCode::OK, &"2026-03-12".into()));
    assert_eq!(body["offers"][0]["price"], offer.price.to_string());
    assert_eq!(body["offers"][0]["valid_from"], "2026-03-12T15:00:00+01:00");
    assert_eq!(body["offers"][0]["label_was_price"], "2.40");
    assert_eq!(body["offers"][0]["discount_percent"], offer.discount_percent.to_string());
    // Expectations and the arm are internal.
    assert_eq!(body["offers"][0].get("arm"), None);

    let later = "2026-03-13T14:00:00Z";
    assert_eq!(get(&world, OFFERS, later, Some("*")).1["offers"], serde_json::json!([]));
    let (_, by_date) = get(&world, &format!("{OFFERS}?date=2026-03-12"), later, Some("*"));
    assert_eq!(by_date["offers"], body["offers"]);
}

#[test]
fn each_refusal_is_a_problem_with_its_status_and_the_cure() {
    let world = shop();
    for (path, stores, status, told) in [
        (OFFERS, None, 401, "offers:read"),
        (OFFERS, Some("s7"), 403, "which is s7"),
        ("/v1/stores/nowhere/offers", Some("*"), 404, "daymark catalog import"),
        ("/v1/offers", Some("*"), 404, "/v1/stores/{store_id}/offers"),
        ("/v1/stores/corner/offers?date=12.3.", Some("*"), 400, "YYYY-MM-DD"),
        ("/v1/stores/corner/offers?day=today", Some("*"), 400, "date=YYYY-MM-DD"),
    ] {
        let (given, body) = get(&world, path, "2026-03-12T14:05:00Z", stores);
        assert_eq!((given.as_u16(), &body["status"]), (status, &status.into()), "{path}: {body}");
        let detail = body["detail"].as_str().expect("a detail");
        assert!(detail.contains(told), "{path}: {detail}");
    }
}
