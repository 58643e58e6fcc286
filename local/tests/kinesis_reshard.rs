//! Shards that split, merge and scale while records flow.

mod kinesis_support;

use aws_sdk_kinesis::types::{ScalingType, ShardIteratorType};
use kinesis_support::*;
use local::kinesis::Limits;

const FIRST: &str = "shardId-000000000000";

async fn split(world: &World, shard: &str, at: u128) {
    let request = world.client.split_shard().stream_name(STREAM).shard_to_split(shard);
    request.new_starting_hash_key(at.to_string()).send().await.expect("split");
}

async fn scale(world: &World, target: i32) -> Result<(), String> {
    let request = world.client.update_shard_count().stream_name(STREAM);
    let request = request.target_shard_count(target).scaling_type(ScalingType::UniformScaling);
    let outcome = request.send().await;
    if outcome.is_ok() { Ok(()) } else { Err(code(outcome)) }
}

#[tokio::test]
async fn a_split_makes_two_children_and_closes_the_parent() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    let before = world.put("before").await;
    split(&world, FIRST, HALF).await;
    let shards = world.shards().await;
    assert_eq!(shards.len(), 3);
    assert!(ending(&shards[0]).is_some_and(|end| rank(end) > rank(&before)));
    for child in &shards[1..] {
        assert_eq!(child.parent_shard_id.as_deref(), Some(FIRST));
        assert!(child.adjacent_parent_shard_id.is_none() && ending(child).is_none());
    }
    assert_eq!(end_of(&shards[1]), HALF - 1);
    assert_eq!(start_of(&shards[2]), HALF);
    let (after, shard) = world.put_at(0, "after").await;
    assert_eq!(shard, "shardId-000000000001");
    assert!(rank(&after) > rank(&before), "a child's numbers are above its parent's");
    world.close().await;
}

#[tokio::test]
async fn a_merge_joins_neighbours_and_only_those() {
    let world = World::in_memory(Limits::Off).await;
    world.create(3).await;
    let merge = |one: &str, other: &str| {
        let request = world.client.merge_shards().stream_name(STREAM);
        request.shard_to_merge(one).adjacent_shard_to_merge(other).send()
    };
    let third = "shardId-000000000002";
    assert_eq!(code(merge(FIRST, third).await), "InvalidArgumentException");
    merge("shardId-000000000001", FIRST).await.expect("merged");
    let open = world.open_shards().await;
    assert_eq!(open.len(), 2);
    assert_eq!(open[0].parent_shard_id.as_deref(), Some("shardId-000000000001"));
    assert_eq!(open[0].adjacent_parent_shard_id.as_deref(), Some(FIRST));
    assert_eq!(start_of(&open[0]), 0);
    // What was merged cannot be merged or split again.
    assert_eq!(code(merge(FIRST, "shardId-000000000001").await), "InvalidArgumentException");
    assert_eq!(code(merge("shardId-000000000099", third).await), "ResourceNotFoundException");
    world.close().await;
}

#[tokio::test]
async fn a_split_point_must_leave_two_hashes_on_each_side() {
    let world = World::in_memory(Limits::Off).await;
    world.create(2).await;
    for (at, expected) in [
        ("0".to_owned(), "InvalidArgumentException"),
        ("1".to_owned(), "InvalidArgumentException"),
        ((HALF - 1).to_string(), "InvalidArgumentException"),
        (HALF.to_string(), "InvalidArgumentException"),
        ("half".to_owned(), "ValidationException"),
    ] {
        let request = world.client.split_shard().stream_name(STREAM).shard_to_split(FIRST);
        let refused = request.new_starting_hash_key(&at).send().await;
        assert_eq!(code(refused), expected, "{at}");
    }
    assert_eq!(world.shards().await.len(), 2);
    world.close().await;
}

#[tokio::test]
async fn children_are_named_when_a_closed_shard_ends() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    world.put("a").await;
    world.put("b").await;
    let latest = world.iterator(FIRST, ShardIteratorType::Latest).await;
    split(&world, FIRST, HALF).await;

    let iterator = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let page = world.client.get_records().shard_iterator(iterator).limit(1).send().await;
    let page = page.expect("records");
    assert!(page.child_shards.is_none(), "one record is left");
    let page = world.get(&page.next_shard_iterator.expect("not the end")).await;
    assert_eq!(texts(page.records()), ["b"]);
    assert!(page.next_shard_iterator.is_none());
    assert_eq!(page.millis_behind_latest, Some(0));
    let children: Vec<&str> = page.child_shards().iter().map(|child| child.shard_id()).collect();
    assert_eq!(children, ["shardId-000000000001", "shardId-000000000002"]);
    assert_eq!(page.child_shards()[0].parent_shards, [FIRST]);

    let page = world.get(&latest).await;
    assert!(page.records.is_empty() && page.next_shard_iterator.is_none());
    assert_eq!(page.child_shards().len(), 2);
    world.close().await;
}

#[tokio::test]
async fn scaling_leaves_equal_ranges() {
    let world = World::in_memory(Limits::Off).await;
    world.create(2).await;
    for target in [3, 4, 8, 4, 2, 1] {
        scale(&world, target).await.expect("scaled");
        let open = world.open_shards().await;
        assert_eq!(open.len(), target as usize);
        assert_eq!(start_of(&open[0]), 0);
        assert_eq!(end_of(&open[open.len() - 1]), u128::MAX);
        for pair in open.windows(2) {
            assert_eq!(end_of(&pair[0]) + 1, start_of(&pair[1]));
        }
    }
    world.close().await;
}

#[tokio::test]
async fn scaling_at_most_doubles_and_at_least_halves_ten_times_a_day() {
    let world = World::in_memory(Limits::Off).await;
    world.create(4).await;
    assert_eq!(scale(&world, 9).await, Err("InvalidArgumentException".to_owned()));
    assert_eq!(scale(&world, 1).await, Err("InvalidArgumentException".to_owned()));
    assert_eq!(scale(&world, 0).await, Err("ValidationException".to_owned()));
    for i in 0..10 {
        scale(&world, 5 - i % 2).await.expect("scaled");
    }
    assert_eq!(scale(&world, 4).await, Err("LimitExceededException".to_owned()));
    world.clock.advance_hours(24);
    scale(&world, 4).await.expect("a day later");
    world.close().await;
}

#[tokio::test]
async fn records_put_while_shards_change_are_all_there_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let world = World::on_disk(folder.path(), TestClock::new()).await;
    world.create(1).await;
    let put = async {
        let mut stored = Vec::new();
        for i in 0..200u128 {
            let text = i.to_string();
            let (sequence, shard) = world.put_at((u128::MAX / 200) * i, &text).await;
            stored.push((shard, sequence, text));
        }
        stored
    };
    let change = async {
        for target in [2, 4, 3, 2] {
            scale(&world, target).await.expect("scaled");
        }
    };
    let (mut stored, ()) = tokio::join!(put, change);
    let mut found = Vec::new();
    for shard in world.shards().await {
        for record in world.all(&shard.shard_id).await {
            let text = String::from_utf8_lossy(record.data.as_ref()).into_owned();
            found.push((shard.shard_id.clone(), record.sequence_number, text));
        }
    }
    stored.sort();
    found.sort();
    assert_eq!(found, stored);
    world.close().await;
}
