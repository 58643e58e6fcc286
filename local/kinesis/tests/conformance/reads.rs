//! Reads from an iterator.

use std::time::Duration;

use aws_sdk_kinesis::types::ShardIteratorType;

use crate::support::*;
use crate::{BAD, FIRST, MIB, NOT_FOUND, refused};

async fn ten(on: &TestClient) -> String {
    on.create(1).await;
    for n in 0..10 {
        on.put(&n.to_string()).await;
    }
    on.iterator(FIRST, ShardIteratorType::TrimHorizon).await
}

pub(crate) async fn pages_give_each_record_once_and_in_order(on: TestClient) {
    let mut iterator = ten(&on).await;
    let mut seen = Vec::new();
    for _ in 0..3 {
        let page = on.client.get_records().shard_iterator(iterator).limit(4).send().await;
        let page = page.expect("records");
        assert!(page.records.len() <= 4);
        seen.extend(texts(page.records()));
        iterator = page.next_shard_iterator.expect("the shard is open");
    }
    assert_eq!(seen, (0..10).map(|n| n.to_string()).collect::<Vec<_>>());
    // The last iterator is at the position of the next record.
    on.put("next").await;
    assert_eq!(texts(on.get(&iterator).await.records()), ["next"]);
}

pub(crate) async fn an_iterator_can_be_read_twice(on: TestClient) {
    let iterator = ten(&on).await;
    assert_eq!(on.get(&iterator).await.records, on.get(&iterator).await.records);
}

pub(crate) async fn an_empty_shard_returns_no_records_and_an_iterator(on: TestClient) {
    on.create(1).await;
    let iterator = on.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let page = on.get(&iterator).await;
    assert!(page.records.is_empty() && page.next_shard_iterator.is_some());
}

pub(crate) async fn a_late_reader_is_some_milliseconds_behind(on: TestClient) {
    let iterator = ten(&on).await;
    tokio::time::sleep(Duration::from_millis(20)).await;
    let page = on.client.get_records().shard_iterator(iterator).limit(4).send().await;
    assert!(page.expect("records").millis_behind_latest.expect("a time") > 0);
}

pub(crate) async fn a_reader_with_records_left_is_never_0_milliseconds_behind(on: TestClient) {
    on.create(1).await;
    let put = on.client.put_records().stream_name(&on.stream);
    put.set_records(Some(vec![entry(0, vec![1]); 10])).send().await.expect("taken");
    let iterator = on.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let page = on.client.get_records().shard_iterator(iterator).limit(4).send().await;
    let behind = page.expect("records").millis_behind_latest.expect("a time");
    assert!(behind > 0, "{behind} milliseconds behind, with 6 records to read");
}

pub(crate) async fn a_reader_without_records_left_is_0_milliseconds_behind(on: TestClient) {
    let iterator = ten(&on).await;
    let page = on.get(&iterator).await;
    assert_eq!(page.records.len(), 10);
    assert_eq!(page.millis_behind_latest, Some(0));
}

pub(crate) async fn a_read_of_more_than_10000_records_is_refused(on: TestClient) {
    let iterator = ten(&on).await;
    let read = on.client.get_records().shard_iterator(iterator).limit(10_001).send().await;
    refused(read, &["InvalidArgumentException"]);
}

pub(crate) async fn a_read_of_no_records_is_refused(on: TestClient) {
    let iterator = ten(&on).await;
    refused(on.client.get_records().shard_iterator(iterator).limit(0).send().await, BAD);
}

pub(crate) async fn an_unknown_iterator_is_refused(on: TestClient) {
    let read = on.client.get_records().shard_iterator("AAAAAAAAAAAA").send().await;
    refused(read, &["InvalidArgumentException"]);
}

pub(crate) async fn one_read_gives_at_most_ten_mebibytes(on: TestClient) {
    on.create(1).await;
    for records in [6, 5] {
        let put = on.client.put_records().stream_name(&on.stream);
        let put = put.set_records(Some(vec![entry(0, vec![0; MIB - 3]); records]));
        put.send().await.expect("taken");
    }
    let iterator = on.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let page = on.get(&iterator).await;
    let bytes: usize = page.records().iter().map(|record| record.data.as_ref().len()).sum();
    assert!(bytes > 0 && bytes <= 10 * MIB, "{bytes} bytes");
    let mut seen = page.records.len();
    let mut next = page.next_shard_iterator.expect("open");
    while seen < 11 {
        let page = on.get(&next).await;
        assert!(!page.records.is_empty(), "{seen} of 11");
        seen += page.records.len();
        next = page.next_shard_iterator.expect("open");
    }
}

pub(crate) async fn an_iterator_of_a_deleted_stream_finds_nothing(on: TestClient) {
    let iterator = ten(&on).await;
    on.client.delete_stream().stream_name(&on.stream).send().await.expect("deleted");
    while on.client.describe_stream_summary().stream_name(&on.stream).send().await.is_ok() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    refused(on.client.get_records().shard_iterator(iterator).send().await, NOT_FOUND);
}
