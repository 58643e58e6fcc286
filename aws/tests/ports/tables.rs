//! Creation of the tables, and the quarantine.

use aws::schema::{Schema, create_tables};
use domain::limits::QUARANTINE_BYTES_MAX;
use domain::ports::{QuarantineTable, StockLog};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};

use crate::samples::{at, entries, sale};
use crate::world::World;

/// Returns the keys and the time to live of each table, as the database describes them.
async fn described(world: &World) -> Vec<String> {
    let client = &world.clients.dynamodb;
    let mut described = Vec::new();
    let tables = client.list_tables().into_paginator().items().send();
    for table in &tables.collect::<Result<Vec<String>, _>>().await.unwrap() {
        let Some(name) = table.strip_prefix(&world.names.table_prefix) else { continue };
        let keys = client.describe_table().table_name(table).send().await.unwrap();
        let keys = keys.table.unwrap().key_schema.unwrap();
        let keys: Vec<&str> = keys.iter().map(|key| key.attribute_name.as_str()).collect();
        let expiry = client.describe_time_to_live().table_name(table).send().await.unwrap();
        let expiry = expiry.time_to_live_description.and_then(|it| it.attribute_name);
        let expiry = expiry.map_or(String::new(), |name| format!(", expires by {name}"));
        described.push(format!("{name}: {}{expiry}", keys.join(" and ")));
    }
    described.sort();
    described
}

const TABLES: &[&str] = &[
    "catalog: pk and sk",
    "clients: pk and sk",
    "days: pk and sk",
    "offers: pk and sk",
    "quarantine: pk and sk",
    "stock-log: pk and sk, expires by expires_at",
    "windows: pk and sk, expires by expires_at",
];

#[test]
fn the_definition_names_every_table() {
    let names = Schema::load().tables.into_iter().map(|table| table.name);
    let mut names: Vec<String> = names.collect();
    names.sort();
    let all = ["catalog", "clients", "days", "offers", "quarantine", "stock-log", "windows"];
    assert_eq!(names, all);
}

#[tokio::test]
async fn creating_the_tables_again_changes_nothing() {
    let world = World::without_tables();
    for _ in 0..2 {
        create_tables(&world.clients.dynamodb, &world.names).await.unwrap();
        assert_eq!(described(&world).await, TABLES);
    }
    let entries = entries(&[sale("e1", "rye", at("2026-03-12T15:17:00Z"))]);
    assert_eq!(world.tables().append(&entries).await, [Ok(())]);
    create_tables(&world.clients.dynamodb, &world.names).await.unwrap();
    assert_eq!(world.items("stock-log").await.len(), 1);
}

#[tokio::test]
async fn an_interrupted_creation_is_completed_by_the_next_one() {
    let world = World::without_tables();
    create_tables(&world.clients.dynamodb, &world.names).await.unwrap();
    let client = &world.clients.dynamodb;
    client.delete_table().table_name(world.names.table("offers")).send().await.unwrap();
    let off = aws_sdk_dynamodb::types::TimeToLiveSpecification::builder()
        .attribute_name("expires_at")
        .enabled(false)
        .build()
        .unwrap();
    let log = client.update_time_to_live().table_name(world.names.table("stock-log"));
    log.time_to_live_specification(off).send().await.unwrap();
    assert_ne!(described(&world).await, TABLES);
    create_tables(client, &world.names).await.unwrap();
    assert_eq!(described(&world).await, TABLES);
}

fn refused(reason: QuarantineReason, bytes: &[u8]) -> Quarantined {
    Quarantined {
        id: QuarantineId {
            date: "2026-03-12".parse().unwrap(),
            key: format!("shardId-000000000000#4959#{}", reason.as_str()),
        },
        reason,
        message: "the record is empty".to_owned(),
        at: at("2026-03-12T15:17:00.125Z"),
        bytes: bytes.to_vec(),
    }
}

#[tokio::test]
async fn a_refused_record_is_kept_once_with_its_bytes() {
    let world = World::start().await;
    for reason in QuarantineReason::ALL {
        for _ in 0..2 {
            world.tables().put_quarantined(&refused(*reason, &[0, 255, 10])).await.unwrap();
        }
    }
    let kept = world.items("quarantine").await;
    let reasons: Vec<&str> =
        kept.iter().map(|item| item["reason"].as_s().unwrap().as_str()).collect();
    let mut all: Vec<&str> = QuarantineReason::ALL.iter().map(|reason| reason.as_str()).collect();
    all.sort_unstable();
    assert_eq!(reasons, all);
    assert!(kept.iter().all(|item| item["bytes"].as_b().unwrap().as_ref() == [0, 255, 10]));
}

#[tokio::test]
async fn an_empty_record_is_kept_as_well() {
    let world = World::start().await;
    world.tables().put_quarantined(&refused(QuarantineReason::Unopenable, &[])).await.unwrap();
    let item = world.item("quarantine").await;
    assert_eq!(item["bytes"].as_b().unwrap().as_ref(), [0_u8; 0]);
    assert_eq!(item["byte_count"].as_n().unwrap(), "0");
}

#[tokio::test]
async fn a_record_larger_than_an_item_is_kept_whole_in_several() {
    let world = World::start().await;
    let quarantine = world.tables();
    // Largest record size that a stream can be configured for. Source: Kinesis quotas.
    for bytes in [QUARANTINE_BYTES_MAX, QUARANTINE_BYTES_MAX + 1, 10 * 1024 * 1024] {
        let record: Vec<u8> = (0..bytes).map(|at| (at % 251) as u8).collect();
        let large = refused(QuarantineReason::Unopenable, &record);
        let small = refused(QuarantineReason::InvalidEvent, b"beside it");
        quarantine.put_quarantined(&small).await.unwrap();
        for _ in 0..2 {
            quarantine.put_quarantined(&large).await.unwrap();
        }
        let items = world.items("quarantine").await.len();
        assert_eq!(items, 1 + bytes.div_ceil(QUARANTINE_BYTES_MAX));
        assert_eq!(quarantine.load_quarantined(&large.id).await, Ok(Some(large.clone())));
        assert_eq!(
            quarantine.query_quarantined(large.id.date).await,
            Ok(vec![small.clone(), large.clone()])
        );
        assert_eq!(quarantine.list_quarantined().await, Ok(vec![small.clone(), large.clone()]));
        quarantine.remove_quarantined(&large.id).await.unwrap();
        quarantine.remove_quarantined(&small.id).await.unwrap();
        assert_eq!(world.items("quarantine").await.len(), 0);
    }
}

#[tokio::test]
async fn a_record_that_lost_a_piece_is_unreadable_and_not_shorter() {
    let world = World::start().await;
    let large = refused(QuarantineReason::Unopenable, &vec![7; QUARANTINE_BYTES_MAX + 1]);
    world.tables().put_quarantined(&large).await.unwrap();
    let piece = QuarantineId { key: format!("{}~001", large.id.key), ..large.id.clone() };
    world.tables().remove_quarantined(&piece).await.unwrap();
    let message = world.tables().load_quarantined(&large.id).await.unwrap_err().to_string();
    assert!(message.contains("pieces are not all there"), "{message}");
}

#[tokio::test]
async fn entries_are_queried_by_day_loaded_by_id_and_removed() {
    let world = World::start().await;
    let quarantine = world.tables();
    let all: Vec<Quarantined> =
        QuarantineReason::ALL.iter().map(|reason| refused(*reason, &[0, 255])).collect();
    for refused in &all {
        quarantine.put_quarantined(refused).await.unwrap();
    }
    let (id, mut expected) = (all[0].id.clone(), all.clone());
    expected.sort_by(|a, b| a.id.cmp(&b.id));
    assert_eq!(quarantine.query_quarantined(id.date).await.unwrap(), expected);
    assert_eq!(quarantine.query_quarantined(id.date.succ_opt().unwrap()).await.unwrap(), []);
    assert_eq!(quarantine.list_quarantined().await.unwrap(), expected);
    assert_eq!(quarantine.load_quarantined(&id).await.unwrap(), Some(all[0].clone()));
    for _ in 0..2 {
        quarantine.remove_quarantined(&id).await.unwrap();
    }
    assert_eq!(quarantine.load_quarantined(&id).await.unwrap(), None);
    assert_eq!(quarantine.query_quarantined(id.date).await.unwrap().len(), all.len() - 1);
}
