//! Schedule of the close of day and the rollup: the stores that are due in each slot.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::Store;
use domain::ports::{CatalogTable, LogEntry, StockLog};
use in_memory::{InProcessQueue, Tables};
use processors::CloseSchedule;

fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(future)
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().expect("an instant")
}

fn schedule(stores: &[(&str, &str, &str)]) -> CloseSchedule<Tables, InProcessQueue> {
    let tables = Tables::default();
    for (id, zone, hours) in stores {
        let json = format!(r#"{{"store_id":"{id}","zone":"{zone}","hours":"{hours}"}}"#);
        run(tables.put_store(&Store::parse(&json).expect("a store"))).unwrap();
    }
    CloseSchedule { tables, queue: InProcessQueue::default() }
}

fn active(schedule: &CloseSchedule<Tables, InProcessQueue>, id: &str, stored_on: &str) {
    let stored_on: NaiveDate = stored_on.parse().expect("a date");
    let entry = LogEntry::ActiveStore { stored_on, store_id: id.parse().expect("a store") };
    assert_eq!(run(schedule.tables.append(&[entry])), [Ok(())]);
}

fn sent(schedule: &CloseSchedule<Tables, InProcessQueue>, at: DateTime<Utc>) -> Vec<String> {
    let count = run(schedule.tick(at)).expect("tables that work");
    let sent: Vec<_> = std::iter::from_fn(|| schedule.queue.take()).collect();
    assert_eq!(sent.len(), count);
    assert!(sent.iter().all(|due| due.due <= at && at < due.due + TimeDelta::minutes(15)));
    sent.into_iter().map(|due| due.store_id.to_string()).collect()
}

/// Ticks all slots of a UTC date, ten seconds late. Returns the slots by store.
fn slots(
    schedule: &CloseSchedule<Tables, InProcessQueue>,
    date: &str,
) -> BTreeMap<String, Vec<String>> {
    let midnight = instant(&format!("{date}T00:00:00Z"));
    let mut slots: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for slot in 0..96 {
        let at = midnight + TimeDelta::minutes(15 * slot);
        let stores = sent(schedule, at + TimeDelta::seconds(10));
        for store in stores {
            let slots = slots.entry(store).or_default();
            let clock = at.format("%H:%M").to_string();
            assert_ne!(slots.last(), Some(&clock), "a store is sent once");
            slots.push(clock);
        }
    }
    slots
}

/// Slots from the first to the last, both included.
fn each(first: &str, last: &str) -> Vec<String> {
    let at = |clock: &str| instant(&format!("2026-03-12T{clock}:00Z"));
    let count = (at(last) - at(first)).num_minutes() / 15;
    let clock = |slot| (at(first) + TimeDelta::minutes(15 * slot)).format("%H:%M").to_string();
    (0..=count).map(clock).collect()
}

#[test]
fn a_store_is_due_in_each_slot_of_its_hours_and_the_hour_after_and_every_four_hours() {
    for (zone, hours, slots_open) in [
        ("UTC", "mon-sun 07:00-18:30", each("07:00", "19:30")),
        ("Europe/Berlin", "mon-sun 07:00-18:30", each("06:00", "18:30")),
        ("America/New_York", "mon-sun 08:00-12:10", each("12:00", "17:00")),
        ("UTC", "mon-sun 18:00-02:00", [each("00:00", "03:00"), each("18:00", "23:45")].concat()),
        ("UTC", "mon-sun 00:00-24:00", each("00:00", "23:45")),
    ] {
        let schedule = schedule(&[("s", zone, hours)]);
        let mut due = slots(&schedule, "2026-03-12").remove("s").expect("due");
        let is_missing = |clock: &&String| !due.contains(*clock);
        let missing: Vec<&String> = slots_open.iter().filter(is_missing).collect();
        assert_eq!(missing, [""; 0], "{zone} {hours}");
        due.retain(|clock| !slots_open.contains(clock));
        assert!(due.len() <= 6, "{zone} {hours}: {due:?}");
    }
}

#[test]
fn a_closed_store_is_due_six_times_a_day_four_hours_apart() {
    let schedule = schedule(&[("s", "UTC", "mon 07:00-18:30")]);
    // Thursday: no opening, and the hour after a midnight that ends a date without doors.
    let due = slots(&schedule, "2026-03-12").remove("s").expect("due");
    let due: Vec<String> = due.into_iter().filter(|clock| clock.as_str() > "01:15").collect();
    assert!((5..=6).contains(&due.len()), "{due:?}");
    let at = |clock: &String| instant(&format!("2026-03-12T{clock}:00Z"));
    assert!(due.windows(2).all(|pair| at(&pair[1]) - at(&pair[0]) == TimeDelta::hours(4)));
}

#[test]
fn a_store_without_an_entry_that_sends_events_is_due_once_an_hour_until_the_next_day_ends() {
    let schedule = schedule(&[]);
    active(&schedule, "unlisted", "2026-03-11");
    for (date, times) in
        [("2026-03-10", 0), ("2026-03-11", 24), ("2026-03-12", 24), ("2026-03-13", 0)]
    {
        let due = slots(&schedule, date).remove("unlisted").unwrap_or_default();
        assert_eq!(due.len(), times, "{date}");
        let minutes: Vec<&str> = due.iter().map(|clock| &clock[3..]).collect();
        assert!(minutes.windows(2).all(|pair| pair[0] == pair[1]), "{minutes:?}");
    }
}

#[test]
fn each_store_is_sent_once_also_if_it_is_listed_and_active_on_two_days() {
    let schedule =
        schedule(&[("a", "UTC", "mon-sun 00:00-24:00"), ("c", "UTC", "mon 07:00-08:00")]);
    for id in ["a", "b", "c", "d"] {
        active(&schedule, id, "2026-03-11");
        active(&schedule, id, "2026-03-12");
    }
    let due = slots(&schedule, "2026-03-12");
    assert_eq!(due["a"].len(), 96);
    assert_eq!((due["b"].len(), due["d"].len()), (24, 24));
    // A listed store has hours, so its being active changes nothing.
    assert!(due["c"].len() < 12, "{:?}", due["c"]);
}

#[test]
fn stores_without_an_entry_are_spread_over_the_slots_of_an_hour() {
    let schedule = schedule(&[]);
    (0..200).for_each(|id| active(&schedule, &format!("s-{id}"), "2026-03-12"));
    let slot = |minutes| instant("2026-03-12T10:00:00Z") + TimeDelta::minutes(minutes);
    let counts = [0, 15, 30, 45].map(|minutes| sent(&schedule, slot(minutes)).len());
    assert_eq!(counts.iter().sum::<usize>(), 200);
    assert!(counts.iter().all(|count| (25..75).contains(count)), "{counts:?}");
}

#[test]
fn the_start_of_a_program_sends_all_stores() {
    let schedule = schedule(&[
        ("early", "UTC", "mon-sun 06:00-12:00"),
        ("late", "UTC", "mon-sun 07:00-18:30"),
    ]);
    active(&schedule, "unlisted", "2026-03-11");
    active(&schedule, "unlisted", "2026-03-12");
    assert_eq!(run(schedule.tick_all(instant("2026-03-12T03:07:00Z"))), Ok(3));
    let sent: Vec<String> =
        std::iter::from_fn(|| schedule.queue.take()).map(|due| due.to_string()).collect();
    let expected = ["early", "late", "unlisted"].map(|id| format!("{id}@2026-03-12T03:00:00Z"));
    assert_eq!(sent, expected);
}
