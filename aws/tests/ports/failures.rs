//! Failures of external services, by the reaction that they need.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use aws::{AwsClients, EventStream, ResourceNames, Tables};
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::body::Bytes;
use axum::http::StatusCode;
use axum::routing::post;
use domain::ports::{
    CatalogTable, EventLog, Failure, OffersTable, QuarantineTable, StockLog, WindowsTable,
};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use local::service::ServiceThread;
use serde_json::{Value, json};

use crate::samples::{at, offer, sale, store};
use crate::windows::row_of;
use crate::world::{World, bind, clients, clients_of_nobody, url};

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
    let tables = Tables::new(dynamodb, &names);
    let queried =
        tables.query_segments(&"s1".parse().unwrap(), "2026-03-12".parse().unwrap(), None).await;
    assert!(matches!(&queried, Err(Failure::Unavailable(why)) if why.contains("refused")));
    let stream = EventStream::new(kinesis, &names);
    assert!(matches!(stream.check_ready().await, Err(Failure::Unavailable(_))));
    assert!(matches!(stream.put_records(&[]).await, Err(Failure::Unavailable(_))));
}

#[tokio::test]
async fn a_table_that_does_not_exist_is_refused_by_every_call() {
    let world = World::without_tables();
    let tables = world.tables();
    let now = at("2026-03-12T15:17:00Z");
    let (store_id, date) = ("s1".parse().unwrap(), now.date_naive());
    let refused = Quarantined {
        id: QuarantineId { date: now.date_naive(), key: "shardId-000000000000#4959".to_owned() },
        reason: QuarantineReason::Unopenable,
        message: String::new(),
        at: now,
        bytes: vec![],
    };
    let failures = [
        tables.query_segments(&store_id, date, None).await.unwrap_err(),
        tables.query_progress(&store_id, date, date).await.unwrap_err(),
        tables.query_active_stores(date).await.unwrap_err(),
        tables.put_window(&row_of(1, [sale("e1", "rye", now)])).await.unwrap_err(),
        tables.query_windows(&store_id, date).await.unwrap_err(),
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
    let shop = store("s1");
    let key = json!({ "pk": { "S": "store#s1" }, "sk": { "S": "settings" } });
    let left_out = json!({
        "Responses": { "daymark-catalog": [] },
        "UnprocessedKeys": { "daymark-catalog": { "Keys": [key], "ConsistentRead": true } },
    });
    let mut item = key.clone();
    item["entry"] = json!({ "S": shop.to_json() });
    let whole = json!({ "Responses": { "daymark-catalog": [item] }, "UnprocessedKeys": {} });
    let (catalog, _thread) = scripted(vec![(StatusCode::OK, left_out), (StatusCode::OK, whole)]);
    let stores = catalog.load_stores(std::slice::from_ref(&shop.store_id)).await.unwrap();
    assert_eq!(stores, [(shop.store_id.clone(), Ok(shop))]);
}

/// Returns the failure of a call for which DynamoDB always responds with this error.
async fn met(status: StatusCode, code: &str) -> Failure {
    let body = json!({ "__type": format!("com.amazonaws.dynamodb.v20120810#{code}") });
    let (log, _thread) = scripted(vec![(status, body); 8]);
    let stores = log.query_active_stores("2026-03-12".parse().unwrap()).await;
    stores.unwrap_err()
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
