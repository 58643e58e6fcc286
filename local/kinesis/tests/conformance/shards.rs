//! Hash ranges of shards and `ListShards`.

use std::time::Duration;

use aws_sdk_kinesis::primitives::DateTime;
use aws_sdk_kinesis::types::{ShardFilter, ShardFilterType};

use crate::endpoint::now;
use crate::support::*;
use crate::{BAD, FIRST, refused};

pub(crate) async fn three_shards_have_the_ranges_of_the_guide(on: TestClient) {
    on.create(3).await;
    let ends: Vec<u128> = on.open_shards().await.iter().map(end_of).collect();
    assert_eq!(
        ends,
        [
            113_427_455_640_312_821_154_458_202_477_256_070_484,
            226_854_911_280_625_642_308_916_404_954_512_140_969,
            340_282_366_920_938_463_463_374_607_431_768_211_455,
        ]
    );
}

pub(crate) async fn every_hash_belongs_to_one_open_shard(on: TestClient) {
    on.create(5).await;
    let open = on.open_shards().await;
    assert_eq!((start_of(&open[0]), end_of(&open[4])), (0, u128::MAX));
    for pair in open.windows(2) {
        assert_eq!(end_of(&pair[0]) + 1, start_of(&pair[1]));
    }
}

pub(crate) async fn shards_are_listed_in_pages(on: TestClient) {
    on.create(5).await;
    let mut seen = Vec::new();
    let mut page = on.client.list_shards().stream_name(&on.stream).max_results(2).send().await;
    loop {
        let listed = page.expect("listed");
        seen.extend(listed.shards.expect("some").into_iter().map(|shard| shard.shard_id));
        let Some(token) = listed.next_token else { break };
        page = on.client.list_shards().next_token(token).max_results(2).send().await;
    }
    let expected: Vec<String> = (0..5).map(|n| format!("shardId-{n:012}")).collect();
    assert_eq!(seen, expected);
}

pub(crate) async fn a_page_token_is_given_without_the_stream_s_name(on: TestClient) {
    on.create(2).await;
    let page = on.client.list_shards().stream_name(&on.stream).max_results(1).send().await;
    let token = page.expect("listed").next_token.expect("a token");
    let both = on.client.list_shards().next_token(token).stream_name(&on.stream).send().await;
    refused(both, &["InvalidArgumentException"]);
}

pub(crate) async fn an_unknown_page_token_is_refused(on: TestClient) {
    refused(on.client.list_shards().next_token("AAAA").send().await, BAD);
}

pub(crate) async fn shards_are_listed_behind_a_given_one(on: TestClient) {
    on.create(3).await;
    let listed = on.client.list_shards().stream_name(&on.stream).exclusive_start_shard_id(FIRST);
    let listed = listed.send().await.expect("listed").shards.expect("some");
    assert_eq!(listed, on.shards().await[1..]);
}

pub(crate) async fn a_listing_takes_1_to_10000_results(on: TestClient) {
    on.create(1).await;
    for most in [0, 10_001] {
        let asked = on.client.list_shards().stream_name(&on.stream).max_results(most);
        refused(asked.send().await, BAD);
    }
}

pub(crate) async fn a_creation_time_distinguishes_streams_of_one_name(on: TestClient) {
    on.create(1).await;
    let made = on.summary().await.stream_creation_timestamp;
    let asked =
        |at| on.client.list_shards().stream_name(&on.stream).stream_creation_timestamp(at).send();
    assert_eq!(asked(made).await.expect("listed").shards().len(), 1);
    let another = asked(DateTime::from_secs(made.secs() - 3_600)).await;
    refused(another, &["ResourceNotFoundException"]);
}

/// Returns the numbers of the shards that match a filter.
async fn filtered(on: &TestClient, kind: ShardFilterType, at: Option<DateTime>) -> Vec<u32> {
    let filter = ShardFilter::builder().r#type(kind.clone()).set_timestamp(at);
    let after = (kind == ShardFilterType::AfterShardId).then(|| "shardId-000000000001".to_owned());
    let filter = filter.set_shard_id(after).build().expect("complete");
    let listed = on.client.list_shards().stream_name(&on.stream).shard_filter(filter);
    let listed = listed.send().await.expect("listed").shards.expect("some");
    let number = |id: &str| id["shardId-".len()..].parse().expect("a number");
    listed.iter().map(|shard| number(&shard.shard_id)).collect()
}

/// Splits the first shard into two children.
async fn split(on: &TestClient) {
    on.create(1).await;
    between().await;
    on.split(FIRST, HALF).await;
}

pub(crate) async fn at_latest_gives_the_open_shards(on: TestClient) {
    split(&on).await;
    assert_eq!(filtered(&on, ShardFilterType::AtLatest, None).await, [1, 2]);
}

pub(crate) async fn from_trim_horizon_gives_every_shard(on: TestClient) {
    split(&on).await;
    assert_eq!(filtered(&on, ShardFilterType::FromTrimHorizon, None).await, [0, 1, 2]);
}

pub(crate) async fn at_trim_horizon_gives_the_shards_open_at_that_time(on: TestClient) {
    split(&on).await;
    assert_eq!(filtered(&on, ShardFilterType::AtTrimHorizon, None).await, [0]);
}

pub(crate) async fn after_shard_id_gives_those_behind_it(on: TestClient) {
    split(&on).await;
    assert_eq!(filtered(&on, ShardFilterType::AfterShardId, None).await, [2]);
}

/// Returns an instant at which no shard begins or ends.
async fn between() -> DateTime {
    tokio::time::sleep(Duration::from_millis(20)).await;
    let at = DateTime::from_millis(now().timestamp_millis());
    tokio::time::sleep(Duration::from_millis(20)).await;
    at
}

pub(crate) async fn at_timestamp_gives_the_shards_open_at_that_time(on: TestClient) {
    on.create(1).await;
    let before = between().await;
    on.split(FIRST, HALF).await;
    let after = between().await;
    assert_eq!(filtered(&on, ShardFilterType::AtTimestamp, Some(before)).await, [0]);
    assert_eq!(filtered(&on, ShardFilterType::AtTimestamp, Some(after)).await, [1, 2]);
}

pub(crate) async fn from_timestamp_gives_the_shards_since_that_time(on: TestClient) {
    on.create(1).await;
    let before = between().await;
    on.split(FIRST, HALF).await;
    let after = between().await;
    assert_eq!(filtered(&on, ShardFilterType::FromTimestamp, Some(before)).await, [0, 1, 2]);
    assert_eq!(filtered(&on, ShardFilterType::FromTimestamp, Some(after)).await, [1, 2]);
}

pub(crate) async fn a_filter_needs_the_value_of_its_type(on: TestClient) {
    on.create(1).await;
    for kind in [ShardFilterType::AfterShardId, ShardFilterType::AtTimestamp] {
        let filter = ShardFilter::builder().r#type(kind).build().expect("complete");
        let asked = on.client.list_shards().stream_name(&on.stream).shard_filter(filter);
        refused(asked.send().await, BAD);
    }
}
