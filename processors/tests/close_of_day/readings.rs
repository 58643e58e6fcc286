//! Readings of the log in a pass: each UTC date once, one after the other.

use chrono::TimeDelta;
use domain::Event;

use crate::histories::prompt_event;
use crate::{SPRING, TestStore, midnight, store};

#[test]
fn a_first_close_reads_each_utc_date_once_also_with_items_without_an_entry() {
    for (zone, hours) in [
        ("UTC", "mon-sun 06:00-17:00"),
        ("Asia/Kolkata", "mon-sun 07:00-18:00"),
        ("America/New_York", "mon-sun 17:00-03:00"),
    ] {
        let mut test_store = TestStore::new(&store(zone, hours));
        for day in 1..9 {
            let at = midnight(SPRING) + TimeDelta::days(day) + TimeDelta::hours(12);
            let items = (0..20).map(|number| format!("unlisted-{number}"));
            let items = items.chain(["rye".to_owned(), "jam".to_owned()]);
            let events: Vec<Event> =
                items.map(|sku| prompt_event("receipt", &sku, 3, at)).collect();
            for event in &events {
                test_store.arrive(std::slice::from_ref(event), at);
            }
        }
        let now = midnight(SPRING) + TimeDelta::days(9) + TimeDelta::hours(12);
        let closed = test_store.close(now);
        assert!(closed.closed >= 8 * 22, "{zone}: {closed:?}");
        let reads = test_store.reads();
        // Date by date: never one that was read before, so one is in memory at a time, or two where
        // a business day spans midnight.
        assert!(reads.dates.is_sorted_by(|one, next| one < next), "{zone}: {:?}", reads.dates);
        assert!(reads.pages >= 8 * 22 / 3, "{zone}: all pages are read");
        let rows = test_store.days().len() as u64;
        assert_eq!(rows, closed.closed, "{zone}");
    }
}
