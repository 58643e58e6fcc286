//! Changes of shards under load, and the limits of this endpoint. The conformance suite tests the
//! documented behaviour.

mod support;

use aws_sdk_kinesis::types::ScalingType;
use local_kinesis::ShardLimits;
use support::*;

const FIRST: &str = "shardId-000000000000";

async fn scale(endpoint: &ServedEndpoint, target: i32) -> Result<(), String> {
    let request = endpoint.client.update_shard_count().stream_name(STREAM);
    let request = request.target_shard_count(target).scaling_type(ScalingType::UniformScaling);
    let outcome = request.send().await;
    if outcome.is_ok() { Ok(()) } else { Err(code(outcome)) }
}

#[tokio::test]
async fn a_split_point_must_leave_two_hashes_on_each_side() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Off).await;
    endpoint.create(2).await;
    for (at, expected) in [
        ("0".to_owned(), "InvalidArgumentException"),
        ("1".to_owned(), "InvalidArgumentException"),
        ((HALF - 1).to_string(), "InvalidArgumentException"),
        (HALF.to_string(), "InvalidArgumentException"),
    ] {
        let request = endpoint.client.split_shard().stream_name(STREAM).shard_to_split(FIRST);
        let refused = request.new_starting_hash_key(&at).send().await;
        assert_eq!(code(refused), expected, "{at}");
    }
    assert_eq!(endpoint.shards().await.len(), 2);
    endpoint.close().await;
}

#[tokio::test]
async fn a_stream_is_scaled_ten_times_a_day() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Off).await;
    endpoint.create(4).await;
    for i in 0..10 {
        scale(&endpoint, 5 - i % 2).await.expect("scaled");
    }
    assert_eq!(scale(&endpoint, 4).await, Err("LimitExceededException".to_owned()));
    endpoint.clock.advance_hours(24);
    scale(&endpoint, 4).await.expect("a day later");
    endpoint.close().await;
}

#[tokio::test]
async fn records_put_while_shards_change_are_all_there_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.create(1).await;
    let put = async {
        let mut stored = Vec::new();
        for i in 0..200u128 {
            let text = i.to_string();
            let (sequence, shard) = endpoint.put_at((u128::MAX / 200) * i, &text).await;
            stored.push((shard, sequence, text));
        }
        stored
    };
    let change = async {
        for target in [2, 4, 3, 2] {
            scale(&endpoint, target).await.expect("scaled");
        }
    };
    let (mut stored, ()) = tokio::join!(put, change);
    let mut found = Vec::new();
    for shard in endpoint.shards().await {
        for record in endpoint.all(&shard.shard_id).await {
            let text = String::from_utf8_lossy(record.data.as_ref()).into_owned();
            found.push((shard.shard_id.clone(), record.sequence_number, text));
        }
    }
    stored.sort();
    found.sort();
    assert_eq!(found, stored);
    endpoint.close().await;
}
