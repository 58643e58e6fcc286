//! Which shards may be read now, and from where.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::position::Position;
use crate::settings::StartingPosition;

/// A shard as the stream describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shard {
    /// Its name.
    pub id: String,
    /// None, one after a split, two after a merge.
    pub parents: Vec<String>,
    /// Whether more may come.
    pub state: ShardState,
}

/// Whether a shard takes records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShardState {
    /// Takes records.
    Open,
    /// Was split or merged; may still have records to read.
    Closed,
}

/// Where each shard begins when the mapping sees the stream for the first time.
///
/// Closed shards have nothing to give to those who ask for what arrives from now on.
#[must_use]
pub fn first_positions(
    shards: &[Shard],
    starting: StartingPosition,
    now: DateTime<Utc>,
) -> BTreeMap<String, Position> {
    let position = |shard: &Shard| match (starting, shard.state) {
        (StartingPosition::TrimHorizon, _) => Position::TrimHorizon,
        (StartingPosition::AtTimestamp(since), _) => Position::Since(since),
        (StartingPosition::Latest, ShardState::Open) => Position::Latest(now),
        (StartingPosition::Latest, ShardState::Closed) => Position::End,
    };
    shards.iter().map(|shard| (shard.id.clone(), position(shard))).collect()
}

/// The shards that are to be read now: not finished, not being read, and no parent of theirs is
/// waiting or being read. A parent the stream no longer lists has expired with all its records.
///
/// With each comes its position. One that is not known yet is new since the mapping began, so
/// it is read from its beginning.
#[must_use]
pub fn readable(
    shards: &[Shard],
    positions: &BTreeMap<String, Position>,
    reading: &BTreeSet<String>,
) -> Vec<(String, Position)> {
    let listed: BTreeSet<&str> = shards.iter().map(|shard| shard.id.as_str()).collect();
    let finished = |id: &str| positions.get(id) == Some(&Position::End);
    let over = |id: &str| finished(id) || (!listed.contains(id) && !reading.contains(id));
    shards
        .iter()
        .filter(|shard| !finished(&shard.id) && !reading.contains(&shard.id))
        .filter(|shard| shard.parents.iter().all(|parent| over(parent)))
        .map(|shard| {
            let position = positions.get(&shard.id).cloned().unwrap_or(Position::TrimHorizon);
            (shard.id.clone(), position)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use domain::record::SequenceNumber;

    use super::*;

    /// 0 was split into 1 and 2, which were merged into 3.
    fn family() -> Vec<Shard> {
        let shard = |id: &str, parents: &[&str], state| Shard {
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
            first_positions(&family(), StartingPosition::TrimHorizon, DateTime::UNIX_EPOCH);
        for &id in finished {
            positions.insert(id.to_owned(), Position::End);
        }
        let reading = reading.iter().map(|&id| id.to_owned()).collect();
        let readable = readable(&family(), &positions, &reading);
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
    fn a_parent_that_expired_holds_nobody_back_unless_it_is_still_being_read() {
        let shards = &family()[1..];
        let none = BTreeMap::new();
        let ids = |reading: &[&str]| -> Vec<String> {
            let reading = reading.iter().map(|&id| id.to_owned()).collect();
            readable(shards, &none, &reading).into_iter().map(|(id, _)| id).collect()
        };
        assert_eq!(ids(&[]), ["1", "2"]);
        assert!(ids(&["0"]).is_empty());
    }

    #[test]
    fn the_starting_position_is_for_the_shards_of_the_first_sight() {
        let now = DateTime::UNIX_EPOCH;
        let latest = first_positions(&family(), StartingPosition::Latest, now);
        let none = BTreeSet::new();
        assert_eq!(
            readable(&family(), &latest, &none),
            [("3".to_owned(), Position::Latest(now))],
            "closed shards are left out"
        );

        let first = &family()[..1];
        let mut positions = first_positions(first, StartingPosition::AtTimestamp(now), now);
        assert_eq!(readable(first, &positions, &none), [("0".to_owned(), Position::Since(now))]);
        positions.insert("0".to_owned(), Position::End);
        positions.insert("1".to_owned(), Position::After(SequenceNumber::new("7")));
        assert_eq!(
            readable(&family(), &positions, &none),
            [
                ("1".to_owned(), Position::After(SequenceNumber::new("7"))),
                ("2".to_owned(), Position::TrimHorizon),
            ],
            "children begin at their beginning, or behind their checkpoint"
        );
    }
}
