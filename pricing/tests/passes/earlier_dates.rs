//! Reads of earlier dates: only for items without a day row, and only if a date was not closed.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Utc};
use domain::closed_day::DayContext;
use domain::ports::{CatalogTable, DaysTable, LogEntry, Saved, StockLog};
use domain::stock::{CloseState, SETTLE, Segment, StockWindow};
use domain::{Arm, ClosedDay, DayKey, Event, Item, Sku, Store, StoreId, Version};
use pricing::store_snapshot::{SkipReason, StoreRows, StoreSnapshot};
use proptest::prelude::*;

use crate::{World, at, corner, event, run};

const TODAY: &str = "2026-03-12";
const SLOT: &str = "2026-03-12T14:00:00Z";
/// Longest shelf life in these tests.
const LIFE: u64 = 28;

fn date(back: u64) -> NaiveDate {
    TODAY.parse::<NaiveDate>().expect("a date") - Days::new(back)
}

fn item(sku: &str, shelf_life_days: u64) -> String {
    format!(r#"{{"sku":"{sku}","price":"2.40","shelf_life_days":{shelf_life_days}}}"#)
}

fn world(items: &[(&str, u64)]) -> World {
    let items: Vec<String> = items.iter().map(|(sku, life)| item(sku, *life)).collect();
    corner("{}", &items.iter().map(String::as_str).collect::<Vec<_>>())
}

/// Creates an event at noon, so many dates ago.
fn noon(id: &str, kind: &str, sku: &str, quantity: u32, back: u64, expires: Option<u64>) -> Event {
    let more = expires.map(|back| format!(r#","expires_on":"{}""#, date(back)));
    let price = if kind == "sale" { r#","unit_price":"2.40","currency":"EUR""# } else { "" };
    let more = format!("{}{price}", more.unwrap_or_default());
    event(id, kind, sku, &quantity.to_string(), &format!("{}T12:00:00Z", date(back)), &more)
}

impl World {
    fn shop(&self) -> Store {
        run(self.tables.load_store(&"corner".parse().expect("an id"))).expect("read").expect("it")
    }

    fn keepers(&self) -> Vec<Item> {
        run(self.tables.load_items(&self.shop().store_id)).expect("read")
    }

    /// Windows of the store in `[since, until)`.
    fn windows(&self, since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<StockWindow> {
        let store_id = self.shop().store_id;
        run(stock_log::read_windows(&self.tables, &store_id, None, since, until))
            .expect("read")
            .windows
    }

    /// Writes the rows of a date as the close of day does.
    fn write_rows(&self, back: u64) {
        let store = self.shop();
        let span = store.span(date(back));
        for item in self.keepers() {
            let key =
                |date| DayKey { store_id: store.store_id.clone(), sku: item.sku.clone(), date };
            let before = run(self.tables.load_days(&[key(date(back + 1))])).expect("read").pop();
            let mut windows = self.windows(span.starts_at, span.ends_at);
            windows.retain(|window| window.key().sku == item.sku);
            let context = DayContext {
                before: before.as_ref(),
                span,
                opens_at: store.day(span.date).map(|day| day.opens_at),
                zone: store.zone,
                shelf_life_days: item.shelf_life_days,
                is_stored: false,
            };
            let windows: Vec<&StockWindow> = windows.iter().collect();
            let Some(row) = ClosedDay::of(key(date(back)), &context, &windows, &[]) else {
                continue;
            };
            assert_eq!(run(self.tables.save_day(&row, None)), Ok(Saved::Done));
        }
    }

    /// Writes the rows of a date and its state.
    fn close_date(&self, back: u64) {
        self.write_rows(back);
        self.put_state(back, true);
    }

    fn put_state(&self, back: u64, is_complete: bool) {
        let (store, date) = (self.shop(), date(back));
        let known = run(self.tables.query_progress(&store.store_id, date, date)).expect("read");
        let state = CloseState {
            read_at: store.span(date).ends_at + SETTLE,
            store_id: store.store_id,
            date,
            late: Version::of(b""),
            inputs: Version::of(b"inputs"),
            is_complete,
            revision: known.closed.get(&date).map_or(0, |known| known.revision) + 1,
        };
        assert_eq!(run(self.tables.save_close_state(&state)), Ok(Saved::Done));
    }

    /// Puts a damaged segment into each earlier UTC date, so that a read of the date is told.
    fn damage_earlier_dates(&self) {
        for back in 1..=LIFE + 5 {
            let key = (self.shop().store_id, date(back), "0#damaged".to_owned());
            self.tables.log.put_bytes(key, vec![0xFF]);
        }
    }

    fn rows(&self) -> StoreRows {
        let store = self.shop();
        let day = store.day(date(0)).expect("open");
        run(self.pricing().read_rows(store, day, false, at(SLOT))).expect("rows")
    }

    /// Returns the earlier UTC dates that a pass reads, as numbers of dates back. The business day
    /// itself begins at 23:00 UTC on the date before.
    fn dates_read(&self) -> Vec<u64> {
        let reader = self.clone_with_damage();
        let back = |date: NaiveDate| (self::date(0) - date).num_days().unsigned_abs();
        let mut read: Vec<u64> =
            reader.rows().unreadable.iter().map(|segment| back(segment.date)).collect();
        read.sort_unstable();
        read
    }

    fn clone_with_damage(&self) -> World {
        let other = World { tables: self.tables.snapshot() };
        other.damage_earlier_dates();
        other
    }

    /// Returns the stock on hand by item, or the reason for skipping it.
    fn on_hand(&self) -> BTreeMap<Sku, Result<u64, SkipReason>> {
        on_hand(self.rows())
    }

    /// As [`World::on_hand`], from the windows of all dates within the longest shelf life alone.
    fn on_hand_of_all_windows(&self) -> BTreeMap<Sku, Result<u64, SkipReason>> {
        let rows = self.rows();
        let since = rows.store.shelf_since(&rows.day, LIFE as u16);
        let windows = self.windows(since, rows.slot);
        on_hand(StoreRows { windows, before: Vec::new(), ..rows })
    }
}

fn on_hand(rows: StoreRows) -> BTreeMap<Sku, Result<u64, SkipReason>> {
    let snapshot = StoreSnapshot::new(rows);
    let of = |item: &Item| {
        let prepared = snapshot.prepare(item, Arm::Policy);
        (item.sku.clone(), prepared.map(|prepared| prepared.request.on_hand))
    };
    snapshot.items.iter().map(of).collect()
}

fn units(world: &World, sku: &str) -> Result<u64, SkipReason> {
    world.on_hand().remove(&sku.parse::<Sku>().expect("a SKU")).expect("an item")
}

#[test]
fn an_item_of_28_days_reads_no_earlier_date_after_the_close() {
    let world = world(&[("fresh", 1), ("cheese", LIFE), ("unsold", LIFE)]);
    world.store(&[
        noon("a", "receipt", "cheese", 40, 20, None),
        noon("b", "sale", "cheese", 4, 9, None),
        noon("c", "receipt", "fresh", 5, 1, None),
    ]);
    (1..=20).rev().for_each(|back| world.close_date(back));
    assert_eq!(world.dates_read(), [1], "the business day begins on the UTC date before");
    assert_eq!(units(&world, "cheese"), Ok(36));
    assert!(units(&world, "unsold").is_err() && units(&world, "fresh").is_err());
    assert!(world.rows().windows.is_empty(), "there was no event today");
}

#[test]
fn items_that_keep_for_one_day_read_no_earlier_date() {
    let world = world(&[("fresh", 1)]);
    world.store(&[noon("a", "receipt", "fresh", 5, 1, None)]);
    assert_eq!(world.dates_read(), [1]);
}

#[test]
fn before_the_close_only_the_dates_since_the_last_rows_are_read() {
    let world = world(&[("cheese", LIFE), ("milk", 5), ("unsold", LIFE)]);
    world.store(&[
        noon("a", "receipt", "cheese", 40, 20, None),
        noon("b", "sale", "cheese", 4, 2, None),
        noon("c", "receipt", "milk", 9, 3, None),
        noon("d", "sale", "milk", 2, 1, None),
    ]);
    (3..=20).rev().for_each(|back| world.close_date(back));
    // Berlin's date begins at 23:00 UTC: the date two days ago begins on the third UTC date.
    assert_eq!(world.dates_read(), [1, 2, 3]);
    assert_eq!((units(&world, "cheese"), units(&world, "milk")), (Ok(36), Ok(7)));
    // The closes that were missing give the same.
    let found = world.on_hand();
    [2, 1].into_iter().for_each(|back| world.close_date(back));
    assert_eq!(world.dates_read(), [1]);
    assert_eq!(world.on_hand(), found);
}

#[test]
fn a_close_that_is_not_complete_or_misses_a_late_event_is_not_relied_on() {
    let world = world(&[("cheese", LIFE), ("unsold", LIFE)]);
    world.store(&[noon("a", "receipt", "cheese", 40, 3, None)]);
    (1..=3).rev().for_each(|back| world.close_date(back));
    assert_eq!(world.dates_read(), [1]);
    // An event of an item without a row, stored after the close with its late mark.
    let late = noon("z", "receipt", "unsold", 7, 1, None);
    let arrived_at = late.occurred_at() + TimeDelta::hours(20);
    let segments = Segment::cut(late.store_id(), date(1), arrived_at, vec![&late]);
    let mark = |segment: &Segment| LogEntry::LateMark(segment.key.clone());
    let entries: Vec<LogEntry> =
        segments.iter().flat_map(|one| [LogEntry::Segment(one.clone()), mark(one)]).collect();
    assert!(run(world.tables.append(&entries)).iter().all(Result::is_ok));
    assert_eq!(world.dates_read(), [1, 2], "yesterday, which begins on the UTC date before it");
    assert_eq!((units(&world, "unsold"), units(&world, "cheese")), (Ok(7), Ok(40)));

    let writing = World { tables: world.tables.snapshot() };
    writing.put_state(1, false);
    writing.put_state(2, false);
    assert_eq!(writing.dates_read(), [1, 2, 3]);
}

#[test]
fn the_first_day_of_a_store_reads_back_to_the_shelf_life_of_each_item() {
    let world = world(&[("cheese", 4), ("milk", 2)]);
    world.store(&[
        noon("a", "receipt", "cheese", 40, 3, None),
        noon("b", "receipt", "cheese", 9, 4, None),
        noon("c", "receipt", "milk", 5, 1, None),
        noon("d", "receipt", "milk", 8, 2, None),
        noon("e", "receipt", "other", 3, 1, None),
    ]);
    assert_eq!(world.dates_read(), [1, 2, 3, 4]);
    assert_eq!((units(&world, "cheese"), units(&world, "milk")), (Ok(40), Ok(5)));
    let kept: Vec<String> =
        world.rows().windows.iter().map(|window| window.key().sku.to_string()).collect();
    assert_eq!(kept, ["cheese", "milk"], "and nothing of items that the store does not list");
    assert_eq!(world.on_hand(), world.on_hand_of_all_windows());
}

#[test]
fn a_row_of_an_earlier_program_without_deliveries_counts_as_no_row() {
    let world = world(&[("cheese", 5)]);
    world.store(&[
        noon("a", "receipt", "cheese", 30, 2, Some(1)),
        noon("b", "receipt", "cheese", 10, 1, Some(0)),
    ]);
    [2, 1].into_iter().for_each(|back| world.close_date(back));
    assert_eq!(units(&world, "cheese"), Ok(10));
    let id: StoreId = "corner".parse().expect("an id");
    let key =
        |back| DayKey { store_id: id.clone(), sku: "cheese".parse().unwrap(), date: date(back) };
    for back in [1, 2] {
        let row = run(world.tables.load_days(&[key(back)])).expect("read").pop().expect("a row");
        let earlier = ClosedDay { deliveries: None, ..row.clone() };
        assert_eq!(run(world.tables.save_day(&earlier, Some(&row.version))), Ok(Saved::Done));
    }
    assert_eq!(world.dates_read(), [1, 2, 3, 4, 5]);
    assert_eq!(units(&world, "cheese"), Ok(10));
}

#[test]
fn goods_past_their_date_are_left_out_on_every_later_date() {
    let world = world(&[("cheese", 10)]);
    world.store(&[
        noon("a", "receipt", "cheese", 30, 6, Some(3)),
        noon("b", "receipt", "cheese", 20, 5, None),
        noon("c", "sale", "cheese", 8, 4, None),
    ]);
    // 42 are left: 20 without a date came last, and 22 are past theirs.
    (1..=6).rev().for_each(|back| world.close_date(back));
    assert_eq!(units(&world, "cheese"), Ok(20));
    let recount = noon("d", "count", "cheese", 55, 0, None);
    world.store(&[recount]);
    // The count found five more than ever came: 30 are past their date.
    assert_eq!(units(&world, "cheese"), Ok(25));
    assert_eq!(world.on_hand(), world.on_hand_of_all_windows());
}

/// One date of an item: a delivery with or without a date, sales, a count.
type DayMoves = (u32, Option<i64>, u32, Option<u32>);

fn any_dates() -> impl Strategy<Value = Vec<DayMoves>> {
    let moves = (0..20_u32, prop::option::of(-2..6_i64), 0..15_u32);
    let count = prop::option::weighted(0.2, 0..40_u32);
    let day = (moves, count).prop_map(|((came, dated, sold), count)| (came, dated, sold, count));
    prop::collection::vec(day, 1..7)
}

/// Events of consecutive dates, the last of which is today. No more is sold than is there.
fn events_of(dates: &[DayMoves]) -> Vec<Event> {
    let mut events = Vec::new();
    let mut level = 0;
    for (back, (came, dated, sold, count)) in (0..dates.len() as u64).rev().zip(dates) {
        let mut add = |kind: &str, quantity: u32, clock: &str, more: &str| {
            let id = format!("{back}-{kind}");
            let at = format!("{}T{clock}:00Z", date(back));
            events.push(event(&id, kind, "cheese", &quantity.to_string(), &at, more));
        };
        let expires = dated.map(|days| date(back) + TimeDelta::days(days));
        let expires = expires.map(|date| format!(r#","expires_on":"{date}""#));
        add("receipt", *came, "07:00", &expires.unwrap_or_default());
        level += came;
        let sold = level.min(*sold);
        add("sale", sold, "09:00", r#","unit_price":"2.40","currency":"EUR""#);
        level -= sold;
        if let Some(count) = count {
            add("count", *count, "11:00", "");
            level = *count;
        }
    }
    events
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 64, failure_persistence: None, ..ProptestConfig::default()
    })]

    #[test]
    fn rows_and_windows_of_the_day_give_what_all_windows_give(
        dates in any_dates(),
        closed in 0..8_u64,
    ) {
        let world = world(&[("cheese", LIFE)]);
        world.store(&events_of(&dates));
        let expected = world.on_hand_of_all_windows();
        // No date, the first dates or all dates are closed.
        let last = dates.len() as u64 - 1;
        (1..=last).rev().take(closed as usize).for_each(|back| world.close_date(back));
        prop_assert_eq!(world.on_hand(), expected);
    }
}
