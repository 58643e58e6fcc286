//! An in-memory Kinesis: shards with hash ranges, sequence numbers, splits and merges, and every
//! way in which a put can fail.

use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use domain::limits::{PUT_RECORDS_BYTES_MAX, PUT_RECORDS_MAX};
use domain::ports::{EventLog, Failure, Put};
use domain::record::Record;
use domain::{Delivered, SequenceNumber};
use event_source_mapping::decisions::{Shard as Listed, ShardState};
use md5::{Digest, Md5};
use tokio::time::sleep;

use crate::fault::Fault;
use crate::news::{Listener, News};
use crate::weather::Weather;

/// Longest that a call is on its way.
const SLOW_MAX: Duration = Duration::from_secs(4);
/// Longest that the stream is out of reach.
const OUTAGE_MAX: Duration = Duration::from_secs(90);
/// Longest that the stream is too busy.
const BUSY_MAX: Duration = Duration::from_secs(45);
/// Where sequence numbers begin: they soon get a digit more, so that text and number sort
/// differently.
const FIRST_NUMBER: u128 = 9_999_999_999_999_999_950;

/// The stream. Clones are the same stream.
#[derive(Clone)]
pub(crate) struct Stream {
    weather: Weather,
    state: Arc<Mutex<State>>,
    /// Of records and shards.
    news: News,
}

struct State {
    shards: Vec<Shard>,
    next_number: u128,
    /// How many records each partition key has.
    keys: BTreeMap<String, u64>,
    down_until: DateTime<Utc>,
    busy_until: DateTime<Utc>,
}

struct Shard {
    id: String,
    first_hash: u128,
    last_hash: u128,
    parents: Vec<usize>,
    is_closed: bool,
    records: Vec<Stored>,
}

/// A record in the stream.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) record: Delivered,
    /// Its place among the records of its partition key.
    pub(crate) of_key: u64,
}

/// What a reader finds.
pub(crate) struct Found {
    pub(crate) records: Vec<Stored>,
    /// The shard is closed, and this was its end.
    pub(crate) is_end: bool,
}

impl Stream {
    /// A stream of some shards.
    pub(crate) fn new(weather: Weather, shards: u64) -> Self {
        let width = u128::MAX / u128::from(shards);
        let shard = |index: u64| {
            let first_hash = width * u128::from(index);
            let last_hash = if index + 1 == shards { u128::MAX } else { first_hash + (width - 1) };
            Shard::new(index as usize, first_hash, last_hash, vec![])
        };
        let state = State {
            shards: (0..shards).map(shard).collect(),
            next_number: FIRST_NUMBER,
            keys: BTreeMap::new(),
            down_until: DateTime::UNIX_EPOCH,
            busy_until: DateTime::UNIX_EPOCH,
        };
        Self { weather, state: Arc::new(Mutex::new(state)), news: News::default() }
    }

    /// Stores a record.
    pub(crate) fn append(&self, partition_key: &str, data: Vec<u8>) -> Put {
        let mut state = self.state();
        let hash = u128::from_be_bytes(Md5::digest(partition_key).into());
        let number = state.next_number;
        state.next_number += 1;
        let of_key = state.keys.entry(partition_key.to_owned()).or_default();
        *of_key += 1;
        let of_key = *of_key;
        let takes = |shard: &&mut Shard| {
            !shard.is_closed && (shard.first_hash..=shard.last_hash).contains(&hash)
        };
        let shard = state.shards.iter_mut().find(takes).expect("open shards take every hash");
        let record = Delivered {
            shard_id: shard.id.clone(),
            sequence_number: SequenceNumber::new(number.to_string()),
            partition_key: partition_key.to_owned(),
            arrived_at: self.weather.now(),
            data,
        };
        let put = Put::Stored {
            shard_id: record.shard_id.clone(),
            sequence_number: record.sequence_number.clone(),
        };
        shard.records.push(Stored { record, of_key });
        drop(state);
        self.weather.tell(|| format!("stream: {number} of {partition_key}"));
        self.news.tell();
        put
    }

    /// All records, shard by shard.
    pub(crate) fn records(&self) -> Vec<Stored> {
        self.state().shards.iter().flat_map(|shard| shard.records.clone()).collect()
    }

    /// The record at a place, if there is one.
    pub(crate) fn record_at(&self, shard_id: &str, number: &SequenceNumber) -> Option<Delivered> {
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == shard_id)?;
        let stored = shard.records.iter().find(|stored| stored.record.sequence_number == *number);
        Some(stored?.record.clone())
    }

    /// A record's place among those of its partition key.
    pub(crate) fn place_of_key(&self, record: &Delivered) -> u64 {
        let place = self.place_after(&record.shard_id, &record.sequence_number);
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == record.shard_id);
        shard.expect("a known shard").records[place - 1].of_key
    }

    /// The shards as the service lists them.
    pub(crate) fn list(&self) -> Vec<Listed> {
        let state = self.state();
        let listed = |shard: &Shard| Listed {
            id: shard.id.clone(),
            parents: shard.parents.iter().map(|parent| state.shards[*parent].id.clone()).collect(),
            state: if shard.is_closed { ShardState::Closed } else { ShardState::Open },
        };
        state.shards.iter().map(listed).collect()
    }

    /// At most `most` records of a shard, from the place `from` on.
    pub(crate) fn read(&self, shard_id: &str, from: usize, most: usize) -> Found {
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == shard_id).expect("a known shard");
        let records: Vec<Stored> = shard.records.iter().skip(from).take(most).cloned().collect();
        let is_end = shard.is_closed && from + records.len() == shard.records.len();
        Found { records, is_end }
    }

    /// The place in its shard behind a record.
    pub(crate) fn place_after(&self, shard_id: &str, number: &SequenceNumber) -> usize {
        let state = self.state();
        let shard = state.shards.iter().find(|shard| shard.id == shard_id).expect("a known shard");
        // By value, and not as the system compares them.
        let value = |number: &SequenceNumber| number.as_str().parse::<u128>().unwrap_or_default();
        let number = value(number);
        shard.records.partition_point(|stored| value(&stored.record.sequence_number) <= number)
    }

    /// Hears of new records and shards.
    pub(crate) fn news(&self) -> Listener {
        self.news.listen()
    }

    /// Splits an open shard in two.
    pub(crate) fn split(&self) {
        let mut state = self.state();
        let open = state.open();
        let parent = open[self.weather.below(Fault::Split, open.len() as u64) as usize];
        let (first, last) = (state.shards[parent].first_hash, state.shards[parent].last_hash);
        let middle = first + (last - first) / 2;
        state.shards[parent].is_closed = true;
        for (first, last) in [(first, middle), (middle + 1, last)] {
            let child = Shard::new(state.shards.len(), first, last, vec![parent]);
            state.shards.push(child);
        }
        drop(state);
        self.news.tell();
    }

    /// Merges two neighbours, if there are two.
    pub(crate) fn merge(&self) {
        let mut state = self.state();
        let mut open = state.open();
        open.sort_by_key(|shard| state.shards[*shard].first_hash);
        if open.len() < 2 {
            return;
        }
        let at = self.weather.below(Fault::Merge, open.len() as u64 - 1) as usize;
        let (lower, upper) = (open[at], open[at + 1]);
        let (first, last) = (state.shards[lower].first_hash, state.shards[upper].last_hash);
        state.shards[lower].is_closed = true;
        state.shards[upper].is_closed = true;
        let child = Shard::new(state.shards.len(), first, last, vec![lower, upper]);
        state.shards.push(child);
        drop(state);
        self.news.tell();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sometimes for one call, sometimes for longer than a request may take.
    fn is_busy(&self) -> bool {
        let now = self.weather.now();
        if self.weather.strikes(Fault::StreamThrottle) {
            let is_long = self.weather.below(Fault::StreamThrottle, 4) == 0;
            let lasts = self.weather.time(Fault::StreamThrottle, BUSY_MAX);
            self.state().busy_until = if is_long { now + lasts } else { now };
            return true;
        }
        now < self.state().busy_until
    }

    fn is_down(&self) -> bool {
        let now = self.weather.now();
        if self.weather.strikes(Fault::StreamOutage) {
            let lasts = self.weather.time(Fault::StreamOutage, OUTAGE_MAX);
            self.state().down_until = now + lasts;
        }
        now < self.state().down_until
    }
}

impl State {
    fn open(&self) -> Vec<usize> {
        (0..self.shards.len()).filter(|shard| !self.shards[*shard].is_closed).collect()
    }
}

impl Shard {
    fn new(index: usize, first_hash: u128, last_hash: u128, parents: Vec<usize>) -> Self {
        let id = format!("shardId-{index:012}");
        Self { id, first_hash, last_hash, parents, is_closed: false, records: Vec::new() }
    }
}

impl EventLog for Stream {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<Put>, Failure> {
        let weather = &self.weather;
        let bytes: usize = records.iter().map(|r| r.data.len() + r.partition_key.len()).sum();
        if records.len() > PUT_RECORDS_MAX || bytes > PUT_RECORDS_BYTES_MAX {
            return Err(Failure::Refused("more than a call may carry".to_owned()));
        }
        if weather.strikes(Fault::StreamSlow) {
            sleep(weather.time(Fault::StreamSlow, SLOW_MAX)).await;
        }
        if self.is_down() {
            return Err(Failure::Unavailable("the stream is out of reach".to_owned()));
        }
        if self.is_busy() {
            return Err(Failure::Throttled("the stream is busy".to_owned()));
        }
        let put = |record: &Record| {
            if weather.strikes(Fault::Partial) {
                let busy = weather.below(Fault::Partial, 2) == 0;
                return Put::Failed(match busy {
                    true => Failure::Throttled("the shard is busy".to_owned()),
                    false => Failure::Unavailable("InternalFailure".to_owned()),
                });
            }
            let stored = self.append(&record.partition_key, record.data.clone());
            if weather.strikes(Fault::AckLost) {
                return Put::Failed(Failure::Unavailable("InternalFailure".to_owned()));
            }
            stored
        };
        let answers = records.iter().map(put).collect();
        if weather.strikes(Fault::Silence) {
            return pending().await;
        }
        if weather.strikes(Fault::AckLost) {
            return Err(Failure::Unavailable("the connection broke".to_owned()));
        }
        if weather.strikes(Fault::StreamSlow) {
            sleep(weather.time(Fault::StreamSlow, SLOW_MAX)).await;
        }
        Ok(answers)
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        Ok(())
    }
}
