//! Metadata of streams and shards, without I/O: routing of keys, split, merge and uniform scaling.
//!
//! Invariant: the ranges of the open shards cover every 128-bit hash exactly once.

use md5::{Digest, Md5};
use serde::{Deserialize, Serialize};

use super::consumer::Consumer;
use super::hash_range::HashRange;
use super::sequence::Sequence;

/// Capacity mode of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(crate) enum StreamMode {
    /// The caller sets the number of shards.
    Provisioned,
    /// The service sets the number of shards. Here the initial number stays.
    OnDemand,
}

/// Metadata of a stream.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct StreamMetadata {
    pub(crate) name: String,
    /// Creation time, milliseconds since 1970; part of every sequence number.
    pub(crate) created_ms: u64,
    pub(crate) mode: StreamMode,
    /// Retention in hours.
    pub(crate) retention_hours: u32,
    /// Records that arrived before are past retention for good, milliseconds since 1970.
    #[serde(default)]
    pub(crate) kept_since_ms: i64,
    /// Open shards and closed shards within retention, by number.
    pub(crate) shards: Vec<ShardMetadata>,
    /// Number of the next shard.
    pub(crate) next_shard: u32,
    /// Times of `UpdateShardCount` in the last 24 hours, milliseconds since 1970.
    pub(crate) scaled_at_ms: Vec<i64>,
}

/// Metadata of a shard.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardMetadata {
    /// Number within the stream.
    pub(crate) number: u32,
    /// One above the generation of the parents; 0 for an initial shard.
    pub(crate) generation: u32,
    pub(crate) range: HashRange,
    /// Parents: none for an initial shard, one after a split, two after a merge.
    pub(crate) parents: Vec<u32>,
    /// Opening time, milliseconds since 1970.
    pub(crate) opened_at_ms: i64,
    /// Set once the shard is closed.
    pub(crate) closed: Option<ShardClosing>,
}

/// End of a closed shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardClosing {
    /// Closing time, milliseconds since 1970.
    pub(crate) at_ms: i64,
    /// Counter of the last record; 0 if there is none.
    pub(crate) last_counter: u64,
}

/// Refusal of a change of shards.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ReshardError {
    /// The shard does not exist.
    #[error("shard {0} does not exist")]
    NoShard(String),
    /// The shard is closed.
    #[error("shard {0} is closed; only an open shard can be split or merged")]
    ShardClosed(String),
    /// The split point would leave a child with fewer than two hashes.
    #[error(
        "NewStartingHashKey {at} cannot split {shard}, whose range is {range}; it must be greater \
         than {} and less than {}", .range.start.saturating_add(1), .range.end
    )]
    SplitPoint {
        /// Shard id.
        shard: String,
        /// Requested start of the second child.
        at: u128,
        /// Range of the shard.
        range: HashRange,
    },
    /// The two shards are not adjacent.
    #[error("shards {0} and {1} are not adjacent; their hash ranges must be adjacent to be merged")]
    NotAdjacent(String, String),
}

/// Shard id of a shard number.
pub(crate) fn shard_id(number: u32) -> String {
    format!("shardId-{number:012}")
}

/// Shard number of a shard id, or `None` if the id is malformed.
pub(crate) fn shard_number(id: &str) -> Option<u32> {
    let digits = id.strip_prefix("shardId-")?;
    let plain = digits.len() == 12 && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// Hash of a partition key: its MD5 as a big-endian 128-bit number.
pub(crate) fn hash_of(partition_key: &str) -> u128 {
    u128::from_be_bytes(Md5::digest(partition_key.as_bytes()).into())
}

impl ShardMetadata {
    /// Shard id.
    pub(crate) fn id(&self) -> String {
        shard_id(self.number)
    }

    /// `true` if the shard accepts records.
    pub(crate) fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// `true` if the shard was open at an instant (milliseconds since 1970), closing time included.
    pub(crate) fn was_open_at(&self, at_ms: i64) -> bool {
        self.opened_at_ms <= at_ms && self.closed.is_none_or(|closed| closed.at_ms >= at_ms)
    }
}

impl StreamMetadata {
    /// Creates a stream with `count` shards of equal ranges, at least one.
    pub(crate) fn new(name: String, created_ms: u64, mode: StreamMode, count: u32) -> Self {
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
        self.shards.push(ShardMetadata {
            number,
            generation,
            range,
            parents,
            opened_at_ms: now_ms,
            closed: None,
        });
        number
    }

    /// Returns the shard with a number.
    pub(crate) fn shard(&self, number: u32) -> Option<&ShardMetadata> {
        // Numbers ascend, but expired shards leave gaps.
        let at = self.shards.binary_search_by_key(&number, |shard| shard.number).ok()?;
        self.shards.get(at)
    }

    /// Shards that accept records.
    pub(crate) fn open_shards(&self) -> impl Iterator<Item = &ShardMetadata> {
        self.shards.iter().filter(|shard| shard.is_open())
    }

    /// Open shard that contains a hash.
    pub(crate) fn owner(&self, hash: u128) -> Option<&ShardMetadata> {
        self.open_shards().find(|shard| shard.range.contains(hash))
    }

    /// Shards that resulted from a split or merge of this one.
    pub(crate) fn children(&self, number: u32) -> impl Iterator<Item = &ShardMetadata> {
        self.shards.iter().filter(move |shard| shard.parents.contains(&number))
    }

    /// Sequence number of a position in a shard.
    pub(crate) fn sequence(&self, shard: &ShardMetadata, counter: u64) -> Sequence {
        Sequence {
            created_ms: self.created_ms,
            generation: shard.generation,
            shard: shard.number,
            counter,
        }
    }

    /// Arrival time of the oldest records within retention, milliseconds since 1970.
    pub(crate) fn horizon_ms(&self, now_ms: i64) -> i64 {
        (now_ms - i64::from(self.retention_hours) * 3_600_000).max(self.kept_since_ms)
    }

    /// Changes the retention. A longer retention does not bring records back, as the service
    /// documents. Here it would also depend on the deleted segments.
    pub(crate) fn set_retention(&mut self, hours: u32, now_ms: i64) {
        self.kept_since_ms = self.horizon_ms(now_ms);
        self.retention_hours = hours;
    }

    /// `true` if the shard is closed and all its records are past retention.
    pub(crate) fn is_expired(&self, shard: &ShardMetadata, now_ms: i64) -> bool {
        shard.closed.is_some_and(|closed| closed.at_ms < self.horizon_ms(now_ms))
    }

    fn open_shard(&self, id: &str) -> Result<&ShardMetadata, ReshardError> {
        let shard = shard_number(id)
            .and_then(|number| self.shard(number))
            .ok_or_else(|| ReshardError::NoShard(id.to_owned()))?;
        if shard.is_open() { Ok(shard) } else { Err(ReshardError::ShardClosed(id.to_owned())) }
    }

    /// Closes a shard. The caller sets `last_counter` once the log is complete.
    fn close(&mut self, number: u32, now_ms: i64) {
        if let Some(shard) = self.shards.iter_mut().find(|shard| shard.number == number) {
            shard.closed = Some(ShardClosing { at_ms: now_ms, last_counter: 0 });
        }
    }

    /// Splits an open shard into two. The second one begins at the hash `at`.
    ///
    /// # Errors
    /// Returns an error if the shard is unknown or closed, or if a child would have fewer than two
    /// hashes.
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

    /// Merges two adjacent open shards.
    ///
    /// # Errors
    /// Returns an error if a shard is unknown or closed, or if the shards are not adjacent.
    pub(crate) fn merge(&mut self, id: &str, with: &str, now_ms: i64) -> Result<(), ReshardError> {
        let (one, other) = (self.open_shard(id)?, self.open_shard(with)?);
        if !one.range.is_adjacent_to(other.range) {
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

    /// Changes the open shards to `target` equal ranges, at least one: splits at every new
    /// boundary, then merges the shards within each new range. A shard with a new range stays open.
    pub(crate) fn scale(&mut self, target: u32, now_ms: i64) {
        for range in HashRange::uniform(target) {
            let crossed = self.owner(range.start).filter(|shard| shard.range.start < range.start);
            if let Some(number) = crossed.map(|shard| shard.number) {
                self.split_at(number, range.start, now_ms);
            }
        }
        for range in HashRange::uniform(target) {
            let mut within: Vec<(u128, u32)> = self
                .open_shards()
                .filter(|shard| range.contains(shard.range.start))
                .map(|shard| (shard.range.start, shard.number))
                .collect();
            within.sort_unstable();
            let mut within = within.into_iter().map(|(_, number)| number);
            let first = within.next();
            within.fold(first, |whole, next| self.merge_pair(whole?, next, now_ms));
        }
    }

    /// Returns the stream without its shards.
    pub(crate) fn without_shards(&self) -> Self {
        Self { name: self.name.clone(), shards: Vec::new(), scaled_at_ms: Vec::new(), ..*self }
    }

    /// Removes the expired shards of which the consumer has read every record, and returns their
    /// numbers.
    pub(crate) fn remove_expired(&mut self, consumer: &Consumer, now_ms: i64) -> Vec<u32> {
        let expired: Vec<u32> = self
            .shards
            .iter()
            .filter(|shard| consumer.is_expired(self, shard, now_ms))
            .map(|shard| shard.number)
            .collect();
        self.shards.retain(|shard| !expired.contains(&shard.number));
        expired
    }
}

#[cfg(test)]
mod tests;
