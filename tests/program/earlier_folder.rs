//! Data folders of versions before the stock log: their events are counted again from the stream.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use chrono::{DateTime, Utc};

use crate::support::{ApiClient, UpProcess, daymark, event, eventually, now, run};
use crate::up::clients;

const EARLIER: &str = "daymark-stock";

/// Creates a folder with twelve events in the stream, checkpoints behind them, the earlier table,
/// and no stock log.
fn earlier_folder(at: DateTime<Utc>) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let up = UpProcess::start(&["--data", &data]);
    let api = ApiClient::new(&up);
    for number in 0..12 {
        // A request each, so that both shards get records.
        let store = if number % 2 == 0 { "corner" } else { "market" };
        assert_eq!(api.post(&event(store, &format!("e-{number}"), "rye", at)).stored(), 1);
    }
    for store in ["corner", "market"] {
        up.wait_for(store, at.date_naive(), "rye", ("received", "6"));
    }
    create_earlier_table(&up);
    for table in ["daymark-stock-log", "daymark-windows"] {
        run(clients(&up).dynamodb.delete_table().table_name(table).send()).expect("deleted");
    }
    assert_eq!(up.interrupt().code, Some(0));
    (folder, data)
}

fn create_earlier_table(up: &UpProcess) {
    let mut create = clients(up).dynamodb.create_table().table_name(EARLIER);
    for (name, key) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        let attribute = attribute.attribute_type(ScalarAttributeType::S).build();
        let schema = KeySchemaElement::builder().attribute_name(name).key_type(key).build();
        create = create
            .attribute_definitions(attribute.expect("complete"))
            .key_schema(schema.expect("complete"));
    }
    run(create.billing_mode(BillingMode::PayPerRequest).send()).expect("created");
    let row = clients(up).dynamodb.put_item().table_name(EARLIER);
    let row = row.item("pk", AttributeValue::S("corner#2026-03-12".to_owned()));
    run(row.item("sk", AttributeValue::S("rye#15:15".to_owned())).send()).expect("written");
}

fn tables(up: &UpProcess) -> Vec<String> {
    run(clients(up).dynamodb.list_tables().send()).expect("a list").table_names.unwrap_or_default()
}

/// Waits until the folder is moved, and compares the stock.
#[track_caller]
fn assert_moved(up: &UpProcess, at: DateTime<Utc>) {
    eventually("the earlier table is deleted", || {
        let tables = tables(up);
        let is_there = tables.iter().any(|table| table == EARLIER);
        if is_there { Err(format!("{tables:?}")) } else { Ok(()) }
    });
    for store in ["corner", "market"] {
        assert_eq!(up.stock(store, at.date_naive())["rye"]["received"], "6", "{store}");
    }
}

#[test]
fn the_events_of_an_earlier_folder_are_in_the_log_before_its_table_is_deleted() {
    let at = now();
    let (_folder, data) = earlier_folder(at);
    let up = UpProcess::start(&["--data", &data]);
    // Tills send meanwhile.
    assert_eq!(ApiClient::new(&up).post(&event("corner", "new", "seed", at)).stored(), 1);
    assert_moved(&up, at);
    up.wait_for("corner", at.date_naive(), "seed", ("received", "1"));
    let notes = up.interrupt().err;
    for told in [
        "the data folder is of an earlier version",
        "no store is priced or closed",
        "the stock log has 1",
        "The table daymark-stock is deleted",
    ] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    // The next start is as any other.
    let up = UpProcess::start(&["--data", &data]);
    assert_moved(&up, at);
    assert!(!up.interrupt().err.contains("earlier version"));
}

#[test]
fn a_kill_at_any_instant_leaves_a_folder_that_the_next_start_moves() {
    let at = now();
    for millis in [30, 120, 250, 400, 600, 900] {
        let (_folder, data) = earlier_folder(at);
        let arguments = ["--data", &data];
        UpProcess::kill_while_it_starts(&[], &arguments, Duration::from_millis(millis));
        assert_moved(&UpProcess::start(&arguments), at);
    }
}

#[test]
fn a_folder_without_the_earlier_table_still_needs_its_log() {
    let at = now();
    let (_folder, data) = earlier_folder(at);
    let up = UpProcess::start(&["--data", &data]);
    assert_moved(&up, at);
    let delete = clients(&up).dynamodb.delete_table().table_name("daymark-stock-log");
    run(delete.send()).expect("deleted");
    assert_eq!(up.interrupt().code, Some(0));
    let message = daymark(["up", "--port", "0", "--data", &data]).failure();
    assert!(message.contains("holds no table daymark-stock-log,"), "{message}");
}
