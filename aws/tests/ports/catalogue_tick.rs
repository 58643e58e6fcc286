//! Reads of the chain's partition in a slot of a large retailer, which a partition limits.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::{AttributeValue, PutRequest, WriteRequest};
use domain::ports::CatalogTable;
use serde_json::json;

use crate::chain_items::keyed;
use crate::observed_calls::ObservedCalls;
use crate::samples::item;
use crate::world::World;

/// Read units a second of one partition. Source: "Designing partition keys" in the developer guide.
const PARTITION_UNITS_PER_SECOND: f64 = 3_000.0;
const ITEMS: usize = 8_000;
/// Read units of these items.
const ITEMS_UNITS: f64 = 593.0;
const STORES: usize = 10_000;
const SLOT_SECONDS: f64 = 900.0;
/// Timeout of a pass in `cdk/lib/pricing.ts`.
const PASS_SECONDS: f64 = 45.0;
/// Read units of the chain's settings, which a pricing pass reads from the same partition.
const SETTINGS_UNITS: f64 = 1.0;

/// Writes items of the chain, 25 in a call.
async fn fill(world: &World) {
    let numbers: Vec<usize> = (0..ITEMS).collect();
    for numbers in numbers.chunks(25) {
        let requests = numbers.iter().map(|number| {
            let entry = item(&json!({
                "sku": format!("4{number:07}"), "price": "3.90",
                "name": format!("Brot {number}"), "category": "bread",
            }));
            let entry = ("entry".to_owned(), AttributeValue::S(entry.to_json()));
            let put = PutRequest::builder()
                .set_item(Some(keyed(&format!("item#4{number:07}"), [entry])))
                .build()
                .unwrap();
            WriteRequest::builder().put_request(put).build()
        });
        let table = world.names.table("catalog");
        let requests = HashMap::from([(table, requests.collect())]);
        let write = world.clients.dynamodb.batch_write_item().set_request_items(Some(requests));
        write.send().await.unwrap();
    }
}

/// A slot in which every store is priced once, by environments that keep nothing at its start: the
/// items have a new version, or every environment is new. A part of the stores is read, and their
/// figures are exact: a load after the first one of its environment always takes the same units.
#[tokio::test]
async fn ten_thousand_stores_with_eight_thousand_items_are_far_below_the_limit_of_a_partition() {
    let world = World::start().await;
    fill(&world).await;
    world.tables().end_bulk().await.unwrap();
    let calls = ObservedCalls::default();
    let (mut first, mut later) = (Vec::new(), Vec::new());
    for _ in 0..2 {
        let environment = world.tables_with(&calls);
        for store in 0..5 {
            let store_id = format!("store-{store}").parse().unwrap();
            assert_eq!(environment.load_items(&store_id).await.unwrap().len(), ITEMS);
            let units: f64 = calls.take_reads().into_iter().map(|(_, units)| units).sum();
            // The store's own items are in its own partition.
            if store == 0 { first.push(units - 1.0) } else { later.push(units - 1.0) }
        }
    }
    assert!(first.iter().all(|units| (*units - 1.0 - ITEMS_UNITS).abs() < 5.0), "{first:?}");
    assert!(later.iter().all(|units| (*units - 1.0).abs() < f64::EPSILON), "{later:?}");
    let per_second = |units: f64| (units / SLOT_SECONDS).round();
    let stores = STORES as f64;
    // The rows of the table in `docs/cost.md`.
    assert!((per_second(stores * (ITEMS_UNITS + SETTINGS_UNITS)) - 6_600.0).abs() < 1.0);
    for (environments, mean) in [(0, 22.0), (10, 29.0), (100, 88.0)] {
        let items = f64::from(environments) * ITEMS_UNITS;
        let units = items + stores * (later[0] + SETTINGS_UNITS);
        assert!((per_second(units) - mean).abs() < 1.0, "{environments}: {units}");
        // Environments that read the items at one time do it well within a pass.
        assert!(items / PARTITION_UNITS_PER_SECOND < PASS_SECONDS / 2.0, "{items}");
    }
}
