//! Streams with the clock and the limits of this endpoint. The conformance suite tests the
//! documented behaviour.

mod support;

use aws_sdk_kinesis::types::{ShardFilter, ShardFilterType, StreamStatus};
use local_kinesis::ShardLimits;
use support::*;

#[tokio::test]
async fn a_new_stream_is_active_at_once_and_describes_itself() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(2).await;
    let summary = endpoint.client.describe_stream_summary().stream_name(STREAM).send().await;
    let summary = summary.expect("described").stream_description_summary.expect("there");
    assert_eq!(summary.stream_status, StreamStatus::Active);
    assert_eq!(summary.stream_arn, "arn:aws:kinesis:eu-west-1:000000000000:stream/till-events");
    assert_eq!(summary.open_shard_count, 2);
    assert_eq!(summary.retention_period_hours, 24);
    assert_eq!(millis(&summary.stream_creation_timestamp), START_MS);
    endpoint.close().await;
}

#[tokio::test]
async fn an_arn_of_another_region_or_of_another_stream_is_refused() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    let arn = "arn:aws:kinesis:eu-west-1:000000000000:stream/till-events";
    let elsewhere = arn.replace("eu-west-1", "us-east-1");
    let refused = endpoint.client.list_shards().stream_arn(elsewhere).send().await;
    assert_eq!(code(refused), "ResourceNotFoundException");
    let two = endpoint.client.list_shards().stream_arn(arn).stream_name("another").send().await;
    assert_eq!(code(two), "InvalidArgumentException");
    endpoint.close().await;
}

#[tokio::test]
async fn streams_of_one_name_share_no_sequence_number() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    let sequence = endpoint.put("of the first").await;
    endpoint.client.delete_stream().stream_name(STREAM).send().await.expect("deleted");
    endpoint.create(1).await;
    // The clock has not moved.
    assert!(rank(&endpoint.put("of the second").await) > rank(&sequence));
    endpoint.close().await;
}

#[tokio::test]
async fn a_stream_has_a_size_and_the_endpoint_at_most_200_shards() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    let create = |name| endpoint.client.create_stream().stream_name(name);
    assert_eq!(code(create("unsized").send().await), "ValidationException");
    let huge = create("huge").shard_count(201).send().await;
    assert_eq!(code(huge), "LimitExceededException");
    endpoint.close().await;
}

#[tokio::test]
async fn a_filter_distinguishes_shards_that_are_open_and_that_were_open() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    endpoint.clock.advance_ms(1_000);
    let split = endpoint.client.split_shard().stream_name(STREAM);
    let split = split.shard_to_split("shardId-000000000000").new_starting_hash_key("1000");
    split.send().await.expect("split");
    endpoint.clock.advance_ms(1_000);

    let cases = [
        (ShardFilterType::AtLatest, vec![1, 2]),
        (ShardFilterType::AtTrimHorizon, vec![0]),
        (ShardFilterType::FromTrimHorizon, vec![0, 1, 2]),
        (ShardFilterType::AtTimestamp, vec![1, 2]),
        (ShardFilterType::FromTimestamp, vec![1, 2]),
        (ShardFilterType::AfterShardId, vec![2]),
    ];
    for (kind, expected) in cases {
        let filter = ShardFilter::builder()
            .r#type(kind.clone())
            .shard_id("shardId-000000000001")
            .timestamp(aws_sdk_kinesis::primitives::DateTime::from_millis(START_MS + 1_500))
            .build()
            .expect("complete");
        let listed = endpoint.client.list_shards().stream_name(STREAM).shard_filter(filter);
        let shards = listed.send().await.expect("listed").shards.expect("some");
        let ids: Vec<String> = shards.into_iter().map(|shard| shard.shard_id).collect();
        let expected: Vec<String> = expected.iter().map(|i| format!("shardId-{i:012}")).collect();
        assert_eq!(ids, expected, "{kind:?}");
    }
    endpoint.close().await;
}

#[tokio::test]
async fn a_shard_counts_as_open_up_to_the_instant_it_was_closed() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    endpoint.clock.advance_ms(1_000);
    endpoint.split("shardId-000000000000", HALF).await;
    for (after_ms, expected) in [(999, 1), (1_000, 3), (1_001, 2)] {
        let at = aws_sdk_kinesis::primitives::DateTime::from_millis(START_MS + after_ms);
        let filter = ShardFilter::builder().r#type(ShardFilterType::AtTimestamp).timestamp(at);
        let listed = endpoint.client.list_shards().stream_name(STREAM);
        let listed = listed.shard_filter(filter.build().expect("complete")).send().await;
        assert_eq!(listed.expect("listed").shards().len(), expected, "{after_ms}");
    }
    endpoint.close().await;
}

#[tokio::test]
async fn records_past_retention_are_no_longer_returned() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    endpoint.put("old").await;
    endpoint.clock.advance_hours(20);
    endpoint.put("young").await;
    let shard = "shardId-000000000000";
    assert_eq!(endpoint.texts(shard).await, ["old", "young"]);
    endpoint.clock.advance_hours(5);
    assert_eq!(endpoint.texts(shard).await, ["young"]);
    endpoint.close().await;
}

#[tokio::test]
async fn a_longer_retention_keeps_records_and_brings_none_back() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    endpoint.put("old").await;
    endpoint.clock.advance_hours(20);
    endpoint.put("young").await;
    endpoint.clock.advance_hours(5);
    let longer = endpoint.client.increase_stream_retention_period().stream_name(STREAM);
    longer.retention_period_hours(48).send().await.expect("increased");
    let shard = "shardId-000000000000";
    assert_eq!(endpoint.texts(shard).await, ["young"]);
    endpoint.clock.advance_hours(40);
    assert_eq!(endpoint.texts(shard).await, ["young"]);
    endpoint.clock.advance_hours(5);
    assert!(endpoint.texts(shard).await.is_empty());
    endpoint.close().await;
}

#[tokio::test]
async fn a_closed_shard_is_forgotten_with_its_last_record() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    endpoint.put("before").await;
    let split = endpoint.client.split_shard().stream_name(STREAM);
    let split = split.shard_to_split("shardId-000000000000").new_starting_hash_key("1000");
    split.send().await.expect("split");
    assert_eq!(endpoint.shards().await.len(), 3);
    endpoint.clock.advance_hours(25);
    assert_eq!(endpoint.shards().await.len(), 2);
    let late = endpoint.client.get_shard_iterator().stream_name(STREAM);
    let late = late.shard_id("shardId-000000000000");
    let late = late.shard_iterator_type(aws_sdk_kinesis::types::ShardIteratorType::TrimHorizon);
    assert_eq!(code(late.send().await), "ResourceNotFoundException");
    endpoint.close().await;
}
