//! HTTP interface without the SDK: refusals, and a closed endpoint. The conformance suite tests the
//! documented behaviour.

mod support;

use local_kinesis::ShardLimits;
use support::wire::{JSON, LIST, SIGNED, WireResponse};
use support::*;
use tokio::net::TcpListener;

async fn send(
    endpoint: &ServedEndpoint,
    headers: &[(&str, &str)],
    body: impl AsRef<[u8]>,
) -> WireResponse {
    wire::send(&endpoint.url, headers, body).await
}

fn check(answer: &WireResponse, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers.get("x-amzn-errortype").expect("named"), code);
    assert_eq!(answer.body["__type"], code);
    assert!(answer.body["message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[tokio::test]
async fn an_unknown_action_is_refused_with_the_known_ones() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    let target = ("x-amz-target", "Kinesis_20131202.SubscribeToShard");
    let answer = send(&endpoint, &[JSON, SIGNED, target], "{}").await;
    check(&answer, 400, "UnknownOperationException");
    assert!(answer.body["message"].as_str().is_some_and(|m| m.contains("PutRecords")));
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    check(&send(&endpoint, &[JSON, SIGNED, target], "{}").await, 400, "UnknownOperationException");
    check(&send(&endpoint, &[JSON, SIGNED], "{}").await, 400, "UnknownOperationException");
    endpoint.close().await;
}

#[tokio::test]
async fn a_body_that_is_not_the_action_s_json_is_refused() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    for body in ["", "{", "[1]", "{\"Limit\":\"many\"}"] {
        let answer = send(&endpoint, &[JSON, SIGNED, LIST], body).await;
        check(&answer, 400, "SerializationException");
    }
    let not_text = b"{\"Unknown\":\"\xff\"}".as_slice();
    check(&send(&endpoint, &[JSON, SIGNED, LIST], not_text).await, 400, "SerializationException");
    let put = ("x-amz-target", "Kinesis_20131202.PutRecord");
    let body = r#"{"StreamName":"s","PartitionKey":"k","Data":"not base64!"}"#;
    check(&send(&endpoint, &[JSON, SIGNED, put], body).await, 400, "SerializationException");
    let members_by_order = r#"["s",null,"AA==","k",null,null]"#;
    check(
        &send(&endpoint, &[JSON, SIGNED, put], members_by_order).await,
        400,
        "SerializationException",
    );
    let puts = ("x-amz-target", "Kinesis_20131202.PutRecords");
    let entry_by_order = r#"{"StreamName":"s","Records":[["AA==","k",null]]}"#;
    check(
        &send(&endpoint, &[JSON, SIGNED, puts], entry_by_order).await,
        400,
        "SerializationException",
    );
    let body = r#"{"StreamName":"s","PartitionKey":"k"}"#;
    check(&send(&endpoint, &[JSON, SIGNED, put], body).await, 400, "ValidationException");
    endpoint.close().await;
}

#[tokio::test]
async fn cbor_is_refused_with_the_setting_for_json() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    let cbor = ("content-type", "application/x-amz-cbor-1.1");
    let answer = send(&endpoint, &[cbor, SIGNED, LIST], "{}").await;
    check(&answer, 415, "UnsupportedMediaTypeException");
    assert!(answer.body["message"].as_str().is_some_and(|m| m.contains("aws.cborEnabled=false")));
    endpoint.close().await;
}

#[tokio::test]
async fn a_body_larger_than_any_valid_one_is_refused() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    let body = " ".repeat(17 * 1024 * 1024);
    let answer = send(&endpoint, &[JSON, SIGNED, LIST], &body).await;
    check(&answer, 413, "RequestEntityTooLargeException");
    endpoint.close().await;
}

#[tokio::test]
async fn a_closed_endpoint_refuses_with_a_retryable_code() {
    let kinesis = open(local_kinesis::KinesisStorage::Memory, ShardLimits::Off, &TestClock::new());
    let kinesis = kinesis.expect("the endpoint opens");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let client = TestClient::new(&format!("http://{address}"), STREAM).client;
    let serving = axum::serve(listener, kinesis.router());
    let served = tokio::spawn(async { serving.await.expect("it serves") });
    client.list_streams().send().await.expect("listed");
    kinesis.close().await;
    assert_eq!(code(client.list_streams().send().await), "ServiceUnavailableException");
    served.abort();
}
