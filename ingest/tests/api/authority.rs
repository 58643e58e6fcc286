//! Authority of senders over stores.

use domain::Authority;
use proptest::collection::{btree_set, vec};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::scripted_log::{LogStep, ScriptedApi, bare, event, event_with, request, unavailable};

fn of_store(event_id: u32, store_id: &str) -> Value {
    event_with(event_id, "store_id", store_id)
}

fn json_request(body: &Value) -> http::Request<axum::body::Body> {
    request(&[("content-type", "application/json")], body.to_string())
}

fn claim(stores: &str) -> Option<Authority> {
    Some(stores.parse().unwrap())
}

#[tokio::test]
async fn a_store_of_another_sender_is_refused_with_the_allowed_stores() {
    let api = ScriptedApi::new();
    let body = json!([of_store(1, "s1"), of_store(2, "s9")]);
    let answer = api.send_as(claim("s1 s2 s3 s4 s5 s6 s7"), json_request(&body)).await;
    assert_eq!(answer.status, 207, "{answer:?}");
    assert_eq!(answer.each("status"), ["stored", "rejected"]);
    let refused = &answer.json["results"][1];
    assert_eq!(refused["code"], "store_not_allowed");
    assert_eq!(refused["errors"][0]["field"], "store_id");
    assert_eq!(refused["errors"][0]["given"], "\"s9\"");
    let message = refused["message"].as_str().unwrap();
    let expected = "store_id \"s9\" is not a store that this sender may write for, which is s1, \
                s2, s3, s4, s5 and 2 more; send it with a token of that store's client, or have \
                `daymark clients grant` name the store too";
    assert!(message.contains(expected), "{message}");
    assert_eq!(api.held_ids(), ["1"]);
}

#[tokio::test]
async fn a_request_without_any_allowed_store_is_forbidden() {
    let api = ScriptedApi::new();
    let body = json!([of_store(1, "s1"), of_store(2, "s1")]);
    let answer = api.send_as(claim("s2"), json_request(&body)).await;
    answer.is_problem(403, "stores-not-allowed", "nothing was stored");
    assert_eq!(answer.json["counts"]["rejected"], 2);
    // An invalid event is rejected for its own violation.
    let body = json!([of_store(1, "s1"), event_with(2, "quantity", -1)]);
    let answer = api.send_as(claim("s2"), json_request(&body)).await;
    answer.is_problem(422, "all-events-rejected", "nothing was stored");
    assert!(api.calls().is_empty());
}

#[tokio::test]
async fn an_event_that_is_not_stored_is_retried_beside_a_rejected_one() {
    let api = ScriptedApi::scripted(vec![], LogStep::Fail(unavailable()));
    let body = json!([of_store(1, "s1"), of_store(2, "s9")]);
    tokio::time::pause();
    let answer = api.send_as(claim("s1"), json_request(&body)).await;
    answer.is_problem(503, "stream-unavailable", "nothing was acknowledged");
    assert_eq!(answer.each("status"), ["retry", "rejected"]);
}

#[tokio::test]
async fn validation_rejects_the_same_stores() {
    let mut request = json_request(&json!([event(1), of_store(2, "s9")]));
    *request.uri_mut() = "/v1/validate".parse().unwrap();
    let answer = ScriptedApi::new().send_as(claim("s1"), request).await;
    assert_eq!(answer.each("status"), ["valid", "rejected"]);
    assert_eq!(answer.json["results"][1]["code"], "store_not_allowed");
}

#[tokio::test]
async fn a_request_without_an_authority_is_refused_before_it_is_read() {
    let api = ScriptedApi::new();
    for path in ["/v1/events", "/v1/internal/events", "/v1/validate"] {
        let mut request = json_request(&event(1));
        *request.uri_mut() = path.parse().unwrap();
        let answer = api.send_as(None, request).await;
        answer.is_problem(401, "unauthenticated", "nobody has checked who sends this");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
    }
    assert!(api.calls().is_empty());
    for open in ["/healthz", "/readyz", "/v1/limits"] {
        assert_eq!(api.send_as(None, bare("GET", open)).await.status, 200, "{open}");
    }
}

proptest! {
    #[test]
    fn only_events_of_allowed_stores_are_stored(
        granted in btree_set(0..6_u32, 0..6),
        stores in vec(0..6_u32, 1..30),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let api = ScriptedApi::new();
        let event = |(id, store): (u32, &u32)| of_store(id, &format!("s{store}"));
        let body: Value = (0..).zip(&stores).map(event).collect();
        let granted: Vec<String> = granted.iter().map(|store| format!("s{store}")).collect();
        let answer = api.send_as(claim(&granted.join(" ")), json_request(&body));
        let answer = runtime.block_on(answer);
        let allowed = |store: &&u32| granted.contains(&format!("s{store}"));
        for (status, store) in answer.each("status").into_iter().zip(&stores) {
            prop_assert_eq!(status, if allowed(&store) { "stored" } else { "rejected" });
        }
        let wanted = stores.iter().filter(allowed).count();
        prop_assert_eq!(api.held_ids().len(), wanted);
        prop_assert_eq!(answer.status == 403, wanted == 0);
    }
}
