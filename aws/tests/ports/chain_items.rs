//! Items of the chain, which an execution environment keeps under their version.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aws::{ResourceNames, Tables};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::types::AttributeValue;
use axum::Router;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use domain::Item;
use domain::ports::{CatalogTable, Failure};
use local::service::ServiceThread;
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

use crate::observed_calls::ObservedCalls;
use crate::samples::item;
use crate::world::{Attributes, World, bind, clients, url};

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

fn priced(sku: &str, price: u32) -> Item {
    item(&json!({ "sku": sku, "price": price }))
}

fn listed(items: &[Item]) -> Vec<String> {
    items.iter().map(|item| format!("{} {}", item.sku, item.price)).collect()
}

async fn load(tables: &Tables) -> Vec<String> {
    listed(&tables.load_items(&"s1".parse().unwrap()).await.unwrap())
}

/// Tables with a client and a runtime of their own, like another process. A hook may use them.
struct OtherProcess {
    runtime: Runtime,
    tables: Tables,
}

impl OtherProcess {
    fn start(world: &World) -> Arc<Self> {
        Arc::new(Self { runtime: runtime(), tables: world.tables_of_other_process() })
    }

    fn load(&self) -> Vec<String> {
        let load = || self.runtime.block_on(load(&self.tables));
        thread::scope(|scope| scope.spawn(load).join().unwrap())
    }

    fn put(&self, item: &Item) {
        let put = || self.runtime.block_on(self.tables.put_item(item)).unwrap();
        thread::scope(|scope| scope.spawn(put).join().unwrap());
    }
}

#[test]
fn a_write_is_read_by_every_load_after_it_whatever_is_loaded_before_each_of_its_calls() {
    let (writing, world) = (runtime(), runtime().block_on(World::start()));
    let reader = OtherProcess::start(&world);
    let before_each = Arc::clone(&reader);
    let calls = ObservedCalls::before_each(move |_| drop(before_each.load()));
    let writer = world.tables_with(&calls);
    let sku = "rye".parse().unwrap();
    writing.block_on(async {
        writer.put_item(&priced("rye", 4)).await.unwrap();
        assert_eq!(reader.load(), ["rye 4.00"]);
        writer.put_item(&priced("rye", 3)).await.unwrap();
        assert_eq!(reader.load(), ["rye 3.00"]);
        writer.remove_item(None, &sku).await.unwrap();
        assert!(reader.load().is_empty());
        for sku in ["bun", "cake"] {
            writer.put_item_in_bulk(&priced(sku, 1)).await.unwrap();
        }
        writer.end_bulk().await.unwrap();
        assert_eq!(reader.load(), ["bun 1.00", "cake 1.00"]);
    });
}

#[test]
fn a_write_before_any_call_of_a_load_is_read_by_the_next_load() {
    let (reading, world) = (runtime(), runtime().block_on(World::start()));
    // A load sends three calls: the version, the store's own items, the chain's items.
    for at in 0..3 {
        let writer = OtherProcess::start(&world);
        writer.put(&priced("rye", 4));
        let calls = ObservedCalls::before_each(move |sent| {
            if sent == at {
                writer.put(&priced("rye", 3));
            }
        });
        let reader = world.tables_with(&calls);
        reading.block_on(async {
            load(&reader).await;
            assert_eq!(load(&reader).await, ["rye 3.00"], "written before call {at}");
        });
    }
}

#[tokio::test]
async fn a_load_after_the_first_one_takes_one_read_unit_for_the_chain() {
    let world = World::start().await;
    let own = item(&json!({ "sku": "rye", "price": 2, "store_id": "s1" }));
    let name = "x".repeat(4_000);
    for entry in [priced("rye", 4), item(&json!({ "sku": "bun", "price": 1, "name": name })), own] {
        world.tables().put_item(&entry).await.unwrap();
    }
    let calls = ObservedCalls::default();
    let tables = world.tables_with(&calls);
    let expected = ["bun 1.00", "rye 2.00"];
    assert_eq!(load(&tables).await, expected);
    assert_eq!(calls.take_reads(), [("GetItem", 1.0), ("Query", 1.0), ("Query", 2.0)]);
    // A clone shares the items.
    assert_eq!(load(&tables.clone()).await, expected);
    assert_eq!(calls.take_reads(), [("GetItem", 1.0), ("Query", 1.0)]);
    // Commands that show or change the catalogue read the table.
    assert_eq!(tables.load_item_entries(None).await.unwrap().len(), 2);
    assert_eq!(calls.take_reads(), [("Query", 2.0)]);
    // The items of a store have no version.
    let own = item(&json!({ "sku": "tart", "price": 5, "store_id": "s1" }));
    world.tables().put_item(&own).await.unwrap();
    assert_eq!(load(&tables).await, ["bun 1.00", "rye 2.00", "tart 5.00"]);
    assert_eq!(calls.take_reads(), [("GetItem", 1.0), ("Query", 1.0)]);
    world
        .tables()
        .remove_item(Some(&"s1".parse().unwrap()), &"rye".parse().unwrap())
        .await
        .unwrap();
    assert_eq!(load(&tables).await, ["bun 1.00", "rye 4.00", "tart 5.00"]);
    assert_eq!(calls.take_reads(), [("GetItem", 1.0), ("Query", 1.0)]);
}

#[tokio::test]
async fn a_bulk_that_did_not_end_is_read_after_the_next_one() {
    let world = World::start().await;
    world.tables().put_item(&priced("rye", 4)).await.unwrap();
    let reader = world.tables();
    assert_eq!(load(&reader).await, ["rye 4.00"]);
    world.tables().put_item_in_bulk(&priced("rye", 3)).await.unwrap();
    assert_eq!(load(&reader).await, ["rye 4.00"]);
    assert_eq!(load(&world.tables()).await, ["rye 3.00"]);
    world.tables().end_bulk().await.unwrap();
    assert_eq!(load(&reader).await, ["rye 3.00"]);
}

#[tokio::test]
async fn items_without_a_version_are_kept_until_the_first_version() {
    let world = World::start().await;
    world.tables().put_item_in_bulk(&priced("rye", 4)).await.unwrap();
    let calls = ObservedCalls::default();
    let tables = world.tables_with(&calls);
    for reads in [
        &[("GetItem", 1.0), ("Query", 1.0), ("Query", 1.0)][..],
        &[("GetItem", 1.0), ("Query", 1.0)],
    ] {
        assert_eq!(load(&tables).await, ["rye 4.00"]);
        assert_eq!(calls.take_reads(), reads);
    }
    world.tables().put_item(&priced("rye", 3)).await.unwrap();
    assert_eq!(load(&tables).await, ["rye 3.00"]);
}

#[tokio::test]
async fn a_load_fails_without_the_version_also_if_items_are_kept() {
    let world = World::start().await;
    world.tables().put_item(&priced("rye", 4)).await.unwrap();
    let store_id = "s1".parse().unwrap();
    let refused = world.tables_with(&ObservedCalls::without_get()).load_items(&store_id).await;
    assert!(refused.unwrap_err().to_string().contains("GetItem fails in this test"));
    let tables = world.tables();
    load(&tables).await;
    world.put("catalog", keyed("items", [])).await;
    let told = "item chain/items: version is missing".to_owned();
    assert_eq!(tables.load_items(&store_id).await, Err(Failure::Unreadable(told)));
    world.tables().put_item(&priced("rye", 3)).await.unwrap();
    assert_eq!(load(&tables).await, ["rye 3.00"]);
}

#[tokio::test]
async fn items_of_which_one_cannot_be_decoded_are_not_kept() {
    let world = World::start().await;
    let tables = world.tables();
    tables.put_item(&priced("rye", 4)).await.unwrap();
    let damaged = [("entry".to_owned(), AttributeValue::S("{}".to_owned()))];
    world.put("catalog", keyed("item#bun", damaged)).await;
    for _ in 0..2 {
        let failure = tables.load_items(&"s1".parse().unwrap()).await.unwrap_err();
        assert!(matches!(failure, Failure::Unreadable(_)), "{failure}");
    }
    // A repair by hand needs no version, since nothing was kept.
    let repaired = [("entry".to_owned(), AttributeValue::S(priced("bun", 1).to_json()))];
    world.put("catalog", keyed("item#bun", repaired)).await;
    assert_eq!(load(&tables).await, ["bun 1.00", "rye 4.00"]);
}

/// Returns an item of the catalogue in the partition of the chain.
pub(crate) fn keyed(
    sort: &str,
    others: impl IntoIterator<Item = (String, AttributeValue)>,
) -> Attributes {
    let key = [("pk", "chain"), ("sk", sort)];
    let key = key.map(|(name, value)| (name.to_owned(), AttributeValue::S(value.to_owned())));
    key.into_iter().chain(others).collect()
}

/// Starts an endpoint that throttles the first `throttled` reads of the chain's items, and then
/// answers with one item.
fn throttling(throttled: usize) -> (Tables, ServiceThread) {
    let (server, reads) = (bind(), Arc::new(AtomicUsize::new(0)));
    let clients = clients(&url(&server));
    let answer = async move |headers: HeaderMap, body: String| {
        let of_chain = body.contains(r#"{"S":"chain"}"#);
        let is_query = headers["x-amz-target"].to_str().is_ok_and(|call| call.ends_with("Query"));
        let (status, body) = if !is_query {
            (StatusCode::OK, json!({}))
        } else if !of_chain {
            (StatusCode::OK, json!({ "Items": [], "Count": 0 }))
        } else if reads.fetch_add(1, Ordering::Relaxed) < throttled {
            let code = "com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException";
            (StatusCode::BAD_REQUEST, json!({ "__type": code, "message": "told by the test" }))
        } else {
            let entry = json!({ "S": priced("rye", 4).to_json() });
            let key = (json!({ "S": "chain" }), json!({ "S": "item#rye" }));
            let items = json!([{ "pk": key.0, "sk": key.1, "entry": entry }]);
            (StatusCode::OK, json!({ "Items": items, "Count": 1 }))
        };
        (status, [("content-type", "application/x-amz-json-1.0")], body.to_string())
    };
    let router = Router::new().route("/", post(answer));
    let thread = ServiceThread::start("dynamodb", move |stop| server.serve(router, stop));
    (Tables::new(clients.dynamodb, &ResourceNames::default()), thread.expect("a thread"))
}

#[tokio::test]
async fn a_throttled_read_of_the_chains_items_is_repeated_more_often_than_other_calls() {
    let standard = RetryConfig::standard().max_attempts() as usize;
    let (tables, _thread) = throttling(standard);
    assert_eq!(load(&tables).await, ["rye 4.00"]);
}
