//! Progress of a store in the stock log: late marks and states, of some dates, in one query.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{Days, NaiveDate, TimeDelta};
use domain::ports::{LogEntry, Saved, StockLog};
use domain::stock::{CloseState, Progress, RollupState};
use domain::{StoreId, Version, Window};
use in_memory::Tables as InMemory;
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::samples::{at, for_any, segment};
use crate::world::{Attributes, World, bytes_of};

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

fn store_id() -> StoreId {
    "s1".parse().expect("a store")
}

fn closed(date: NaiveDate) -> CloseState {
    CloseState {
        store_id: store_id(),
        date,
        read_at: at("2026-03-12T18:00:00.125Z"),
        late: Version::of(b"late"),
        inputs: Version::of(b"inputs"),
        is_complete: true,
        revision: 1,
    }
}

/// State with digests of the first `count` windows of the date.
fn rolled(date: NaiveDate, count: u32) -> RollupState {
    let midnight = date.and_time(chrono::NaiveTime::MIN).and_utc();
    let window = |n: u32| {
        let start = midnight + TimeDelta::minutes(5 * i64::from(n));
        (Window::of(start), n.wrapping_mul(0x9E37_79B9))
    };
    RollupState {
        store_id: store_id(),
        date,
        read_at: at("2026-03-12T18:00:00.125Z"),
        late: Version::of(b"late"),
        count: 20_000,
        conflicts: 0,
        unmet: Default::default(),
        windows: (0..count).map(window).collect(),
    }
}

/// Appends a mark of a segment of this date, which arrives two days later.
async fn mark(log: &impl StockLog, date: NaiveDate) {
    let mut late = segment("s1", "2026-03-14T09:00:00Z", date.to_string().as_bytes()).key;
    late.date = date;
    assert_eq!(log.append(&[LogEntry::LateMark(late)]).await, [Ok(())]);
}

async fn progress(log: &impl StockLog, first: NaiveDate, last: NaiveDate) -> Progress {
    log.query_progress(&store_id(), first, last).await.expect("the progress")
}

#[tokio::test]
async fn the_marks_and_states_of_the_first_and_the_last_date_are_part_of_it() {
    let (world, memory) = (World::start().await, InMemory::default());
    let log = world.tables();
    let dates: Vec<NaiveDate> = (date() - Days::new(2)).iter_days().take(5).collect();
    for date in &dates {
        mark(&log, *date).await;
        mark(&memory, *date).await;
        assert_eq!(log.save_close_state(&closed(*date)).await, Ok(Saved::Done));
        assert_eq!(memory.save_close_state(&closed(*date)).await, Ok(Saved::Done));
        log.put_rollup_state(&rolled(*date, 3)).await.unwrap();
        memory.put_rollup_state(&rolled(*date, 3)).await.unwrap();
    }
    for (first, last) in [(0, 4), (1, 3), (2, 2), (3, 1)] {
        let read = progress(&log, dates[first], dates[last]).await;
        let count = (last + 1).saturating_sub(first);
        assert_eq!((read.late.len(), read.closed.len(), read.rolled.len()), (count, count, count));
        assert_eq!(read, progress(&memory, dates[first], dates[last]).await);
    }
}

#[tokio::test]
async fn a_state_is_replaced_by_the_next_one() {
    let world = World::start().await;
    let log = world.tables();
    let began = CloseState { is_complete: false, ..closed(date()) };
    for state in [&began, &CloseState { revision: 2, ..closed(date()) }] {
        assert_eq!(log.save_close_state(state).await, Ok(Saved::Done));
        assert_eq!(progress(&log, date(), date()).await.closed[&date()], *state);
    }
    for state in [rolled(date(), 3), rolled(date(), 2)] {
        log.put_rollup_state(&state).await.unwrap();
        assert_eq!(progress(&log, date(), date()).await.rolled[&date()], state);
    }
    assert_eq!(world.items("stock-log").await.len(), 2);
}

/// Saves states with revisions one after the other. Returns for each the revision of the state
/// that it conflicts with.
async fn conflicts(log: &impl StockLog, revisions: &[u64]) -> Vec<Option<u64>> {
    let mut conflicts = Vec::new();
    for revision in revisions {
        let state = CloseState { revision: *revision, ..closed(date()) };
        conflicts.push(match log.save_close_state(&state).await.expect("a state") {
            Saved::Done => None,
            Saved::Conflict(stored) => Some(stored.map_or(0, |stored| stored.revision)),
        });
    }
    conflicts
}

#[tokio::test]
async fn a_state_of_a_close_is_saved_only_as_the_successor_of_the_stored_one() {
    let world = World::start().await;
    let revisions = [2, 1, 1, 3, 2, 2, 3];
    let expected = [Some(0), None, Some(1), Some(1), None, Some(2), None];
    assert_eq!(conflicts(&world.tables(), &revisions).await, expected);
    assert_eq!(conflicts(&InMemory::default(), &revisions).await, expected);
}

#[tokio::test]
async fn a_state_of_a_version_without_revisions_has_the_revision_0() {
    let world = World::start().await;
    assert_eq!(conflicts(&world.tables(), &[1]).await, [None]);
    let mut item = world.item("stock-log").await;
    item.remove("revision");
    world.put("stock-log", item).await;
    assert_eq!(progress(&world.tables(), date(), date()).await.closed[&date()].revision, 0);
    assert_eq!(conflicts(&world.tables(), &[2, 1]).await, [Some(0), None]);
}

#[test]
fn any_state_of_a_rollup_comes_back_as_it_was_put() {
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let world = runtime.block_on(World::start());
    let windows = prop::collection::btree_map(0..288_i64, any::<u32>(), 0..288);
    let unmet = prop::collection::btree_set("[A-Za-z0-9.:#-]{1,40}", 0..4);
    let states = (windows, unmet, any::<u64>(), any::<u64>());
    for_any(&states, |(windows, unmet, count, conflicts)| {
        let start = |n| at("2026-03-12T00:00:00Z") + TimeDelta::minutes(5 * n);
        let windows = windows.into_iter().map(|(n, digest)| (Window::of(start(n)), digest));
        let unmet = unmet.iter().map(|key| format!("2026-03-12/{key}").parse().unwrap());
        let state = RollupState {
            windows: windows.collect(),
            unmet: unmet.collect(),
            count,
            conflicts,
            ..rolled(date(), 0)
        };
        runtime.block_on(async {
            world.tables().put_rollup_state(&state).await.unwrap();
            let read = progress(&world.tables(), date(), date()).await;
            assert_eq!(read.rolled, BTreeMap::from([(date(), state)]));
        });
    });
}

/// DynamoDB counts writes by 1,024 bytes.
#[tokio::test]
async fn the_state_of_a_day_of_150_windows_is_one_write() {
    let world = World::start().await;
    world.tables().put_rollup_state(&rolled(date(), 150)).await.unwrap();
    let bytes = bytes_of(&world.item("stock-log").await);
    assert!(bytes <= 1_024, "{bytes}");
}

/// Puts a close state and a rollup state with one attribute changed or removed. Returns what is
/// read.
async fn read_changed(world: &World, name: &str, value: Option<AttributeValue>) -> Progress {
    let log = world.tables();
    assert_eq!(log.save_close_state(&closed(date())).await, Ok(Saved::Done));
    log.put_rollup_state(&rolled(date(), 3)).await.unwrap();
    for mut item in world.items("stock-log").await {
        let known = item.remove(name);
        if known.is_some() {
            item.extend(value.clone().map(|value| (name.to_owned(), value)));
            world.put("stock-log", item).await;
        }
    }
    progress(&log, date(), date()).await
}

#[tokio::test]
async fn a_damaged_state_is_left_out_and_replaced_by_the_next_one() {
    let binary = |bytes: Vec<u8>| Some(AttributeValue::B(Blob::new(bytes)));
    let mut cut = vec![1; 37 + 4];
    cut[1] = 3;
    let number = |number: &str| Some(AttributeValue::N(number.to_owned()));
    for (name, value, [closes, rolls]) in [
        ("inputs", None, [false, true]),
        ("is_complete", number("1"), [false, true]),
        ("revision", number("-1"), [false, true]),
        ("read_at", Some(AttributeValue::S("noon".to_owned())), [false, false]),
        ("late", Some(AttributeValue::Null(true)), [false, false]),
        ("n", number("-1"), [true, false]),
        ("conflicts", None, [true, false]),
        ("windows", None, [true, false]),
        ("windows", binary(vec![]), [true, false]),
        ("windows", binary(vec![2; 37]), [true, false]),
        ("windows", binary(vec![1, 0, 0]), [true, false]),
        ("windows", binary(cut), [true, false]),
    ] {
        let world = World::start().await;
        mark(&world.tables(), date()).await;
        let read = read_changed(&world, name, value.clone()).await;
        let found = [read.closed.contains_key(&date()), read.rolled.contains_key(&date())];
        assert_eq!(found, [closes, rolls], "{name} {value:?}");
        assert_eq!(read.late[&date()].len(), 1, "{name} {value:?}");
        let log = world.tables();
        let next = CloseState { revision: 2, ..closed(date()) };
        assert_eq!(log.save_close_state(&next).await, Ok(Saved::Done));
        log.put_rollup_state(&rolled(date(), 3)).await.unwrap();
        let read = progress(&log, date(), date()).await;
        assert_eq!((read.closed.len(), read.rolled.len()), (1, 1));
    }
}

#[tokio::test]
async fn an_item_of_another_program_hides_nothing() {
    let world = World::start().await;
    let log = world.tables();
    mark(&log, date()).await;
    assert_eq!(log.save_close_state(&closed(date())).await, Ok(Saved::Done));
    let active = LogEntry::ActiveStore { stored_on: date(), store_id: store_id() };
    assert_eq!(log.append(&[active]).await, [Ok(())]);
    for (partition, sort) in
        [("s1#late", "2026-03-12"), ("s1#late", "2026-03-12x#closed"), ("#2026-03-12", "a note")]
    {
        let text = |text: &str| AttributeValue::S(text.to_owned());
        let item = [("pk".to_owned(), text(partition)), ("sk".to_owned(), text(sort))];
        world.put("stock-log", Attributes::from(item)).await;
    }
    let read = progress(&log, date(), date()).await;
    assert_eq!((read.late[&date()].len(), read.closed.len(), read.rolled.len()), (1, 1, 0));
    assert_eq!(log.query_active_stores(date()).await, Ok(vec![store_id()]));
}
