//! Replays in any order, interrupted, repeated and concurrent: the tables end as if only poison
//! records had been refused, and nothing is lost in between.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use domain::record::{self, Delivered};
use domain::stock::{StockWindow, WindowRow};
use domain::{Acceptance, Event};
use in_memory::at_most;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::any_delivery::{futures, stream};
use crate::poison::line;
use crate::replay::unopened;
use crate::{TestProcessor, delivered, evening, run};

/// Age limit within the traffic: some events are too old, others are not.
const AGE_MAX: Duration = Duration::from_secs(8 * 3600);

/// Processor that has refused old events and some valid records.
fn refusing(records: &[Delivered], unopenable: &[Index]) -> TestProcessor {
    let mut processor = TestProcessor::new();
    processor.0.age_max = Some(AGE_MAX);
    let unopenable: BTreeSet<usize> = unopenable.iter().map(|at| at.index(records.len())).collect();
    for (number, record) in records.iter().enumerate() {
        if unopenable.contains(&number) {
            run(processor.0.tables.put_quarantined(&unopened(record))).expect("kept");
        } else {
            assert_eq!(processor.process(std::slice::from_ref(record)).retry_from, None);
        }
    }
    processor.0.age_max = None;
    processor
}

async fn replay(processor: &TestProcessor, all: &[Quarantined]) {
    for kept in all {
        let is_there =
            processor.0.tables.load_quarantined(&kept.id).await.expect("an answer").is_some();
        if is_there {
            processor.0.replay(kept).await.expect("processed");
        }
    }
}

/// Returns the canonical form of an event, or the text itself if it is not an event.
fn canonical(text: String) -> String {
    let acceptance = Acceptance { age_max: None, ..Acceptance::at(evening()) };
    Event::parse(&text, &acceptance).map_or(text, |event| event.canonical())
}

/// Returns the contents of all events in the log and in quarantine.
fn held(processor: &TestProcessor) -> BTreeSet<String> {
    let days = processor.0.tables.log.days();
    let stored = days.iter().flat_map(|day| day.events().chain(day.conflicting()));
    let stored = stored.map(Event::canonical);
    let kept = processor.0.tables.quarantine.kept().into_iter();
    let kept = kept.flat_map(|kept| {
        record::open(&kept.bytes).unwrap_or_else(|_| vec![format!("{:?}", kept.bytes)])
    });
    stored.chain(kept.map(canonical)).collect()
}

type KeptContent = (QuarantineId, QuarantineReason, Vec<u8>);
type TableContent = (Vec<StockWindow>, Vec<WindowRow>, Vec<KeptContent>);

/// Returns all tables without the messages, which depend on the age limit.
fn content(processor: &TestProcessor) -> TableContent {
    let (windows, rows, kept) = processor.stored();
    let kept = kept.into_iter().map(|kept| (kept.id, kept.reason, kept.bytes));
    (windows, rows, kept.collect())
}

#[test]
fn a_replay_that_is_killed_at_any_step_loses_nothing_and_the_next_one_finishes_it() {
    // The content that sorts first arrives later, so that a stored content is replaced.
    let winner = line("a", "09:00:00");
    let loser = winner.replace("\"2\"", "\"3\"");
    let texts = [winner, line("b", "25:00:00"), line("c", "11:00:00"), "no event".to_owned()];
    let record = delivered(4, texts.join("\n").into_bytes());
    let given = || {
        let processor = TestProcessor::new();
        processor.process(&[delivered(0, loser.clone().into_bytes())]);
        run(processor.0.tables.put_quarantined(&unopened(&record))).expect("kept");
        processor
    };
    let whole = TestProcessor::new();
    whole.process(&[delivered(0, loser.clone().into_bytes()), record.clone()]);
    let mut steps = 0;
    loop {
        let processor = given();
        let kept = processor.0.tables.quarantine.kept();
        let was_killed = run(at_most(steps, replay(&processor, &kept))).is_none();
        assert_eq!(held(&processor), held(&whole), "killed after {steps} steps");
        run(replay(&processor, &processor.0.tables.quarantine.kept()));
        assert_eq!(processor.stored(), whole.stored(), "killed after {steps} steps");
        if !was_killed {
            break;
        }
        steps += 1;
    }
    assert!(steps > 5, "{steps} steps are no replay");
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 32, ..ProptestConfig::default()
    })]

    #[test]
    fn replays_that_are_killed_and_repeated_lose_nothing_and_count_nothing_twice(
        records in stream(),
        unopenable in prop::collection::vec(any::<Index>(), 0..6),
        kills in prop::collection::vec((any::<Index>(), 0..60_usize), 0..8),
    ) {
        let mut whole = TestProcessor::new();
        whole.0.age_max = None;
        whole.process(&records);
        let processor = refusing(&records, &unopenable);
        let all = held(&whole);
        prop_assert_eq!(&held(&processor), &all);
        for (start, steps) in kills {
            let mut kept = processor.0.tables.quarantine.kept();
            if !kept.is_empty() {
                let start = start.index(kept.len());
                kept.rotate_left(start);
            }
            run(at_most(steps, replay(&processor, &kept)));
            prop_assert_eq!(&held(&processor), &all);
        }
        run(replay(&processor, &processor.0.tables.quarantine.kept()));
        prop_assert_eq!(content(&processor), content(&whole));
        // A second replay changes nothing.
        run(replay(&processor, &processor.0.tables.quarantine.kept()));
        prop_assert_eq!(content(&processor), content(&whole));
    }

    #[test]
    fn replays_at_once_and_beside_a_redelivery_lose_nothing_and_count_nothing_twice(
        (records, shuffled) in stream()
            .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        unopenable in prop::collection::vec(any::<Index>(), 1..6),
    ) {
        let mut whole = TestProcessor::new();
        whole.0.age_max = None;
        whole.process(&records);
        let processor = refusing(&records, &unopenable);
        let kept = processor.0.tables.quarantine.kept();
        let backwards: Vec<Quarantined> = kept.iter().rev().cloned().collect();
        let working: Vec<std::pin::Pin<Box<dyn Future<Output = ()>>>> = vec![
            Box::pin(replay(&processor, &kept)),
            Box::pin(replay(&processor, &backwards)),
            Box::pin(async { drop(processor.0.process(&shuffled).await) }),
        ];
        run(futures(working));
        prop_assert_eq!(held(&processor), held(&whole));
        run(replay(&processor, &processor.0.tables.quarantine.kept()));
        prop_assert_eq!(content(&processor), content(&whole));
    }
}
