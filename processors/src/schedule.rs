//! Schedule of the close of day: the stores whose days are looked at in a slot. The schedule sends
//! them to a queue; one store at a time is taken from it and closed.
//!
//! A pass reads all windows of eight dates, or of nine between the close and midnight, so ten
//! thousand stores are not looked at 96 times a day: each is in the slots of the first hour after
//! its doors close, which is when its day comes about, and for what arrives late every four hours,
//! long before the next afternoon asks. Which slot of the four hours is drawn by its id, so that
//! every slot has as much to do.

use chrono::{DateTime, Days, TimeDelta, Timelike, Utc};
use domain::chance::draw;
use domain::due::due_stores;
use domain::limits::SLOT_MINUTES;
use domain::ports::{CatalogTable, DueQueue, Failure};
use domain::{Store, slot_of};
use metrics::counter;

use crate::close::SETTLE;
use crate::metrics as names;

/// For how long after its close a store is due in every slot.
const EVERY_SLOT: TimeDelta = TimeDelta::hours(1);
/// And one slot of so many besides.
const ONE_SLOT_OF: u32 = 4 * 60 / SLOT_MINUTES;
const _: () = assert!((24 * 60 / SLOT_MINUTES).is_multiple_of(ONE_SLOT_OF), "the same every day");

/// The schedule with what it reads and where it sends.
#[derive(Debug, Clone)]
pub struct Schedule<T, Q> {
    /// The catalogue.
    pub tables: T,
    /// Where stores go that are due.
    pub queue: Q,
}

impl<T: CatalogTable, Q: DueQueue> Schedule<T, Q> {
    /// Sends the stores whose days are to be looked at in the slot that `due` lies in, and says how
    /// many they are.
    ///
    /// # Errors
    /// When not all are sent; to do it again is safe.
    pub async fn tick(&self, due: DateTime<Utc>) -> Result<usize, Failure> {
        let slot = slot_of(due);
        self.send(slot, |store| is_due(store, slot)).await
    }

    /// Sends every store, due or not: for the start of a program that may have missed slots.
    ///
    /// # Errors
    /// As [`Schedule::tick`].
    pub async fn tick_all(&self, due: DateTime<Utc>) -> Result<usize, Failure> {
        self.send(slot_of(due), |_| true).await
    }

    async fn send(
        &self,
        slot: DateTime<Utc>,
        is_due: impl Fn(&Store) -> bool,
    ) -> Result<usize, Failure> {
        let stores = self.tables.load_stores(&self.tables.list_stores().await?).await?;
        let due = due_stores(stores, slot, is_due);
        self.queue.send_due(&due).await?;
        counter!(names::DUE_TOTAL).increment(due.len() as u64);
        Ok(due.len())
    }
}

fn is_due(store: &Store, slot: DateTime<Utc>) -> bool {
    has_just_closed(store, slot) || is_its_turn(store, slot)
}

fn has_just_closed(store: &Store, slot: DateTime<Utc>) -> bool {
    let today = slot.with_timezone(&store.zone).date_naive();
    [today - Days::new(1), today].into_iter().any(|date| {
        let settled_at = store.span(date).closes_at + SETTLE;
        (settled_at..settled_at + EVERY_SLOT).contains(&slot)
    })
}

fn is_its_turn(store: &Store, slot: DateTime<Utc>) -> bool {
    let of_day = (slot.hour() * 60 + slot.minute()) / SLOT_MINUTES;
    let turn = draw(&["close", store.store_id.as_str()]) % u64::from(ONE_SLOT_OF);
    u64::from(of_day % ONE_SLOT_OF) == turn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::NaiveDate;

    use super::*;

    fn store(id: u32, hours: &str) -> Store {
        let json =
            format!(r#"{{"store_id": "s{id}", "zone": "Europe/Berlin", "hours": "{hours}"}}"#);
        Store::parse(&json).expect("valid")
    }

    fn slots() -> impl Iterator<Item = DateTime<Utc>> {
        let midnight: DateTime<Utc> = "2026-03-12T00:00:00Z".parse().expect("an instant");
        (0..96).map(move |slot| midnight + TimeDelta::minutes(15 * slot))
    }

    #[test]
    fn a_store_is_due_every_four_hours_and_in_every_slot_of_the_hour_after_its_close() {
        for (hours, first) in [
            ("mon-sun 07:00-18:30", "2026-03-12T17:45:00Z"),
            ("mon-sun 07:00-18:40", "2026-03-12T17:45:00Z"),
            ("mon-sun 18:00-02:00", "2026-03-12T01:15:00Z"),
        ] {
            let first: DateTime<Utc> = first.parse().expect("an instant");
            let store = store(1, hours);
            let just_closed: Vec<_> =
                slots().filter(|slot| has_just_closed(&store, *slot)).collect();
            assert_eq!(just_closed, [0, 1, 2, 3].map(|slot| first + TimeDelta::minutes(15 * slot)));
            let turns = slots().filter(|slot| is_its_turn(&store, *slot)).count();
            assert_eq!(turns, 6, "{hours}");
        }
    }

    #[test]
    fn each_day_of_a_year_is_looked_at_in_the_first_slot_after_its_close() {
        let year: NaiveDate = "2026-01-01".parse().expect("a date");
        for zone in ["Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe"] {
            for hours in ["mon-sat 07:00-18:30", "mon-sun 06:00-06:00", "fri-sat 18:00-02:30"] {
                let json = format!(r#"{{"store_id": "s", "zone": "{zone}", "hours": "{hours}"}}"#);
                let store = Store::parse(&json).expect("valid");
                for date in year.iter_days().take(365) {
                    let settled_at = store.span(date).closes_at + SETTLE;
                    let slot = slot_of(settled_at) + TimeDelta::minutes(SLOT_MINUTES.into());
                    assert!(has_just_closed(&store, slot), "{date} of {json} at {slot}");
                }
            }
        }
    }

    #[test]
    fn every_slot_has_as_many_stores() {
        let mut due: BTreeMap<DateTime<Utc>, usize> = BTreeMap::new();
        for id in 0..1_000 {
            let store = store(id, "mon-sun 07:00-18:30");
            for slot in slots().take(16).filter(|slot| is_its_turn(&store, *slot)) {
                *due.entry(slot).or_default() += 1;
            }
        }
        assert_eq!(due.values().sum::<usize>(), 1_000);
        assert_eq!(due.len(), 16);
        assert!(due.values().all(|stores| (40..90).contains(stores)), "{due:?}");
    }
}
