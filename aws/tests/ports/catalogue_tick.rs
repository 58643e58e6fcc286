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
/// Default of `pricingConcurrency` in `cdk/`, and the value that `docs/deploy.md` names for ten
/// thousand stores.
const ENVIRONMENTS: [usize; 2] = [10, 100];
const ITEMS: usize = 8_000;
const STORES: usize = 10_000;
const SLOT_SECONDS: f64 = 900.0;
/// Read units of the chain's settings, which a pricing pass reads from the same partition.
const SETTINGS_UNITS: f64 = 1.0;

/// Writes items of the chain, 25 in a call, with names and costs of a usual length.
async fn fill(world: &World) {
    let numbers: Vec<usize> = (0..ITEMS).collect();
    for numbers in numbers.chunks(25) {
        let requests = numbers.iter().map(|number| {
            let entry = item(&json!({
                "sku": format!("40{number:011}"), "price": "3.90", "cost": "1.10",
                "name": format!("Roggenmischbrot {number}"), "category": "bread",
            }));
            let entry = ("entry".to_owned(), AttributeValue::S(entry.to_json()));
            let put = PutRequest::builder()
                .set_item(Some(keyed(&format!("item#40{number:011}"), [entry])))
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
    assert!(first.iter().all(|units| (600.0..700.0).contains(units)), "{first:?}");
    assert!(later.iter().all(|units| (*units - 1.0).abs() < f64::EPSILON), "{later:?}");
    let before = STORES as f64 * (first[0] - 1.0 + SETTINGS_UNITS) / SLOT_SECONDS;
    assert!(before > 2.0 * PARTITION_UNITS_PER_SECOND, "{before}");
    for environments in ENVIRONMENTS {
        let cold = environments as f64 * (first[0] - 1.0);
        let units = cold + STORES as f64 * (1.0 + SETTINGS_UNITS);
        let per_second = units / SLOT_SECONDS;
        assert!(per_second < PARTITION_UNITS_PER_SECOND / 20.0, "{per_second}");
        // All environments read the items at the start of the slot.
        assert!(cold / PARTITION_UNITS_PER_SECOND < 45.0, "{cold}");
    }
}
