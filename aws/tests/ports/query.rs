//! Queries: pages, items, bounds, expiry.

use chrono::{DateTime, TimeDelta, Utc};
use domain::Sku;
use domain::limits::STOCK_KEPT;
use domain::ports::{Saved, StockTable};
use domain::stock::StockWindow;

use crate::samples::{at, event, row, row_at};
use crate::world::World;

const NOON: &str = "2026-03-12T12:00:00Z";

async fn stored<const N: usize>(rows: [StockWindow; N]) -> World {
    let world = World::start().await;
    for row in rows {
        assert_eq!(world.tables().save_stock(&row, None).await, Ok(Saved::Done));
    }
    world
}

/// Returns the rows of a query of store s1 at noon, each as `sku date-and-time`.
async fn asked(world: &World, sku: Option<&str>, since: &str, until: &str) -> Vec<String> {
    let sku = sku.map(|sku| sku.parse::<Sku>().expect("a sku"));
    asked_at(world, sku, since, until, at(NOON)).await
}

async fn asked_at(
    world: &World,
    sku: Option<Sku>,
    since: &str,
    until: &str,
    now: DateTime<Utc>,
) -> Vec<String> {
    let store_id = "s1".parse().expect("a store");
    let rows = world.tables().query_stock(&store_id, sku.as_ref(), at(since), at(until), now).await;
    let name = |row: &StockWindow| format!("{} {}", row.key().sku, row.key().window);
    rows.expect("readable rows").iter().map(name).collect()
}

#[tokio::test]
async fn more_rows_than_one_page_come_whole_and_in_order() {
    let world = World::start().await;
    let start = at("2026-03-12T08:00:00Z");
    let lot = "x".repeat(20);
    let large = |hour: i64| {
        row((0_i64..1_300).map(|n| {
            event(&serde_json::json!({
                "event_id": format!("{n:0>64}"), "kind": "receipt", "store_id": "s1",
                "terminal_id": "t1", "sku": "rye", "quantity": 1, "lot": lot,
                "occurred_at": start + TimeDelta::hours(hour) + TimeDelta::milliseconds(n),
            }))
        }))
    };
    let rows: Vec<StockWindow> = (0..12).map(large).collect();
    for row in rows.iter().rev() {
        assert_eq!(world.tables().save_stock(row, None).await, Ok(Saved::Done));
    }
    let page = world.clients.dynamodb.scan().table_name(world.names.table("stock")).send().await;
    assert!(page.unwrap().last_evaluated_key.is_some(), "the rows are more than a page");
    let (since, until) = (at("2026-03-12T00:00:00Z"), at("2026-03-13T00:00:00Z"));
    let asked =
        world.tables().query_stock(&"s1".parse().unwrap(), None, since, until, at(NOON)).await;
    assert!(asked.unwrap() == rows);
}

#[tokio::test]
async fn an_item_is_not_mistaken_for_one_whose_name_begins_the_same() {
    let on = "2026-03-12T10:00:00Z";
    let world = stored(["A", "AB", "A-", "A.1", "a"].map(|sku| row_at(sku, on))).await;
    let day = ("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z");
    for sku in ["A", "AB", "A-", "A.1", "a"] {
        let asked = asked(&world, Some(sku), day.0, day.1).await;
        assert_eq!(asked, [format!("{sku} 2026-03-12T10:00Z")]);
    }
    assert_eq!(asked(&world, Some("A."), day.0, day.1).await, [""; 0]);
    assert_eq!(asked(&world, None, day.0, day.1).await.len(), 5);
}

#[tokio::test]
async fn a_store_is_not_mistaken_for_another() {
    let mut other = serde_json::json!({
        "event_id": "e1", "kind": "receipt", "terminal_id": "t1", "sku": "rye", "quantity": 1,
        "occurred_at": "2026-03-12T10:00:00Z",
    });
    other["store_id"] = "s11".into();
    let world = stored([row([event(&other)])]).await;
    let asked = asked(&world, None, "2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z").await;
    assert_eq!(asked, [""; 0]);
}

#[tokio::test]
async fn the_bounds_hold_across_midnight() {
    let world = stored(
        ["11T23:50", "11T23:55", "12T00:00", "12T00:05", "13T00:00"]
            .map(|time| row_at("rye", &format!("2026-03-{time}:00Z"))),
    )
    .await;
    let asked = async |since: &str, until: &str| {
        let until = format!("2026-03-{until}:00Z");
        asked(&world, Some("rye"), &format!("2026-03-{since}:00Z"), &until).await
    };
    let rows = |times: &[&str]| {
        times.iter().map(|time| format!("rye 2026-03-{time}Z")).collect::<Vec<_>>()
    };
    assert_eq!(asked("11T23:55", "12T00:05").await, rows(&["11T23:55", "12T00:00"]));
    assert_eq!(asked("11T23:54", "12T00:00").await, rows(&["11T23:55"]));
    assert_eq!(asked("11T23:56", "12T00:01").await, rows(&["12T00:00"]));
    assert_eq!(asked("12T00:05", "13T00:00").await, rows(&["12T00:05"]));
    assert_eq!(asked("12T00:05", "13T00:01").await, rows(&["12T00:05", "13T00:00"]));
    assert_eq!(asked("12T00:05", "12T00:05").await, rows(&[]));
    assert_eq!(asked("13T00:00", "11T00:00").await, rows(&[]));
}

#[tokio::test]
async fn rows_of_all_items_come_by_item_and_then_by_window() {
    let world = stored([
        row_at("rye", "2026-03-12T00:10:00Z"),
        row_at("rye", "2026-03-11T23:10:00Z"),
        row_at("bun", "2026-03-12T01:10:00Z"),
    ])
    .await;
    let asked = asked(&world, None, "2026-03-11T00:00:00Z", "2026-03-13T00:00:00Z").await;
    assert_eq!(asked, ["bun 2026-03-12T01:10Z", "rye 2026-03-11T23:10Z", "rye 2026-03-12T00:10Z"]);
}

#[tokio::test]
async fn an_expired_row_is_left_out_though_it_is_still_stored() {
    let world = stored([row_at("rye", "2026-03-12T10:00:00Z")]).await;
    let expires_at = at("2026-03-12T10:05:00Z") + STOCK_KEPT;
    let day = ("2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z");
    let asked = async |now| asked_at(&world, None, day.0, day.1, now).await.len();
    assert_eq!(asked(expires_at - TimeDelta::seconds(1)).await, 1);
    assert_eq!(asked(expires_at).await, 0);
    assert_eq!(world.items("stock").await.len(), 1);
}

#[tokio::test]
async fn history_never_expires_when_it_is_kept_forever() {
    let world = World::start().await;
    let row = row_at("rye", "2001-03-12T10:00:00Z");
    assert_eq!(world.tables().for_events_up_to(None).save_stock(&row, None).await, Ok(Saved::Done));
    let day = ("2001-03-12T00:00:00Z", "2001-03-13T00:00:00Z");
    assert_eq!(asked(&world, Some("rye"), day.0, day.1).await.len(), 1);
    assert!(!world.item("stock").await.contains_key("expires_at"));
}
