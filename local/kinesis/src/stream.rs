//! Streams and shards as pure values: hash ranges, who takes a key, split, merge, uniform scaling.
//!
//! The one law: the open shards' ranges always cover every 128-bit hash exactly once.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::hash_range::HashRange;
use super::sequence::Sequence;

/// How a stream's capacity is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum Mode {
    /// By shards.
    Provisioned,
    /// By the service. Here the shards stay as many as they were at the start.
    OnDemand,
}

/// One stream: what is kept of it beside its records.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Stream {
    /// Its name.
    pub(crate) name: String,
    /// When it was made, milliseconds since 1970; part of every sequence number.
    pub(crate) created_ms: u64,
    /// How capacity is given.
    pub(crate) mode: Mode,
    /// How long records are kept, in hours.
    pub(crate) retention_hours: u32,
    /// What arrived before was past retention once and stays so, milliseconds since 1970.
    #[serde(default)]
    pub(crate) kept_since_ms: i64,
    /// Every shard still known, by number.
    pub(crate) shards: Vec<Shard>,
    /// The number the next shard gets.
    pub(crate) next_shard: u32,
    /// When `UpdateShardCount` was used in the last 24 hours, milliseconds since 1970.
    pub(crate) scaled_at_ms: Vec<i64>,
}

/// One shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Shard {
    /// Its number within the stream.
    pub(crate) number: u32,
    /// One above its parents'; 0 for a first shard.
    pub(crate) generation: u32,
    /// The hashes it takes.
    pub(crate) range: HashRange,
    /// None for a first shard, one after a split, two after a merge.
    pub(crate) parents: Vec<u32>,
    /// When it began, milliseconds since 1970.
    pub(crate) opened_at_ms: i64,
    /// Set once it takes no more records.
    pub(crate) closed: Option<Closed>,
}

/// How a shard ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Closed {
    /// When, milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// The counter of its last record; 0 when it never had one.
    pub(crate) last_counter: u64,
}

/// Why shards cannot be changed as asked.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReshardError {
    /// The shard does not exist.
    #[error("shard {0} does not exist")]
    NoShard(String),
    /// The shard was split or merged before.
    #[error("shard {0} is closed; only an open shard can be split or merged")]
    ShardClosed(String),
    /// The split point would leave a child with fewer than two hashes.
    #[error(
        "NewStartingHashKey {at} cannot split {shard}, whose range is {range}; it must be greater \
         than {} and less than {}", .range.start.saturating_add(1), .range.end
    )]
    SplitPoint {
        /// The shard.
        shard: String,
        /// What was asked for.
        at: u128,
        /// The shard's range.
        range: HashRange,
    },
    /// The two shards do not touch.
    #[error("shards {0} and {1} are not adjacent; their hash ranges must touch to be merged")]
    NotAdjacent(String, String),
}

/// The shard's name on the wire.
pub(crate) fn shard_id(number: u32) -> String {
    format!("shardId-{number:012}")
}

/// The number behind a shard's name; `None` for what is not such a name.
pub(crate) fn shard_number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix("shardId-")?;
    let plain = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// The hash of a partition key: its MD5, read as a 128-bit number.
pub(crate) fn hash_of(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())
}

impl Shard {
    /// Its name on the wire.
    pub(crate) fn id(&self) -> String {
        shard_id(self.number)
    }

    /// Whether it takes records.
    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether it was open at an instant (milliseconds since 1970), its last one included.
    pub(crate) fn was_open_at(&self, at_ms: i64) -> bool {
        self.opened_at_ms <= at_ms && self.closed.is_none_or(|closed| closed.at_ms >= at_ms)
    }
}

impl Stream {
    /// A stream of `count` shards of equal ranges, at least one.
    pub(crate) fn new(name: String, created_ms: u64, mode: Mode, count: u32) -> Self {
        let mut stream = Self {
            name,
            created_ms,
            mode,
            retention_hours: *domain::limits::RETENTION_HOURS.start(),
            kept_since_ms: 0,
            shards: Vec::new(),
            next_shard: 0,
            scaled_at_ms: Vec::new(),
        };
        for range in HashRange::uniform(count) {
            stream.add(range, 0, Vec::new(), created_ms as i64);
        }
        stream
    }

    fn add(&mut self, range: HashRange, generation: u32, parents: Vec<u32>, now_ms: i64) -> u32 {
        let number = self.next_shard;
        self.next_shard += 1;
        self.shards.push(Shard {
            number,
            generation,
            range,
            parents,
            opened_at_ms: now_ms,
            closed: None,
        });
        number
    }

    /// The shard of a number.
    pub(crate) fn shard(&self, number: u32) -> Option<&Shard> {
        // Numbers ascend, and old shards leave from anywhere.
        let at = self.shards.binary_search_by_key(&number, |shard| shard.number).ok()?;
        self.shards.get(at)
    }

    /// The shards that take records.
    pub(crate) fn open_shards(&self) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(|shard| shard.is_open())
    }

    /// The open shard that takes a hash.
    pub(crate) fn owner(&self, hash: u128) -> Option<&Shard> {
        self.open_shards().find(|shard| shard.range.contains(hash))
    }

    /// The shards made from one by a split or a merge.
    pub(crate) fn children(&self, number: u32) -> impl Iterator<Item = &Shard> {
        self.shards.iter().filter(move |shard| shard.parents.contains(&number))
    }

    /// The sequence number of a place in a shard.
    pub(crate) fn sequence(&self, shard: &Shard, counter: u64) -> Sequence {
        Sequence {
            created_ms: self.created_ms,
            generation: shard.generation,
            shard: shard.number,
            counter,
        }
    }

    /// Records that arrived before this instant are no longer given, milliseconds since 1970.
    pub(crate) fn horizon_ms(&self, now_ms: i64) -> i64 {
        (now_ms - i64::from(self.retention_hours) * 3_600_000).max(self.kept_since_ms)
    }

    /// Keeps records for another time from now on. A longer one brings nothing back: that is what
    /// the service says, and here it would depend on which segments were deleted already.
    pub(crate) fn keep(&mut self, hours: u32, now_ms: i64) {
        self.kept_since_ms = self.horizon_ms(now_ms);
        self.retention_hours = hours;
    }

    /// Closed shards whose last record is past retention are forgotten, as the service does.
    pub(crate) fn is_expired(&self, shard: &Shard, now_ms: i64) -> bool {
        shard.closed.is_some_and(|closed| closed.at_ms < self.horizon_ms(now_ms))
    }

    fn open_shard(&self, id: &str) -> Result<&Shard, ReshardError> {
        let shard = shard_number(id)
            .and_then(|number| self.shard(number))
            .ok_or_else(|| ReshardError::NoShard(id.to_owned()))?;
        if shard.is_open() { Ok(shard) } else { Err(ReshardError::ShardClosed(id.to_owned())) }
    }

    /// Closes a shard; the caller fills in `last_counter` once its log is at rest.
    fn close(&mut self, number: u32, now_ms: i64) {
        if let Some(shard) = self.shards.iter_mut().find(|shard| shard.number == number) {
            shard.closed = Some(Closed { at_ms: now_ms, last_counter: 0 });
        }
    }

    /// Splits an open shard into two; the second starts at `at`.
    ///
    /// # Errors
    /// The shard is unknown or closed, or a child would have fewer than two hashes.
    pub(crate) fn split(&mut self, id: &str, at: u128, now_ms: i64) -> Result<(), ReshardError> {
        let shard = self.open_shard(id)?;
        let range = shard.range;
        if at <= range.start.saturating_add(1) || at >= range.end {
            return Err(ReshardError::SplitPoint { shard: id.to_owned(), at, range });
        }
        let number = shard.number;
        self.split_at(number, at, now_ms);
        Ok(())
    }

    fn split_at(&mut self, number: u32, at: u128, now_ms: i64) {
        let Some(shard) = self.shard(number) else { return };
        let (range, generation) = (shard.range, shard.generation + 1);
        self.close(number, now_ms);
        self.add(HashRange { start: range.start, end: at - 1 }, generation, vec![number], now_ms);
        self.add(HashRange { start: at, end: range.end }, generation, vec![number], now_ms);
    }

    /// Merges two open shards whose ranges touch.
    ///
    /// # Errors
    /// One of them is unknown or closed, or they do not touch.
    pub(crate) fn merge(&mut self, id: &str, with: &str, now_ms: i64) -> Result<(), ReshardError> {
        let (one, other) = (self.open_shard(id)?, self.open_shard(with)?);
        if !one.range.touches(other.range) {
            return Err(ReshardError::NotAdjacent(id.to_owned(), with.to_owned()));
        }
        let (one, other) = (one.number, other.number);
        self.merge_pair(one, other, now_ms);
        Ok(())
    }

    fn merge_pair(&mut self, one: u32, other: u32, now_ms: i64) -> Option<u32> {
        let (a, b) = (self.shard(one)?, self.shard(other)?);
        let range = HashRange {
            start: a.range.start.min(b.range.start),
            end: a.range.end.max(b.range.end),
        };
        let generation = a.generation.max(b.generation) + 1;
        self.close(one, now_ms);
        self.close(other, now_ms);
        Some(self.add(range, generation, vec![one, other], now_ms))
    }

    /// Makes the open shards `target` equal ranges, at least one: splits at every new boundary,
    /// then merges what lies within one new range. A shard that already fits stays open.
    pub(crate) fn scale(&mut self, target: u32, now_ms: i64) {
        for range in HashRange::uniform(target) {
            let crossed = self.owner(range.start).filter(|shard| shard.range.start < range.start);
            if let Some(number) = crossed.map(|shard| shard.number) {
                self.split_at(number, range.start, now_ms);
            }
        }
        for range in HashRange::uniform(target) {
            let mut pieces: Vec<(u128, u32)> = self
                .open_shards()
                .filter(|shard| range.contains(shard.range.start))
                .map(|shard| (shard.range.start, shard.number))
                .collect();
            pieces.sort_unstable();
            let mut pieces = pieces.into_iter().map(|(_, number)| number);
            let first = pieces.next();
            pieces.fold(first, |whole, next| self.merge_pair(whole?, next, now_ms));
        }
    }

    /// Takes the expired shards out and returns their numbers.
    pub(crate) fn forget_expired(&mut self, now_ms: i64) -> Vec<u32> {
        let gone: Vec<u32> = self
            .shards
            .iter()
            .filter(|shard| self.is_expired(shard, now_ms))
            .map(|shard| shard.number)
            .collect();
        self.shards.retain(|shard| !gone.contains(&shard.number));
        gone
    }
}

#[cfg(test)]
mod tests;
