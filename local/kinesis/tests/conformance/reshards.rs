//! Splits, merges and scaling of shards.

use aws_sdk_kinesis::types::{ScalingType, ShardIteratorType, StreamMode, StreamModeDetails};

use crate::support::*;
use crate::{BAD, FIRST, NOT_FOUND, refused};

const SECOND: &str = "shardId-000000000001";
const THIRD: &str = "shardId-000000000002";

pub(crate) async fn a_split_closes_the_parent_and_opens_two_children(on: TestClient) {
    on.create(1).await;
    on.split(FIRST, HALF).await;
    let shards = on.shards().await;
    assert_eq!(shards.len(), 3);
    assert!(ending(&shards[0]).is_some());
    for child in &shards[1..] {
        assert_eq!(child.parent_shard_id.as_deref(), Some(FIRST));
        assert!(child.adjacent_parent_shard_id.is_none() && ending(child).is_none());
    }
    assert_eq!((start_of(&shards[1]), end_of(&shards[1])), (0, HALF - 1));
    assert_eq!((start_of(&shards[2]), end_of(&shards[2])), (HALF, u128::MAX));
    assert_eq!(on.summary().await.open_shard_count, 2);
}

pub(crate) async fn a_closed_shard_s_range_holds_its_records(on: TestClient) {
    on.create(1).await;
    let last = on.put("last").await;
    on.split(FIRST, HALF).await;
    let shards = on.shards().await;
    let end = ending(&shards[0]).expect("closed");
    assert!(rank(end) >= rank(&last), "the end {end} is below the last record's {last}");
}

pub(crate) async fn a_child_s_numbers_are_above_its_parent_s(on: TestClient) {
    on.create(1).await;
    let before = on.put("before").await;
    on.split(FIRST, HALF).await;
    let (after, shard) = on.put_at(0, "after").await;
    assert_eq!(shard, SECOND);
    assert!(rank(&after) > rank(&before));
}

pub(crate) async fn records_of_the_parent_stay_readable_in_it(on: TestClient) {
    on.create(1).await;
    on.put("before").await;
    on.split(FIRST, HALF).await;
    on.put("after").await;
    assert_eq!(on.texts(FIRST).await, ["before"]);
    assert_eq!(on.texts(SECOND).await, ["after"]);
    assert!(on.texts(THIRD).await.is_empty());
}

pub(crate) async fn a_closed_shard_ends_by_naming_its_children(on: TestClient) {
    on.create(1).await;
    on.put("a").await;
    on.put("b").await;
    let latest = on.iterator(FIRST, ShardIteratorType::Latest).await;
    on.split(FIRST, HALF).await;

    let iterator = on.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let page = on.client.get_records().shard_iterator(iterator).limit(1).send().await;
    let page = page.expect("records");
    assert!(page.child_shards().is_empty(), "one record is left");
    let mut seen = texts(page.records());
    let mut next = page.next_shard_iterator;
    let mut children = Vec::new();
    while let Some(iterator) = next {
        let page = on.get(&iterator).await;
        seen.extend(texts(page.records()));
        children = page.child_shards.unwrap_or_default();
        next = page.next_shard_iterator;
    }
    assert_eq!(seen, ["a", "b"]);
    let ids: Vec<&str> = children.iter().map(|child| child.shard_id()).collect();
    assert_eq!(ids, [SECOND, THIRD]);
    assert!(children.iter().all(|child| child.parent_shards == [FIRST]));

    let page = on.get(&latest).await;
    assert!(page.records.is_empty() && page.next_shard_iterator.is_none());
}

pub(crate) async fn a_closed_shard_can_still_be_read_from_its_last_number(on: TestClient) {
    on.create(1).await;
    let sequence = on.put("before").await;
    on.split(FIRST, HALF).await;
    let kind = ShardIteratorType::AtSequenceNumber;
    let iterator = on.iterator_from(FIRST, kind, &sequence).await;
    assert_eq!(texts(on.get(&iterator).await.records()), ["before"]);
}

pub(crate) async fn an_open_shard_names_no_children(on: TestClient) {
    on.create(1).await;
    on.put("a").await;
    let iterator = on.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    assert!(on.get(&iterator).await.child_shards().is_empty());
}

async fn merge(on: &TestClient, one: &str, other: &str) -> Result<(), String> {
    let request = on.client.merge_shards().stream_name(&on.stream).shard_to_merge(one);
    let merged = request.adjacent_shard_to_merge(other).send().await;
    on.active().await;
    if merged.is_ok() { Ok(()) } else { Err(code(merged)) }
}

pub(crate) async fn a_merge_joins_two_neighbours(on: TestClient) {
    on.create(3).await;
    let before = on.open_shards().await;
    assert_eq!(merge(&on, FIRST, SECOND).await, Ok(()));
    let open = on.open_shards().await;
    assert_eq!(open.len(), 2);
    assert_eq!(open[0].parent_shard_id.as_deref(), Some(FIRST));
    assert_eq!(open[0].adjacent_parent_shard_id.as_deref(), Some(SECOND));
    assert_eq!((start_of(&open[0]), end_of(&open[0])), (0, end_of(&before[1])));
}

pub(crate) async fn neighbours_are_merged_whichever_is_named_first(on: TestClient) {
    on.create(2).await;
    assert_eq!(merge(&on, SECOND, FIRST).await, Ok(()));
    let open = on.open_shards().await;
    assert_eq!(open[0].parent_shard_id.as_deref(), Some(SECOND));
    assert_eq!(open[0].adjacent_parent_shard_id.as_deref(), Some(FIRST));
}

pub(crate) async fn shards_that_are_not_adjacent_are_not_merged(on: TestClient) {
    on.create(3).await;
    assert_eq!(merge(&on, FIRST, THIRD).await, Err("InvalidArgumentException".to_owned()));
}

pub(crate) async fn a_closed_shard_is_neither_split_nor_merged(on: TestClient) {
    on.create(2).await;
    let middle = end_of(&on.open_shards().await[0]) / 2;
    on.split(FIRST, middle).await;
    let again = on.client.split_shard().stream_name(&on.stream).shard_to_split(FIRST);
    refused(again.new_starting_hash_key(middle.to_string()).send().await, BAD);
    let request = on.client.merge_shards().stream_name(&on.stream).shard_to_merge(FIRST);
    refused(request.adjacent_shard_to_merge(SECOND).send().await, BAD);
}

pub(crate) async fn a_shard_that_is_not_there_is_not_split_or_merged(on: TestClient) {
    on.create(1).await;
    let missing = "shardId-000000000099";
    let split = on.client.split_shard().stream_name(&on.stream).shard_to_split(missing);
    refused(split.new_starting_hash_key("1000").send().await, NOT_FOUND);
    let request = on.client.merge_shards().stream_name(&on.stream).shard_to_merge(missing);
    refused(request.adjacent_shard_to_merge(FIRST).send().await, NOT_FOUND);
}

pub(crate) async fn a_split_point_lies_within_the_shard(on: TestClient) {
    on.create(2).await;
    let beyond = start_of(&on.open_shards().await[1]) + 1_000;
    let split = on.client.split_shard().stream_name(&on.stream).shard_to_split(FIRST);
    refused(split.new_starting_hash_key(beyond.to_string()).send().await, BAD);
    assert_eq!(on.shards().await.len(), 2);
}

pub(crate) async fn a_split_point_is_a_number(on: TestClient) {
    on.create(1).await;
    let split = on.client.split_shard().stream_name(&on.stream).shard_to_split(FIRST);
    refused(split.new_starting_hash_key("half").send().await, BAD);
}

pub(crate) async fn shards_of_an_on_demand_stream_are_not_split(on: TestClient) {
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build();
    let request = on.client.create_stream().stream_name(&on.stream);
    request.stream_mode_details(mode.expect("complete")).send().await.expect("created");
    on.active().await;
    let split = on.client.split_shard().stream_name(&on.stream).shard_to_split(FIRST);
    refused(split.new_starting_hash_key("1000").send().await, &["ValidationException"]);
}

async fn scale(on: &TestClient, target: i32) -> Result<(), String> {
    let request = on.client.update_shard_count().stream_name(&on.stream);
    let request = request.target_shard_count(target).scaling_type(ScalingType::UniformScaling);
    let scaled = request.send().await;
    on.active().await;
    if scaled.is_ok() { Ok(()) } else { Err(code(scaled)) }
}

pub(crate) async fn scaling_leaves_as_many_open_shards_as_asked(on: TestClient) {
    on.create(2).await;
    for target in [4, 3, 2] {
        assert_eq!(scale(&on, target).await, Ok(()));
        let open = on.open_shards().await;
        assert_eq!(open.len(), target as usize);
        assert_eq!((start_of(&open[0]), end_of(&open[open.len() - 1])), (0, u128::MAX));
        for pair in open.windows(2) {
            assert_eq!(end_of(&pair[0]) + 1, start_of(&pair[1]));
        }
    }
}

pub(crate) async fn scaling_to_more_than_double_is_refused(on: TestClient) {
    on.create(2).await;
    assert!(scale(&on, 5).await.is_err(), "it was scaled");
}

pub(crate) async fn scaling_to_less_than_half_is_refused(on: TestClient) {
    on.create(5).await;
    assert!(scale(&on, 2).await.is_err(), "it was scaled");
}
