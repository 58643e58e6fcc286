//! Schedules: a tick sends the due stores.

use aws_sdk_dynamodb::types::AttributeValue;
use domain::ports::{CatalogTable, LogEntry, StockLog};
use domain::{Chain, Store};
use serde_json::{Value, json};

use crate::function::{RunningFunction, metrics};
use crate::queue::Queue;
use crate::runtime_api::Answer;
use crate::world::World;

/// Request of EventBridge Scheduler.
fn tick(due: &str) -> Value {
    json!({ "due": due })
}

async fn put_stores(world: &World, stores: impl IntoIterator<Item = (String, &str)>) {
    let tables = world.tables("shop-");
    for (store_id, policy) in stores {
        let store = format!(
            r#"{{"store_id": "{store_id}", "zone": "Europe/Berlin",
                "hours": "mon-sat 07:00-18:30", "policy": {policy}}}"#
        );
        tables.put_store(&Store::parse(&store).expect("valid")).await.expect("written");
    }
}

async fn schedule(world: &World, binary: &str, queue: &Queue) -> RunningFunction {
    let variables =
        [("AWS_ENDPOINT_URL_SQS", queue.endpoint.as_str()), ("DAYMARK_QUEUE_URL", &queue.url)];
    world.function_with(binary, "shop-", &variables).await
}

#[tokio::test]
async fn a_tick_sends_each_store_in_its_afternoon_once_and_in_a_group_of_its_own() {
    let world = World::start();
    world.create_tables("shop-").await;
    let queue = Queue::start().await;
    let mut function = schedule(&world, "pricing-schedule-lambda", &queue).await;
    assert_eq!(function.respond(tick("2026-03-12T14:15:00Z")).await, json!({ "stores": 0 }));

    let stores = [("s1", "{}"), ("s2", r#"{"enabled": false}"#), ("s3", "{}")];
    put_stores(&world, stores.map(|(store, policy)| (store.to_owned(), policy))).await;
    // A repeated slot, and a slot before the afternoon: Berlin is an hour ahead of UTC.
    for (due, stores) in
        [("2026-03-12T14:15:00Z", 2), ("2026-03-12T14:29:59Z", 2), ("2026-03-12T12:45:00Z", 0)]
    {
        assert_eq!(function.respond(tick(due)).await, json!({ "stores": stores }), "{due}");
    }
    let message = |store: &str| {
        let due = "2026-03-12T14:15:00Z";
        let body = format!(r#"{{"due":"{due}","store_id":"{store}"}}"#);
        [store.to_owned(), format!("{store}@{due}"), body]
    };
    assert_eq!(queue.messages(), ["s1", "s3"].map(message));

    let metrics = metrics(&function.end(), "pricing-schedule-lambda");
    let counted = r#"daymark_pricing_due_total["pricing-schedule-lambda"] 2 Count"#;
    assert_eq!(metrics, [counted; 2]);
}

#[tokio::test]
async fn a_chain_that_is_switched_off_sends_nothing() {
    let world = World::start();
    world.create_tables("shop-").await;
    let queue = Queue::start().await;
    put_stores(&world, [("s1".to_owned(), "{}")]).await;
    let tables = world.tables("shop-");
    let chain = Chain::parse(r#"{"chain": "Shops", "enabled": false}"#).expect("valid");
    tables.put_chain(&chain).await.expect("written");
    let mut function = schedule(&world, "pricing-schedule-lambda", &queue).await;
    assert_eq!(function.respond(tick("2026-03-12T14:15:00Z")).await, json!({ "stores": 0 }));
    assert_eq!(queue.calls(), 0);
}

#[tokio::test]
async fn hundreds_of_stores_are_sent_ten_per_call_and_refused_messages_are_sent_again() {
    let world = World::start();
    world.create_tables("shop-").await;
    let queue = Queue::start().await;
    put_stores(&world, (0..205).map(|store| (format!("{store:03}"), "{}"))).await;
    queue.leave_out(7, false);
    let mut function = schedule(&world, "pricing-schedule-lambda", &queue).await;
    assert_eq!(function.respond(tick("2026-03-12T14:15:00Z")).await, json!({ "stores": 205 }));
    assert_eq!(queue.messages().len(), 205);
    assert!((22..=23).contains(&queue.calls()), "{} calls", queue.calls());
}

#[tokio::test]
async fn a_tick_that_cannot_send_is_an_error_with_its_reason() {
    let world = World::start();
    let queue = Queue::start().await;
    let mut function = schedule(&world, "pricing-schedule-lambda", &queue).await;
    let mut fail = async || {
        let Answer::Error(error) = function.invoke(tick("2026-03-12T14:15:00Z")).await else {
            panic!("it went well")
        };
        error["errorMessage"].as_str().expect("a message").to_owned()
    };
    assert!(fail().await.starts_with("refused: ResourceNotFoundException: "), "no tables");
    world.create_tables("shop-").await;
    put_stores(&world, [("s1".to_owned(), "{}")]).await;
    queue.leave_out(1, true);
    assert_eq!(fail().await, "refused: InvalidParameterValue: not now");
    assert_eq!(queue.calls(), 1, "what the sender did wrong is not sent again");
    queue.leave_out(usize::MAX, false);
    assert_eq!(fail().await, "throttled: 1 stores not taken: InternalError: not now");
}

#[tokio::test]
async fn an_unreadable_store_is_sent_and_blocks_no_other() {
    let world = World::start();
    world.create_tables("shop-").await;
    let queue = Queue::start().await;
    put_stores(&world, ["s1", "s2"].map(|store| (store.to_owned(), "{}"))).await;
    let damage = world.clients.dynamodb.put_item().table_name("shop-catalog");
    let damage = damage
        .item("pk", AttributeValue::S("store#s1".to_owned()))
        .item("sk", AttributeValue::S("settings".to_owned()))
        .item("entry", AttributeValue::S("{}".to_owned()));
    damage.send().await.expect("written");
    let mut function = schedule(&world, "pricing-schedule-lambda", &queue).await;
    assert_eq!(function.respond(tick("2026-03-12T14:15:00Z")).await, json!({ "stores": 2 }));
    assert_eq!(queue.messages().len(), 2, "who prices it says what is wrong with it");
}

#[tokio::test]
async fn every_slot_of_the_opening_hours_sends_a_store_and_four_hours_of_the_night_once() {
    let world = World::start();
    world.create_tables("shop-").await;
    let queue = Queue::start().await;
    put_stores(&world, (0..40).map(|store| (format!("{store:02}"), "{}"))).await;
    let mut function = schedule(&world, "day-close-schedule-lambda", &queue).await;
    for hour in 0..4 {
        for minute in ["00", "15", "30", "45"] {
            function.respond(tick(&format!("2026-03-12T0{hour}:{minute}:00Z"))).await;
        }
    }
    let mut stores: Vec<_> = queue.messages().into_iter().map(|[store, ..]| store).collect();
    stores.sort();
    assert_eq!(stores, (0..40).map(|store| format!("{store:02}")).collect::<Vec<_>>());

    for slot in ["2026-03-12T10:00:00Z", "2026-03-12T10:15:00Z", "2026-03-12T17:45:00Z"] {
        assert_eq!(function.respond(tick(slot)).await, json!({ "stores": 40 }), "{slot}");
    }
}

#[tokio::test]
async fn a_store_that_sends_events_and_is_in_no_catalogue_is_sent_every_hour() {
    let world = World::start();
    world.create_tables("shop-").await;
    let queue = Queue::start().await;
    put_stores(&world, [("listed".to_owned(), "{}")]).await;
    let active = ["2026-03-11", "2026-03-12"].map(|date| LogEntry::ActiveStore {
        stored_on: date.parse().expect("a date"),
        store_id: "unlisted".parse().expect("an id"),
    });
    let appended = world.tables("shop-").append(&active).await;
    assert_eq!(appended, [Ok(()), Ok(())]);
    let mut function = schedule(&world, "day-close-schedule-lambda", &queue).await;
    for hour in ["00", "01"] {
        for minute in ["00", "15", "30", "45"] {
            function.respond(tick(&format!("2026-03-12T{hour}:{minute}:00Z"))).await;
        }
    }
    let stores = queue.messages().into_iter().map(|[store, ..]| store);
    assert_eq!(stores.filter(|store| store == "unlisted").count(), 2);
}
