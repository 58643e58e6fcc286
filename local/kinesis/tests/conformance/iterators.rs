//! Start positions of iterators.

use std::time::Duration;

use aws_sdk_kinesis::operation::get_shard_iterator::builders::GetShardIteratorFluentBuilder;
use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::ShardIteratorType;

use crate::support::*;
use crate::{BAD, FIRST, NOT_FOUND, refused};

/// Puts three records at different times and returns their sequence numbers.
async fn three(on: &TestClient) -> Vec<String> {
    on.create(2).await;
    let mut sequences = Vec::new();
    for text in ["a", "b", "c"] {
        sequences.push(on.put(text).await);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    sequences
}

fn asked(on: &TestClient, kind: ShardIteratorType) -> GetShardIteratorFluentBuilder {
    let asked = on.client.get_shard_iterator().stream_name(&on.stream).shard_id(FIRST);
    asked.shard_iterator_type(kind)
}

async fn read(on: &TestClient, iterator: &str) -> Vec<String> {
    texts(on.get(iterator).await.records())
}

pub(crate) async fn trim_horizon_begins_at_the_oldest(on: TestClient) {
    three(&on).await;
    let iterator = on.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    assert_eq!(read(&on, &iterator).await, ["a", "b", "c"]);
}

pub(crate) async fn latest_begins_behind_the_newest(on: TestClient) {
    three(&on).await;
    let iterator = on.iterator(FIRST, ShardIteratorType::Latest).await;
    on.put("d").await;
    assert_eq!(read(&on, &iterator).await, ["d"]);
}

pub(crate) async fn at_sequence_number_begins_with_it(on: TestClient) {
    let sequences = three(&on).await;
    let kind = ShardIteratorType::AtSequenceNumber;
    let iterator = on.iterator_from(FIRST, kind, &sequences[1]).await;
    assert_eq!(read(&on, &iterator).await, ["b", "c"]);
}

pub(crate) async fn after_sequence_number_begins_behind_it(on: TestClient) {
    let sequences = three(&on).await;
    let kind = ShardIteratorType::AfterSequenceNumber;
    let iterator = on.iterator_from(FIRST, kind, &sequences[1]).await;
    assert_eq!(read(&on, &iterator).await, ["c"]);
}

pub(crate) async fn a_shard_s_starting_number_is_a_place_to_begin(on: TestClient) {
    three(&on).await;
    let shards = on.shards().await;
    let range = shards[0].sequence_number_range.as_ref().expect("a range");
    for kind in [ShardIteratorType::AtSequenceNumber, ShardIteratorType::AfterSequenceNumber] {
        let iterator = on.iterator_from(FIRST, kind, &range.starting_sequence_number).await;
        assert_eq!(read(&on, &iterator).await, ["a", "b", "c"]);
    }
}

async fn at(on: &TestClient, at_ms: i64) -> Vec<String> {
    let given = asked(on, ShardIteratorType::AtTimestamp).timestamp(DateTime::from_millis(at_ms));
    read(on, &given.send().await.expect("an iterator").shard_iterator.expect("named")).await
}

pub(crate) async fn at_timestamp_begins_with_the_record_of_that_time(on: TestClient) {
    three(&on).await;
    let arrival = on.all(FIRST).await[1].approximate_arrival_timestamp.expect("a time");
    assert_eq!(at(&on, millis(&arrival)).await, ["b", "c"]);
}

pub(crate) async fn at_timestamp_begins_with_the_next_record_where_there_is_none(on: TestClient) {
    three(&on).await;
    let arrival = on.all(FIRST).await[1].approximate_arrival_timestamp.expect("a time");
    assert_eq!(at(&on, millis(&arrival) + 5).await, ["c"]);
}

pub(crate) async fn a_time_before_everything_begins_at_the_oldest(on: TestClient) {
    three(&on).await;
    assert_eq!(at(&on, 1_000_000_000_000).await, ["a", "b", "c"]);
}

pub(crate) async fn a_type_needs_its_starting_point(on: TestClient) {
    three(&on).await;
    refused(asked(&on, ShardIteratorType::AtSequenceNumber).send().await, BAD);
    refused(asked(&on, ShardIteratorType::AfterSequenceNumber).send().await, BAD);
    refused(asked(&on, ShardIteratorType::AtTimestamp).send().await, BAD);
}

pub(crate) async fn a_type_that_does_not_exist_is_refused(on: TestClient) {
    three(&on).await;
    refused(asked(&on, "SIDEWAYS".into()).send().await, BAD);
}

pub(crate) async fn a_malformed_number_is_refused(on: TestClient) {
    three(&on).await;
    let kind = ShardIteratorType::AtSequenceNumber;
    refused(asked(&on, kind).starting_sequence_number("rye").send().await, BAD);
}

pub(crate) async fn a_number_of_another_shard_is_refused(on: TestClient) {
    three(&on).await;
    let (elsewhere, _) = on.put_at(u128::MAX, "elsewhere").await;
    for kind in [ShardIteratorType::AtSequenceNumber, ShardIteratorType::AfterSequenceNumber] {
        let given = asked(&on, kind).starting_sequence_number(&elsewhere).send().await;
        refused(given, &["InvalidArgumentException"]);
    }
}

pub(crate) async fn a_shard_that_does_not_exist_is_not_found(on: TestClient) {
    on.create(1).await;
    let asked = on.client.get_shard_iterator().stream_name(&on.stream);
    let asked = asked.shard_id("shardId-000000000009");
    refused(asked.shard_iterator_type(ShardIteratorType::Latest).send().await, NOT_FOUND);
}

pub(crate) async fn an_iterator_has_at_most_512_characters(on: TestClient) {
    let stream = format!("{:-<128}", on.stream);
    let on = TestClient { stream, ..on };
    on.create(1).await;
    let sequence = on.put("x").await;
    let kind = ShardIteratorType::AfterSequenceNumber;
    let iterator = on.iterator_from(FIRST, kind, &sequence).await;
    assert!(iterator.len() <= 512, "{}", iterator.len());
    let next = on.get(&iterator).await.next_shard_iterator.expect("open");
    assert!(next.len() <= 512, "{}", next.len());
}
