//! Ingest API behind API Gateway.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::record::open;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::function::metrics;
use crate::world::{World, event, now};

/// Request of an HTTP API of API Gateway, payload version 2.0. The sender may write for every
/// store.
pub(crate) fn request(
    method: &str,
    path: &str,
    headers: Value,
    body: &str,
    is_base64: bool,
) -> Value {
    json!({
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "api",
            "authorizer": token("*"),
            "domainName": "api.execute-api.eu-west-1.amazonaws.com",
            "domainPrefix": "api",
            "http": {
                "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1",
                "userAgent": "till/1.0",
            },
            "requestId": "id",
            "routeKey": "$default",
            "stage": "$default",
            "time": "12/Mar/2026:15:20:00 +0000",
            "timeEpoch": 1_773_328_800_000_i64,
        },
        "body": body,
        "isBase64Encoded": is_base64,
    })
}

/// Context that the authorizer of a token adds.
pub(crate) fn token(stores: &str) -> Value {
    let claims = json!({ "client_id": "6qr3", "scope": "daymark/events:write", "stores": stores });
    json!({ "jwt": { "claims": claims, "scopes": ["daymark/events:write"] } })
}

fn post(events: &Value) -> Value {
    let headers = json!({ "content-type": "application/json" });
    request("POST", "/v1/events", headers, &events.to_string(), false)
}

/// Request with another authorizer context; `Value::Null` for an unverified sender.
fn post_as(authorizer: Value, events: &Value) -> Value {
    let mut request = post(events);
    request["requestContext"]["authorizer"] = authorizer;
    request
}

fn event_of(store_id: &str, event_id: &str) -> Value {
    let mut event = event(event_id, "rye", now());
    event["store_id"] = json!(store_id);
    event
}

/// Returns status and body of a response.
pub(crate) fn read(response: &Value) -> (u64, Value) {
    assert_eq!(response["isBase64Encoded"], false, "{response}");
    let body = response["body"].as_str().expect("a body");
    let status = response["statusCode"].as_u64().expect("a status");
    (status, serde_json::from_str(body).expect("JSON"))
}

/// Returns id and status of each event.
fn results(body: &Value) -> Vec<[&str; 2]> {
    let mut results = Vec::new();
    for result in body["results"].as_array().expect("results") {
        results.push(["event_id", "status"].map(|name| result[name].as_str().unwrap_or("-")));
    }
    results
}

#[tokio::test]
async fn a_valid_event_is_in_the_stream_and_an_invalid_one_gets_its_reason() {
    let world = World::start();
    world.create_stream().await;
    let mut function = world.function("ingest-lambda", "").await;
    let mut bad = event("e2", "rye", now());
    bad["quantity"] = json!("1.2345");
    let good = event("e1", "rye", now());
    let response = function.respond(post(&json!([good, bad]))).await;
    let (status, body) = read(&response);
    assert_eq!(status, 207, "{body}");
    assert_eq!(results(&body), [["e1", "stored"], ["e2", "rejected"]]);
    assert!(body.to_string().contains("has 4 decimal places; at most 3 are allowed"), "{body}");

    let records = world.records().await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].partition_key, "s1");
    let held = open(&records[0].data).expect("a record of ours");
    assert_eq!(held.len(), 1);
    let held: Value = serde_json::from_str(&held[0]).expect("JSON");
    assert_eq!((&held["event_id"], &held["quantity"]), (&json!("e1"), &json!("12.5")));

    let metrics = metrics(&function.end(), "ingest-lambda");
    for counted in [
        r#"daymark_ingest_events_total["ingest-lambda", "rejected"] 1 Count"#,
        r#"daymark_ingest_events_total["ingest-lambda", "stored"] 1 Count"#,
        r#"daymark_ingest_requests_total["ingest-lambda", "207"] 1 Count"#,
    ] {
        assert!(metrics.iter().any(|metric| metric == counted), "{metrics:#?}");
    }
}

#[tokio::test]
async fn a_compressed_body_arrives_as_the_gateway_encodes_it() {
    let world = World::start();
    world.create_stream().await;
    let mut function = world.function("ingest-lambda", "").await;
    let lines = format!("{}\n{}\n", event("e1", "rye", now()), event("e2", "bun", now()));
    let mut gzip = GzEncoder::new(Vec::new(), Compression::fast());
    gzip.write_all(lines.as_bytes()).expect("room");
    let body = STANDARD.encode(gzip.finish().expect("room"));
    let headers = json!({ "content-type": "application/x-ndjson", "content-encoding": "gzip" });
    let response = function.respond(request("POST", "/v1/events", headers, &body, true)).await;
    let (status, body) = read(&response);
    assert_eq!(status, 202, "{body}");
    assert_eq!(results(&body), [["e1", "stored"], ["e2", "stored"]]);
    assert_eq!(world.records().await.len(), 1);
}

#[tokio::test]
async fn no_event_is_reported_as_stored_without_a_stream() {
    let world = World::start();
    let mut function = world.function("ingest-lambda", "").await;
    let (status, body) = read(&function.respond(post(&json!([event("e1", "rye", now())]))).await);
    assert_eq!(status, 503, "{body}");
    assert_eq!(results(&body), [["e1", "retry"]]);
    let ready = request("GET", "/readyz", json!({}), "", false);
    assert_eq!(read(&function.respond(ready).await).0, 503);
}

/// Starts an endpoint of Kinesis that answers each odd call with the next fault, and stores the
/// record of each even call.
async fn faulty_stream(faults: &'static [(u16, &'static str)]) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let calls = Arc::new(AtomicUsize::new(0));
    let answer = async |State(calls): State<Arc<AtomicUsize>>| {
        let call = calls.fetch_add(1, Ordering::Relaxed);
        let (status, body) = match (call % 2, faults[call / 2]) {
            (0, (status, code)) => (status, json!({ "__type": code })),
            _ => {
                let stored = json!({ "SequenceNumber": "4959", "ShardId": "shardId-000000000000" });
                (200, json!({ "FailedRecordCount": 0, "Records": [stored] }))
            }
        };
        (StatusCode::from_u16(status).expect("a status"), body.to_string())
    };
    let router = Router::new().fallback(answer).with_state(calls);
    tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
    url
}

#[tokio::test]
async fn an_event_is_stored_in_spite_of_a_passing_fault_of_the_stream() {
    const FAULTS: &[(u16, &str)] = &[
        (500, "InternalFailureException"),
        (500, "UnknownError"),
        (502, ""),
        (503, "ServiceUnavailableException"),
        (408, "RequestTimeout"),
        (429, "TooManyRequestsException"),
        (400, "ProvisionedThroughputExceededException"),
        (400, "KMSThrottlingException"),
    ];
    let stream = faulty_stream(FAULTS).await;
    let variables = [("AWS_ENDPOINT_URL_KINESIS", stream.as_str())];
    let mut function = World::start().function_with("ingest-lambda", "", &variables).await;
    for fault in FAULTS {
        let event = event("e1", "rye", now());
        let (status, body) = read(&function.respond(post(&json!([event]))).await);
        assert_eq!((status, results(&body)), (202, vec![["e1", "stored"]]), "{fault:?}: {body}");
    }
}

#[tokio::test]
async fn a_token_of_another_store_writes_nothing() {
    let world = World::start();
    world.create_stream().await;
    let mut function = world.function("ingest-lambda", "").await;
    let events = json!([event_of("s1", "e1"), event_of("s1", "e2")]);
    for (authorizer, told) in [
        (token("s2"), "may write for, which is s2;"),
        (token(""), "may write for, which is no store;"),
        (json!({ "jwt": { "claims": { "client_id": "6qr3" } } }), "which is no store;"),
    ] {
        let (status, body) = read(&function.respond(post_as(authorizer, &events)).await);
        assert_eq!(status, 403, "{body}");
        assert_eq!(body["type"], "urn:daymark:problem:stores-not-allowed");
        assert_eq!(results(&body), [["e1", "rejected"], ["e2", "rejected"]]);
        let first = &body["results"][0];
        assert_eq!(
            (&first["code"], &first["errors"][0]["field"]),
            (&json!("store_not_allowed"), &json!("store_id"),)
        );
        assert!(first["message"].to_string().contains(told), "{body}");
    }
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn a_mixed_batch_stores_only_the_events_of_the_tokens_stores() {
    let world = World::start();
    world.create_stream().await;
    let mut function = world.function("ingest-lambda", "").await;
    let events = json!([event_of("s1", "e1"), event_of("s2", "e2"), event_of("s3", "e3")]);
    let (status, body) = read(&function.respond(post_as(token("s1 s3"), &events)).await);
    assert_eq!(status, 207, "{body}");
    assert_eq!(results(&body), [["e1", "stored"], ["e2", "rejected"], ["e3", "stored"]]);
    let mut held: Vec<_> = world.records().await.into_iter().map(|it| it.partition_key).collect();
    held.sort();
    assert_eq!(held, ["s1", "s3"]);
}

#[tokio::test]
async fn a_request_without_an_authorizer_is_refused() {
    let world = World::start();
    world.create_stream().await;
    let mut function = world.function("ingest-lambda", "").await;
    let events = json!([event_of("s1", "e1")]);
    for unchecked in [Value::Null, json!({}), json!({ "lambda": { "stores": "*" } })] {
        let response = function.respond(post_as(unchecked, &events)).await;
        let (status, body) = read(&response);
        assert_eq!(status, 401, "{body}");
        assert_eq!(body["type"], "urn:daymark:problem:unauthenticated");
        assert_eq!(response["headers"]["www-authenticate"], "Bearer", "{response}");
    }
    assert!(world.records().await.is_empty());
}

#[tokio::test]
async fn a_program_that_signs_with_iam_may_write_for_every_store() {
    let world = World::start();
    world.create_stream().await;
    let mut function = world.function("ingest-lambda", "").await;
    let mut signed = post(&json!([event_of("s1", "e1"), event_of("s2", "e2")]));
    signed["requestContext"]["authorizer"] = json!({ "iam": {
        "accessKey": "ASIA", "accountId": "000000000000", "callerId": "AROA:hub",
        "cognitoIdentity": null, "principalOrgId": null,
        "userArn": "arn:aws:sts::000000000000:assumed-role/hub/hub", "userId": "AROA:hub",
    }});
    // The name of a stage is the first segment of the path.
    signed["rawPath"] = json!("/dev/v1/internal/events");
    signed["requestContext"]["stage"] = json!("dev");
    let (status, body) = read(&function.respond(signed).await);
    assert_eq!(status, 202, "{body}");
    assert_eq!(world.records().await.len(), 2);
}

#[tokio::test]
async fn every_invocation_reports_its_metrics() {
    let world = World::start();
    let mut function = world.function("ingest-lambda", "").await;
    for _ in 0..2 {
        let alive = request("GET", "/healthz", json!({}), "", false);
        assert_eq!(read(&function.respond(alive).await).0, 200);
    }
    let counted = r#"daymark_ingest_requests_total["ingest-lambda", "200"] 1 Count"#;
    assert_eq!(metrics(&function.end(), "ingest-lambda"), [counted, counted]);
}
