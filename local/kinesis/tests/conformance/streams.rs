//! Streams: create, describe, list and delete.

use aws_sdk_kinesis::types::{EncryptionType, StreamMode, StreamModeDetails, StreamStatus};

use crate::support::*;
use crate::{BAD, NOT_FOUND, refused};

pub(crate) async fn a_created_stream_becomes_active_and_describes_itself(on: TestClient) {
    on.create(2).await;
    let summary = on.summary().await;
    assert_eq!(summary.stream_name, on.stream);
    assert!(summary.stream_arn.ends_with(&format!(":stream/{}", on.stream)));
    assert_eq!(summary.stream_status, StreamStatus::Active);
    assert_eq!(summary.open_shard_count, 2);
    let mode = summary.stream_mode_details.expect("a mode").stream_mode;
    assert_eq!(mode, StreamMode::Provisioned);
}

pub(crate) async fn a_new_stream_keeps_24_hours_unencrypted(on: TestClient) {
    on.create(1).await;
    let summary = on.summary().await;
    assert_eq!(summary.retention_period_hours, 24);
    assert_eq!(summary.encryption_type, Some(EncryptionType::None));
}

pub(crate) async fn a_new_on_demand_stream_has_four_shards(on: TestClient) {
    let mode = StreamModeDetails::builder().stream_mode(StreamMode::OnDemand).build();
    let request = on.client.create_stream().stream_name(&on.stream);
    request.stream_mode_details(mode.expect("complete")).send().await.expect("created");
    on.active().await;
    assert_eq!(on.open_shards().await.len(), 4);
}

pub(crate) async fn an_arn_names_a_stream_wherever_a_name_does(on: TestClient) {
    on.create(1).await;
    let arn = on.summary().await.stream_arn;
    let client = &on.client;
    client.list_shards().stream_arn(&arn).send().await.expect("listed");
    client.describe_stream().stream_arn(&arn).send().await.expect("described");
    let put = client.put_record().stream_arn(&arn).partition_key("k").data(blob("x"));
    put.send().await.expect("stored");
    client.delete_stream().stream_arn(&arn).send().await.expect("deleted");
}

pub(crate) async fn a_request_without_a_stream_is_refused(on: TestClient) {
    refused(on.client.describe_stream_summary().send().await, BAD);
}

pub(crate) async fn a_name_in_use_is_refused(on: TestClient) {
    on.create(1).await;
    let again = on.client.create_stream().stream_name(&on.stream).shard_count(1).send().await;
    refused(again, &["ResourceInUseException"]);
}

pub(crate) async fn a_stream_name_has_1_to_128_allowed_characters(on: TestClient) {
    for name in ["has space", "a/b", "ü", &"x".repeat(129)] {
        let made = on.client.create_stream().stream_name(name).shard_count(1).send().await;
        refused(made, BAD);
    }
}

pub(crate) async fn a_stream_has_at_least_one_shard(on: TestClient) {
    let none = on.client.create_stream().stream_name(&on.stream).shard_count(0).send().await;
    refused(none, BAD);
}

pub(crate) async fn a_deleted_stream_is_gone_with_its_records(on: TestClient) {
    on.create(1).await;
    on.put("of the first").await;
    on.client.delete_stream().stream_name(&on.stream).send().await.expect("deleted");
    // The stream is DELETING at first.
    loop {
        let asked = on.client.describe_stream_summary().stream_name(&on.stream).send().await;
        match asked {
            Ok(asked) => {
                let status = asked.stream_description_summary.expect("there").stream_status;
                assert_eq!(status, StreamStatus::Deleting);
            }
            gone => break refused(gone, NOT_FOUND),
        }
    }
    on.create(1).await;
    let shards = on.shards().await;
    assert!(on.texts(&shards[0].shard_id).await.is_empty());
}

pub(crate) async fn a_stream_that_does_not_exist_is_not_found(on: TestClient) {
    let (client, name) = (&on.client, &on.stream);
    let shard = "shardId-000000000000";
    refused(client.describe_stream().stream_name(name).send().await, NOT_FOUND);
    refused(client.describe_stream_summary().stream_name(name).send().await, NOT_FOUND);
    refused(client.list_shards().stream_name(name).send().await, NOT_FOUND);
    refused(client.delete_stream().stream_name(name).send().await, NOT_FOUND);
    let put = client.put_record().stream_name(name).partition_key("k").data(blob("x"));
    refused(put.send().await, NOT_FOUND);
    let put = client.put_records().stream_name(name).records(entry(0, vec![1]));
    refused(put.send().await, NOT_FOUND);
    let iterator = client.get_shard_iterator().stream_name(name).shard_id(shard);
    refused(iterator.shard_iterator_type("LATEST".into()).send().await, NOT_FOUND);
    let split = client.split_shard().stream_name(name).shard_to_split(shard);
    refused(split.new_starting_hash_key("1000").send().await, NOT_FOUND);
    let merge = client.merge_shards().stream_name(name).shard_to_merge(shard);
    let merge = merge.adjacent_shard_to_merge("shardId-000000000001");
    refused(merge.send().await, NOT_FOUND);
    let longer = client.increase_stream_retention_period().stream_name(name);
    refused(longer.retention_period_hours(48).send().await, NOT_FOUND);
}

/// Creates the stream and `count` more. Their names sort after its name, in order.
async fn make(on: &TestClient, count: usize) -> Vec<String> {
    on.create(1).await;
    let names: Vec<String> = (0..count).map(|n| format!("{}-{n:03}", on.stream)).collect();
    for name in &names {
        TestClient { stream: name.clone(), ..on.clone() }.create(1).await;
    }
    names
}

pub(crate) async fn streams_are_listed_in_pages_by_the_last_name(on: TestClient) {
    let names = make(&on, 3).await;
    let first = on.client.list_streams().exclusive_start_stream_name(&on.stream).limit(2);
    let first = first.send().await.expect("listed");
    assert_eq!(first.stream_names, names[..2]);
    assert!(first.has_more_streams);
    let rest = on.client.list_streams().exclusive_start_stream_name(&names[1]).limit(1);
    assert_eq!(rest.send().await.expect("listed").stream_names, names[2..]);
}

pub(crate) async fn streams_are_listed_in_pages_by_token(on: TestClient) {
    let names = make(&on, 3).await;
    let first = on.client.list_streams().exclusive_start_stream_name(&on.stream).limit(2);
    let first = first.send().await.expect("listed");
    let token = first.next_token.expect("a token");
    let rest = on.client.list_streams().next_token(token).limit(1).send().await;
    assert_eq!(rest.expect("listed").stream_names, names[2..]);
}

pub(crate) async fn listed_streams_come_with_their_summaries(on: TestClient) {
    let names = make(&on, 1).await;
    let listed = on.client.list_streams().exclusive_start_stream_name(&on.stream).limit(1);
    let listed = listed.send().await.expect("listed");
    assert_eq!(listed.stream_summaries().len(), 1);
    let summary = &listed.stream_summaries()[0];
    assert_eq!(summary.stream_name, names[0]);
    assert_eq!(summary.stream_status, StreamStatus::Active);
}

pub(crate) async fn a_listing_gives_at_most_100_streams(on: TestClient) {
    make(&on, 101).await;
    let listed = on.client.list_streams().exclusive_start_stream_name(&on.stream).limit(10_000);
    let listed = listed.send().await.expect("listed");
    assert_eq!((listed.stream_names.len(), listed.has_more_streams), (100, true));
}

pub(crate) async fn a_listing_s_limit_is_1_to_10000(on: TestClient) {
    for limit in [0, 10_001] {
        refused(on.client.list_streams().limit(limit).send().await, BAD);
    }
}

pub(crate) async fn a_description_s_shards_come_in_pages(on: TestClient) {
    on.create(5).await;
    let shards = on.shards().await;
    let asked = on.client.describe_stream().stream_name(&on.stream).limit(3);
    let asked = asked.exclusive_start_shard_id(&shards[0].shard_id).send().await;
    let page = asked.expect("described").stream_description.expect("there");
    assert_eq!(page.shards, shards[1..4]);
    assert!(page.has_more_shards);
}

pub(crate) async fn a_description_gives_at_most_100_shards(on: TestClient) {
    on.create(101).await;
    let asked = on.client.describe_stream().stream_name(&on.stream).limit(10_000);
    let page = asked.send().await.expect("described").stream_description.expect("there");
    assert_eq!((page.shards.len(), page.has_more_shards), (100, true));
}
