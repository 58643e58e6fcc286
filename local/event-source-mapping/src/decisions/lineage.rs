//! Selection of the shards to read, parents before children.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::position::ShardPosition;
use crate::settings::StartingPosition;

/// Shard of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShardDescription {
    /// Shard id.
    pub id: String,
    /// Ids of the parents: none, one after a split, two after a merge.
    pub parents: Vec<String>,
    /// State of the shard.
    pub state: ShardState,
}

/// State of a shard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    /// The shard accepts records.
    Open,
    /// The shard was split or merged. It can still have unread records.
    Closed,
}

/// Returns the position of each shard at the first start of a mapping.
///
/// With [`StartingPosition::Latest`] closed shards are finished, because no record arrives in them.
#[must_use]
pub fn initial_positions(
    shards: &[ShardDescription],
    starting: StartingPosition,
    now: DateTime<Utc>,
) -> BTreeMap<String, ShardPosition> {
    let position = |shard: &ShardDescription| match (starting, shard.state) {
        (StartingPosition::TrimHorizon, _) => ShardPosition::TrimHorizon,
        (StartingPosition::AtTimestamp(since), _) => ShardPosition::Since(since),
        (StartingPosition::Latest, ShardState::Open) => ShardPosition::Latest(now),
        (StartingPosition::Latest, ShardState::Closed) => ShardPosition::End,
    };
    shards.iter().map(|shard| (shard.id.clone(), position(shard))).collect()
}

/// Returns the shards to start reading, with their positions: unfinished shards that are not being
/// read and whose parents are finished. A parent that the stream no longer lists has expired with
/// all its records.
///
/// A shard without a position appeared after the first start, so it is read from its oldest record.
#[must_use]
pub fn readable_shards(
    shards: &[ShardDescription],
    positions: &BTreeMap<String, ShardPosition>,
    reading: &BTreeSet<String>,
) -> Vec<(String, ShardPosition)> {
    let listed: BTreeSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
    let is_finished = |id: &str| positions.get(id) == Some(&ShardPosition::End);
    let is_over = |id: &str| is_finished(id) || (!listed.contains(id) && !reading.contains(id));
    shards
        .iter()
        .filter(|shard| !is_finished(&shard.id) && !reading.contains(&shard.id))
        .filter(|shard| shard.parents.iter().all(|parent| is_over(parent)))
        .map(|shard| {
            let position = positions.get(&shard.id).cloned().unwrap_or(ShardPosition::TrimHorizon);
            (shard.id.clone(), position)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::record::SequenceNumber;

    use super::*;

    /// Shard 0, split into 1 and 2, which were merged into 3.
    fn family() -> Vec<ShardDescription> {
        let shard = |id: &str, parents: &[&str], state| ShardDescription {
            id: id.to_owned(),
            parents: parents.iter().map(|&parent| parent.to_owned()).collect(),
            state,
        };
        vec![
            shard("0", &[], ShardState::Closed),
            shard("1", &["0"], ShardState::Closed),
            shard("2", &["0"], ShardState::Closed),
            shard("3", &["1", "2"], ShardState::Open),
        ]
    }

    fn check(finished: &[&str], reading: &[&str], expected: &[&str]) {
        let mut positions =
            initial_positions(&family(), StartingPosition::TrimHorizon, DateTime::UNIX_EPOCH);
        for &id in finished {
            positions.insert(id.to_owned(), ShardPosition::End);
        }
        let reading = reading.iter().map(|&id| id.to_owned()).collect();
        let readable = readable_shards(&family(), &positions, &reading);
        let ids: Vec<&str> = readable.iter().map(|(id, _)| id.as_str()).collect();
        assert_eq!(ids, expected, "finished {finished:?}, reading {reading:?}");
    }

    #[test]
    fn a_child_waits_for_all_its_parents() {
        check(&[], &[], &["0"]);
        check(&[], &["0"], &[]);
        check(&["0"], &[], &["1", "2"]);
        check(&["0", "1"], &["2"], &[]);
        check(&["0", "1"], &[], &["2"]);
        check(&["0", "1", "2"], &[], &["3"]);
        check(&["0", "1", "2", "3"], &[], &[]);
    }

    #[test]
    fn an_expired_parent_holds_no_child_back_unless_it_is_still_being_read() {
        let shards = &family()[1..];
        let none = BTreeMap::new();
        let ids = |reading: &[&str]| -> Vec<String> {
            let reading = reading.iter().map(|&id| id.to_owned()).collect();
            readable_shards(shards, &none, &reading).into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ids(&[]), ["1", "2"]);
        assert!(ids(&["0"]).is_empty());
    }

    #[test]
    fn the_starting_position_applies_to_the_shards_of_the_first_start() {
        let now = DateTime::UNIX_EPOCH;
        let latest = initial_positions(&family(), StartingPosition::Latest, now);
        let none = BTreeSet::new();
        assert_eq!(
            readable_shards(&family(), &latest, &none),
            [("3".to_owned(), ShardPosition::Latest(now))],
            "closed shards are left out"
        );

        let first = &family()[..1];
        let mut positions = initial_positions(first, StartingPosition::AtTimestamp(now), now);
        assert_eq!(
            readable_shards(first, &positions, &none),
            [("0".to_owned(), ShardPosition::Since(now))]
        );
        positions.insert("0".to_owned(), ShardPosition::End);
        positions.insert("1".to_owned(), ShardPosition::After(SequenceNumber::new("7")));
        assert_eq!(
            readable_shards(&family(), &positions, &none),
            [
                ("1".to_owned(), ShardPosition::After(SequenceNumber::new("7"))),
                ("2".to_owned(), ShardPosition::TrimHorizon),
            ],
            "children begin at their oldest record or after their checkpoint"
        );
    }
}
