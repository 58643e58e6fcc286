//! Streams: made, described, listed, kept for a time, deleted.

mod kinesis_support;

use aws_sdk_kinesis::types::{
    ShardFilter, ShardFilterType, StreamMode, StreamModeDetails, StreamStatus,
};
use kinesis_support::*;
use local::kinesis::Limits;

#[tokio::test]
async fn a_new_stream_is_active_at_once_and_describes_itself() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(2).await;
    let summary = world.client.describe_stream_summary().stream_name(STREAM).send().await;
    let summary = summary.expect("described").stream_description_summary.expect("there");
    assert_eq!(summary.stream_status, StreamStatus::Active);
    assert_eq!(summary.stream_arn, "arn:aws:kinesis:eu-west-1:000000000000:stream/till-events");
    assert_eq!(summary.open_shard_count, 2);
    assert_eq!(summary.retention_period_hours, 24);
    assert_eq!(millis(&summary.stream_creation_timestamp), START_MS);
    world.close().await;
}

#[tokio::test]
async fn two_shards_halve_the_hashes_as_the_service_does() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(2).await;
    let shards = world.shards().await;
    assert_eq!(shards[0].shard_id, "shardId-000000000000");
    assert_eq!(end_of(&shards[0]), 170_141_183_460_469_231_731_687_303_715_884_105_727);
    assert_eq!(start_of(&shards[1]), HALF);
    assert_eq!(end_of(&shards[1]), u128::MAX);
    world.close().await;
}

#[tokio::test]
async fn an_arn_names_a_stream_wherever_a_name_does() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let arn = "arn:aws:kinesis:eu-west-1:000000000000:stream/till-events";
    let client = &world.client;
    client.list_shards().stream_arn(arn).send().await.expect("listed");
    client.describe_stream().stream_arn(arn).send().await.expect("described");
    let put = client.put_record().stream_arn(arn).partition_key("k").data(blob("x"));
    put.send().await.expect("stored");
    let elsewhere = arn.replace("eu-west-1", "us-east-1");
    let refused = client.list_shards().stream_arn(elsewhere).send().await;
    assert_eq!(code(refused), "ResourceNotFoundException");
    let two = client.list_shards().stream_arn(arn).stream_name("another").send().await;
    assert_eq!(code(two), "InvalidArgumentException");
    world.close().await;
}

#[tokio::test]
async fn an_on_demand_stream_starts_with_four_shards() {
    let world = World::in_memory(Limits::Enforced).await;
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build();
    let request = world.client.create_stream().stream_name(STREAM);
    request.stream_mode_details(mode.expect("complete")).send().await.expect("created");
    assert_eq!(world.shards().await.len(), 4);
    let split = world.client.split_shard().stream_name(STREAM);
    let split = split.shard_to_split("shardId-000000000000").new_starting_hash_key("1000");
    assert_eq!(code(split.send().await), "ValidationException");
    world.close().await;
}

#[tokio::test]
async fn a_name_is_taken_until_its_stream_is_deleted() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let sequence = world.put("of the first").await;
    let again = world.client.create_stream().stream_name(STREAM).shard_count(1).send().await;
    assert_eq!(code(again), "ResourceInUseException");
    world.client.delete_stream().stream_name(STREAM).send().await.expect("deleted");
    let gone = world.client.describe_stream_summary().stream_name(STREAM).send().await;
    assert_eq!(code(gone), "ResourceNotFoundException");
    world.create(1).await;
    assert!(world.texts("shardId-000000000000").await.is_empty());
    // The clock stood still, and yet the namesakes share no number.
    assert!(rank(&world.put("of the second").await) > rank(&sequence));
    world.close().await;
}

#[tokio::test]
async fn what_cannot_be_a_stream_is_refused_with_the_service_s_codes() {
    let world = World::in_memory(Limits::Enforced).await;
    let client = &world.client;
    for (name, shards) in [("has space", 1), ("a/b", 1), ("zero", 0), (&"x".repeat(129), 1)] {
        let refused = client.create_stream().stream_name(name).shard_count(shards).send().await;
        assert_eq!(code(refused), "ValidationException", "{name} {shards}");
    }
    let unsized_stream = client.create_stream().stream_name("unsized").send().await;
    assert_eq!(code(unsized_stream), "ValidationException");
    let huge = client.create_stream().stream_name("huge").shard_count(201).send().await;
    assert_eq!(code(huge), "LimitExceededException");
    let nothing = client.describe_stream_summary().send().await;
    assert_eq!(code(nothing), "InvalidArgumentException");
    world.close().await;
}

#[tokio::test]
async fn streams_are_listed_in_pages_by_name() {
    let world = World::in_memory(Limits::Enforced).await;
    for name in ["c", "a", "b"] {
        let request = world.client.create_stream().stream_name(name).shard_count(1);
        request.send().await.expect("created");
    }
    let first = world.client.list_streams().limit(2).send().await.expect("listed");
    assert_eq!(first.stream_names, ["a", "b"]);
    assert!(first.has_more_streams);
    let rest = world.client.list_streams().exclusive_start_stream_name("b").send().await;
    let rest = rest.expect("listed");
    assert_eq!(rest.stream_names, ["c"]);
    assert!(!rest.has_more_streams);
    world.close().await;
}

#[tokio::test]
async fn shards_are_listed_and_described_in_pages() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(5).await;
    let mut seen = Vec::new();
    let mut page = world.client.list_shards().stream_name(STREAM).max_results(2).send().await;
    loop {
        let listed = page.expect("listed");
        seen.extend(listed.shards.expect("some").into_iter().map(|shard| shard.shard_id));
        let Some(token) = listed.next_token else { break };
        page = world.client.list_shards().next_token(token).max_results(2).send().await;
    }
    let expected: Vec<String> = (0..5).map(|i| format!("shardId-{i:012}")).collect();
    assert_eq!(seen, expected);

    let described = world.client.describe_stream().stream_name(STREAM).limit(3);
    let described = described.exclusive_start_shard_id(&expected[0]).send().await;
    let described = described.expect("described").stream_description.expect("there");
    assert_eq!(described.shards.len(), 3);
    assert!(described.has_more_shards);

    let both = world.client.list_shards().next_token("AAAA").stream_name(STREAM).send().await;
    assert_eq!(code(both), "InvalidArgumentException");
    world.close().await;
}

#[tokio::test]
async fn a_filter_tells_open_shards_from_those_that_were() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    world.clock.advance_ms(1_000);
    let split = world.client.split_shard().stream_name(STREAM);
    let split = split.shard_to_split("shardId-000000000000").new_starting_hash_key("1000");
    split.send().await.expect("split");
    world.clock.advance_ms(1_000);

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
        let listed = world.client.list_shards().stream_name(STREAM).shard_filter(filter);
        let shards = listed.send().await.expect("listed").shards.expect("some");
        let ids: Vec<String> = shards.into_iter().map(|shard| shard.shard_id).collect();
        let expected: Vec<String> = expected.iter().map(|i| format!("shardId-{i:012}")).collect();
        assert_eq!(ids, expected, "{kind:?}");
    }
    world.close().await;
}

#[tokio::test]
async fn records_past_retention_are_no_longer_given() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    world.put("old").await;
    world.clock.advance_hours(20);
    world.put("young").await;
    let shard = "shardId-000000000000";
    assert_eq!(world.texts(shard).await, ["old", "young"]);
    world.clock.advance_hours(5);
    assert_eq!(world.texts(shard).await, ["young"]);
    // Kept longer, it does not come back.
    let longer = world.client.increase_stream_retention_period().stream_name(STREAM);
    longer.retention_period_hours(48).send().await.expect("increased");
    assert_eq!(world.texts(shard).await, ["young"]);
    world.close().await;
}

#[tokio::test]
async fn retention_moves_only_the_way_it_is_told_and_within_a_day_and_a_year() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let increase = |hours| {
        let request = world.client.increase_stream_retention_period().stream_name(STREAM);
        request.retention_period_hours(hours).send()
    };
    let decrease = |hours| {
        let request = world.client.decrease_stream_retention_period().stream_name(STREAM);
        request.retention_period_hours(hours).send()
    };
    increase(8_760).await.expect("a year");
    assert_eq!(code(increase(8_761).await), "InvalidArgumentException");
    assert_eq!(code(increase(100).await), "InvalidArgumentException");
    assert_eq!(code(increase(8_760).await), "InvalidArgumentException");
    decrease(24).await.expect("a day");
    assert_eq!(code(decrease(23).await), "InvalidArgumentException");
    assert_eq!(code(decrease(25).await), "InvalidArgumentException");
    world.close().await;
}

#[tokio::test]
async fn a_closed_shard_is_forgotten_with_its_last_record() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    world.put("before").await;
    let split = world.client.split_shard().stream_name(STREAM);
    let split = split.shard_to_split("shardId-000000000000").new_starting_hash_key("1000");
    split.send().await.expect("split");
    assert_eq!(world.shards().await.len(), 3);
    world.clock.advance_hours(25);
    assert_eq!(world.shards().await.len(), 2);
    let late = world.client.get_shard_iterator().stream_name(STREAM);
    let late = late.shard_id("shardId-000000000000");
    let late = late.shard_iterator_type(aws_sdk_kinesis::types::ShardIteratorType::TrimHorizon);
    assert_eq!(code(late.send().await), "ResourceNotFoundException");
    world.close().await;
}
