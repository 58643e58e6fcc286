//! Processing of a shard with any batches and any outcomes.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;

use super::*;
use crate::settings::OnError;

const ARN: &str = "arn:aws:kinesis:eu-central-1:000000000000:stream/till-events";

fn rules(
    batch_size: usize,
    parallelization_factor: usize,
    on_error: OnError,
    retries: Option<u32>,
) -> ShardRules {
    ShardRules {
        batch_limits: BatchLimits { batch_size, batching_window: Duration::ZERO },
        retry_policy: RetryPolicy { on_error, retry_attempts: retries },
        parallelization_factor,
        retry_backoff: Duration::from_millis(100),
        stream_arn: ARN.to_owned(),
    }
}

fn at(millis: u64) -> ShardTime {
    let elapsed = Duration::from_millis(millis);
    ShardTime { wall: DateTime::UNIX_EPOCH + elapsed, elapsed }
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

/// Index of a record in the order of pushing.
fn index(record: &Delivered) -> usize {
    record.sequence_number.as_str().parse::<usize>().unwrap() - 1
}

fn indices(batch: &RecordBatch) -> Vec<usize> {
    batch.records().iter().map(index).collect()
}

fn invoked(action: Option<ShardAction>) -> Vec<usize> {
    match action {
        Some(ShardAction::Invoke { batch, .. }) => indices(&batch),
        other => panic!("an invocation was expected, not {other:?}"),
    }
}

#[test]
fn a_window_waits_for_more_and_the_next_one_begins_when_the_invocation_ends() {
    let mut rules = rules(3, 1, OnError::Retry, None);
    rules.batch_limits.batching_window = Duration::from_secs(1);
    let mut sub_shards = SubShards::new(rules);
    sub_shards.push([record(0, 0)], at(500));
    assert!(sub_shards.next_action(at(1_499)).is_none());
    assert_eq!(sub_shards.next_wake(at(1_499)), Some(Duration::from_millis(1_500)));
    assert_eq!(invoked(sub_shards.next_action(at(1_500))), [0]);
    sub_shards.push([record(1, 0)], at(1_600));
    sub_shards.complete_invocation(0, InvocationOutcome::Done, at(4_000));
    assert!(sub_shards.next_action(at(4_999)).is_none());
    assert_eq!(invoked(sub_shards.next_action(at(5_000))), [1]);
}

#[test]
fn the_end_of_a_shard_closes_its_last_batch_at_once() {
    let mut rules = rules(3, 1, OnError::Retry, None);
    rules.batch_limits.batching_window = Duration::from_secs(300);
    let mut sub_shards = SubShards::new(rules);
    sub_shards.push([record(0, 0)], at(0));
    sub_shards.end();
    assert_eq!(sub_shards.next_wake(at(1)), Some(Duration::from_millis(1)));
    assert_eq!(invoked(sub_shards.next_action(at(1))), [0]);
}

#[test]
fn retries_pause_longer_each_time_and_never_longer_than_the_cap() {
    let mut sub_shards = SubShards::new(rules(3, 1, OnError::Retry, None));
    sub_shards.push([record(0, 0)], at(0));
    let mut now = 0;
    for pause in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
        assert_eq!(invoked(sub_shards.next_action(at(now))), [0]);
        sub_shards.complete_invocation(0, InvocationOutcome::Error, at(now));
        assert!(sub_shards.next_action(at(now + pause - 1)).is_none());
        now += pause;
        assert_eq!(sub_shards.next_wake(at(now)), Some(Duration::from_millis(now)));
    }
}

#[test]
fn an_expired_record_is_discarded_without_an_invocation() {
    let mut sub_shards = SubShards::new(rules(9, 1, OnError::Retry, None));
    sub_shards.set_age_max(Duration::from_secs(60));
    let fresh = Delivered { arrived_at: at(50_000).wall, ..record(2, 0) };
    sub_shards.push([record(0, 0), record(1, 0), fresh], at(61_000));
    let Some(ShardAction::Discard(discarded)) = sub_shards.next_action(at(61_000)) else {
        panic!("not discarded")
    };
    assert_eq!(indices(&discarded.batch), [0, 1]);
    assert_eq!(discarded.condition, DiscardCondition::RecordAgeExceeded);
    assert_eq!((discarded.invocations, discarded.last_outcome), (0, None));
    assert!(
        sub_shards.next_action(at(61_000)).is_none(),
        "the sub-shard waits for the destination"
    );
    assert_eq!(sub_shards.checkpoint(), None, "the checkpoint waits for the destination");
    assert_eq!(sub_shards.complete_discard(0), 2);
    assert_eq!(sub_shards.checkpoint(), Some(&SequenceNumber::new("2")));
    assert_eq!(invoked(sub_shards.next_action(at(61_000))), [2]);
}

#[test]
fn a_failing_batch_is_discarded_when_it_grows_too_old_between_retries() {
    let mut sub_shards = SubShards::new(rules(9, 1, OnError::Retry, None));
    sub_shards.set_age_max(Duration::from_secs(60));
    sub_shards.push([record(0, 0)], at(0));
    assert_eq!(invoked(sub_shards.next_action(at(59_990))), [0]);
    sub_shards.complete_invocation(0, InvocationOutcome::Error, at(59_995));
    let Some(ShardAction::Discard(discarded)) = sub_shards.next_action(at(60_001)) else {
        panic!("not discarded")
    };
    assert_eq!(
        (discarded.invocations, discarded.last_outcome),
        (1, Some(InvocationOutcome::Error))
    );
}

#[test]
fn a_record_too_large_for_any_payload_goes_to_the_destination() {
    let mut sub_shards = SubShards::new(rules(9, 1, OnError::Retry, None));
    let huge = Delivered { data: vec![0; BATCH_BYTES_MAX + 1], ..record(1, 0) };
    sub_shards.push([record(0, 0), huge, record(2, 0)], at(0));
    assert_eq!(invoked(sub_shards.next_action(at(0))), [0]);
    sub_shards.complete_invocation(0, InvocationOutcome::Done, at(0));
    let Some(ShardAction::Discard(discarded)) = sub_shards.next_action(at(0)) else {
        panic!("not discarded")
    };
    assert_eq!(discarded.condition, DiscardCondition::PayloadSizeExceeded);
    sub_shards.complete_discard(0);
    assert_eq!(invoked(sub_shards.next_action(at(0))), [2]);
}

#[test]
fn a_full_shard_has_no_room_until_a_batch_is_closed() {
    let mut sub_shards = SubShards::new(rules(2, 1, OnError::Retry, None));
    assert!(sub_shards.has_room());
    sub_shards.push([record(0, 0), record(1, 0)], at(0));
    assert!(!sub_shards.has_room());
    assert_eq!(invoked(sub_shards.next_action(at(0))), [0, 1]);
    assert!(sub_shards.has_room());
}

/// Behaviour of a record in the property below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum RecordBehavior {
    Succeeds,
    /// Fails this number of times, then succeeds.
    FailsTimes(u32),
    AlwaysFails,
}

#[derive(Debug, Clone)]
struct TestPlan {
    batch_size: usize,
    sub_shards: usize,
    on_error: OnError,
    retries: u32,
    /// Key and behaviour of each record.
    records: Vec<(usize, RecordBehavior)>,
    /// Choices of the next event, used in a cycle.
    turns: Vec<u8>,
}

fn plan() -> impl Strategy<Value = TestPlan> {
    let behavior = prop_oneof![
        6 => Just(RecordBehavior::Succeeds),
        2 => (1..4_u32).prop_map(RecordBehavior::FailsTimes),
        1 => Just(RecordBehavior::AlwaysFails),
    ];
    let on_error = prop_oneof![Just(OnError::Retry), Just(OnError::Bisect)];
    let records = prop::collection::vec((0..5_usize, behavior), 1..60);
    let turns = prop::collection::vec(any::<u8>(), 1..40);
    (1..9_usize, 1..5_usize, on_error, 0..4_u32, records, turns).prop_map(
        |(batch_size, sub_shards, on_error, retries, records, turns)| TestPlan {
            batch_size,
            sub_shards,
            on_error,
            retries,
            records,
            turns,
        },
    )
}

/// Simple model of the records that are done and of the running batches.
struct ExpectedState<'a> {
    plan: &'a TestPlan,
    behaviors: Vec<RecordBehavior>,
    ended: BTreeSet<usize>,
    last_of_key: BTreeMap<usize, usize>,
    running: BTreeMap<usize, Vec<usize>>,
}

impl ExpectedState<'_> {
    /// Plays the handler, which reports the first failing record or fails as a whole.
    fn outcome(&mut self, records: &[usize], reports: bool) -> InvocationOutcome {
        let bad =
            records.iter().position(|&index| self.behaviors[index] != RecordBehavior::Succeeds);
        let Some(bad) = bad else { return InvocationOutcome::Done };
        let behavior = &mut self.behaviors[records[bad]];
        if let RecordBehavior::FailsTimes(times) = *behavior {
            *behavior = if times > 1 {
                RecordBehavior::FailsTimes(times - 1)
            } else {
                RecordBehavior::Succeeds
            };
        }
        if reports { InvocationOutcome::FailedFrom(bad) } else { InvocationOutcome::Error }
    }

    fn begin(&mut self, sub_shard: usize, indices: Vec<usize>) {
        assert!(indices.len() <= self.plan.batch_size, "{indices:?} exceeds the batch size");
        let keys = |indices: &[usize]| -> BTreeSet<usize> {
            indices.iter().map(|&index| self.plan.records[index].0).collect()
        };
        let mine = keys(&indices);
        assert!(
            self.running.values().all(|other| keys(other).is_disjoint(&mine)),
            "a key runs in two sub-shards"
        );
        assert!(self.running.insert(sub_shard, indices).is_none(), "a sub-shard runs two batches");
    }

    fn end(&mut self, indices: &[usize]) {
        for &index in indices {
            assert!(self.ended.insert(index), "record {index} ended twice");
            let last = self.last_of_key.insert(self.plan.records[index].0, index);
            assert!(last < Some(index), "record {index} ended after {last:?}");
        }
    }

    fn discard(&mut self, indices: &[usize]) {
        if self.plan.on_error == OnError::Bisect {
            let deserves = |index: &usize| match self.plan.records[*index].1 {
                RecordBehavior::Succeeds => false,
                RecordBehavior::FailsTimes(times) => times > self.plan.retries,
                RecordBehavior::AlwaysFails => true,
            };
            assert!(indices.iter().all(deserves), "one of {indices:?} was discarded too early");
        }
        self.end(indices);
    }

    fn check(&self, sub_shards: &SubShards) {
        let done_count = (0..).find(|index| !self.ended.contains(index)).unwrap_or_default();
        let expected = done_count.checked_sub(1).map(|last| record(last, 0).sequence_number);
        assert_eq!(sub_shards.checkpoint(), expected.as_ref());
    }
}

/// Pushes records, completes actions and advances time as planned, until all records are done.
fn run_plan(plan: &TestPlan) -> BTreeSet<usize> {
    let mut sub_shards =
        SubShards::new(rules(plan.batch_size, plan.sub_shards, plan.on_error, Some(plan.retries)));
    let behaviors = plan.records.iter().map(|&(_, behavior)| behavior).collect();
    let (ended, last_of_key, running) = Default::default();
    let mut expected_state = ExpectedState { plan, behaviors, ended, last_of_key, running };
    let mut waiting: VecDeque<Delivered> =
        plan.records.iter().enumerate().map(|(i, &(key, _))| record(i, key)).collect();
    let mut discards: BTreeSet<usize> = BTreeSet::new();
    let mut now = at(0);
    for &turn in plan.turns.iter().cycle().take(100_000) {
        while let Some(action) = sub_shards.next_action(now) {
            let (sub_shard, batch) = match action {
                ShardAction::Invoke { sub_shard, batch } => (sub_shard, batch),
                ShardAction::Discard(discarded) => {
                    discards.insert(discarded.sub_shard);
                    (discarded.sub_shard, discarded.batch)
                }
            };
            expected_state.begin(sub_shard, indices(&batch));
        }
        let chosen =
            expected_state.running.keys().copied().nth(usize::from(turn / 8) % plan.sub_shards);
        match (turn % 8, chosen) {
            (0..3, _) if !waiting.is_empty() => {
                let count = (usize::from(turn / 8) + 1).min(waiting.len());
                sub_shards.push(waiting.drain(..count), now);
            }
            (3..7, Some(sub_shard)) => {
                let indices = expected_state.running.remove(&sub_shard).unwrap();
                if discards.remove(&sub_shard) {
                    assert_eq!(sub_shards.complete_discard(sub_shard), indices.len());
                    expected_state.discard(&indices);
                } else {
                    let outcome = expected_state.outcome(&indices, turn % 2 == 0);
                    let processed = match outcome {
                        InvocationOutcome::Done => indices.len(),
                        InvocationOutcome::FailedFrom(index) => index,
                        InvocationOutcome::Error => 0,
                    };
                    assert_eq!(
                        sub_shards.complete_invocation(sub_shard, outcome, now).processed,
                        processed
                    );
                    expected_state.end(&indices[..processed]);
                }
                expected_state.check(&sub_shards);
            }
            _ => {
                let wakes = sub_shards.next_wake(now).unwrap_or(now.elapsed);
                now = at(wakes.max(now.elapsed).as_millis() as u64 + 1);
            }
        }
        if waiting.is_empty() && sub_shards.is_empty() {
            break;
        }
    }
    expected_state.ended
}

proptest! {
    #[test]
    fn every_record_ends_once_in_the_order_of_its_key_and_after_the_checkpoint(plan in plan()) {
        // Turns that never push or never complete an action would not end.
        let mut plan = plan;
        plan.turns.extend([0, 3, 4, 11, 12, 19, 20, 27, 28, 7]);
        let ended = run_plan(&plan);
        prop_assert_eq!(ended.len(), plan.records.len(), "something was skipped");
    }
}
