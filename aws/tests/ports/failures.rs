//! Failures of external services, by the reaction that they need.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws::{AwsClients, EventStream, ResourceNames, Tables};
use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use domain::ports::{CatalogTable, EventLog, Failure, OffersTable, QuarantineTable, StockTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::StockWindow;
use local::service::ServiceThread;
use serde_json::{Value, json};

use crate::samples::{at, offer, one_more, row_at};
use crate::world::{World, bind, clients, clients_of_nobody, url};

fn rye() -> StockWindow {
    row_at("rye", "2026-03-12T15:17:00Z")
}

/// Stores a row with one attribute changed or removed, and reads it. Returns the message.
async fn read_changed(name: &str, value: Option<AttributeValue>) -> String {
    let world = World::start().await;
    world.tables().save_stock(&rye(), None).await.unwrap();
    let mut item = world.item("stock").await;
    match value {
        Some(value) => item.insert(name.to_owned(), value),
        None => item.remove(name),
    };
    world.put("stock", item).await;
    let loaded = world.tables().load_stock(&[rye().row_key().clone()]).await;
    let (since, until) = (at("2026-03-12T00:00:00Z"), at("2026-03-13T00:00:00Z"));
    let asked = world.tables().query_stock(&"s1".parse().unwrap(), None, since, until, since).await;
    match (loaded, asked) {
        (Err(Failure::Unreadable(one)), Err(Failure::Unreadable(other))) if one == other => one,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_error_of_an_unreadable_row_names_the_row_and_the_rule() {
    let binary = |bytes: &[u8]| Some(AttributeValue::B(Blob::new(bytes)));
    let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
    let mut cut = rye().pack();
    cut.pop();
    for (name, value, wrong) in [
        ("events", binary(&cut), "events the row's events are damaged: "),
        ("events", binary(&[9, 1]), "events the row's events are of version 9; "),
        ("events", binary(&[]), "events the row's events are empty"),
        ("events", binary(&one_more(&rye(), "e2").pack()), "events do not match the row's version"),
        ("events", text("e1"), "events is not binary"),
        ("events", None, "events is missing"),
        ("store_id", text("s 1"), "store_id has the character ' '; "),
        ("window_start", text("noon"), "window_start "),
    ] {
        let told = read_changed(name, value).await;
        assert!(told.starts_with(&format!("item s1#2026-03-12/rye#15:15: {wrong}")), "{told}");
    }
}

#[tokio::test]
async fn the_error_of_an_unreadable_offer_names_the_offer() {
    let world = World::start().await;
    world.tables().publish_offer(&offer("2026-03-12/s1/rye/1", "2.40", "EUR")).await.unwrap();
    let mut item = world.item("offers").await;
    item.insert("price".to_owned(), AttributeValue::N("2.405".to_owned()));
    world.put("offers", item).await;
    let read =
        world.tables().query_offers(&"s1".parse().unwrap(), "2026-03-12".parse().unwrap()).await;
    let told = "item s1#2026-03-12/rye#000001: price has 3 decimal places; at most 2 are allowed";
    assert_eq!(read, Err(Failure::Unreadable(told.to_owned())));
}

#[tokio::test]
async fn an_endpoint_that_does_not_answer_is_unavailable() {
    let AwsClients { kinesis, dynamodb } = clients_of_nobody();
    let names = ResourceNames::default();
    let loaded = Tables::new(dynamodb, &names).load_stock(&[rye().row_key().clone()]).await;
    assert!(matches!(&loaded, Err(Failure::Unavailable(why)) if why.contains("refused")));
    let stream = EventStream::new(kinesis, &names);
    assert!(matches!(stream.check_ready().await, Err(Failure::Unavailable(_))));
    assert!(matches!(stream.put_records(&[]).await, Err(Failure::Unavailable(_))));
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_refused_by_every_call() {
    let world = World::without_tables();
    let tables = world.tables();
    let now = at("2026-03-12T15:17:00Z");
    let store_id = "s1".parse().unwrap();
    let refused = Quarantined {
        id: QuarantineId { date: now.date_naive(), key: "shardId-000000000000#4959".to_owned() },
        reason: QuarantineReason::Unopenable,
        message: String::new(),
        at: now,
        bytes: vec![],
    };
    let failures = [
        tables.load_stock(&[rye().row_key().clone()]).await.unwrap_err(),
        tables.save_stock(&rye(), None).await.unwrap_err(),
        tables.query_stock(&store_id, None, now, now, now).await.unwrap_err(),
        tables.query_offers(&store_id, now.date_naive()).await.unwrap_err(),
        tables.publish_offer(&offer("2026-03-12/s1/rye/1", "2.40", "EUR")).await.unwrap_err(),
        tables.put_quarantined(&refused).await.unwrap_err(),
        tables.query_quarantined(refused.id.date).await.unwrap_err(),
        tables.load_quarantined(&refused.id).await.unwrap_err(),
        tables.remove_quarantined(&refused.id).await.unwrap_err(),
        tables.list_stores().await.unwrap_err(),
    ];
    for failure in failures {
        let Failure::Refused(why) = &failure else { panic!("{failure}") };
        assert!(why.starts_with("ResourceNotFoundException: "), "{why}");
    }
}

/// Starts a DynamoDB endpoint that returns these responses in sequence.
fn scripted(answers: Vec<(StatusCode, Value)>) -> (Tables, ServiceThread) {
    let server = bind();
    let clients = clients(&url(&server));
    let answers = Arc::new(Mutex::new(VecDeque::from(answers)));
    let answer = async move |_: Bytes| {
        let next = answers.lock().unwrap().pop_front();
        let (status, body) = next.unwrap_or((StatusCode::IM_A_TEAPOT, json!({})));
        (status, [("content-type", "application/x-amz-json-1.0")], body.to_string())
    };
    let router = Router::new().route("/", post(answer));
    let thread = ServiceThread::start("dynamodb", move |stop| server.serve(router, stop));
    (Tables::new(clients.dynamodb, &ResourceNames::default()), thread.expect("a thread"))
}

#[tokio::test]
async fn unprocessed_keys_are_requested_again() {
    let world = World::start().await;
    world.tables().save_stock(&rye(), None).await.unwrap();
    let key = json!({ "pk": { "S": "s1#2026-03-12" }, "sk": { "S": "rye#15:15" } });
    let left_out = json!({
        "Responses": { "daymark-stock": [] },
        "UnprocessedKeys": { "daymark-stock": { "Keys": [key], "ConsistentRead": true } },
    });
    let mut item = key.clone();
    for (name, value) in world.item("stock").await {
        if let Ok(text) = value.as_s() {
            item[name] = json!({ "S": text });
        }
    }
    // A version byte without events.
    let empty = StockWindow::new(rye().key().clone());
    item["events"] = json!({ "B": "AQA=" });
    item["version"] = json!({ "S": empty.version().to_string() });
    let whole = json!({ "Responses": { "daymark-stock": [item] }, "UnprocessedKeys": {} });
    let (stock, _thread) = scripted(vec![(StatusCode::OK, left_out), (StatusCode::OK, whole)]);
    let rows = stock.load_stock(&[rye().row_key().clone()]).await.unwrap();
    assert_eq!(rows, [empty]);
}

/// Returns the failure of a call for which DynamoDB always responds with this error.
async fn met(status: StatusCode, code: &str) -> Failure {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}") });
    let (stock, _thread) = scripted(vec![(status, body); 8]);
    stock.load_stock(&[rye().row_key().clone()]).await.unwrap_err()
}

#[tokio::test]
async fn the_kind_of_a_failure_tells_if_a_retry_can_succeed() {
    for code in ["ProvisionedThroughputExceededException", "ThrottlingException"] {
        let failure = met(StatusCode::BAD_REQUEST, code).await;
        assert!(matches!(failure, Failure::Throttled(_)), "{failure}");
    }
    let failure = met(StatusCode::INTERNAL_SERVER_ERROR, "InternalServerError").await;
    assert!(matches!(failure, Failure::Unavailable(_)), "{failure}");
    for code in ["AccessDeniedException", "ValidationException"] {
        let failure = met(StatusCode::BAD_REQUEST, code).await;
        assert!(matches!(failure, Failure::Refused(_)), "{failure}");
    }
}
