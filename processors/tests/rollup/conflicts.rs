//! Conflicts of contents and corrections that void nothing, found in the whole set of a date.

use chrono::TimeDelta;
use domain::quarantine::QuarantineReason;
use in_memory::at_most;
use proptest::prelude::*;

use crate::{TestStore, clock, correction, event_at, receipt, run, shown};

fn sale(id: &str, sku: &str, time: &str) -> domain::Event {
    let fields =
        format!(r#""kind":"sale","sku":"{sku}","quantity":1,"unit_price":"2.40","currency":"EUR""#);
    event_at(id, &fields, clock(time))
}

#[test]
fn a_conflict_is_quarantined_once_under_a_key_of_its_content() {
    let two = receipt("a", 2, "09:00:00");
    let three = receipt("a", 3, "09:00:00");
    let kept = [[&two, &three], [&three, &two]].map(|order| {
        let test_store = TestStore::new();
        for (minute, event) in (0..).zip(order) {
            test_store.arrive(
                std::slice::from_ref(event),
                clock("09:00:01") + TimeDelta::minutes(minute),
            );
        }
        let summary = test_store.roll_up(clock("09:15:00"));
        assert_eq!(summary.quarantined, 1);
        // A redelivery and further passes find no other one.
        test_store.arrive(&[three.clone(), two.clone()], clock("09:20:00"));
        for now in ["09:15:00", "09:30:00", "23:00:00"] {
            assert_eq!(test_store.roll_up(clock(now)).quarantined, 0, "{now}");
        }
        assert_eq!(test_store.shown(), shown(&[("09:00", "2", 2)]));
        test_store.kept()
    });
    assert_eq!(kept[0], kept[1]);
    let [entry] = &kept[0][..] else { panic!("one entry") };
    assert_eq!(entry.reason, QuarantineReason::ConflictingDuplicate);
    assert_eq!(entry.bytes, three.content().into_bytes());
    assert!(entry.id.key.starts_with("0042#a#"), "{}", entry.id);
}

#[test]
fn a_third_content_makes_a_second_entry() {
    let test_store = TestStore::new();
    for quantity in [3, 2, 4] {
        test_store.arrive(&[receipt("a", quantity, "09:00:00")], clock("09:00:01"));
        test_store.roll_up(clock("09:15:00"));
    }
    let bytes: std::collections::BTreeSet<Vec<u8>> =
        test_store.kept().into_iter().map(|entry| entry.bytes).collect();
    let expected = [3, 4].map(|quantity| receipt("a", quantity, "09:00:00").content().into_bytes());
    assert_eq!(bytes, expected.into());
    assert_eq!(test_store.shown(), shown(&[("09:00", "2", 2)]), "the last one changed no row");
}

#[test]
fn an_event_that_a_conflict_moves_to_another_window_leaves_its_old_row_without_items() {
    for passes in [&["09:15:00"][..], &["09:15:00", "12:00:00"]] {
        let test_store = TestStore::new();
        // The content of the later instant sorts behind the other.
        let (first, second) = (receipt("a", 2, "09:00:00"), receipt("a", 2, "10:00:00"));
        let (counts, loses) =
            if first.content() < second.content() { (first, second) } else { (second, first) };
        test_store.arrive(std::slice::from_ref(&loses), clock("10:00:01"));
        test_store.roll_up(clock("10:15:00"));
        assert_eq!(test_store.views()[0].0, loses.window());
        test_store.arrive(std::slice::from_ref(&counts), clock("10:20:00"));
        for now in passes {
            test_store.roll_up(clock(now) + TimeDelta::hours(2));
            assert_eq!(test_store.views().len(), 1);
            assert_eq!(test_store.views()[0].0, counts.window());
            let all = test_store.rollup.tables.windows.all();
            assert_eq!(all.len(), 2, "the old row tells no item");
        }
        assert_eq!(test_store.kept().len(), 1);
    }
}

#[test]
fn an_id_that_is_used_for_another_item_of_the_date_is_a_conflict() {
    let test_store = TestStore::new();
    test_store.arrive(&[sale("1", "rye", "09:00:00")], clock("09:00:01"));
    test_store.arrive(&[sale("1", "jam", "11:00:00")], clock("11:00:01"));
    test_store.roll_up(clock("12:00:00"));
    assert_eq!((test_store.views().len(), test_store.kept().len()), (1, 1));
}

#[test]
fn a_correction_that_voids_nothing_is_listed_until_its_event_arrives() {
    let test_store = TestStore::new();
    test_store.arrive(&[correction("v", "a", "09:00:00")], clock("09:00:01"));
    assert_eq!(test_store.roll_up(clock("09:02:00")).quarantined, 1, "before its window is over");
    assert_eq!(test_store.kept()[0].reason, QuarantineReason::UnmetCorrection);
    for now in ["09:05:00", "09:30:00"] {
        assert_eq!(test_store.roll_up(clock(now)).quarantined, 0);
    }
    assert_eq!(test_store.kept().len(), 1);
    let next_day = clock("09:00:00") + TimeDelta::days(1);
    test_store.arrive(&[receipt("a", 2, "09:00:00")], next_day);
    test_store.roll_up(next_day);
    assert_eq!(test_store.kept(), []);
    assert_eq!(test_store.views()[0].2.voided, 1);
}

#[test]
fn an_entry_that_leaves_stays_out_although_the_pass_that_wrote_it_died() {
    let test_store = TestStore::new();
    test_store.arrive(
        &[correction("v", "a", "09:00:00"), receipt("b", 1, "09:00:00")],
        clock("09:00:01"),
    );
    // The entry is in quarantine, and the pass dies before its state is stored.
    let killed = |steps| {
        let test_store = TestStore::over(test_store.rollup.tables.snapshot());
        let id = crate::store_id();
        let pass = test_store.rollup.roll_up(&id, clock("09:15:00"));
        if let Some(done) = run(at_most(steps, pass)) {
            done.expect("tables that work");
        }
        test_store
    };
    let died: Vec<TestStore> =
        (0..40).map(killed).filter(|test_store| test_store.kept().len() == 1).collect();
    assert!(died.len() > 3, "the pass has steps after the entry");
    for test_store in died {
        test_store.arrive(&[receipt("a", 2, "09:00:00")], clock("09:20:00"));
        test_store.roll_up(clock("09:30:00"));
        assert_eq!(test_store.kept(), []);
    }
}

#[test]
fn very_many_corrections_that_void_nothing_fill_no_state() {
    let test_store = TestStore::new();
    let corrections: Vec<domain::Event> = (0..700)
        .map(|number| correction(&format!("v-{number:04}"), &format!("a-{number}"), "09:00:00"))
        .collect();
    test_store.arrive(&corrections, clock("09:00:01"));
    assert_eq!(test_store.roll_up(clock("09:15:00")).quarantined, 500);
    assert_eq!(test_store.roll_up(clock("09:30:00")).quarantined, 0);
    // When events arrive, others take the places of their corrections.
    let events: Vec<domain::Event> =
        (0..300).map(|number| receipt(&format!("a-{number}"), 1, "09:00:00")).collect();
    test_store.arrive(&events, clock("09:40:00"));
    assert_eq!(test_store.roll_up(clock("09:45:00")).quarantined, 200);
    assert_eq!(test_store.kept().len(), 400);
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 48, ..ProptestConfig::default()
    })]

    #[test]
    fn passes_at_any_time_end_with_the_rows_and_entries_of_one_pass(
        all in prop::collection::vec((0..8_u32, 1..4_u32, 0..24_i64, any::<bool>()), 1..40),
        cuts in prop::collection::vec(1..6_usize, 1..10),
        minutes in prop::collection::vec(0..240_i64, 10),
    ) {
        let event = |(id, quantity, window, voids): (u32, u32, i64, bool)| {
            let time = clock("09:00:00") + TimeDelta::minutes(5 * window);
            let time = time.format("%H:%M:%S").to_string();
            match voids {
                true => correction(&format!("v-{id}"), &format!("e-{id}"), &time),
                false => receipt(&format!("e-{id}"), quantity, &time),
            }
        };
        let events: Vec<domain::Event> = all.into_iter().map(event).collect();
        let end = clock("09:00:00") + TimeDelta::days(1);
        let once = TestStore::new();
        once.arrive(&events, clock("12:00:00"));
        once.roll_up(end);
        let test_store = TestStore::new();
        let mut rest = &events[..];
        for (cut, minute) in cuts.iter().cycle().zip(minutes.iter().cycle()) {
            let (now, later) = rest.split_at(rest.len().min(*cut));
            if now.is_empty() {
                break;
            }
            test_store.arrive(now, clock("11:00:00"));
            test_store.roll_up(clock("09:00:00") + TimeDelta::minutes(*minute));
            rest = later;
        }
        test_store.roll_up(end);
        prop_assert_eq!(test_store.views(), once.views());
        prop_assert_eq!(test_store.kept(), once.kept());
    }
}
