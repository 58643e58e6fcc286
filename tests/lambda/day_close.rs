//! Close of day, invoked by the queue of its schedule.

use aws::Tables;
use chrono::{DateTime, TimeDelta, Utc};
use domain::ports::{CatalogTable, Saved, StockTable};
use domain::stock::{StockWindow, WindowKey};
use domain::{Acceptance, Event, Item, Store};
use processors::Closing;
use serde_json::json;

use crate::function::metrics;
use crate::queue::batch;
use crate::world::{World, now};

const DUE: &str = r#"{"store_id":"s1","due":"2026-03-12T14:15:00Z"}"#;

fn closing(world: &World, prefix: &str) -> Closing<Tables> {
    Closing { tables: world.tables(prefix) }
}

/// Prepares a store with events of the last two days. The store never closes, so that no day is
/// closed during the test.
async fn prepare(world: &World, prefix: &str, today: DateTime<Utc>) {
    world.create_tables(prefix).await;
    let tables = world.tables(prefix);
    let store = json!({ "store_id": "s1", "zone": "UTC", "hours": "mon-sun 00:00-00:00" });
    tables.put_store(&Store::parse(&store.to_string()).expect("valid")).await.expect("written");
    let item = json!({ "sku": "rye", "price": "3.90", "shelf_life_days": 3 }).to_string();
    tables.put_item(&Item::parse(&item).expect("valid")).await.expect("written");
    for (event_id, kind, quantity, hours) in [
        ("e1", "receipt", 40, 44),
        ("e2", "sale", 10, 40),
        ("e3", "sale", 5, 20),
        ("e4", "waste", 2, 2),
    ] {
        let event = json!({
            "event_id": event_id, "kind": kind, "store_id": "s1", "terminal_id": "t1",
            "sku": "rye", "quantity": quantity, "unit_price": "3.90", "currency": "EUR",
            "occurred_at": (today - TimeDelta::hours(hours)).to_rfc3339(),
        });
        let event = Event::parse(&event.to_string(), &Acceptance::at(today)).expect("valid");
        let mut row = StockWindow::new(WindowKey::of(&event));
        row.absorb(event);
        assert_eq!(tables.save_stock(&row, None).await, Ok(Saved::Done));
    }
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
    let closed = closing(&world, "here-").close_store(&store_id, now()).await.expect("closed");
    assert_eq!(closed.closed, 2);
    let rows = world.items("there-days").await;
    assert_eq!(rows.len(), 3, "two days and a history: {rows:#?}");
    assert_eq!(rows, world.items("here-days").await);

    let again = function.respond(batch([("s1", DUE)])).await;
    assert_eq!(again, json!({ "batchItemFailures": [] }));
    assert_eq!(world.items("there-days").await, rows);

    let metrics = metrics(&function.end(), "day-close-lambda");
    for counted in [
        r#"daymark_processor_days_total["day-close-lambda", "closed"] 2 Count"#,
        r#"daymark_processor_days_total["day-close-lambda", "unchanged"] 2 Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "to_sell"] [70.0] Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "received"] [40.0] Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "sold"] [15.0] Count"#,
        r#"daymark_processor_day_units["day-close-lambda", "wasted"] [2.0] Count"#,
    ] {
        assert_eq!(metrics.iter().filter(|metric| *metric == counted).count(), 1, "{metrics:#?}");
    }
}

#[tokio::test]
async fn the_message_of_a_store_that_cannot_be_closed_is_redelivered() {
    let world = World::start();
    let mut function = world.function("day-close-lambda", "there-").await;
    let response = function.respond(batch([("s1", DUE), ("s1", DUE)])).await;
    let failures = ["m0", "m1"].map(|id| json!({ "itemIdentifier": id }));
    assert_eq!(response, json!({ "batchItemFailures": failures }));
    let counted = r#"daymark_processor_close_failed_total["day-close-lambda"] 1 Count"#;
    assert_eq!(metrics(&function.end(), "day-close-lambda"), [counted], "the second one waits");
}
