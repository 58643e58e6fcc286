//! Stock rows: saved under the version that was read, and loaded as they were saved.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use domain::limits::STOCK_ROW_EVENTS_MAX;
use domain::ports::{Failure, Saved, StockTable};
use domain::stock::{RowKey, StockWindow};
use rust_decimal::Decimal;
use tokio::runtime::Builder;

use crate::samples::{any_row, at, event, for_any, one_more, row, row_at, sale};
use crate::world::World;

/// Saves a row where there is none.
async fn save(world: &World, row: &StockWindow) {
    assert_eq!(world.tables().save_stock(row, None).await, Ok(Saved::Done));
}

async fn load(world: &World, key: &RowKey) -> Option<StockWindow> {
    let mut rows =
        world.tables().load_stock(std::slice::from_ref(key)).await.expect("readable rows");
    assert!(rows.len() <= 1);
    rows.pop()
}

#[test]
fn any_row_comes_back_as_it_was_saved_and_is_saved_as_it_came() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (here, there) = runtime.block_on(async { (World::start().await, World::start().await) });
    for_any(&any_row(), |row| {
        runtime.block_on(async {
            save(&here, &row).await;
            let back = load(&here, row.row_key()).await.expect("it was saved");
            assert_eq!(back, row);
            assert_eq!(back.figures(), row.figures());
            save(&there, &back).await;
            assert_eq!(here.items("stock").await, there.items("stock").await);
        });
    });
}

#[tokio::test]
async fn a_row_is_saved_for_the_first_time_only_once() {
    let world = World::start().await;
    let first = row_at("rye", "2026-03-12T15:17:00Z");
    save(&world, &first).await;
    let rival = one_more(&first, "e2");
    let saved = world.tables().save_stock(&rival, None).await;
    assert_eq!(saved, Ok(Saved::Conflict(Some(first.clone()))));
    assert_eq!(load(&world, first.row_key()).await, Some(first));
}

#[tokio::test]
async fn a_row_is_replaced_under_the_version_that_was_read() {
    let world = World::start().await;
    let first = row_at("rye", "2026-03-12T15:17:00Z");
    save(&world, &first).await;
    let second = one_more(&first, "e2");
    let saved = world.tables().save_stock(&second, Some(&first.version())).await;
    assert_eq!(saved, Ok(Saved::Done));
    assert_eq!(load(&world, first.row_key()).await, Some(second));
}

#[tokio::test]
async fn a_save_with_an_older_version_changes_nothing_and_returns_the_stored_row() {
    let world = World::start().await;
    let first = row_at("rye", "2026-03-12T15:17:00Z");
    save(&world, &first).await;
    let second = one_more(&first, "e2");
    world.tables().save_stock(&second, Some(&first.version())).await.unwrap();
    let late = one_more(&first, "e3");
    let saved = world.tables().save_stock(&late, Some(&first.version())).await;
    assert_eq!(saved, Ok(Saved::Conflict(Some(second.clone()))));
    assert_eq!(load(&world, first.row_key()).await, Some(second));
}

#[tokio::test]
async fn a_save_of_a_removed_row_is_a_conflict_without_a_row() {
    let world = World::start().await;
    let row = row_at("rye", "2026-03-12T15:17:00Z");
    let saved = world.tables().save_stock(&one_more(&row, "e2"), Some(&row.version())).await;
    assert_eq!(saved, Ok(Saved::Conflict(None)));
    assert_eq!(load(&world, row.row_key()).await, None);
}

#[tokio::test]
async fn more_keys_than_one_call_takes_are_all_looked_up() {
    let world = World::start().await;
    let window = |minutes| at("2026-03-12T00:00:00Z") + TimeDelta::minutes(minutes);
    let rows: Vec<StockWindow> = (0..250).map(|n| row([sale(n, "rye", window(5 * n))])).collect();
    // Every third is missing.
    let stored: Vec<&StockWindow> =
        rows.iter().enumerate().filter(|(n, _)| n % 3 != 0).map(|(_, row)| row).collect();
    for row in &stored {
        save(&world, row).await;
    }
    let keys: Vec<RowKey> = rows.iter().map(|row| row.row_key().clone()).collect();
    let mut loaded = world.tables().load_stock(&keys).await.unwrap();
    loaded.sort_by(|a, b| a.key().cmp(b.key()));
    assert!(loaded.iter().eq(stored), "{} rows", loaded.len());
    assert_eq!(world.tables().load_stock(&[]).await, Ok(vec![]));
}

#[tokio::test]
async fn the_largest_sums_are_exact_to_the_last_place() {
    let world = World::start().await;
    let start = at("2026-03-12T15:15:00Z");
    let sold = |n: i64| {
        event(&serde_json::json!({
            "event_id": format!("e{n}"), "kind": "sale", "store_id": "s1", "terminal_id": "t1",
            "sku": "gold", "quantity": "999999.999", "unit": "KGM", "unit_price": "999999.999",
            "currency": "KWD", "occurred_at": start + TimeDelta::milliseconds(n),
        }))
    };
    save(&world, &row((0..1_000).map(sold))).await;
    let item = world.item("stock").await;
    assert_eq!(item["sold"].as_n().unwrap(), "999999999");
    assert_eq!(item["moved"].as_n().unwrap(), "-999999999");
    let revenue = &item["revenue"].as_m().unwrap()["KWD"];
    assert_eq!(revenue.as_n().unwrap(), "999999998000000.001");
    let back = load(&world, row([sold(0)]).row_key()).await.unwrap();
    assert_eq!(back.figures().sold, Decimal::from(999_999_999));
}

#[tokio::test]
async fn a_row_of_the_largest_size_fits_an_item() {
    let world = World::start().await;
    let start = at("2026-03-12T15:15:00Z");
    let mut full = StockWindow::new(row_at("rye", "2026-03-12T15:15:00Z").key().clone());
    let long = "x".repeat(64);
    let offer_id = format!("2026-03-12/{long}/{long}/7");
    let events = (0..STOCK_ROW_EVENTS_MAX as i64).map(|n| {
        event(&serde_json::json!({
            "event_id": format!("{n:0>64}"), "kind": "waste", "store_id": "s1",
            "terminal_id": long, "sku": "rye", "quantity": 1, "lot": "x".repeat(20),
            "sequence": { "epoch": long, "number": n }, "offer_id": offer_id,
            "occurred_at": start + TimeDelta::milliseconds(n),
        }))
    });
    events.for_each(|event| drop(full.absorb(event)));
    save(&world, &full).await;
    assert_eq!(load(&world, full.row_key()).await, Some(full));
}

#[tokio::test]
async fn a_key_given_twice_is_refused_and_not_answered_in_part() {
    let world = World::start().await;
    let key = row_at("rye", "2026-03-12T15:17:00Z").row_key().clone();
    let loaded = world.tables().load_stock(&[key.clone(), key]).await;
    assert!(matches!(loaded, Err(Failure::Refused(_))), "{loaded:?}");
}

#[tokio::test]
async fn a_window_that_is_split_is_queried_as_one() {
    let world = World::start().await;
    let sales = (0..40).map(|n| sale(n, "rye", at("2026-03-12T15:15:00Z")));
    let whole = row(sales);
    let first = whole.row_key().clone();
    let mut parts: BTreeMap<RowKey, StockWindow> = BTreeMap::new();
    for event in whole.events() {
        let key = first.next(event.event_id());
        let part = parts.entry(key.clone()).or_insert_with(|| StockWindow::new(key));
        part.absorb(event.clone());
    }
    // As a crash leaves it: in the row and in its continuations.
    save(&world, &whole).await;
    for part in parts.values() {
        save(&world, part).await;
        assert_eq!(load(&world, part.row_key()).await.as_ref(), Some(part));
    }
    let queried = async || {
        let (since, until) = (at("2026-03-12T15:00:00Z"), at("2026-03-12T16:00:00Z"));
        world.tables().query_stock(&whole.key().store_id, None, since, until, until).await
    };
    assert_eq!(queried().await, Ok(vec![whole.clone()]));
    let signpost = StockWindow::signpost(first.clone());
    let saved = world.tables().save_stock(&signpost, Some(&whole.version())).await;
    assert_eq!(saved, Ok(Saved::Done));
    assert_eq!(queried().await, Ok(vec![whole.clone()]));

    // A writer that knew the row as it was is told where the events are now.
    let mut late = whole.clone();
    late.absorb(sale("late", "rye", at("2026-03-12T15:15:00Z")));
    let conflict = world.tables().save_stock(&late, Some(&whole.version())).await;
    assert_eq!(conflict, Ok(Saved::Conflict(Some(signpost))));
}
