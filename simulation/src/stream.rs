//! Kinesis stream in memory: shards with hash ranges, sequence numbers, splits and merges, and the
//! failures of a put.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{PUT_RECORDS_BYTES_MAX, PUT_RECORDS_MAX};
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::Record;
use domain::{Delivered, SequenceNumber};
use event_source_mapping::decisions::{ShardDescription, ShardState};
use md5::{Digest, Md5};
use tokio::time::sleep;

use crate::change_notifier::{ChangeNotifier, ChangeWatch};
use crate::context::SimContext;
use crate::injected_fault::InjectedFault;

/// Maximum delay of a call.
const SLOW_MAX: Duration = Duration::from_secs(4);
/// Maximum duration of an outage.
const OUTAGE_MAX: Duration = Duration::from_secs(90);
/// Maximum duration of throttling.
const THROTTLE_MAX: Duration = Duration::from_secs(45);
/// First sequence number. Later ones soon have one more digit, so that their order as text differs
/// from their order as numbers.
const FIRST_NUMBER: u128 = 9_999_999_999_999_999_950;

/// Stream of a world. Clones share their state.
#[derive(Clone)]
pub(crate) struct SimulatedStream {
    sim: SimContext,
    state: Arc<Mutex<StreamState>>,
    /// Notifies of new records and shards.
    changes: ChangeNotifier,
}

struct StreamState {
    shards: Vec<SimulatedShard>,
    next_number: u128,
    /// Number of records by partition key.
    keys: BTreeMap<String, u64>,
    unavailable_until: DateTime<Utc>,
    throttled_until: DateTime<Utc>,
}

struct SimulatedShard {
    id: String,
    first_hash: u128,
    last_hash: u128,
    parents: Vec<usize>,
    is_closed: bool,
    records: Vec<SimulatedRecord>,
}

/// Record in the stream.
#[derive(Debug, Clone)]
pub(crate) struct SimulatedRecord {
    pub(crate) record: Delivered,
    /// Position among the records of its partition key, from 1.
    pub(crate) of_key: u64,
}

/// Result of reading a shard.
pub(crate) struct ShardRead {
    pub(crate) records: Vec<SimulatedRecord>,
    /// `true` if the shard is closed and was read to its end.
    pub(crate) is_end: bool,
}

impl SimulatedStream {
    /// Creates a stream with a number of open shards.
    pub(crate) fn new(sim: SimContext, shards: u64) -> Self {
        let width = u128::MAX / u128::from(shards);
        let shard = |index: u64| {
            let first_hash = width * u128::from(index);
            let last_hash = if index + 1 == shards { u128::MAX } else { first_hash + (width - 1) };
            SimulatedShard::new(index as usize, first_hash, last_hash, vec![])
        };
        let state = StreamState {
            shards: (0..shards).map(shard).collect(),
            next_number: FIRST_NUMBER,
            keys: BTreeMap::new(),
            unavailable_until: DateTime::UNIX_EPOCH,
            throttled_until: DateTime::UNIX_EPOCH,
        };
        Self { sim, state: Arc::new(Mutex::new(state)), changes: ChangeNotifier::default() }
    }

    /// Stores a record in the open shard of its partition key.
    pub(crate) fn append(&self, partition_key: &str, data: Vec<u8>) -> PutOutcome {
        let mut state = self.state();
        let hash = u128::from_be_bytes(Md5::digest(partition_key).into());
        let number = state.next_number;
        state.next_number += 1;
        let of_key = state.keys.entry(partition_key.to_owned()).or_default();
        *of_key += 1;
        let of_key = *of_key;
        let takes = |shard: &&mut SimulatedShard| {
            !shard.is_closed && (shard.first_hash..=shard.last_hash).contains(&hash)
        };
        let shard = state.shards.iter_mut().find(takes).expect("open shards take every hash");
        let record = Delivered {
            shard_id: shard.id.clone(),
            sequence_number: SequenceNumber::new(number.to_string()),
            partition_key: partition_key.to_owned(),
            arrived_at: self.sim.now(),
            data,
        };
        let put = PutOutcome::Stored {
            shard_id: record.shard_id.clone(),
            sequence_number: record.sequence_number.clone(),
        };
        shard.records.push(SimulatedRecord { record, of_key });
        drop(state);
        self.sim.log(|| format!("stream: {number} of {partition_key}"));
        self.changes.notify();
        put
    }

    /// Returns all records, shard by shard.
    pub(crate) fn records(&self) -> Vec<SimulatedRecord> {
        self.state().shards.iter().flat_map(|shard| shard.records.clone()).collect()
    }

    /// Returns the record with a sequence number, if there is one.
    pub(crate) fn record_at(&self, shard_id: &str, number: &SequenceNumber) -> Option<Delivered> {
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == shard_id)?;
        let stored = shard.records.iter().find(|stored| stored.record.sequence_number == *number);
        Some(stored?.record.clone())
    }

    /// Position of a record among those of its partition key, from 1.
    pub(crate) fn place_of_key(&self, record: &Delivered) -> u64 {
        let place = self.place_after(&record.shard_id, &record.sequence_number);
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == record.shard_id);
        shard.expect("a known shard").records[place - 1].of_key
    }

    /// Lists all shards, as the service does.
    pub(crate) fn list(&self) -> Vec<ShardDescription> {
        let state = self.state();
        let listed = |shard: &SimulatedShard| ShardDescription {
            id: shard.id.clone(),
            parents: shard.parents.iter().map(|parent| state.shards[*parent].id.clone()).collect(),
            state: if shard.is_closed { ShardState::Closed } else { ShardState::Open },
        };
        state.shards.iter().map(listed).collect()
    }

    /// Reads at most `most` records of a shard, from the index `from`.
    pub(crate) fn read(&self, shard_id: &str, from: usize, most: usize) -> ShardRead {
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == shard_id).expect("a known shard");
        let records: Vec<SimulatedRecord> =
            shard.records.iter().skip(from).take(most).cloned().collect();
        let is_end = shard.is_closed && from + records.len() == shard.records.len();
        ShardRead { records, is_end }
    }

    /// Index behind a record in its shard.
    pub(crate) fn place_after(&self, shard_id: &str, number: &SequenceNumber) -> usize {
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == shard_id).expect("a known shard");
        // Compares by value, with other code than the system.
        let value = |number: &SequenceNumber| number.as_str().parse::<u128>().unwrap_or_default();
        let number = value(number);
        shard.records.partition_point(|stored| value(&stored.record.sequence_number) <= number)
    }

    /// Watches for new records and shards.
    pub(crate) fn watch(&self) -> ChangeWatch {
        self.changes.watch()
    }

    /// Splits a random open shard in two.
    pub(crate) fn split(&self) {
        let mut state = self.state();
        let open = state.open();
        let parent = open[self.sim.below(InjectedFault::Split, open.len() as u64) as usize];
        let (first, last) = (state.shards[parent].first_hash, state.shards[parent].last_hash);
        let middle = first + (last - first) / 2;
        state.shards[parent].is_closed = true;
        for (first, last) in [(first, middle), (middle + 1, last)] {
            let child = SimulatedShard::new(state.shards.len(), first, last, vec![parent]);
            state.shards.push(child);
        }
        drop(state);
        self.changes.notify();
    }

    /// Merges two random neighbours, if there are any.
    pub(crate) fn merge(&self) {
        let mut state = self.state();
        let mut open = state.open();
        open.sort_by_key(|shard| state.shards[*shard].first_hash);
        if open.len() < 2 {
            return;
        }
        let at = self.sim.below(InjectedFault::Merge, open.len() as u64 - 1) as usize;
        let (lower, upper) = (open[at], open[at + 1]);
        let (first, last) = (state.shards[lower].first_hash, state.shards[upper].last_hash);
        state.shards[lower].is_closed = true;
        state.shards[upper].is_closed = true;
        let child = SimulatedShard::new(state.shards.len(), first, last, vec![lower, upper]);
        state.shards.push(child);
        drop(state);
        self.changes.notify();
    }

    fn state(&self) -> MutexGuard<'_, StreamState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `true` if the stream throttles. Throttling ends with the call, or lasts longer than a
    /// request may take.
    fn is_throttled(&self) -> bool {
        let now = self.sim.now();
        if self.sim.injects(InjectedFault::StreamThrottle) {
            let is_long = self.sim.below(InjectedFault::StreamThrottle, 4) == 0;
            let lasts = self.sim.duration(InjectedFault::StreamThrottle, THROTTLE_MAX);
            self.state().throttled_until = if is_long { now + lasts } else { now };
            return true;
        }
        now < self.state().throttled_until
    }

    fn is_unavailable(&self) -> bool {
        let now = self.sim.now();
        if self.sim.injects(InjectedFault::StreamOutage) {
            let lasts = self.sim.duration(InjectedFault::StreamOutage, OUTAGE_MAX);
            self.state().unavailable_until = now + lasts;
        }
        now < self.state().unavailable_until
    }
}

impl StreamState {
    fn open(&self) -> Vec<usize> {
        (0..self.shards.len()).filter(|shard| !self.shards[*shard].is_closed).collect()
    }
}

impl SimulatedShard {
    fn new(index: usize, first_hash: u128, last_hash: u128, parents: Vec<usize>) -> Self {
        let id = format!("shardId-{index:012}");
        Self { id, first_hash, last_hash, parents, is_closed: false, records: Vec::new() }
    }
}

impl EventLog for SimulatedStream {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        let sim = &self.sim;
        let bytes: usize = records.iter().map(|r| r.data.len() + r.partition_key.len()).sum();
        if records.len() > PUT_RECORDS_MAX || bytes > PUT_RECORDS_BYTES_MAX {
            return Err(Failure::Refused("more than the limit of a call".to_owned()));
        }
        if sim.injects(InjectedFault::StreamSlow) {
            sleep(sim.duration(InjectedFault::StreamSlow, SLOW_MAX)).await;
        }
        if self.is_unavailable() {
            return Err(Failure::Unavailable("the stream is out of reach".to_owned()));
        }
        if self.is_throttled() {
            return Err(Failure::Throttled("the stream is busy".to_owned()));
        }
        let put = |record: &Record| {
            if sim.injects(InjectedFault::Partial) {
                let throttles = sim.below(InjectedFault::Partial, 2) == 0;
                return PutOutcome::Failed(match throttles {
                    true => Failure::Throttled("the shard is busy".to_owned()),
                    false => Failure::Unavailable("InternalFailure".to_owned()),
                });
            }
            let stored = self.append(&record.partition_key, record.data.clone());
            if sim.injects(InjectedFault::AckLost) {
                return PutOutcome::Failed(Failure::Unavailable("InternalFailure".to_owned()));
            }
            stored
        };
        let answers = records.iter().map(put).collect();
        if sim.injects(InjectedFault::Silence) {
            return pending().await;
        }
        if sim.injects(InjectedFault::AckLost) {
            return Err(Failure::Unavailable("the connection broke".to_owned()));
        }
        if sim.injects(InjectedFault::StreamSlow) {
            sleep(sim.duration(InjectedFault::StreamSlow, SLOW_MAX)).await;
        }
        Ok(answers)
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        Ok(())
    }
}
