//! The state machine of a shard under any cut and any answer.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::settings::OnError;

const ARN: &str = "arn:aws:kinesis:eu-central-1:000000000000:stream/till-events";

fn rules(batch_size: usize, lanes: usize, on_error: OnError, retries: Option<u32>) -> Rules {
    Rules {
        cut: CutRules { batch_size, batching_window: Duration::ZERO },
        policy: Policy { on_error, retry_attempts: retries },
        lanes,
        retry_backoff: Duration::from_millis(100),
        stream_arn: ARN.to_owned(),
    }
}

fn at(millis: u64) -> Now {
    let elapsed = Duration::from_millis(millis);
    Now { wall: DateTime::UNIX_EPOCH + elapsed, elapsed }
}

fn record(number: usize, key: usize) -> Delivered {
    Delivered {
        shard_id: "shardId-000000000000".to_owned(),
        sequence_number: SequenceNumber::new((number + 1).to_string()),
        partition_key: format!("s-{key}"),
        arrived_at: DateTime::UNIX_EPOCH,
        data: vec![0; 10],
    }
}

/// The place of a record in the order of offering.
fn place(record: &Delivered) -> usize {
    record.sequence_number.as_str().parse::<usize>().unwrap() - 1
}

fn places(batch: &Batch) -> Vec<usize> {
    batch.records().iter().map(place).collect()
}

fn invoked(step: Option<Step>) -> Vec<usize> {
    match step {
        Some(Step::Invoke { batch, .. }) => places(&batch),
        other => panic!("an invocation was expected, not {other:?}"),
    }
}

#[test]
fn a_window_waits_for_more_and_the_next_one_begins_when_the_invocation_ends() {
    let mut rules = rules(3, 1, OnError::Retry, None);
    rules.cut.batching_window = Duration::from_secs(1);
    let mut lanes = Lanes::new(rules);
    lanes.offer([record(0, 0)], at(500));
    assert!(lanes.next(at(1_499)).is_none());
    assert_eq!(lanes.wakes_at(at(1_499)), Some(Duration::from_millis(1_500)));
    assert_eq!(invoked(lanes.next(at(1_500))), [0]);
    lanes.offer([record(1, 0)], at(1_600));
    lanes.answered(0, Answer::Done, at(4_000));
    assert!(lanes.next(at(4_999)).is_none());
    assert_eq!(invoked(lanes.next(at(5_000))), [1]);
}

#[test]
fn the_end_of_a_shard_closes_its_last_batch_at_once() {
    let mut rules = rules(3, 1, OnError::Retry, None);
    rules.cut.batching_window = Duration::from_secs(300);
    let mut lanes = Lanes::new(rules);
    lanes.offer([record(0, 0)], at(0));
    lanes.end();
    assert_eq!(lanes.wakes_at(at(1)), Some(Duration::from_millis(1)));
    assert_eq!(invoked(lanes.next(at(1))), [0]);
}

#[test]
fn retries_pause_longer_each_time_and_never_longer_than_the_cap() {
    let mut lanes = Lanes::new(rules(3, 1, OnError::Retry, None));
    lanes.offer([record(0, 0)], at(0));
    let mut now = 0;
    for pause in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
        assert_eq!(invoked(lanes.next(at(now))), [0]);
        lanes.answered(0, Answer::Error, at(now));
        assert!(lanes.next(at(now + pause - 1)).is_none());
        now += pause;
        assert_eq!(lanes.wakes_at(at(now)), Some(Duration::from_millis(now)));
    }
}

#[test]
fn an_expired_record_is_discarded_without_being_handed_over() {
    let mut lanes = Lanes::new(rules(9, 1, OnError::Retry, None));
    lanes.limit_age(Duration::from_secs(60));
    let fresh = Delivered { arrived_at: at(50_000).wall, ..record(2, 0) };
    lanes.offer([record(0, 0), record(1, 0), fresh], at(61_000));
    let Some(Step::Discard(discarded)) = lanes.next(at(61_000)) else { panic!("not discarded") };
    assert_eq!(places(&discarded.batch), [0, 1]);
    assert_eq!(discarded.condition, Condition::RecordAgeExceeded);
    assert_eq!((discarded.invocations, discarded.answer), (0, None));
    assert!(lanes.next(at(61_000)).is_none(), "the destination comes first");
    assert_eq!(lanes.checkpoint(), None, "the checkpoint waits for the destination");
    assert_eq!(lanes.kept(0), 2);
    assert_eq!(lanes.checkpoint(), Some(&SequenceNumber::new("2")));
    assert_eq!(invoked(lanes.next(at(61_000))), [2]);
}

#[test]
fn a_failing_batch_is_given_up_when_it_grows_too_old_between_retries() {
    let mut lanes = Lanes::new(rules(9, 1, OnError::Retry, None));
    lanes.limit_age(Duration::from_secs(60));
    lanes.offer([record(0, 0)], at(0));
    assert_eq!(invoked(lanes.next(at(59_990))), [0]);
    lanes.answered(0, Answer::Error, at(59_995));
    let Some(Step::Discard(discarded)) = lanes.next(at(60_001)) else { panic!("not discarded") };
    assert_eq!((discarded.invocations, discarded.answer), (1, Some(Answer::Error)));
}

#[test]
fn a_record_no_payload_can_hold_goes_to_the_destination() {
    let mut lanes = Lanes::new(rules(9, 1, OnError::Retry, None));
    let huge = Delivered { data: vec![0; BATCH_BYTES_MAX + 1], ..record(1, 0) };
    lanes.offer([record(0, 0), huge, record(2, 0)], at(0));
    assert_eq!(invoked(lanes.next(at(0))), [0]);
    lanes.answered(0, Answer::Done, at(0));
    let Some(Step::Discard(discarded)) = lanes.next(at(0)) else { panic!("not discarded") };
    assert_eq!(discarded.condition, Condition::PayloadSizeExceeded);
    lanes.kept(0);
    assert_eq!(invoked(lanes.next(at(0))), [2]);
}

#[test]
fn a_full_shard_takes_no_more_until_a_batch_is_cut() {
    let mut lanes = Lanes::new(rules(2, 1, OnError::Retry, None));
    assert!(lanes.has_room());
    lanes.offer([record(0, 0), record(1, 0)], at(0));
    assert!(!lanes.has_room());
    assert_eq!(invoked(lanes.next(at(0))), [0, 1]);
    assert!(lanes.has_room());
}

/// How a record of the property below behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Nature {
    Good,
    /// Fails so often, then goes well.
    Flaky(u32),
    Poison,
}

#[derive(Debug, Clone)]
struct Plan {
    batch_size: usize,
    lanes: usize,
    on_error: OnError,
    retries: u32,
    /// Key and nature of each record.
    records: Vec<(usize, Nature)>,
    /// What happens next, again and again.
    turns: Vec<u8>,
}

fn plan() -> impl Strategy<Value = Plan> {
    let nature = prop_oneof![
        6 => Just(Nature::Good),
        2 => (1..4_u32).prop_map(Nature::Flaky),
        1 => Just(Nature::Poison),
    ];
    let on_error = prop_oneof![Just(OnError::Retry), Just(OnError::Bisect)];
    let records = prop::collection::vec((0..5_usize, nature), 1..60);
    let turns = prop::collection::vec(any::<u8>(), 1..40);
    (1..9_usize, 1..5_usize, on_error, 0..4_u32, records, turns).prop_map(
        |(batch_size, lanes, on_error, retries, records, turns)| Plan {
            batch_size,
            lanes,
            on_error,
            retries,
            records,
            turns,
        },
    )
}

/// A map of what ended how, simpler than the lanes it judges.
struct Audit<'a> {
    plan: &'a Plan,
    natures: Vec<Nature>,
    ended: BTreeSet<usize>,
    last_of_key: BTreeMap<usize, usize>,
    out: BTreeMap<usize, Vec<usize>>,
}

impl Audit<'_> {
    /// Calls the handler: it reports the first bad record, or fails as a whole.
    fn answer(&mut self, records: &[usize], reports: bool) -> Answer {
        let bad = records.iter().position(|&place| self.natures[place] != Nature::Good);
        let Some(bad) = bad else { return Answer::Done };
        let nature = &mut self.natures[records[bad]];
        if let Nature::Flaky(times) = *nature {
            *nature = if times > 1 { Nature::Flaky(times - 1) } else { Nature::Good };
        }
        if reports { Answer::FailedFrom(bad) } else { Answer::Error }
    }

    fn begin(&mut self, lane: usize, places: Vec<usize>) {
        assert!(places.len() <= self.plan.batch_size, "{places:?} is more than a batch");
        let keys = |places: &[usize]| -> BTreeSet<usize> {
            places.iter().map(|&place| self.plan.records[place].0).collect()
        };
        let mine = keys(&places);
        assert!(self.out.values().all(|other| keys(other).is_disjoint(&mine)), "a key runs twice");
        assert!(self.out.insert(lane, places).is_none(), "a lane runs twice");
    }

    fn end(&mut self, places: &[usize]) {
        for &place in places {
            assert!(self.ended.insert(place), "record {place} ended twice");
            let last = self.last_of_key.insert(self.plan.records[place].0, place);
            assert!(last < Some(place), "record {place} ended after {last:?}");
        }
    }

    fn discard(&mut self, places: &[usize]) {
        if self.plan.on_error == OnError::Bisect {
            let deserves = |place: &usize| match self.plan.records[*place].1 {
                Nature::Good => false,
                Nature::Flaky(times) => times > self.plan.retries,
                Nature::Poison => true,
            };
            assert!(places.iter().all(deserves), "one of {places:?} was discarded too early");
        }
        self.end(places);
    }

    fn check(&self, lanes: &Lanes) {
        let prefix = (0..).find(|place| !self.ended.contains(place)).unwrap_or_default();
        let expected = prefix.checked_sub(1).map(|last| record(last, 0).sequence_number);
        assert_eq!(lanes.checkpoint(), expected.as_ref());
    }
}

/// Offers, answers and lets time pass in the order the plan says, until nothing is left to do.
fn play(plan: &Plan) -> BTreeSet<usize> {
    let mut lanes =
        Lanes::new(rules(plan.batch_size, plan.lanes, plan.on_error, Some(plan.retries)));
    let natures = plan.records.iter().map(|&(_, nature)| nature).collect();
    let (ended, last_of_key, out) = Default::default();
    let mut audit = Audit { plan, natures, ended, last_of_key, out };
    let mut waiting: VecDeque<Delivered> =
        plan.records.iter().enumerate().map(|(i, &(key, _))| record(i, key)).collect();
    let mut discards: BTreeSet<usize> = BTreeSet::new();
    let mut now = at(0);
    for &turn in plan.turns.iter().cycle().take(100_000) {
        while let Some(step) = lanes.next(now) {
            let (lane, batch) = match step {
                Step::Invoke { lane, batch } => (lane, batch),
                Step::Discard(discarded) => {
                    discards.insert(discarded.lane);
                    (discarded.lane, discarded.batch)
                }
            };
            audit.begin(lane, places(&batch));
        }
        let chosen = audit.out.keys().copied().nth(usize::from(turn / 8) % plan.lanes);
        match (turn % 8, chosen) {
            (0..3, _) if !waiting.is_empty() => {
                let count = (usize::from(turn / 8) + 1).min(waiting.len());
                lanes.offer(waiting.drain(..count), now);
            }
            (3..7, Some(lane)) => {
                let places = audit.out.remove(&lane).unwrap();
                if discards.remove(&lane) {
                    assert_eq!(lanes.kept(lane), places.len());
                    audit.discard(&places);
                } else {
                    let answer = audit.answer(&places, turn % 2 == 0);
                    let processed = match answer {
                        Answer::Done => places.len(),
                        Answer::FailedFrom(index) => index,
                        Answer::Error => 0,
                    };
                    assert_eq!(lanes.answered(lane, answer, now).processed, processed);
                    audit.end(&places[..processed]);
                }
                audit.check(&lanes);
            }
            _ => {
                let wakes = lanes.wakes_at(now).unwrap_or(now.elapsed);
                now = at(wakes.max(now.elapsed).as_millis() as u64 + 1);
            }
        }
        if waiting.is_empty() && lanes.is_empty() {
            break;
        }
    }
    audit.ended
}

proptest! {
    #[test]
    fn every_record_ends_once_in_the_order_of_its_key_and_behind_no_checkpoint(plan in plan()) {
        // Turns that never offer or never answer would not come to an end.
        let mut plan = plan;
        plan.turns.extend([0, 3, 4, 11, 12, 19, 20, 27, 28, 7]);
        let ended = play(&plan);
        prop_assert_eq!(ended.len(), plan.records.len(), "something was skipped");
    }
}
