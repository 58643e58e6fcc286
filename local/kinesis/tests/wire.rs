//! The wire below the SDK: refusals, and an endpoint that is closed. What AWS documents of it is in
//! the conformance suite.

mod support;

use local_kinesis::Limits;
use support::wire::{Answer, JSON, LIST, SIGNED};
use support::*;
use tokio::net::TcpListener;

async fn send(world: &World, headers: &[(&str, &str)], body: impl AsRef<[u8]>) -> Answer {
    wire::send(&world.url, headers, body).await
}

fn check(answer: &Answer, status: u16, code: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert_eq!(answer.headers.get("x-amzn-errortype").expect("named"), code);
    assert_eq!(answer.body["__type"], code);
    assert!(answer.body["message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[tokio::test]
async fn an_unknown_action_is_refused_with_the_known_ones() {
    let world = World::in_memory(Limits::Enforced).await;
    let target = ("x-amz-target", "Kinesis_20131202.SubscribeToShard");
    let answer = send(&world, &[JSON, SIGNED, target], "{}").await;
    check(&answer, 400, "UnknownOperationException");
    assert!(answer.body["message"].as_str().is_some_and(|m| m.contains("PutRecords")));
    let target = ("x-amz-target", "DynamoDB_20120810.ListTables");
    check(&send(&world, &[JSON, SIGNED, target], "{}").await, 400, "UnknownOperationException");
    check(&send(&world, &[JSON, SIGNED], "{}").await, 400, "UnknownOperationException");
    world.close().await;
}

#[tokio::test]
async fn a_body_that_is_not_the_action_s_json_is_refused() {
    let world = World::in_memory(Limits::Enforced).await;
    for body in ["", "{", "[1]", "{\"Limit\":\"many\"}"] {
        let answer = send(&world, &[JSON, SIGNED, LIST], body).await;
        check(&answer, 400, "SerializationException");
    }
    let not_text = b"{\"Unknown\":\"\xff\"}".as_slice();
    check(&send(&world, &[JSON, SIGNED, LIST], not_text).await, 400, "SerializationException");
    let put = ("x-amz-target", "Kinesis_20131202.PutRecord");
    let body = r#"{"StreamName":"s","PartitionKey":"k","Data":"not base64!"}"#;
    check(&send(&world, &[JSON, SIGNED, put], body).await, 400, "SerializationException");
    let members_by_order = r#"["s",null,"AA==","k",null,null]"#;
    check(
        &send(&world, &[JSON, SIGNED, put], members_by_order).await,
        400,
        "SerializationException",
    );
    let puts = ("x-amz-target", "Kinesis_20131202.PutRecords");
    let entry_by_order = r#"{"StreamName":"s","Records":[["AA==","k",null]]}"#;
    check(
        &send(&world, &[JSON, SIGNED, puts], entry_by_order).await,
        400,
        "SerializationException",
    );
    let body = r#"{"StreamName":"s","PartitionKey":"k"}"#;
    check(&send(&world, &[JSON, SIGNED, put], body).await, 400, "ValidationException");
    world.close().await;
}

#[tokio::test]
async fn cbor_is_refused_with_the_way_to_json() {
    let world = World::in_memory(Limits::Enforced).await;
    let cbor = ("content-type", "application/x-amz-cbor-1.1");
    let answer = send(&world, &[cbor, SIGNED, LIST], "{}").await;
    check(&answer, 415, "UnsupportedMediaTypeException");
    assert!(answer.body["message"].as_str().is_some_and(|m| m.contains("aws.cborEnabled=false")));
    world.close().await;
}

#[tokio::test]
async fn a_body_larger_than_any_valid_one_is_refused() {
    let world = World::in_memory(Limits::Enforced).await;
    let body = " ".repeat(17 * 1024 * 1024);
    let answer = send(&world, &[JSON, SIGNED, LIST], &body).await;
    check(&answer, 413, "RequestEntityTooLargeException");
    world.close().await;
}

#[tokio::test]
async fn a_closed_endpoint_says_so_with_a_code_that_is_retried() {
    let kinesis = open(local_kinesis::Storage::Memory, Limits::Off, &TestClock::new());
    let kinesis = kinesis.expect("the endpoint opens");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let client = Caller::new(&format!("http://{address}"), STREAM).client;
    let serving = axum::serve(listener, kinesis.router());
    let served = tokio::spawn(async { serving.await.expect("it serves") });
    client.list_streams().send().await.expect("listed");
    kinesis.close().await;
    assert_eq!(code(client.list_streams().send().await), "ServiceUnavailableException");
    served.abort();
}
