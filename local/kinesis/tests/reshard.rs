//! Shards that change while records flow, and the endpoint's own limits of it. What AWS documents
//! of resharding is in the conformance suite.

mod support;

use aws_sdk_kinesis::types::ScalingType;
use local_kinesis::Limits;
use support::*;

const FIRST: &str = "shardId-000000000000";

async fn scale(world: &World, target: i32) -> Result<(), String> {
    let request = world.client.update_shard_count().stream_name(STREAM);
    let request = request.target_shard_count(target).scaling_type(ScalingType::UniformScaling);
    let outcome = request.send().await;
    if outcome.is_ok() { Ok(()) } else { Err(code(outcome)) }
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
    ] {
        let request = world.client.split_shard().stream_name(STREAM).shard_to_split(FIRST);
        let refused = request.new_starting_hash_key(&at).send().await;
        assert_eq!(code(refused), expected, "{at}");
    }
    assert_eq!(world.shards().await.len(), 2);
    world.close().await;
}

#[tokio::test]
async fn a_stream_is_scaled_ten_times_a_day() {
    let world = World::in_memory(Limits::Off).await;
    world.create(4).await;
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
