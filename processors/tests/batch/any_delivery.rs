//! However a stream is cut, ordered, repeated, contested and interrupted, the same rows come out.

use domain::quarantine::QuarantineReason;
use domain::record::{self, Delivered};
use domain::stock::{RowKey, WindowKey};
use domain::{Acceptance, Event};
use load_generator::ledger::Ledger;
use processors::BatchOutcome;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{TRAFFIC, TestProcessor, contradicting, delivered, evening, records, redeliver, run};

/// A stream with everything in it: traffic, the same traffic again, contradictions and poison.
pub(crate) fn stream() -> impl Strategy<Value = Vec<Delivered>> {
    let lengths = prop::collection::vec(1..8_usize, 8);
    let poison = prop::collection::vec((any::<Index>(), 0..4_u8), 0..5);
    let conflicts = prop::collection::vec(any::<Index>(), 0..5);
    (0..4_usize, lengths, poison, conflicts).prop_map(|(seed, lengths, poison, conflicts)| {
        let mut events = TRAFFIC[seed].clone();
        for at in conflicts {
            let other = contradicting(at.get(&events));
            events.insert(at.index(events.len()), other);
        }
        let mut records = records(&events, &lengths);
        for (at, what) in poison {
            let number = records.len();
            let data = match what {
                0 => Vec::new(),
                1 => b"\x28\xB5\x2F\xFD broken".to_vec(),
                2 => b"{\"event_id\":\"e\"}\nno json at all".to_vec(),
                _ => vec![0xFF; 100],
            };
            records.insert(at.index(number), delivered(number, data));
        }
        for (number, record) in records.iter_mut().enumerate() {
            *record = delivered(number, std::mem::take(&mut record.data));
        }
        records
    })
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 64, ..ProptestConfig::default()
    })]

    #[test]
    fn any_cutting_order_and_repetition_of_batches_gives_the_same_tables(
        (records, shuffled) in stream()
            .prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle())),
        cuts in prop::collection::vec(1..20_usize, 4),
        repeated in prop::collection::vec(any::<Index>(), 0..3),
    ) {
        let at_once = TestProcessor::new();
        prop_assert_eq!(at_once.process(&records).retry_from, None);
        let cut = TestProcessor::new();
        let mut batches: Vec<&[Delivered]> = Vec::new();
        let mut rest = &shuffled[..];
        for length in cuts.iter().cycle() {
            let (batch, later) = rest.split_at(rest.len().min(*length));
            batches.push(batch);
            rest = later;
            if rest.is_empty() {
                break;
            }
        }
        batches.extend(repeated.iter().map(|at| *at.get(&batches)).collect::<Vec<_>>());
        for batch in batches {
            prop_assert_eq!(cut.process(batch).retry_from, None);
        }
        prop_assert_eq!(cut.stored(), at_once.stored());
    }

    #[test]
    fn any_packing_of_the_events_gives_the_rows_of_the_ledger(
        seed in 0..4_usize,
        lengths in prop::collection::vec(1..60_usize, 5),
    ) {
        let events = TRAFFIC[seed].clone();
        let mut ledger = Ledger::new();
        events.iter().for_each(|event| { ledger.acknowledge(event); });
        let (packed, one_by_one) = (TestProcessor::new(), TestProcessor::new());
        let outcome = packed.process(&records(&events, &lengths));
        prop_assert_eq!(outcome.stored as usize, ledger.len());
        one_by_one.process(&records(&events, &[1]));
        prop_assert_eq!(packed.stored(), one_by_one.stored());
        prop_assert_eq!(ledger.compare(&packed.0.tables.stock.rows()), vec![]);

        // A repetition writes nothing.
        let again = packed.process(&records(&events, &lengths));
        let expected = BatchOutcome { duplicate: outcome.stored, ..BatchOutcome::default() };
        prop_assert_eq!(again, expected);
    }

    #[test]
    fn a_failed_save_reports_the_first_record_behind_an_unsaved_row_and_converges(
        records in stream(),
        broken in prop::collection::vec(any::<Index>(), 1..6),
    ) {
        let whole = TestProcessor::new();
        whole.process(&records);
        let (rows, _) = whole.stored();
        let keys: Vec<&RowKey> = rows.keys().collect();
        let broken: Vec<RowKey> = broken.iter().map(|at| (*at.get(&keys)).clone()).collect();

        let processor = TestProcessor::new();
        processor.0.tables.stock.break_rows(broken.clone());
        let outcome = processor.process(&records);
        let behind = |record: &&Delivered| {
            let texts = record::open(&record.data).unwrap_or_default();
            let events = texts.iter().filter_map(|text| {
                Event::parse(text, &Acceptance::at(evening())).ok()
            });
            events.map(|event| WindowKey::of(&event).into()).any(|key| broken.contains(&key))
        };
        let numbers = records.iter().filter(behind).map(|record| &record.sequence_number);
        let first = numbers.min().cloned();
        prop_assert_eq!(&outcome.retry_from, &first);
        // All other rows are stored.
        let (stored, _) = processor.stored();
        let mut others = rows.clone();
        others.retain(|key, _| !broken.contains(key));
        prop_assert_eq!(stored, others);

        processor.0.tables.stock.break_rows([]);
        prop_assert_eq!(redeliver(&processor, &records, outcome).retry_from, None);
        prop_assert_eq!(processor.stored(), whole.stored());
    }

    #[test]
    fn processors_at_once_on_one_table_lose_nothing(records in stream(), workers in 2..5_usize) {
        let whole = TestProcessor::new();
        whole.process(&records);
        let shared = TestProcessor::new();
        let parts: Vec<Vec<Delivered>> = (0..workers)
            // Each worker gets records of every row, and every tenth record is repeated.
            .map(|worker| {
                let mine = |(at, _): &(usize, &Delivered)| at % workers == worker || at % 10 == 0;
                records.iter().enumerate().filter(mine).map(|(_, record)| record.clone()).collect()
            })
            .collect();
        let outcomes = run(futures(parts.iter().map(|part| shared.0.process(part)).collect()));
        // Each other worker saves a row once, so a save succeeds within the allowed attempts.
        prop_assert!(outcomes.iter().all(|outcome| outcome.retry_from.is_none()));
        prop_assert_eq!(shared.stored(), whole.stored());
    }

    #[test]
    fn a_conflict_is_kept_as_one_row_whatever_the_order(seed in 0..4_usize, at in any::<Index>()) {
        let event = at.get(&TRAFFIC[seed]).clone();
        let other = contradicting(&event);
        let kept = [[&event, &other], [&other, &event]].map(|order| {
            let processor = TestProcessor::new();
            for (number, event) in order.into_iter().enumerate() {
                processor.process(&[delivered(number, record::pack("any", [event]).data)]);
            }
            processor.stored()
        });
        prop_assert_eq!(&kept[0], &kept[1]);
        let [conflict] = &kept[0].1[..] else { panic!("one row") };
        prop_assert_eq!(conflict.reason, QuarantineReason::ConflictingDuplicate);
        let refused = event.canonical().max(other.canonical());
        prop_assert_eq!(&conflict.bytes, refused.as_bytes());
    }
}

/// Polls all futures in turn.
pub(crate) async fn futures<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (future, output) in futures.iter_mut().zip(&mut outputs) {
            if output.is_none()
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
            }
        }
        if outputs.iter().all(Option::is_some) {
            std::task::Poll::Ready(outputs.drain(..).flatten().collect())
        } else {
            std::task::Poll::Pending
        }
    })
    .await
}
