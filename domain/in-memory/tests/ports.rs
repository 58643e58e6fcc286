//! The contracts of the ports, as far as a component relies on them.

use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use domain::ports::{CatalogTable, Failure, QuarantineTable, Saved, StockTable};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::{StockWindow, WindowKey};
use domain::{Acceptance, Chain, Event, Item, Store, StoreId};
use in_memory::{CallEnd, CallInjector, CallPlan, Tables};

fn store_id(id: &str) -> StoreId {
    id.parse().unwrap()
}

/// A sale of one piece.
fn sale(id: &str, sku: &str, clock: &str) -> Event {
    let json = format!(
        r#"{{"event_id":"{id}","kind":"sale","store_id":"0042","terminal_id":"till-1",
            "sku":"{sku}","quantity":"1","unit":"EA","unit_price":"2.50","currency":"EUR",
            "occurred_at":"2026-03-12T{clock}Z"}}"#
    );
    let at = format!("2026-03-12T{clock}Z").parse().unwrap();
    Event::parse(&json, &Acceptance::at(at)).unwrap()
}

fn window(event: Event) -> StockWindow {
    let mut window = StockWindow::new(WindowKey::of(&event));
    window.absorb(event);
    window
}

#[tokio::test]
async fn a_stock_row_is_saved_only_over_the_version_that_was_read() {
    let tables = Tables::default();
    let mut row = window(sale("1", "BRT", "09:01:00"));
    assert_eq!(tables.save_stock(&row, None).await, Ok(Saved::Done));
    let first = row.clone();
    row.absorb(sale("2", "BRT", "09:02:00"));
    assert_eq!(tables.save_stock(&row, None).await, Ok(Saved::Conflict(Some(first.clone()))));
    assert_eq!(tables.stock.conflicts(), 1);

    assert_eq!(tables.save_stock(&row, Some(&first.version())).await, Ok(Saved::Done));
    let keys = [row.row_key().clone(), window(sale("3", "BRT", "10:00:00")).row_key().clone()];
    assert_eq!(tables.load_stock(&keys).await, Ok(vec![row]));
}

#[tokio::test]
async fn windows_are_queried_by_start_and_sorted_by_item_and_start() {
    let tables = Tables::default();
    for (id, sku, clock) in [
        ("1", "B", "09:00:01"),
        ("2", "A", "09:10:01"),
        ("3", "A", "09:00:01"),
        ("4", "A", "09:15:00"),
    ] {
        tables.save_stock(&window(sale(id, sku, clock)), None).await.unwrap();
    }
    let since = sale("5", "A", "09:00:00").occurred_at();
    let until = since + TimeDelta::minutes(15);
    let ids = |windows: Vec<StockWindow>| -> Vec<String> {
        windows.iter().flat_map(StockWindow::events).map(|e| e.event_id().to_string()).collect()
    };
    let all = tables.query_stock(&store_id("0042"), None, since, until, until).await.unwrap();
    assert_eq!(ids(all), ["3", "2", "1"]);
    let sku = "B".parse().unwrap();
    let one = tables.query_stock(&store_id("0042"), Some(&sku), since, until, until).await;
    assert_eq!(ids(one.unwrap()), ["1"]);
    let other = tables.query_stock(&store_id("0043"), None, since, until, until).await.unwrap();
    assert_eq!(ids(other), [""; 0]);
}

#[tokio::test]
async fn an_item_of_the_store_replaces_the_item_of_the_chain() {
    let tables = Tables::default();
    for item in [
        r#"{"sku":"B","price":"2.50","currency":"EUR","shelf_life_days":1}"#,
        r#"{"sku":"A","price":"1.50","currency":"EUR","shelf_life_days":1}"#,
        r#"{"sku":"B","store_id":"0042","price":"2.00","currency":"EUR","shelf_life_days":1}"#,
        r#"{"sku":"C","store_id":"0043","price":"3.00","currency":"EUR","shelf_life_days":1}"#,
    ] {
        tables.put_item(&Item::parse(item).unwrap()).await.unwrap();
    }
    let items = tables.load_items(&store_id("0042")).await.unwrap();
    let prices: Vec<String> =
        items.iter().map(|item| format!("{} {}", item.sku, item.price)).collect();
    assert_eq!(prices, ["A 1.50", "B 2.00"]);
}

#[tokio::test]
async fn stores_are_listed_in_order_and_missing_ones_are_skipped() {
    let tables = Tables::default();
    for id in ["2", "1"] {
        let json =
            format!(r#"{{"store_id":"{id}","zone":"Europe/Berlin","hours":"mon 07:00-18:00"}}"#);
        tables.put_store(&Store::parse(&json).unwrap()).await.unwrap();
    }
    assert_eq!(tables.list_stores().await, Ok(vec![store_id("1"), store_id("2")]));
    let found = tables.load_stores(&[store_id("2"), store_id("3")]).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!(tables.load_store(&store_id("3")).await, Ok(None));
    assert_eq!(tables.load_chain().await, Ok(Chain::default()));
}

#[tokio::test]
async fn entries_of_the_catalogue_are_removed_by_their_owner() {
    let tables = Tables::default();
    let store = r#"{"store_id":"1","zone":"Europe/Berlin","hours":"mon 07:00-18:00"}"#;
    tables.put_store(&Store::parse(store).unwrap()).await.unwrap();
    tables.put_chain(&Chain { name: "W".to_owned(), ..Chain::default() }).await.unwrap();
    for item in [r#"{"sku":"A","price":1}"#, r#"{"sku":"A","price":2,"store_id":"1"}"#] {
        tables.put_item(&Item::parse(item).unwrap()).await.unwrap();
    }
    let (sku, owner) = ("A".parse().unwrap(), store_id("1"));
    let of = async |owner| tables.load_item_entries(owner).await.unwrap().len();
    assert_eq!((of(None).await, of(Some(&owner)).await), (1, 1));
    tables.remove_item(Some(&owner), &sku).await.unwrap();
    assert_eq!((of(None).await, of(Some(&owner)).await), (1, 0));
    tables.remove_store(&owner).await.unwrap();
    tables.remove_chain().await.unwrap();
    assert_eq!(tables.list_stores().await, Ok(vec![]));
    assert_eq!(tables.load_chain().await, Ok(Chain::default()));
}

#[tokio::test]
async fn the_quarantine_keeps_one_row_for_an_id() {
    let tables = Tables::default();
    let date = NaiveDate::from_ymd_opt(2026, 3, 12).unwrap();
    let at = date.and_hms_opt(9, 0, 0).unwrap().and_utc();
    let row = |key: &str, bytes: &[u8]| Quarantined {
        id: QuarantineId { date, key: key.to_owned() },
        reason: QuarantineReason::Unopenable,
        message: "not a record".to_owned(),
        at,
        bytes: bytes.to_vec(),
    };
    for row in [row("b", b"1"), row("a", b"2"), row("b", b"1")] {
        tables.put_quarantined(&row).await.unwrap();
    }
    let rows = vec![row("a", b"2"), row("b", b"1")];
    assert_eq!(tables.query_quarantined(date).await, Ok(rows.clone()));
    assert_eq!(tables.list_quarantined().await, Ok(rows.clone()));
    assert_eq!(tables.load_quarantined(&rows[0].id).await, Ok(Some(rows[0].clone())));

    tables.quarantine.set_down(true);
    assert!(tables.remove_quarantined(&rows[0].id).await.is_err());
    tables.quarantine.set_down(false);
    for _ in 0..2 {
        tables.remove_quarantined(&rows[0].id).await.unwrap();
    }
    assert_eq!(tables.quarantine.kept(), rows[1..]);
}

#[tokio::test(start_paused = true)]
async fn an_injected_call_takes_its_delays_and_ends_as_planned() {
    let broken = || Failure::Unavailable("the connection broke".to_owned());
    for (end, is_stored, answers) in [
        (CallEnd::Answered, true, true),
        (CallEnd::Failed(broken()), false, true),
        (CallEnd::ExecutedButFailed(broken()), true, true),
        (CallEnd::ExecutedWithoutResponse, true, false),
    ] {
        let fails = !matches!(end, CallEnd::Answered);
        let plan = CallPlan {
            request_delay: Duration::from_secs(2),
            response_delay: Duration::from_secs(3),
            end,
        };
        let tables = Tables::with_calls(CallInjector::new(move || plan.clone()));
        let began = tokio::time::Instant::now();
        let row = window(sale("1", "BRT", "09:01:00"));
        let saved = tables.save_stock(&row, None);
        let result = tokio::time::timeout(Duration::from_secs(60), saved).await;
        assert_eq!(tables.stock.rows().len(), usize::from(is_stored));
        match result {
            Ok(result) => {
                assert_eq!((answers, result.is_err()), (true, fails));
                let seconds = if is_stored { 5 } else { 2 };
                assert_eq!(began.elapsed(), Duration::from_secs(seconds));
            }
            Err(_) => assert!(!answers),
        }
    }
}
