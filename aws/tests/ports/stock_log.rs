//! Stock log: what was appended comes back, whatever it is beside; damage is told.

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::NaiveDate;
use domain::limits::STOCK_LOG_KEPT;
use domain::ports::{Failure, LogEntry, StockLog, StoredSegment};
use domain::{Event, StoreId};
use in_memory::Tables as InMemory;
use stock_log::read_date;
use tokio::runtime::Builder;

use crate::samples::{any_row, at, entries, event, for_any, sale, segment};
use crate::world::World;

const NOON: &str = "2026-03-12T12:00:00Z";

/// Reads the segments of a date page by page.
pub(crate) async fn segments(
    log: &impl StockLog,
    store_id: &StoreId,
    date: NaiveDate,
) -> Vec<StoredSegment> {
    let (mut segments, mut after) = (Vec::new(), None);
    loop {
        let page = log.query_segments(store_id, date, after.as_deref()).await.expect("a page");
        segments.extend(page.segments);
        after = page.next;
        if after.is_none() {
            return segments;
        }
    }
}

/// Appends entries. All are stored.
async fn append(log: &impl StockLog, entries: &[LogEntry]) {
    let results = log.append(entries).await;
    assert_eq!(results, vec![Ok(()); entries.len()]);
}

#[test]
fn any_events_come_back_as_they_were_appended() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let (world, memory) = (runtime.block_on(World::start()), InMemory::default());
    for_any(&any_row(), |window| {
        let entries = entries(window.events());
        let (store_id, date) = (&window.key().store_id, window.key().window.date());
        runtime.block_on(async {
            append(&world.tables(), &entries).await;
            append(&memory, &entries).await;
            let stored = segments(&world.tables(), store_id, date).await;
            assert_eq!(stored, segments(&memory, store_id, date).await);
            let read = read_date(&world.tables(), store_id, date).await.unwrap();
            assert!(read.unreadable.is_empty(), "{:?}", read.unreadable);
            let windows = read.day.into_windows();
            let back = windows.iter().find(|back| back.key() == window.key()).expect("it is there");
            assert!(window.events().all(|event| back.events().any(|other| other == event)));
        });
    });
}

#[tokio::test]
async fn appending_again_changes_nothing() {
    let world = World::start().await;
    let log = segment("s1", NOON, b"events");
    let entries = [
        LogEntry::LateMark(log.key.clone()),
        LogEntry::Segment(log),
        LogEntry::ActiveStore { stored_on: at(NOON).date_naive(), store_id: "s1".parse().unwrap() },
    ];
    append(&world.tables(), &entries).await;
    let items = world.items("stock-log").await;
    assert_eq!(items.len(), 3);
    append(&world.tables(), &entries).await;
    assert_eq!(world.items("stock-log").await, items);
    // In one call, which may hold each key once, and over the border of two calls.
    let many: Vec<LogEntry> = entries.iter().cycle().take(40).cloned().collect();
    append(&world.tables(), &many).await;
    assert_eq!(world.items("stock-log").await, items);
    append(&world.tables(), &[]).await;
}

#[tokio::test]
async fn more_entries_than_one_call_takes_are_all_appended() {
    let (world, memory) = (World::start().await, InMemory::default());
    let stored_on = at(NOON).date_naive();
    let store_id = |n: usize| format!("s{n:03}").parse::<StoreId>().unwrap();
    let entries: Vec<LogEntry> = (0..260)
        .map(|n| LogEntry::ActiveStore { stored_on, store_id: store_id(n) })
        .rev()
        .collect();
    append(&world.tables(), &entries).await;
    append(&memory, &entries).await;
    let stores: Vec<StoreId> = (0..260).map(store_id).collect();
    assert_eq!(world.tables().query_active_stores(stored_on).await, Ok(stores.clone()));
    assert_eq!(memory.query_active_stores(stored_on).await, Ok(stores));
    let tomorrow = stored_on.succ_opt().unwrap();
    assert_eq!(world.tables().query_active_stores(tomorrow).await, Ok(Vec::new()));
}

#[tokio::test]
async fn a_store_is_not_mistaken_for_another_nor_for_a_date_or_a_word_of_the_table() {
    let (world, memory) = (World::start().await, InMemory::default());
    let date = at(NOON).date_naive();
    let ids = ["s1", "s11", "late", "2026-03-12", "closed", "s1.late", "s1:2026-03-12", "-_.:"];
    let of_store = |id: &str| {
        let log = segment(id, NOON, id.as_bytes());
        let active = LogEntry::ActiveStore { stored_on: date, store_id: log.key.store_id.clone() };
        [LogEntry::LateMark(log.key.clone()), active, LogEntry::Segment(log)]
    };
    let entries: Vec<LogEntry> = ids.into_iter().flat_map(of_store).collect();
    append(&world.tables(), &entries).await;
    append(&memory, &entries).await;
    assert_eq!(world.items("stock-log").await.len(), entries.len());
    for id in ids {
        let store_id: StoreId = id.parse().unwrap();
        let [stored] = &segments(&world.tables(), &store_id, date).await[..] else {
            panic!("{id}")
        };
        assert_eq!(stored.bytes, id.as_bytes());
        let progress = world.tables().query_progress(&store_id, date, date).await.unwrap();
        assert_eq!(progress.late[&date].first(), Some(&stored.sort_key), "{id}");
        assert_eq!(memory.query_progress(&store_id, date, date).await, Ok(progress));
    }
    let active = world.tables().query_active_stores(date).await.unwrap();
    assert_eq!(active.len(), ids.len());
    assert_eq!(memory.query_active_stores(date).await, Ok(active));
}

#[tokio::test]
async fn a_date_has_the_segments_of_its_events_whenever_they_arrived() {
    let world = World::start().await;
    let events = ["2026-03-11T23:59:59.999Z", "2026-03-12T00:00:00Z", "2026-03-13T00:00:00Z"]
        .map(|occurred_at| sale(occurred_at, "rye", at(occurred_at)));
    for event in &events {
        append(&world.tables(), &entries([event])).await;
    }
    let of_date = async |date: &str| {
        let read = read_date(&world.tables(), &"s1".parse().unwrap(), date.parse().unwrap()).await;
        read.unwrap().day.events().cloned().collect::<Vec<Event>>()
    };
    for (date, event) in ["2026-03-11", "2026-03-12", "2026-03-13"].into_iter().zip(events) {
        assert_eq!(of_date(date).await, [event]);
    }
    assert_eq!(of_date("2026-03-14").await, []);
}

#[tokio::test]
async fn a_damaged_segment_is_told_and_hides_no_other() {
    let whole = event(&serde_json::json!({
        "event_id": "whole", "kind": "receipt", "store_id": "s1", "terminal_id": "t1",
        "sku": "bun", "quantity": 1, "occurred_at": NOON,
    }));
    let binary = |bytes: &[u8]| Some(AttributeValue::B(Blob::new(bytes)));
    for damage in [
        None,
        binary(b""),
        binary(b"other"),
        Some(AttributeValue::S("events".to_owned())),
        Some(AttributeValue::L(Vec::new())),
    ] {
        let world = World::start().await;
        append(&world.tables(), &entries([&sale("e1", "rye", at(NOON))])).await;
        let mut item = world.item("stock-log").await;
        item.remove("events");
        item.extend(damage.clone().map(|events| ("events".to_owned(), events)));
        world.put("stock-log", item.clone()).await;
        // And one of another program, in the partition of the date.
        item.insert("sk".to_owned(), AttributeValue::S("note".to_owned()));
        world.put("stock-log", item.clone()).await;
        append(&world.tables(), &entries([&whole])).await;
        let date = whole.occurred_at().date_naive();
        let read = read_date(&world.tables(), whole.store_id(), date).await.unwrap();
        assert!(read.day.events().eq([&whole]), "{damage:?}");
        assert_eq!(read.unreadable.len(), 2, "{damage:?}: {:?}", read.unreadable);
    }
}

/// Seconds from the end of 2026-03-12 to the expiry of each item.
async fn lifetimes(world: &World) -> Vec<Option<i64>> {
    let end = at("2026-03-13T00:00:00Z").timestamp();
    let items = world.items("stock-log").await;
    let expires_at = |value: &AttributeValue| value.as_n().unwrap().parse::<i64>().unwrap() - end;
    items.iter().map(|item| item.get("expires_at").map(expires_at)).collect()
}

#[tokio::test]
async fn the_log_expires_by_its_date_or_never() {
    let days = |count: u64| std::time::Duration::from_secs(count * 24 * 3600);
    let seconds = |kept: std::time::Duration| Some(kept.as_secs() as i64);
    let limit = Some(days(7));
    let late = |hour: u8| {
        let mut log = segment("s1", NOON, &[hour]);
        log.key.arrived_at = at(&format!("2026-03-14T{hour:02}:00:00Z"));
        [LogEntry::LateMark(log.key.clone()), LogEntry::Segment(log)]
    };
    let stored_on = at(NOON).date_naive();
    let active = LogEntry::ActiveStore { stored_on, store_id: "s1".parse().unwrap() };
    let entries = [&late(0)[..], &late(23)[..], &[active]].concat();
    let world = World::start().await;
    let tables = || world.tables();
    for (tables, kept) in [
        (tables(), seconds(STOCK_LOG_KEPT)),
        (tables().for_events_up_to(limit), seconds(STOCK_LOG_KEPT)),
        (tables().with_log_kept(Some(days(400))).for_events_up_to(limit), seconds(days(400))),
        (tables().with_log_kept(None).for_events_up_to(limit), None),
        (tables().with_log_kept(Some(days(400))).for_events_up_to(None), None),
    ] {
        append(&tables, &entries).await;
        assert_eq!(lifetimes(&world).await, [kept; 5]);
    }
}

#[tokio::test]
async fn a_missing_table_refuses_every_entry() {
    let world = World::without_tables();
    let entries = [segment("s1", NOON, b"1"), segment("s1", NOON, b"2")].map(LogEntry::Segment);
    for result in world.tables().append(&entries).await {
        let Err(Failure::Refused(why)) = result else { panic!("{result:?}") };
        assert!(why.starts_with("ResourceNotFoundException: "), "{why}");
    }
}
