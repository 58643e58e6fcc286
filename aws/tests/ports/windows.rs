//! Rows of windows: written over those of as many events or fewer, and read as they were written.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::TimeDelta;
use domain::Event;
use domain::limits::{ITEM_BYTES_MAX, WINDOW_ROWS_KEPT};
use domain::ports::{Failure, Saved, WindowsTable};
use domain::stock::{StockWindow, WindowRow, window_rows};
use in_memory::Tables as InMemory;
use serde_json::json;
use tokio::runtime::Builder;

use crate::samples::{any_row, at, event, for_any, row, sale};
use crate::world::{World, bytes_of};

const START: &str = "2026-03-12T15:15:00Z";

/// The only row of the window of these events, of a date with `count` events.
pub(crate) fn row_of<const N: usize>(count: u64, events: [Event; N]) -> WindowRow {
    let rows = rows_of(count, &[row(events)]);
    let [row] = <[WindowRow; 1]>::try_from(rows).expect("one row");
    row
}

fn rows_of(count: u64, windows: &[StockWindow]) -> Vec<WindowRow> {
    let store_id = &windows[0].key().store_id;
    window_rows(store_id, count, windows).into_values().flatten().collect()
}

async fn of_date(tables: &impl WindowsTable, row: &WindowRow) -> Result<Vec<WindowRow>, Failure> {
    tables.query_windows(&row.store_id, row.window.date()).await
}

#[test]
fn any_row_comes_back_as_it_was_written_and_is_written_as_it_came() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (here, there) = runtime.block_on(async { (World::start().await, World::start().await) });
    for_any(&any_row(), |window| {
        let memory = InMemory::default();
        let row = rows_of(7, &[window]).remove(0);
        runtime.block_on(async {
            assert_eq!(here.tables().put_window(&row).await, Ok(Saved::Done));
            assert_eq!(memory.put_window(&row).await, Ok(Saved::Done));
            let back = of_date(&here.tables(), &row).await.unwrap();
            assert_eq!(back, std::slice::from_ref(&row));
            assert_eq!(of_date(&memory, &row).await.as_ref(), Ok(&back));
            assert_eq!(there.tables().put_window(&back[0]).await, Ok(Saved::Done));
            assert_eq!(here.items("windows").await, there.items("windows").await);
        });
    });
}

/// Writes rows in sequence to both. Returns what each write was answered and what is stored then.
async fn written(rows: &[&WindowRow]) -> (Vec<Saved<()>>, Vec<WindowRow>) {
    let (world, memory) = (World::start().await, InMemory::default());
    let mut answers = Vec::new();
    for row in rows {
        let answer = world.tables().put_window(row).await;
        assert_eq!(memory.put_window(row).await, answer);
        answers.push(answer.unwrap());
    }
    let stored = of_date(&world.tables(), rows[0]).await;
    assert_eq!(of_date(&memory, rows[0]).await, stored);
    (answers, stored.unwrap())
}

#[tokio::test]
async fn a_row_is_only_replaced_by_one_of_as_many_events_or_more() {
    let start = at(START);
    let [one, two, ten] = [
        row_of(1, [sale("e1", "rye", start)]),
        row_of(2, [sale("e1", "rye", start), sale("e2", "rye", start)]),
        row_of(10, [sale("e1", "rye", start), sale("e3", "rye", start)]),
    ];
    let stale = WindowRow { count: 2, ..one.clone() };
    let lost = || Saved::Conflict(None);
    let done = || Saved::Done;
    assert_eq!(written(&[&one, &two]).await, (vec![done(), done()], vec![two.clone()]));
    assert_eq!(written(&[&two, &one]).await, (vec![done(), lost()], vec![two.clone()]));
    assert_eq!(written(&[&two, &stale]).await, (vec![done(), done()], vec![stale]));
    // 10 is larger than 2 as a number, and not as a text.
    assert_eq!(written(&[&ten, &two]).await, (vec![done(), lost()], vec![ten]));
}

#[tokio::test]
async fn rows_of_a_date_come_by_window_and_part_and_only_the_current_ones() {
    let start = at(START);
    let later = start + TimeDelta::minutes(5);
    let part = |part, parts, count, sku: &str| WindowRow {
        part,
        parts,
        ..row_of(count, [sale("e1", sku, start)])
    };
    let parts: Vec<WindowRow> = (0..12).map(|n| part(n, 12, 40, &format!("sku-{n}"))).collect();
    let of_window = row_of(41, [sale("e2", "rye", later)]);
    let tomorrow = row_of(9, [sale("e3", "rye", start + TimeDelta::days(1))]);
    let mut all: Vec<&WindowRow> = parts.iter().chain([&of_window, &tomorrow]).collect();
    let (_, stored) = written(&all).await;
    assert_eq!(stored, [&parts[..], std::slice::from_ref(&of_window)].concat());
    // The window is written again in fewer rows. The last ones stay in the table.
    let (first, second) = (part(0, 2, 50, "bun"), part(1, 2, 50, "rye"));
    all.extend([&first, &second]);
    assert_eq!(written(&all).await.1, [first, second, of_window]);
}

#[tokio::test]
async fn a_store_is_not_mistaken_for_another() {
    let world = World::start().await;
    let row = row_of(1, [sale("e1", "rye", at(START))]);
    let ids = ["s1", "s11", "late", "2026-03-12", "a.b:c-d_e"].map(|id| id.parse().unwrap());
    for store_id in &ids {
        let row = WindowRow { store_id: domain::StoreId::clone(store_id), ..row.clone() };
        world.tables().put_window(&row).await.unwrap();
    }
    assert_eq!(world.items("windows").await.len(), ids.len());
    for store_id in ids {
        let row = WindowRow { store_id, ..row.clone() };
        assert_eq!(of_date(&world.tables(), &row).await, Ok(vec![row]));
    }
}

#[tokio::test]
async fn numbers_are_plain_and_zeros_are_left_out() {
    let world = World::start().await;
    let counted = event(&json!({
        "event_id": "e1", "kind": "count", "store_id": "s1", "terminal_id": "t1", "sku": "rye",
        "quantity": 0, "occurred_at": START,
    }));
    world.tables().put_window(&row_of(1, [counted])).await.unwrap();
    let item = world.item("windows").await;
    let figures = item["items"].as_m().unwrap()["rye"].as_m().unwrap();
    let mut names: Vec<&str> = figures.keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["counted", "counted_at", "event_count"]);
    let kept = WINDOW_ROWS_KEPT.as_secs() as i64;
    let expires_at = at("2026-03-12T15:20:00Z").timestamp() + kept;
    assert_eq!(item["expires_at"], AttributeValue::N(expires_at.to_string()));
}

#[tokio::test]
async fn the_largest_sums_are_exact_to_the_last_place() {
    let world = World::start().await;
    let sold = |n: i64| {
        event(&json!({
            "event_id": format!("e{n}"), "kind": "sale", "store_id": "s1", "terminal_id": "t1",
            "sku": "gold", "quantity": "999999.999", "unit": "KGM", "unit_price": "999999.999",
            "currency": "KWD", "occurred_at": at(START) + TimeDelta::milliseconds(n),
        }))
    };
    let rows = rows_of(1_000, &[row((0..1_000).map(sold))]);
    world.tables().put_window(&rows[0]).await.unwrap();
    let item = world.item("windows").await;
    let figures = item["items"].as_m().unwrap()["gold"].as_m().unwrap();
    assert_eq!(figures["sold"].as_n().unwrap(), "999999999");
    assert_eq!(figures["moved"].as_n().unwrap(), "-999999999");
    let revenue = &figures["revenue"].as_m().unwrap()["KWD"];
    assert_eq!(revenue.as_n().unwrap(), "999999998000000.001");
    assert_eq!(of_date(&world.tables(), &rows[0]).await, Ok(rows));
}

/// Every figure of every item has its largest number of digits.
#[tokio::test]
async fn a_window_of_many_items_fits_its_rows() {
    let world = World::start().await;
    let kinds =
        ["sale", "return", "receipt", "waste", "transfer_in", "transfer_out", "count", "sale"];
    let window = |n: usize| {
        row(kinds.iter().enumerate().map(|(index, kind)| {
            event(&json!({
                "event_id": format!("e{index}"), "kind": kind, "store_id": "s1",
                "terminal_id": "t1", "sku": format!("{n:0>64}"), "quantity": "999999.999",
                "unit": "KGM", "unit_price": "999999.999", "currency": "KWD",
                "occurred_at": at(START) + TimeDelta::milliseconds(index as i64),
            }))
        }))
    };
    let windows: Vec<StockWindow> = (0..1_500).map(window).collect();
    let rows = rows_of(12_000, &windows);
    assert_eq!(rows.len(), 3);
    for row in &rows {
        assert_eq!(world.tables().put_window(row).await, Ok(Saved::Done));
    }
    let items = world.items("windows").await;
    assert!(items.iter().all(|item| bytes_of(item) <= ITEM_BYTES_MAX));
    assert!(of_date(&world.tables(), &rows[0]).await.unwrap() == rows);
}

#[tokio::test]
async fn a_row_that_cannot_be_decoded_is_left_out_and_can_be_replaced() {
    let text = |text: &str| Some(AttributeValue::S(text.to_owned()));
    let map = |name: &str, value| Some(AttributeValue::M([(name.to_owned(), value)].into()));
    let sold = map("sold", AttributeValue::S("1".to_owned())).unwrap();
    let counted = map("counted", AttributeValue::N("1".to_owned())).unwrap();
    let euros = map("EUR", AttributeValue::Null(true)).unwrap();
    let revenue = map("revenue", euros).unwrap();
    for (name, value) in [
        ("n", None),
        ("n", text("1")),
        ("parts", Some(AttributeValue::N("-1".to_owned()))),
        ("store_id", text("s 1")),
        ("window_start", text("noon")),
        ("items", text("rye")),
        ("items", map("rye", AttributeValue::Bool(true))),
        ("items", map("r y", sold.clone())),
        ("items", map("rye", sold)),
        ("items", map("rye", counted)),
        ("items", map("rye", revenue)),
    ] {
        let world = World::start().await;
        let row = row_of(1, [sale("e1", "rye", at(START))]);
        world.tables().put_window(&row).await.unwrap();
        let mut item = world.item("windows").await;
        match value {
            Some(value) => item.insert(name.to_owned(), value),
            None => item.remove(name),
        };
        world.put("windows", item).await;
        let other = row_of(1, [sale("e2", "rye", at(START) + TimeDelta::minutes(5))]);
        world.tables().put_window(&other).await.unwrap();
        assert_eq!(of_date(&world.tables(), &row).await, Ok(vec![other.clone()]), "{name}");
        assert_eq!(world.tables().put_window(&row).await, Ok(Saved::Done), "{name}");
        assert_eq!(of_date(&world.tables(), &row).await, Ok(vec![row, other]), "{name}");
    }
}
