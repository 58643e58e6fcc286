//! However replays are ordered, interrupted, repeated and run at once: in the end the tables are
//! those of a world that refused nothing but poison, and on the way nothing is lost.

use std::collections::BTreeSet;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::{self, Delivered};
use domain::stock::{RowKey, StockWindow};
use domain::{Acceptance, Event};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::any_delivery::{futures, stream};
use crate::poison::line;
use crate::replay::unopened;
use crate::{Station, delivered, evening, run};

/// Two hours before the traffic ends: some of it is too old, and some is not.
const AGE_MAX: Duration = Duration::from_secs(8 * 3600);

/// A station that refused more than it had to: what is too old, and some records as a whole.
fn refusing(records: &[Delivered], unopenable: &[Index]) -> Station {
    let mut station = Station::new();
    station.0.age_max = Some(AGE_MAX);
    let unopenable: BTreeSet<usize> = unopenable.iter().map(|at| at.index(records.len())).collect();
    for (number, record) in records.iter().enumerate() {
        if unopenable.contains(&number) {
            run(station.0.tables.put_quarantined(&unopened(record))).expect("kept");
        } else {
            assert_eq!(station.process(std::slice::from_ref(record)).retry_from, None);
        }
    }
    station.0.age_max = None;
    station
}

async fn replay(station: &Station, all: &[Quarantined]) {
    for kept in all {
        let is_there =
            station.0.tables.load_quarantined(&kept.id).await.expect("an answer").is_some();
        if is_there {
            station.0.replay(kept).await.expect("processed");
        }
    }
}

/// Works at it for some steps, and then no more, as if the program had been killed; whether it was.
fn killed_after(steps: usize, work: impl Future<Output = ()>) -> bool {
    run(async {
        let mut work = pin!(work);
        let mut left = steps;
        poll_fn(|context| {
            if left == 0 {
                return Poll::Ready(true);
            }
            left -= 1;
            work.as_mut().poll(context).map(|()| false)
        })
        .await
    })
}

/// An event in its canonical form, and what is none as it is.
fn canonical(text: String) -> String {
    let acceptance = Acceptance { age_max: None, ..Acceptance::at(evening()) };
    Event::parse(&text, &acceptance).map_or(text, |event| event.canonical())
}

/// The contents of all events, good and bad, wherever they are.
fn held(station: &Station) -> BTreeSet<String> {
    let rows = station.0.tables.stock.rows();
    let stored = rows.iter().flat_map(StockWindow::events).map(Event::canonical);
    let kept = station.0.tables.quarantine.kept().into_iter();
    let kept = kept.flat_map(|kept| {
        record::open(&kept.bytes).unwrap_or_else(|_| vec![format!("{:?}", kept.bytes)])
    });
    stored.chain(kept.map(canonical)).collect()
}

type Content = (Vec<(RowKey, Vec<u8>)>, Vec<(QuarantineId, QuarantineReason, Vec<u8>)>);

/// Both tables but for the words of the reasons, which are those of the day.
fn content(station: &Station) -> Content {
    let (rows, kept) = station.stored();
    let kept = kept.into_iter().map(|kept| (kept.id, kept.reason, kept.bytes));
    (rows.into_iter().collect(), kept.collect())
}

#[test]
fn a_replay_that_is_killed_at_any_step_loses_nothing_and_the_next_one_finishes_it() {
    // The content that sorts first comes later, so that a stored one loses its place.
    let winner = line("a", "09:00:00");
    let loser = winner.replace("\"2\"", "\"3\"");
    let texts = [winner, line("b", "25:00:00"), line("c", "11:00:00"), "no event".to_owned()];
    let record = delivered(4, texts.join("\n").into_bytes());
    let given = || {
        let station = Station::new();
        station.process(&[delivered(0, loser.clone().into_bytes())]);
        run(station.0.tables.put_quarantined(&unopened(&record))).expect("kept");
        station
    };
    let whole = Station::new();
    whole.process(&[delivered(0, loser.clone().into_bytes()), record.clone()]);
    let mut steps = 0;
    loop {
        let station = given();
        let was_killed = killed_after(steps, replay(&station, &station.0.tables.quarantine.kept()));
        assert_eq!(held(&station), held(&whole), "killed after {steps} steps");
        run(replay(&station, &station.0.tables.quarantine.kept()));
        assert_eq!(station.stored(), whole.stored(), "killed after {steps} steps");
        if !was_killed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 5, "{steps} steps are no replay");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn replays_that_are_killed_and_repeated_lose_nothing_and_count_nothing_twice(
        records in stream(),
        unopenable in prop::collection::vec(any::<Index>(), 0..6),
        kills in prop::collection::vec((any::<Index>(), 0..60_usize), 0..8),
    ) {
        let mut whole = Station::new();
        whole.0.age_max = None;
        whole.process(&records);
        let station = refusing(&records, &unopenable);
        let all = held(&whole);
        prop_assert_eq!(&held(&station), &all);
        for (start, steps) in kills {
            let mut kept = station.0.tables.quarantine.kept();
            if !kept.is_empty() {
                let start = start.index(kept.len());
                kept.rotate_left(start);
            }
            killed_after(steps, replay(&station, &kept));
            prop_assert_eq!(&held(&station), &all);
        }
        run(replay(&station, &station.0.tables.quarantine.kept()));
        prop_assert_eq!(content(&station), content(&whole));
        // Again: what is left was refused for good.
        run(replay(&station, &station.0.tables.quarantine.kept()));
        prop_assert_eq!(content(&station), content(&whole));
    }

    #[test]
    fn replays_at_once_and_beside_a_redelivery_lose_nothing_and_count_nothing_twice(
        (records, shuffled) in stream()
            .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        unopenable in prop::collection::vec(any::<Index>(), 1..6),
    ) {
        let mut whole = Station::new();
        whole.0.age_max = None;
        whole.process(&records);
        let station = refusing(&records, &unopenable);
        let kept = station.0.tables.quarantine.kept();
        let backwards: Vec<Quarantined> = kept.iter().rev().cloned().collect();
        let working: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = vec![
            Box::pin(replay(&station, &kept)),
            Box::pin(replay(&station, &backwards)),
            Box::pin(async { drop(station.0.process(&shuffled).await) }),
        ];
        run(futures(working));
        prop_assert_eq!(held(&station), held(&whole));
        run(replay(&station, &station.0.tables.quarantine.kept()));
        prop_assert_eq!(content(&station), content(&whole));
    }
}
