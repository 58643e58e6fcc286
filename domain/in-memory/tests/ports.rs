//! The contracts of the ports, as far as a component relies on them.

use std::time::Duration;

use chrono::{DateTime, NaiveDate, Utc};
use domain::ports::{
    CatalogTable, Failure, LogEntry, QuarantineTable, Saved, StockLog, WindowsTable,
};
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::stock::{CloseState, RollupState, Segment, WindowRow, segment, window_rows};
use domain::{Acceptance, Chain, Event, Item, Store, StoreId, Version};
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

fn date() -> NaiveDate {
    NaiveDate::from_ymd_opt(2026, 3, 12).unwrap()
}

fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-03-12T{clock}Z").parse().unwrap()
}

/// Segment of one event that arrived at `arrived`.
fn segment_of(event: &Event, arrived: &str) -> Segment {
    Segment::cut(event.store_id(), date(), at(arrived), vec![event]).remove(0)
}

#[tokio::test]
async fn segments_are_read_page_by_page_in_the_order_of_their_keys() {
    let tables = Tables::default();
    let events: Vec<Event> =
        (0..7).map(|number| sale(&number.to_string(), "BRT", "09:01:00")).collect();
    for (number, event) in events.iter().enumerate().rev() {
        let segment = segment_of(event, &format!("09:02:{number:02}"));
        // A repetition changes nothing.
        for _ in 0..2 {
            let entries = [LogEntry::Segment(segment.clone())];
            assert_eq!(tables.append(&entries).await, [Ok(())]);
        }
    }
    let (id, mut after, mut lengths, mut read) = (store_id("0042"), None, vec![], vec![]);
    loop {
        let page = tables.query_segments(&id, date(), after.as_deref()).await.unwrap();
        lengths.push(page.segments.len());
        for stored in page.segments {
            read.extend(segment::unpack(&id, date(), &stored.bytes).unwrap());
        }
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!((lengths, read), (vec![3, 3, 1], events));
    let tomorrow = date().succ_opt().unwrap();
    for (id, date) in [("0042", tomorrow), ("0043", date())] {
        let page = tables.query_segments(&store_id(id), date, None).await.unwrap();
        assert_eq!((page.segments.len(), page.next), (0, None));
    }
}

#[tokio::test]
async fn an_entry_that_fails_does_not_prevent_the_others() {
    let tables = Tables::default();
    let entry = |id: &str| LogEntry::ActiveStore { stored_on: date(), store_id: store_id(id) };
    tables.log.throttle_stores([store_id("b")]);
    let ids: Vec<String> = (0..60).map(|number| format!("s-{number:02}")).collect();
    let mut entries: Vec<LogEntry> = ids.iter().map(|id| entry(id)).collect();
    entries.insert(30, entry("b"));
    let results = tables.append(&entries).await;
    assert_eq!(results.len(), 61);
    let failed: Vec<usize> = (0..61).filter(|place| results[*place].is_err()).collect();
    assert_eq!(failed, [30]);
    let active = tables.query_active_stores(date()).await.unwrap();
    assert_eq!(active, ids.iter().map(|id| store_id(id)).collect::<Vec<_>>());
    assert_eq!(tables.query_active_stores(date().succ_opt().unwrap()).await, Ok(vec![]));
}

#[tokio::test]
async fn a_call_with_an_entry_twice_is_refused() {
    let tables = Tables::default();
    let entry = LogEntry::ActiveStore { stored_on: date(), store_id: store_id("a") };
    let results = tables.append(&[entry.clone(), entry]).await;
    assert!(results.iter().all(|result| matches!(result, Err(Failure::Refused(_)))));
    assert_eq!(tables.query_active_stores(date()).await, Ok(vec![]));
}

#[tokio::test]
async fn progress_holds_the_marks_and_states_of_the_asked_dates() {
    let tables = Tables::default();
    let tomorrow = date().succ_opt().unwrap();
    let key = segment_of(&sale("1", "BRT", "09:01:00"), "09:10:00").key;
    tables
        .append(&[LogEntry::LateMark(key.clone())])
        .await
        .into_iter()
        .for_each(|one| one.unwrap());
    let closed = |id: &str, date| CloseState {
        store_id: store_id(id),
        date,
        read_at: at("20:00:00"),
        late: Version::of(b"late"),
        inputs: Version::of(b"inputs"),
        is_complete: true,
        revision: 1,
    };
    let rolled = RollupState {
        store_id: store_id("0042"),
        date: tomorrow,
        read_at: at("20:00:00"),
        late: Version::of(b"late"),
        count: 3,
        conflicts: 1,
        unmet: [].into(),
        windows: [].into(),
    };
    for state in [closed("0042", date()), closed("0042", tomorrow), closed("0043", date())] {
        assert_eq!(tables.save_close_state(&state).await, Ok(Saved::Done));
    }
    tables.put_rollup_state(&rolled).await.unwrap();
    let progress = tables.query_progress(&store_id("0042"), date(), date()).await.unwrap();
    assert_eq!(progress.late, [(date(), [key.sort_key()].into())].into());
    assert_eq!(progress.closed, [(date(), closed("0042", date()))].into());
    assert_eq!(progress.rolled, [].into());
    let progress = tables.query_progress(&store_id("0042"), date(), tomorrow).await.unwrap();
    assert_eq!((progress.closed.len(), progress.rolled), (2, [(tomorrow, rolled)].into()));
}

#[tokio::test]
async fn a_window_row_is_replaced_by_one_of_an_equal_or_larger_count() {
    let tables = Tables::default();
    let rows = |ids: &[&str], count| -> WindowRow {
        let mut day = domain::stock::StoreDay::new(store_id("0042"), date());
        day.extend(ids.iter().map(|id| sale(id, "BRT", "09:01:00")));
        let rows = window_rows(&store_id("0042"), count, &day.into_windows());
        rows.into_values().flatten().next().unwrap()
    };
    let (two, one) = (rows(&["1", "2"], 2), rows(&["1"], 1));
    assert_eq!(tables.put_window(&two).await, Ok(Saved::Done));
    assert_eq!(tables.put_window(&one).await, Ok(Saved::Conflict(None)));
    let read = || tables.query_windows(&two.store_id, date());
    assert_eq!(read().await, Ok(vec![two.clone()]));
    let other = rows(&["3", "2"], 2);
    assert_eq!(tables.put_window(&other).await, Ok(Saved::Done));
    assert_eq!(read().await, Ok(vec![other.clone()]));
    // A row of a window that had more rows before is left out.
    tables.windows.put(WindowRow { part: 1, parts: 2, ..other.clone() });
    assert_eq!(read().await, Ok(vec![other]));
    assert_eq!(tables.query_windows(&two.store_id, date().succ_opt().unwrap()).await, Ok(vec![]));
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
    let (date, at) = (date(), at("09:00:00"));
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
        let appended = tables.append_events([sale("1", "BRT", "09:01:00")], at("09:01:00"));
        let result = tokio::time::timeout(Duration::from_secs(60), appended).await;
        assert_eq!(tables.log.segments().len(), usize::from(is_stored));
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
