//! Missing numbers of tills, each reported on the day of the next received number.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Acceptance, DaySpan, Event};
use processors::gaps::{EpochNumbers, TillDay, gaps};
use proptest::prelude::*;
use serde_json::json;

fn midnight(day: usize) -> DateTime<Utc> {
    let first: DateTime<Utc> = "2026-03-10T23:00:00Z".parse().expect("an instant");
    first + TimeDelta::days(i64::try_from(day).expect("a small number"))
}

/// Four days; day 0 only provides the numbers before the first reported day.
fn days() -> Vec<DaySpan> {
    let day = |day| DaySpan {
        date: midnight(day + 1).date_naive(),
        starts_at: midnight(day),
        ends_at: midnight(day + 1),
        closes_at: midnight(day + 1),
    };
    (0..4).map(day).collect()
}

/// An event of till `t`, numbered within an epoch.
fn numbered(day: usize, epoch: &str, number: u64, id: &str) -> Event {
    event(day, id, json!({ "epoch": epoch, "number": number }))
}

fn event(day: usize, id: &str, sequence: serde_json::Value) -> Event {
    let at = midnight(day) + TimeDelta::hours(12);
    let json = json!({
        "event_id": id, "kind": "receipt", "store_id": "0042", "terminal_id": "t", "sku": "rye",
        "quantity": 1, "occurred_at": at.to_rfc3339(), "sequence": sequence,
    });
    let acceptance = Acceptance { age_max: None, ..Acceptance::at(at) };
    Event::parse(&json.to_string(), &acceptance).expect("an event")
}

/// One event for each number, with distinct ids.
fn counted(day: usize, epoch: &str, numbers: &[u64]) -> Vec<Event> {
    let one = |number: &u64| numbered(day, epoch, *number, &format!("{epoch}-{number}"));
    numbers.iter().map(one).collect()
}

/// Returns the numbers of the only till on one day in one epoch.
fn found(events: &[Event], day: usize, epoch: &str) -> Option<EpochNumbers> {
    let date = days()[day].date;
    let tills: Vec<TillDay> = gaps(events, &days());
    let till = tills.into_iter().find(|till| till.date == date)?;
    till.epochs.into_iter().find(|(name, _)| name.as_str() == epoch).map(|(_, numbers)| numbers)
}

#[test]
fn numbers_between_two_received_ones_are_missing_and_others_are_unknown() {
    let numbers = found(&counted(1, "boot", &[12, 3, 10, 13]), 1, "boot").expect("numbers");
    assert_eq!((numbers.first, numbers.last, numbers.received), (3, 13, 4));
    assert_eq!(numbers.missing, [4..=9, 11..=11]);
    assert_eq!((numbers.missing_count(), numbers.doubled.len()), (7, 0));
}

#[test]
fn numbers_of_different_epochs_are_never_compared() {
    let events = [counted(1, "monday", &[90, 91]), counted(1, "tuesday", &[1, 2])].concat();
    for (epoch, first) in [("monday", 90), ("tuesday", 1)] {
        let numbers = found(&events, 1, epoch).expect("numbers");
        assert_eq!((numbers.first, numbers.missing.len()), (first, 0), "{epoch}");
    }
}

#[test]
fn a_gap_over_midnight_belongs_to_the_day_of_the_next_number() {
    let events = [counted(0, "boot", &[1, 5]), counted(1, "boot", &[9]), counted(3, "boot", &[11])];
    let missing = |day| found(&events.concat(), day, "boot").map(|numbers| numbers.missing);
    // A gap of the day before is not reported again.
    assert_eq!(missing(0), None);
    assert_eq!(missing(1), Some(vec![6..=8]));
    assert_eq!(missing(2), None);
    assert_eq!(missing(3), Some(vec![10..=10]));
}

#[test]
fn a_number_under_two_event_ids_is_doubled_and_an_event_that_came_twice_is_not() {
    let events = [
        numbered(0, "boot", 7, "a"),
        numbered(1, "boot", 7, "b"),
        numbered(1, "boot", 8, "c"),
        numbered(2, "boot", 8, "c"),
        numbered(2, "boot", 9, "d"),
        numbered(2, "boot", 9, "e"),
    ];
    let doubled = |day| found(&events, day, "boot").expect("numbers").doubled;
    assert_eq!((doubled(1), doubled(2)), (vec![7], vec![9]));
    assert_eq!(found(&events, 2, "boot").expect("numbers").received, 2);
}

#[test]
fn events_without_numbers_are_counted() {
    let silent = |id: &str| event(1, id, serde_json::Value::Null);
    let events = [vec![silent("a"), silent("b")], counted(2, "boot", &[1])].concat();
    let seen: Vec<(u64, usize)> =
        gaps(&events, &days()).iter().map(|till| (till.uncounted, till.epochs.len())).collect();
    assert_eq!(seen, [(2, 0), (0, 1)]);
}

#[test]
fn the_largest_gap_there_can_be_is_one_range() {
    let numbers = found(&counted(1, "boot", &[u64::MAX, 0]), 1, "boot").expect("numbers");
    assert_eq!(numbers.missing, [1..=u64::MAX - 1]);
    assert_eq!(numbers.missing_count(), u64::MAX - 1);
    let ends = [u64::MAX, 0, u64::MAX - 1, 1];
    let numbers = found(&counted(1, "boot", &ends), 1, "boot").expect("numbers");
    assert_eq!(numbers.missing, [2..=u64::MAX - 2]);
}

/// Events as they may come: (day, epoch, number, which of two events under that number).
fn arrivals() -> impl Strategy<Value = Vec<(usize, usize, u64, u8)>> {
    prop::collection::vec((0..4_usize, 0..2_usize, 0..25_u64, 0..2_u8), 0..40)
}

const EPOCHS: [&str; 2] = ["boot-1", "boot-2"];

fn events(arrivals: &[(usize, usize, u64, u8)]) -> Vec<Event> {
    let event = |(day, epoch, number, which): &(usize, usize, u64, u8)| {
        numbered(*day, EPOCHS[*epoch], *number, &format!("{epoch}-{number}-{which}"))
    };
    arrivals.iter().map(event).collect()
}

fn all_missing(tills: &[TillDay]) -> BTreeSet<(String, u64)> {
    let epochs = tills.iter().flat_map(|till| &till.epochs);
    let numbers = epochs.flat_map(|(epoch, numbers)| {
        numbers.missing.iter().cloned().flatten().map(|number| (epoch.to_string(), number))
    });
    numbers.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_answer_is_that_of_a_naive_set_of_numbers(
        (arrivals, shuffled) in arrivals()
            .prop_flat_map(|all| (Just(all.clone()), Just(all).prop_shuffle())),
    ) {
        let tills = gaps(&events(&arrivals), &days());
        prop_assert_eq!(&gaps(&events(&shuffled), &days()), &tills);
        for (index, epoch) in EPOCHS.into_iter().enumerate() {
            let known: BTreeSet<u64> =
                arrivals.iter().filter(|at| at.1 == index).map(|at| at.2).collect();
            let came = |number: u64| arrivals.iter().filter(move |a| (a.1, a.2) == (index, number));
            let noticed = |number: u64| came(number).map(|arrival| arrival.0).min();
            for day in 1..4 {
                let of_day = |number: &u64| came(*number).any(|arrival| arrival.0 == day);
                let received: Vec<u64> = known.iter().copied().filter(of_day).collect();
                let doubled = |number: &u64| {
                    let ids = came(*number).filter(|arrival| arrival.0 <= day).map(|at| at.3);
                    ids.collect::<BTreeSet<u8>>().len() > 1
                };
                let is_missing = |number: &u64| {
                    let next = known.range(number..).next();
                    !known.contains(number)
                        && known.range(..number).next().is_some()
                        && next.is_some_and(|next| noticed(*next) == Some(day))
                };
                let found = found(&events(&arrivals), day, epoch);
                let Some(found) = found else {
                    prop_assert!(received.is_empty());
                    continue;
                };
                prop_assert_eq!(received.first(), Some(&found.first));
                prop_assert_eq!(received.last(), Some(&found.last));
                prop_assert_eq!(received.len() as u64, found.received);
                let expected: Vec<u64> = received.iter().copied().filter(doubled).collect();
                prop_assert_eq!(&found.doubled, &expected);
                let missing: Vec<u64> = (0..25).filter(is_missing).collect();
                prop_assert_eq!(found.missing_count(), missing.len() as u64);
                prop_assert_eq!(found.missing.into_iter().flatten().collect::<Vec<_>>(), missing);
            }
        }
    }

    #[test]
    fn a_till_that_was_offline_fills_its_gaps_later(
        arrivals in arrivals(),
        late in prop::collection::vec((1..4_usize, 0..2_usize, 0..25_u64), 1..10),
    ) {
        // Late numbers lie between these ends, and every gap belongs to a reported day.
        let ends = [(0, 0, 0, 0), (0, 1, 0, 0), (3, 0, 24, 0), (3, 1, 24, 0)];
        let mut before = [&ends[..], &arrivals].concat();
        before.iter_mut().skip(2).for_each(|arrival| arrival.0 = arrival.0.max(1));
        let late: Vec<_> = late.iter().map(|(day, epoch, n)| (*day, *epoch, *n, 0)).collect();
        let after = [&before[..], &late].concat();
        let [before, after] = [before, after].map(|all| gaps(&events(&all), &days()));
        let came: BTreeSet<(String, u64)> =
            late.iter().map(|(_, epoch, number, _)| (EPOCHS[*epoch].to_owned(), *number)).collect();
        let mut expected = all_missing(&before);
        expected.retain(|missing| !came.contains(missing));
        prop_assert_eq!(all_missing(&after), expected);
    }
}
