//! Check of a day: what a rollup will still write is no difference, and everything else is.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::ports::WindowsTable;
use domain::{Acceptance, DaySpan, Event, StoreId};
use in_memory::Tables;
use processors::Rollup;
use processors::check::{Check, CheckedDay, DateCheck, DifferenceKind};

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn instant(time: &str) -> DateTime<Utc> {
    format!("2026-03-12T{time}:00Z").parse().expect("an instant")
}

fn store() -> StoreId {
    "0042".parse().expect("a store")
}

fn receipt(id: &str, time: &str) -> Event {
    let at = instant(time);
    let json = format!(
        r#"{{"event_id":"{id}","kind":"receipt","store_id":"0042","terminal_id":"t1",
            "sku":"rye","quantity":"1.500","unit":"KGM","occurred_at":"{}"}}"#,
        at.to_rfc3339()
    );
    Event::parse(&json, &Acceptance::at(at)).expect("an event")
}

/// Tables of a store that is not in the catalogue.
#[derive(Default)]
struct World {
    tables: Tables,
}

impl World {
    fn append(&self, events: &[(&str, &str)], arrived: &str) {
        let events = events.iter().map(|(id, time)| receipt(id, time));
        run(self.tables.append_events(events, instant(arrived))).expect("appended");
    }

    fn roll_up(&self, at: &str) {
        let rollup = Rollup { tables: self.tables.clone() };
        run(rollup.roll_up(&store(), instant(at))).expect("rolled up");
    }

    fn with_check<T>(
        &self,
        at: &str,
        use_it: impl FnOnce(&Check<Tables>, &CheckedDay<'_>) -> T,
    ) -> T {
        let date: NaiveDate = instant(at).date_naive();
        let starts_at = date.and_time(NaiveTime::MIN).and_utc();
        let ends_at = starts_at + TimeDelta::days(1);
        let span = DaySpan { date, starts_at, ends_at, closes_at: ends_at };
        let store_id = store();
        let day = CheckedDay { store_id: &store_id, store: None, span };
        use_it(&Check { tables: self.tables.clone() }, &day)
    }

    fn check(&self, at: &str) -> DateCheck {
        self.with_check(at, |check, day| {
            let found = run(check.check(day, instant(at))).expect("a check");
            let [date] = &found.dates[..] else { panic!("one date: {found:?}") };
            assert_eq!(found.is_good(), date.is_complete() && date.differences.is_empty());
            found.dates.into_iter().next().expect("one date")
        })
    }

    fn repair(&self, at: &str) {
        self.with_check(at, |check, day| {
            let found = run(check.check(day, instant(at))).expect("a check");
            run(check.repair(day, &found, instant(at))).expect("a repair");
        });
    }
}

#[test]
fn rows_that_the_next_rollup_will_write_are_no_difference() {
    let world = World::default();
    world.append(&[("a", "09:01"), ("b", "09:16")], "09:17");
    let found = world.check("09:17");
    assert_eq!((found.events, found.pending, found.windows), (2, 1, 0), "09:15 is not over");
    assert_eq!(found.differences, []);
    world.roll_up("09:17");
    let found = world.check("09:18");
    assert_eq!((found.pending, found.windows, &found.differences[..]), (0, 1, &[][..]));
    // Late events of a window with a row, and of one without.
    world.append(&[("c", "09:02"), ("d", "09:06")], "09:25");
    let found = world.check("09:26");
    assert_eq!((found.pending, &found.differences[..]), (3, &[][..]));
}

#[test]
fn a_row_that_is_not_as_its_rollup_wrote_it_is_a_difference_while_the_day_is_open() {
    let world = World::default();
    world.append(&[("a", "09:01"), ("b", "10:01")], "10:02");
    world.roll_up("10:06");
    let good = world.tables.windows.all();
    for count in [2, 1_000] {
        let mut row = good[0].clone();
        row.count = count;
        row.items.values_mut().for_each(|figures| figures.received = 7.into());
        world.tables.windows.put(row);
        let kinds: Vec<DifferenceKind> =
            world.check("10:07").differences.iter().map(|one| one.kind).collect();
        let expected = [DifferenceKind::Count, DifferenceKind::Other];
        assert_eq!(kinds, expected[if count == 2 { 1 } else { 0 }..]);
        world.repair("10:07");
        assert_eq!(world.check("10:07").differences, []);
        assert_eq!(world.tables.windows.all(), good);
    }
    run(world.tables.remove_window(&store(), good[0].window, 0)).expect("removed");
    let found = world.check("10:07");
    assert_eq!(found.differences[0].kind, DifferenceKind::Missing);
    world.repair("10:07");
    assert_eq!(world.tables.windows.all(), good);
}

#[test]
fn a_deleted_segment_stays_told_and_no_rollup_takes_its_events_from_the_rows() {
    let world = World::default();
    world.append(&[("a", "09:01")], "09:02");
    world.append(&[("b", "10:01")], "10:02");
    world.roll_up("10:06");
    let good = world.tables.windows.all();
    let (key, bytes) = world.tables.log.segments().pop_first().expect("a segment");
    world.tables.log.remove(&key);
    for at in ["10:07", "10:21"] {
        assert_eq!(world.check(at).lost, 1);
        world.repair(at);
        world.roll_up(at);
        assert_eq!(world.tables.windows.all(), good, "{at}");
    }
    world.tables.log.put_bytes(key, bytes);
    let found = world.check("10:22");
    assert_eq!((found.lost, &found.differences[..]), (0, &[][..]));
}
