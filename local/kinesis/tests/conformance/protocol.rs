//! HTTP headers and error responses.

use crate::support::TestClient;
use crate::support::wire::{DATED, JSON, LIST, SIGNED, send};

pub(crate) async fn a_signed_request_is_answered_in_json_1_1(on: TestClient) {
    let answer = send(&on.url, &[JSON, DATED, SIGNED, LIST], "{}").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
    assert!(answer.body["HasMoreStreams"].is_boolean());
}

pub(crate) async fn every_answer_has_a_request_id(on: TestClient) {
    let listed = send(&on.url, &[JSON, DATED, SIGNED, LIST], "{}").await;
    let refused = send(&on.url, &[JSON, DATED, SIGNED, LIST], "{").await;
    assert!(listed.headers.contains_key("x-amzn-requestid"));
    assert_ne!(listed.headers["x-amzn-requestid"], refused.headers["x-amzn-requestid"]);
}

pub(crate) async fn a_refusal_has_status_400_a_type_and_a_message(on: TestClient) {
    let target = ("x-amz-target", "Kinesis_20131202.DescribeStreamSummary");
    let body = r#"{"StreamName":"missing"}"#;
    let answer = send(&on.url, &[JSON, DATED, SIGNED, target], body).await;
    assert_eq!((answer.status, answer.code()), (400, "ResourceNotFoundException"));
    assert_eq!(answer.headers["content-type"], "application/x-amz-json-1.1");
    assert!(answer.body["message"].as_str().is_some_and(|message| message.contains("missing")));
}

pub(crate) async fn an_unsigned_request_is_refused_with_403(on: TestClient) {
    let answer = send(&on.url, &[JSON, LIST], "{}").await;
    assert_eq!((answer.status, answer.code()), (403, "MissingAuthenticationTokenException"));
}

pub(crate) async fn an_unknown_action_is_refused(on: TestClient) {
    let target = ("x-amz-target", "Kinesis_20131202.SetPrices");
    let answer = send(&on.url, &[JSON, DATED, SIGNED, target], "{}").await;
    assert_eq!((answer.status, answer.code()), (400, "UnknownOperationException"));
}

pub(crate) async fn a_body_that_is_no_json_is_refused(on: TestClient) {
    for body in ["{", "[1]"] {
        let answer = send(&on.url, &[JSON, DATED, SIGNED, LIST], body).await;
        assert_eq!((answer.status, answer.code()), (400, "SerializationException"));
    }
}
