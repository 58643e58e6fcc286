//! Validation and result of single events.

use serde_json::{Value, json};

use ingest::IngestSettings;

use crate::scripted_log::{LogStep, ScriptedApi, event, event_with, request};

/// Sends an invalid event between two valid ones. Asserts that only this event is rejected, with a
/// message that contains `expected`.
async fn check(field: &str, value: Value, expected: &str) {
    let api = ScriptedApi::new();
    let body = json!([event("before"), event_with("wrong", field, value), event("after")]);
    let answer = api.post_json(&body).await;
    assert_eq!(answer.status, 207, "{answer:?}");
    assert_eq!(answer.json["outcome"], "partly_stored");
    assert_eq!(answer.each("status"), ["stored", "rejected", "stored"]);
    let result = &answer.json["results"][1];
    assert_eq!((&result["index"], &result["code"]), (&json!(1), &json!("invalid_event")));
    assert_eq!(result["errors"][0]["field"], field);
    let message = result["message"].as_str().unwrap();
    assert!(message.starts_with("event 1 (event_id "), "{message}");
    assert!(message.contains(expected), "{message:?} does not contain {expected:?}");
    assert_eq!(api.held_ids(), ["before", "after"]);
}

#[tokio::test]
async fn an_unknown_kind_lists_the_kinds() {
    let kinds = "sale, return, receipt, waste, count, transfer_in, transfer_out, correction";
    check("kind", json!("sold"), kinds).await;
}

#[tokio::test]
async fn a_quantity_has_rules() {
    check("quantity", json!(-1), "quantity -1 is outside 0 to 1000000").await;
    check("quantity", json!(123_456_789_012_u64), "is outside 0 to 1000000").await;
    check("quantity", json!("0.1234"), "has 4 decimal places; at most 3 are allowed").await;
    check("quantity", json!("1e"), "is not a decimal number").await;
    check("quantity", json!("-0"), "is a negative zero; write 0").await;
    check("quantity", Value::Null, "is required").await;
}

#[tokio::test]
async fn an_instant_must_exist_and_have_an_offset() {
    for impossible in [
        "2026-02-30T12:00:00Z",
        "2026-03-12T25:00:00Z",
        "2026-03-12T15:00:00+25:00",
        "2026-03-12T15:00:00",
        "12.03.2026 15:00",
    ] {
        check("occurred_at", json!(impossible), "is not an RFC 3339 instant with offset").await;
    }
}

#[tokio::test]
async fn an_instant_must_be_near_the_receivers_clock() {
    check("occurred_at", json!("2025-03-12T15:15:00Z"), "is more than 7 days before").await;
    check("occurred_at", json!("2026-03-13T15:15:00Z"), "is more than 5 minutes ahead").await;
    check("occurred_at", json!("2026-03-13T15:15:00Z"), "clock, 2026-03-12T15:20:00Z").await;
}

#[tokio::test]
async fn the_age_limit_is_a_setting() {
    let settings = IngestSettings { age_max: None, ..IngestSettings::default() };
    let api = ScriptedApi::with(vec![], LogStep::Store, settings, Ok(()));
    let answer = api.post_json(&event_with(1, "occurred_at", "2020-03-12T15:15:00+01:00")).await;
    assert_eq!(answer.status, 202, "{answer:?}");
}

#[tokio::test]
async fn an_id_with_control_characters_is_rejected_and_never_echoed_raw() {
    check("event_id", json!("a\u{0}b\r\nX-Injected: 1"), "has the character").await;
    check("store_id", json!("s1#2026"), "has the character '#'").await;
    check("sku", json!("x".repeat(65)), "has 65 characters; at most 64 are allowed").await;
}

#[tokio::test]
async fn all_violations_are_reported_at_once_with_index_and_id() {
    let mut wrong = event_with("e-7", "quantity", -1);
    wrong["unit_price"] = Value::Null;
    wrong["surprise"] = json!({ "unknown": "fields are no error" });
    let answer = ScriptedApi::new().post_json(&json!([event(1), wrong])).await;
    assert_eq!(
        answer.json["results"][1],
        json!({
            "index": 1, "event_id": "e-7", "status": "rejected", "code": "invalid_event",
            "errors": [
                {
                    "field": "quantity", "given": "-1",
                    "message": "is outside 0 to 1000000",
                },
                { "field": "unit_price", "message": "is required, or amount" },
            ],
            "message": "event 1 (event_id e-7): quantity -1 is outside 0 to 1000000; \
                        unit_price is required, or amount",
        })
    );
}

#[tokio::test]
async fn an_element_that_is_not_an_object_is_rejected_alone() {
    let answer = ScriptedApi::new().post_json(&json!([event(1), 7, "text", null, []])).await;
    assert_eq!(answer.each("status"), ["stored", "rejected", "rejected", "rejected", "rejected"]);
    assert!(answer.each("message")[1].starts_with("event 1: 7 is not a JSON object"));
}

#[tokio::test]
async fn when_all_are_invalid_the_answer_is_422_with_each_reason() {
    let api = ScriptedApi::new();
    let body = json!([event_with(1, "quantity", -1), event_with(2, "kind", "sold")]);
    let answer = api.post_json(&body).await;
    answer.is_problem(422, "all-events-rejected", "nothing was stored");
    assert_eq!(answer.json["outcome"], "not_stored");
    assert_eq!(
        answer.json["counts"],
        json!({ "received": 2, "stored": 0, "duplicate": 0, "rejected": 2, "retry": 0 })
    );
    assert_eq!(answer.each("status"), ["rejected", "rejected"]);
    assert_eq!(answer.header("retry-after"), "");
    assert!(api.calls().is_empty(), "the log is not called");
}

#[tokio::test]
async fn a_duplicate_is_stored_once_and_both_results_have_the_receipt() {
    // The same content in another spelling: a string for a number, another offset, trailing zeros.
    let mut again = event_with(1, "quantity", "1.000");
    again["occurred_at"] = json!("2026-03-12T15:15:00Z");
    again["unknown"] = json!(true);
    let api = ScriptedApi::new();
    let answer = api.post_json(&json!([event(1), event(2), again])).await;
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(answer.each("status"), ["stored", "stored", "duplicate"]);
    let receipts = answer.each("sequence_number");
    assert!(receipts[0].len() == 56 && receipts[0] == receipts[2]);
    assert_eq!(answer.each("message")[2], "the same as event 0 of this request");
    assert_eq!(answer.header("x-batch-summary"), "stored=2;duplicate=1;rejected=0;retry=0");
    assert_eq!(api.held_ids(), ["1", "2"]);
}

#[tokio::test]
async fn an_id_with_two_contents_keeps_the_first() {
    let other_store = event_with(1, "store_id", "s2");
    let api = ScriptedApi::new();
    let body = json!([event(1), event_with(1, "quantity", 2), other_store, event(1)]);
    let answer = api.post_json(&body).await;
    assert_eq!(answer.status, 207);
    assert_eq!(answer.each("status"), ["stored", "rejected", "stored", "duplicate"]);
    assert_eq!(answer.each("code"), ["-", "conflicting_duplicate", "-", "-"]);
    let message = answer.each("message")[1];
    assert!(message.contains("event 0 of this request with other content"), "{message}");
    assert_eq!(api.held_ids(), ["1", "1"], "one in each store");
}

#[tokio::test]
async fn an_invalid_event_does_not_reserve_its_id() {
    let api = ScriptedApi::new();
    let answer = api.post_json(&json!([event_with(1, "quantity", -1), event(1)])).await;
    assert_eq!(answer.each("status"), ["rejected", "stored"]);
}

#[tokio::test]
async fn validation_stores_nothing_and_has_the_same_results() {
    let api = ScriptedApi::new();
    let validate = async |events: Value| {
        let mut request = request(&[("content-type", "application/json")], events.to_string());
        *request.uri_mut() = "/v1/validate".parse().unwrap();
        api.send(request).await
    };
    let answer = validate(json!([event(1), event(1)])).await;
    assert_eq!((answer.status.as_u16(), &answer.json["outcome"]), (200, &json!("valid")));
    assert_eq!(answer.each("status"), ["valid", "duplicate"]);
    assert_eq!(answer.header("x-batch-summary"), "valid=1;duplicate=1;rejected=0");

    let wrong = event_with(2, "quantity", -1);
    let answer = validate(json!([event(1), wrong])).await;
    assert_eq!((answer.status.as_u16(), &answer.json["outcome"]), (207, &json!("partly_valid")));
    assert_eq!(
        answer.json["counts"],
        json!({ "received": 2, "valid": 1, "duplicate": 0, "rejected": 1 })
    );
    let answer = validate(wrong).await;
    assert_eq!((answer.status.as_u16(), &answer.json["outcome"]), (422, &json!("not_valid")));
    assert!(api.calls().is_empty());
}
