//! However a stream is cut, ordered, repeated and interrupted, the same sets of events come out,
//! and after a rollup the same rows.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};

use domain::quarantine::QuarantineReason;
use domain::record::{self, Delivered};
use domain::stock::segment;
use domain::{Acceptance, Event};
use in_memory::{CallInjector, Tables};
use load_generator::ledger::Ledger;
use proptest::prelude::*;
use proptest::sample::Index;

use crate::{TRAFFIC, TestProcessor, contradicting, delivered, evening, records, run};

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
        failure_persistence: None, cases: 48, ..ProptestConfig::default()
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
    fn any_packing_of_the_events_gives_the_windows_of_the_ledger(
        seed in 0..4_usize,
        lengths in prop::collection::vec(1..60_usize, 5),
    ) {
        let events = TRAFFIC[seed].clone();
        let mut ledger = Ledger::new();
        events.iter().for_each(|event| { ledger.acknowledge(event); });
        let (packed, one_by_one) = (TestProcessor::new(), TestProcessor::new());
        let outcome = packed.process(&records(&events, &lengths));
        prop_assert_eq!(outcome.written as usize, ledger.len());
        one_by_one.process(&records(&events, &[1]));
        prop_assert_eq!(packed.stored(), one_by_one.stored());
        prop_assert_eq!(ledger.compare(&packed.windows()), vec![]);

        // The same batch makes the same segments.
        let segments = packed.0.tables.log.segments();
        prop_assert_eq!(packed.process(&records(&events, &lengths)), outcome);
        prop_assert_eq!(packed.0.tables.log.segments(), segments);
    }

    #[test]
    fn entries_left_unprocessed_are_never_reported_as_stored_and_redelivery_converges(
        records in stream(),
        unprocessed in prop::collection::vec(any::<bool>(), 1..12),
        is_cold in any::<bool>(),
    ) {
        let whole = TestProcessor::new();
        whole.process(&records);
        let calls = AtomicUsize::new(0);
        let leaves = move || {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            unprocessed.get(call).copied().unwrap_or_default()
        };
        let calls = CallInjector::default().with_unprocessed(leaves);
        let mut processor = TestProcessor::with_tables(Tables::with_calls(calls));
        let mut left = records.clone();
        for _ in 0..20 {
            let outcome = processor.process(&left);
            prop_assert_eq!(outcome.retry_from.is_some(), outcome.failure.is_some());
            let is_before =
                |record: &Delivered| outcome.retry_from.as_ref().is_none_or(
                    |from| record.sequence_number < *from
                );
            let stored: Vec<&Delivered> = left.iter().filter(|record| is_before(record)).collect();
            for event in stored.iter().flat_map(|record| events_of(record)) {
                prop_assert!(processor.0.tables.log.holds(&event), "{} is lost", event.event_id());
            }
            left.retain(|record| !is_before(record));
            if left.is_empty() {
                break;
            }
            if is_cold {
                processor = TestProcessor::with_tables(processor.0.tables.clone());
            }
        }
        prop_assert!(left.is_empty());
        prop_assert_eq!(processor.stored(), whole.stored());
        // Every late segment that was reported as stored has its mark.
        let marks = processor.0.tables.log.late_marks();
        let marked: BTreeSet<String> = marks.iter().flat_map(|key| {
            let bytes = &processor.0.tables.log.segments()[key];
            let events = segment::unpack(&key.0, key.1, bytes).expect("a segment");
            events.into_iter().map(|event| event.canonical())
        }).collect();
        let mut events = records.iter().flat_map(events_of);
        prop_assert!(events.all(|event| marked.contains(&event.canonical())));
    }

    #[test]
    fn processors_at_once_on_one_table_lose_nothing(records in stream(), workers in 2..5_usize) {
        let whole = TestProcessor::new();
        whole.process(&records);
        let shared = TestProcessor::new();
        let parts: Vec<Vec<Delivered>> = (0..workers)
            // Each worker gets records of every window, and every tenth record is repeated.
            .map(|worker| {
                let mine = |(at, _): &(usize, &Delivered)| at % workers == worker || at % 10 == 0;
                records.iter().enumerate().filter(mine).map(|(_, record)| record.clone()).collect()
            })
            .collect();
        let outcomes = run(futures(parts.iter().map(|part| shared.0.process(part)).collect()));
        prop_assert!(outcomes.iter().all(|outcome| outcome.retry_from.is_none()));
        prop_assert_eq!(shared.stored(), whole.stored());
    }

    #[test]
    fn a_conflict_is_kept_as_one_entry_in_any_order(seed in 0..4_usize, at in any::<Index>()) {
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
        let [conflict] = &kept[0].2[..] else { panic!("one entry") };
        prop_assert_eq!(conflict.reason, QuarantineReason::ConflictingDuplicate);
        let refused = event.canonical().max(other.canonical());
        prop_assert_eq!(&conflict.bytes, refused.as_bytes());
    }
}

/// Returns the valid events of a record.
pub(crate) fn events_of(record: &Delivered) -> Vec<Event> {
    let texts = record::open(&record.data).unwrap_or_default();
    texts.iter().filter_map(|text| Event::parse(text, &Acceptance::at(evening())).ok()).collect()
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
