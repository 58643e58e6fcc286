//! Close of day, invoked by the queue of its schedule.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::CatalogTable;
use domain::{Acceptance, Event, Item, Store};
use processors::visit_store;
use serde_json::json;

use crate::function::metrics;
use crate::queue::batch;
use crate::world::{World, append_events, kinesis_event, now};

const DUE: &str = r#"{"store_id":"s1","due":"2026-03-12T14:15:00Z"}"#;

/// Prepares a store with events of the last two days. The store never closes, so that no day is
/// closed during the test.
async fn prepare(world: &World, prefix: &str, today: DateTime<Utc>) {
    world.create_tables(prefix).await;
    let tables = world.tables(prefix);
    let store = json!({ "store_id": "s1", "zone": "UTC", "hours": "mon-sun 00:00-00:00" });
    tables.put_store(&Store::parse(&store.to_string()).expect("valid")).await.expect("written");
    let item = json!({ "sku": "rye", "price": "3.90", "shelf_life_days": 3 }).to_string();
    tables.put_item(&Item::parse(&item).expect("valid")).await.expect("written");
    append_events(&tables, &two_days("s1", today), today).await;
}

/// Events of four windows of the two dates before `today`.
fn two_days(store: &str, today: DateTime<Utc>) -> [Event; 4] {
    [
        ("e1", "receipt", 40, 44),
        ("e2", "sale", 10, 40),
        ("e3", "sale", 5, 20),
        ("e4", "waste", 2, 2),
    ]
    .map(|(event_id, kind, quantity, hours)| {
        let event = json!({
            "event_id": event_id, "kind": kind, "store_id": store, "terminal_id": "t1",
            "sku": "rye", "quantity": quantity, "unit_price": "3.90", "currency": "EUR",
            "occurred_at": (today - TimeDelta::hours(hours)).to_rfc3339(),
        });
        Event::parse(&event.to_string(), &Acceptance::at(today)).expect("valid")
    })
}

/// Returns the last midnight after which a day can be closed.
fn midnight() -> DateTime<Utc> {
    let settled = now() - TimeDelta::minutes(5);
    settled.date_naive().and_time(chrono::NaiveTime::MIN).and_utc()
}

#[tokio::test]
async fn a_message_leaves_the_rows_that_the_same_code_leaves_in_process() {
    let world = World::start();
    let today = midnight();
    prepare(&world, "here-", today).await;
    prepare(&world, "there-", today).await;
    let mut function = world.function("day-close-lambda", "there-").await;
    let response = function.respond(batch([("s1", DUE)])).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    let store_id = "s1".parse().expect("an id");
    let tables = world.tables("here-");
    let (rolled_up, closed) = visit_store(&tables, &store_id, now()).await.expect("visited");
    assert_eq!((rolled_up.written, closed.closed), (4, 2));
    let rows = world.items("there-days").await;
    assert_eq!(rows.len(), 3, "two days and a history: {rows:#?}");
    assert_eq!(rows, world.items("here-days").await);
    let windows = world.items("there-windows").await;
    assert_eq!(windows.len(), 4, "one for each event: {windows:#?}");
    assert_eq!(windows, world.items("here-windows").await);
    assert_eq!(progress(&world, "there-").await, progress(&world, "here-").await);

    let again = function.respond(batch([("s1", DUE)])).await;
    assert_eq!(again, json!({ "batchItemFailures": [] }));
    assert_eq!(world.items("there-days").await, rows);
    assert_eq!(world.items("there-windows").await, windows);

    let metrics = metrics(&function.end(), "day-close-lambda");
    for counted in [
        r#"daymark_processor_days_total["day-close-lambda", "closed"] 2 Count"#,
        r#"daymark_processor_window_rows_total["day-close-lambda", "written"] 4 Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "to_sell"] [40.0,30.0] Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "received"] [40.0] Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "sold"] [10.0,5.0] Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "wasted"] [2.0] Count"#,
    ] {
        assert_eq!(metrics.iter().filter(|metric| *metric == counted).count(), 1, "{metrics:#?}");
    }
}

/// Returns the sort keys of the states and marks in the log.
async fn progress(world: &World, prefix: &str) -> Vec<String> {
    let items = world.items(&format!("{prefix}stock-log")).await;
    let text = |item: &HashMap<_, AttributeValue>, name| item[name].as_s().expect("a key").clone();
    let keys = items.iter().map(|item| [text(item, "pk"), text(item, "sk")]);
    keys.filter(|[partition, _]| partition == "s1#late").map(|[_, key]| key).collect()
}

#[tokio::test]
async fn a_late_event_after_a_visit_changes_its_window_and_its_day_at_the_next() {
    let world = World::start();
    let today = midnight();
    prepare(&world, "", today).await;
    let mut function = world.function("day-close-lambda", "").await;
    function.respond(batch([("s1", DUE)])).await;
    let before = [world.items("windows").await, world.items("days").await];

    let late = json!({
        "event_id": "e5", "kind": "sale", "store_id": "s1", "terminal_id": "t2", "sku": "rye",
        "quantity": 3, "unit_price": "3.90", "currency": "EUR",
        "occurred_at": (today - TimeDelta::hours(20)).to_rfc3339(),
    });
    let acceptance = Acceptance::at(today);
    let late = Event::parse(&late.to_string(), &acceptance).expect("valid");
    let record = domain::record::pack("s1", &[late]).data;
    let record = domain::Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: domain::SequenceNumber::new("1"),
        partition_key: "s1".to_owned(),
        arrived_at: now(),
        data: record.to_vec(),
    };
    let mut processor = world.function("processor-lambda", "").await;
    let response = processor.respond(kinesis_event(&[record])).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }));

    function.respond(batch([("s1", DUE)])).await;
    let after = [world.items("windows").await, world.items("days").await];
    assert_eq!(after.each_ref().map(Vec::len), before.each_ref().map(Vec::len));
    assert_ne!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    let sold: Vec<&str> =
        after[1].iter().filter_map(|row| Some(row.get("sold")?.as_n().ok()?.as_str())).collect();
    assert_eq!(sold, ["10", "8"]);
}

#[tokio::test]
async fn a_store_that_is_in_no_catalogue_gets_its_windows_and_no_days() {
    let world = World::start();
    let today = midnight();
    prepare(&world, "", today).await;
    append_events(&world.tables(""), &two_days("s2", today), today).await;
    let mut function = world.function("day-close-lambda", "").await;
    let due = DUE.replace("s1", "s2");
    let response = function.respond(batch([("s2", due.as_str())])).await;
    assert_eq!(response, json!({ "batchItemFailures": [] }));
    assert_eq!(world.items("windows").await.len(), 4);
    assert_eq!(world.items("days").await, Vec::new());
}

#[tokio::test]
async fn the_message_of_a_store_that_cannot_be_closed_is_redelivered() {
    let world = World::start();
    let mut function = world.function("day-close-lambda", "there-").await;
    let response = function.respond(batch([("s1", DUE), ("s1", DUE)])).await;
    let failures = ["m0", "m1"].map(|id| json!({ "itemIdentifier": id }));
    assert_eq!(response, json!({ "batchItemFailures": failures }));
    let counted = ["close_failed", "rollup_failed"]
        .map(|name| format!("daymark_processor_{name}_total[\"day-close-lambda\"] 1 Count"));
    assert_eq!(metrics(&function.end(), "day-close-lambda"), counted, "the second one waits");
}
