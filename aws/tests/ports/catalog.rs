//! The catalogue: a store's own entries before the chain's.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{CatalogTable, Failure};
use domain::{Chain, Item, Sku};
use serde_json::json;

use crate::samples::{item, store};
use crate::world::World;

fn skus_and_prices(items: &[domain::Item]) -> Vec<String> {
    items.iter().map(|item| format!("{} {}", item.sku, item.price)).collect()
}

#[tokio::test]
async fn entries_come_back_as_they_were_written() {
    let world = World::start().await;
    let catalog = world.tables();
    let bare = item(&json!({ "sku": "bun", "price": "0.60" }));
    let whole = item(&json!({
        "sku": "rye", "store_id": "s1", "name": "Roggenbrot \"groß\" 🥖", "category": "bread",
        "price": "3.900", "currency": "KWD", "cost": 1, "shelf_life_days": 3,
        "ladder_percent": [0, 25, 50], "floor": "0.5", "no_discount": true,
        "salvage_value": "-0.125", "portion": "0.1", "elasticity": 3,
    }));
    for item in [&bare, &whole] {
        catalog.put_item(item).await.unwrap();
    }
    catalog.put_store(&store("s1")).await.unwrap();
    let store_id = "s1".parse().unwrap();
    assert_eq!(catalog.load_items(&store_id).await, Ok(vec![bare, whole]));
    assert_eq!(catalog.load_store(&store_id).await, Ok(Some(store("s1"))));
    assert_eq!(catalog.load_store(&"s2".parse().unwrap()).await, Ok(None));
}

#[tokio::test]
async fn the_chain_is_one_entry_beside_its_items_and_stores() {
    let world = World::start().await;
    let catalog = world.tables();
    assert_eq!(catalog.load_chain().await, Ok(Chain::default()));
    catalog.put_store(&store("settings")).await.unwrap();
    catalog.put_item(&item(&json!({ "sku": "settings", "price": 1 }))).await.unwrap();
    for enabled in ["true", "false"] {
        let entry = format!(r#"{{"chain":"W","enabled":{enabled},"perishables_exempt":"DE"}}"#);
        let chain = Chain::parse(&entry).unwrap();
        catalog.put_chain(&chain).await.unwrap();
        assert_eq!(catalog.load_chain().await, Ok(chain));
    }
    assert_eq!(catalog.list_stores().await.unwrap().len(), 1);
    assert_eq!(catalog.load_items(&"s1".parse().unwrap()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_stores_own_entry_counts_before_the_chains() {
    let world = World::start().await;
    let catalog = world.tables();
    for entry in [
        json!({ "sku": "rye", "price": 3, "store_id": "s1" }),
        json!({ "sku": "rye", "price": 4 }),
        json!({ "sku": "bun", "price": 1 }),
        json!({ "sku": "cake", "price": 9, "store_id": "s2" }),
    ] {
        catalog.put_item(&item(&entry)).await.unwrap();
    }
    let of = async |store_id: &str| {
        let items = catalog.load_items(&store_id.parse().unwrap()).await;
        skus_and_prices(&items.unwrap())
    };
    assert_eq!(of("s1").await, ["bun 1.00", "rye 3.00"]);
    assert_eq!(of("s2").await, ["bun 1.00", "cake 9.00", "rye 4.00"]);
    assert_eq!(of("unknown").await, ["bun 1.00", "rye 4.00"]);
}

#[tokio::test]
async fn entries_of_items_are_loaded_and_removed_by_their_owner() {
    let world = World::start().await;
    let catalog = world.tables();
    let store_id = "s1".parse().unwrap();
    for entry in [
        json!({ "sku": "rye", "price": 3, "store_id": "s1" }),
        json!({ "sku": "rye", "price": 4 }),
        json!({ "sku": "bun", "price": 1 }),
    ] {
        catalog.put_item(&item(&entry)).await.unwrap();
    }
    let damaged = HashMap::from([
        ("pk".to_owned(), AttributeValue::S("chain".to_owned())),
        ("sk".to_owned(), AttributeValue::S("item#cake".to_owned())),
        ("entry".to_owned(), AttributeValue::S("{}".to_owned())),
    ]);
    world.put("catalog", damaged).await;
    let of = async |owner| {
        let entries = catalog.load_item_entries(owner).await.unwrap();
        let text = |(sku, item): (Sku, Result<Item, Failure>)| {
            format!("{sku} {}", item.map_or("unreadable".to_owned(), |item| item.price.to_string()))
        };
        entries.into_iter().map(text).collect::<Vec<_>>()
    };
    assert_eq!(of(Some(&store_id)).await, ["rye 3.00"]);
    assert_eq!(of(None).await, ["bun 1.00", "cake unreadable", "rye 4.00"]);
    for sku in ["rye", "cake", "missing"] {
        catalog.remove_item(None, &sku.parse().unwrap()).await.unwrap();
    }
    assert_eq!(of(Some(&store_id)).await, ["rye 3.00"]);
    assert_eq!(of(None).await, ["bun 1.00"]);
}

#[tokio::test]
async fn a_removed_store_is_no_longer_listed_and_a_removed_chain_has_its_defaults() {
    let world = World::start().await;
    let catalog = world.tables();
    let [first, second] = ["s1", "s2"].map(|id| id.parse().unwrap());
    for id in ["s1", "s2"] {
        catalog.put_store(&store(id)).await.unwrap();
    }
    catalog.put_chain(&Chain::parse(r#"{"chain":"W"}"#).unwrap()).await.unwrap();
    for _ in 0..2 {
        catalog.remove_store(&first).await.unwrap();
        catalog.remove_chain().await.unwrap();
    }
    assert_eq!(catalog.list_stores().await, Ok(vec![second]));
    assert_eq!(catalog.load_store(&first).await, Ok(None));
    assert_eq!(catalog.load_chain().await, Ok(Chain::default()));
}

#[tokio::test]
async fn the_last_entry_of_an_item_counts() {
    let world = World::start().await;
    for price in [3, 2] {
        let entry = item(&json!({ "sku": "rye", "price": price }));
        world.tables().put_item(&entry).await.unwrap();
    }
    let items = world.tables().load_items(&"s1".parse().unwrap()).await.unwrap();
    assert_eq!(skus_and_prices(&items), ["rye 2.00"]);
}

#[tokio::test]
async fn stores_are_listed_by_id_each_once() {
    let world = World::start().await;
    assert_eq!(world.tables().list_stores().await, Ok(vec![]));
    // An id may look like a key of the table.
    let ids = ["s2", "s1", "settings", "chain", "s11", "store", "s1"];
    for id in ids {
        world.tables().put_store(&store(id)).await.unwrap();
    }
    world.tables().put_item(&item(&json!({ "sku": "store", "price": 1 }))).await.unwrap();
    let stores = world.tables().list_stores().await.unwrap();
    let stores: Vec<&str> = stores.iter().map(domain::StoreId::as_str).collect();
    assert_eq!(stores, ["chain", "s1", "s11", "s2", "settings", "store"]);
}

#[tokio::test]
async fn more_items_than_one_page_are_all_there() {
    let world = World::start().await;
    let name = "x".repeat(50_000);
    for n in 10..40 {
        let entry = item(&json!({ "sku": n.to_string(), "price": 1, "name": name }));
        world.tables().put_item(&entry).await.unwrap();
    }
    assert_eq!(world.tables().load_items(&"s1".parse().unwrap()).await.unwrap().len(), 30);
}
