//! Schedule of the close of day and the rollup: selects the stores to visit in a slot and sends
//! them to a queue. A consumer serves one store per message.
//!
//! A store is due in each slot of its opening hours, for its windows, and of the hour after its
//! doors close. For late events it is also due every four hours, so that days are current before
//! prices are decided. The slot within the four hours is a hash of the store id, which spreads the
//! load over all slots. A store that sends events and is not in the catalogue has no hours: it is
//! due once an hour.

use chrono::{DateTime, Days, NaiveDate, TimeDelta, Timelike, Utc};
use domain::draw;
use domain::due::{DueStore, due_stores};
use domain::limits::SLOT_MINUTES;
use domain::ports::{CatalogTable, DueQueue, Failure, StockLog};
use domain::stock::SETTLE;
use domain::{Store, StoreId, slot_of};
use metrics::counter;

use crate::metrics as names;

/// Period after the close in which a store is due in every slot.
const EVERY_SLOT: TimeDelta = TimeDelta::hours(1);
/// Slots between two passes for late events: four hours.
const ONE_SLOT_OF: u32 = 4 * 60 / SLOT_MINUTES;
const _: () =
    assert!((24 * 60 / SLOT_MINUTES).is_multiple_of(ONE_SLOT_OF), "every day has the same slots");

/// Slots in an hour.
const SLOTS_AN_HOUR: u32 = 60 / SLOT_MINUTES;

/// Schedule of the close of day and the rollup, with its tables and its queue.
#[derive(Debug, Clone)]
pub struct CloseSchedule<T, Q> {
    /// Catalogue and stock log with the stores.
    pub tables: T,
    /// Queue of due stores.
    pub queue: Q,
}

impl<T: CatalogTable + StockLog, Q: DueQueue> CloseSchedule<T, Q> {
    /// Sends the stores that are due in the slot of `due`. Returns the number of stores.
    ///
    /// # Errors
    /// Returns an error if the catalogue cannot be read or not all stores were sent. A repetition
    /// is safe.
    pub async fn tick(&self, due: DateTime<Utc>) -> Result<usize, Failure> {
        let slot = slot_of(due);
        self.send(slot, |store| is_due(store, slot), |id| is_turn_of(id, slot, SLOTS_AN_HOUR)).await
    }

    /// Sends every store, due or not, for the start of a program that may have missed slots.
    /// Returns the number of stores.
    ///
    /// # Errors
    /// As [`CloseSchedule::tick`].
    pub async fn tick_all(&self, due: DateTime<Utc>) -> Result<usize, Failure> {
        self.send(slot_of(due), |_| true, |_| true).await
    }

    async fn send(
        &self,
        slot: DateTime<Utc>,
        is_due: impl Fn(&Store) -> bool,
        is_unlisted_due: impl Fn(&StoreId) -> bool,
    ) -> Result<usize, Failure> {
        let listed = self.tables.list_stores().await?;
        let stores = self.tables.load_stores(&listed).await?;
        let mut due = due_stores(stores, slot, is_due);
        let today = slot.date_naive();
        let mut unlisted = self.tables.query_active_stores(today).await?;
        unlisted.extend(self.tables.query_active_stores(today - Days::new(1)).await?);
        unlisted.retain(|id| listed.binary_search(id).is_err() && is_unlisted_due(id));
        unlisted.sort();
        unlisted.dedup();
        due.extend(unlisted.into_iter().map(|store_id| DueStore { store_id, due: slot }));
        self.queue.send_due(&due).await?;
        counter!(names::DUE_TOTAL).increment(due.len() as u64);
        Ok(due.len())
    }
}

fn is_due(store: &Store, slot: DateTime<Utc>) -> bool {
    is_open(store, slot)
        || has_just_closed(store, slot)
        || is_turn_of(&store.store_id, slot, ONE_SLOT_OF)
}

/// `true` if windows of the store's opening hours have ended since the slot before.
fn is_open(store: &Store, slot: DateTime<Utc>) -> bool {
    dates_at(store, slot)
        .filter_map(|date| store.day(date))
        .any(|day| (day.opens_at..=day.closes_at).contains(&slot))
}

fn has_just_closed(store: &Store, slot: DateTime<Utc>) -> bool {
    dates_at(store, slot).any(|date| {
        let settled_at = store.span(date).closes_at + SETTLE;
        (settled_at..settled_at + EVERY_SLOT).contains(&slot)
    })
}

/// Returns the dates whose business days may contain the slot or end before it.
fn dates_at(store: &Store, slot: DateTime<Utc>) -> impl Iterator<Item = NaiveDate> {
    let today = slot.with_timezone(&store.zone).date_naive();
    [today - Days::new(1), today].into_iter()
}

/// `true` in one of every `slots` slots, which a hash of the store id chooses.
fn is_turn_of(store_id: &StoreId, slot: DateTime<Utc>, slots: u32) -> bool {
    let slot_of_day = (slot.hour() * 60 + slot.minute()) / SLOT_MINUTES;
    let turn = draw(&["close", store_id.as_str()]) % u64::from(slots);
    u64::from(slot_of_day % slots) == turn
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

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
            let turns =
                slots().filter(|slot| is_turn_of(&store.store_id, *slot, ONE_SLOT_OF)).count();
            assert_eq!(turns, 6, "{hours}");
        }
    }

    #[test]
    fn each_day_of_a_year_is_closed_in_the_first_slot_after_its_doors_close() {
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
    fn passes_for_late_events_are_spread_evenly_over_the_slots() {
        let mut due: BTreeMap<DateTime<Utc>, usize> = BTreeMap::new();
        for id in 0..1_000 {
            let store = store(id, "mon-sun 07:00-18:30");
            for slot in
                slots().take(16).filter(|slot| is_turn_of(&store.store_id, *slot, ONE_SLOT_OF))
            {
                *due.entry(slot).or_default() += 1;
            }
        }
        assert_eq!(due.values().sum::<usize>(), 1_000);
        assert_eq!(due.len(), 16);
        assert!(due.values().all(|stores| (40..90).contains(stores)), "{due:?}");
    }
}
