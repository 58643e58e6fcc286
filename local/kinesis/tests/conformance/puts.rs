//! Puts: routing, limits and results.

use aws_sdk_kinesis::operation::put_record::builders::PutRecordFluentBuilder;
use aws_sdk_kinesis::operation::put_records::PutRecordsOutput;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::PutRecordsRequestEntry;

use crate::support::*;
use crate::{BAD, FIRST, MIB, refused};

const DRY_RUN: &[&str] = &["DryRunOperationException"];
const SECOND: &str = "shardId-000000000001";

fn put(on: &TestClient, key: &str) -> PutRecordFluentBuilder {
    on.client.put_record().stream_name(&on.stream).partition_key(key).data(blob("x"))
}

pub(crate) async fn a_record_is_read_back_as_it_was_put(on: TestClient) {
    on.create(1).await;
    let data: Vec<u8> = (0..=255).collect();
    let put = put(&on, "sku ✓").data(Blob::new(data.clone())).send().await.expect("stored");
    assert_eq!(put.shard_id, FIRST);
    let records = on.all(FIRST).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].data.as_ref(), data);
    assert_eq!(records[0].partition_key(), Some("sku ✓"));
    assert_eq!(records[0].sequence_number, put.sequence_number);
    assert!(records[0].approximate_arrival_timestamp.is_some());
}

pub(crate) async fn a_record_may_be_empty(on: TestClient) {
    on.create(1).await;
    put(&on, "k").data(Blob::new(vec![])).send().await.expect("stored");
    assert_eq!(on.texts(FIRST).await, [""]);
}

pub(crate) async fn the_md5_of_the_key_selects_the_shard(on: TestClient) {
    on.create(2).await;
    // MD5("a") begins with 0x0c, MD5("b") with 0x92.
    for (key, shard) in [("a", FIRST), ("b", SECOND)] {
        assert_eq!(put(&on, key).send().await.expect("stored").shard_id, shard, "{key}");
    }
}

pub(crate) async fn an_explicit_hash_key_overrules_the_partition_key(on: TestClient) {
    on.create(2).await;
    let open = on.open_shards().await;
    assert_eq!(on.put_at(end_of(&open[0]), "x").await.1, FIRST);
    assert_eq!(on.put_at(start_of(&open[1]), "x").await.1, SECOND);
    assert_eq!(on.put_at(u128::MAX, "x").await.1, SECOND);
}

pub(crate) async fn an_explicit_hash_key_is_a_128_bit_number(on: TestClient) {
    on.create(1).await;
    for hash in ["-1", "01", "x", "340282366920938463463374607431768211456"] {
        refused(put(&on, "k").explicit_hash_key(hash).send().await, BAD);
    }
}

pub(crate) async fn a_partition_key_has_1_to_256_characters(on: TestClient) {
    on.create(1).await;
    put(&on, &"é".repeat(256)).send().await.expect("stored");
    refused(put(&on, &"é".repeat(257)).send().await, BAD);
    refused(put(&on, "").send().await, BAD);
}

pub(crate) async fn sequence_numbers_rise_within_a_shard(on: TestClient) {
    on.create(2).await;
    let mut last = [rank(""), rank("")];
    for n in 0..20 {
        let half = n % 2;
        let hash = if half == 0 { 0 } else { u128::MAX };
        let (sequence, _) = on.put_at(hash, "x").await;
        assert!(sequence.len() <= 129 && sequence.bytes().all(|byte| byte.is_ascii_digit()));
        assert!(!sequence.starts_with('0') && rank(&sequence) > last[half], "{sequence}");
        last[half] = rank(&sequence);
    }
}

pub(crate) async fn a_record_can_be_ordered_behind_another(on: TestClient) {
    on.create(1).await;
    let first = on.put("a").await;
    let second = put(&on, "key").sequence_number_for_ordering(&first).send().await;
    assert!(rank(&second.expect("stored").sequence_number) > rank(&first));
    refused(put(&on, "key").sequence_number_for_ordering("x").send().await, BAD);
}

pub(crate) async fn a_record_of_one_mebibyte_is_taken(on: TestClient) {
    on.create(1).await;
    put(&on, "key").data(Blob::new(vec![7; MIB - 3])).send().await.expect("stored");
    assert_eq!(on.all(FIRST).await[0].data.as_ref().len(), MIB - 3);
}

pub(crate) async fn a_record_over_one_mebibyte_with_its_key_is_refused(on: TestClient) {
    on.create(1).await;
    refused(put(&on, "key").data(Blob::new(vec![7; MIB - 2])).send().await, BAD);
}

async fn put_all(on: &TestClient, entries: Vec<PutRecordsRequestEntry>) -> PutRecordsOutput {
    let put = on.client.put_records().stream_name(&on.stream).set_records(Some(entries));
    put.send().await.expect("taken")
}

pub(crate) async fn each_record_of_a_call_is_answered_in_its_place(on: TestClient) {
    on.create(2).await;
    let hash = |n: u8| if n.is_multiple_of(2) { 0 } else { u128::MAX };
    let put = put_all(&on, (0..10).map(|n| entry(hash(n), vec![n])).collect()).await;
    assert_eq!(put.records.len(), 10);
    for (n, answer) in (0..10).zip(&put.records) {
        assert!(answer.error_code.is_none() && answer.error_message.is_none());
        let shard = answer.shard_id.as_deref().expect("a shard");
        assert_eq!(shard, [FIRST, SECOND][usize::from(n % 2)]);
        let sequence = answer.sequence_number.as_deref().expect("a number");
        let kept = on.all(shard).await;
        let record = kept.iter().find(|record| record.sequence_number == sequence);
        assert_eq!(record.expect("kept").data.as_ref(), [n]);
    }
}

pub(crate) async fn a_call_without_failures_counts_none(on: TestClient) {
    on.create(1).await;
    assert_eq!(put_all(&on, vec![entry(0, vec![1])]).await.failed_record_count, Some(0));
}

pub(crate) async fn a_call_takes_500_records(on: TestClient) {
    on.create(2).await;
    let put = put_all(&on, vec![entry(0, vec![0]); 500]).await;
    assert_eq!(put.records.len(), 500);
    assert_eq!(on.all(FIRST).await.len(), 500);
}

pub(crate) async fn a_call_of_501_records_is_refused(on: TestClient) {
    on.create(1).await;
    let put = on.client.put_records().stream_name(&on.stream);
    refused(put.set_records(Some(vec![entry(0, vec![0]); 501])).send().await, BAD);
}

pub(crate) async fn a_call_without_records_is_refused(on: TestClient) {
    on.create(1).await;
    let put = on.client.put_records().stream_name(&on.stream);
    refused(put.set_records(Some(vec![])).send().await, BAD);
}

pub(crate) async fn a_call_takes_ten_mebibytes(on: TestClient) {
    on.create(1).await;
    // Three bytes of each record are its key.
    let put = put_all(&on, vec![entry(0, vec![0; MIB - 3]); 10]).await;
    assert!(put.records.iter().all(|answer| answer.error_code.is_none()));
}

pub(crate) async fn a_call_of_more_than_ten_mebibytes_is_refused(on: TestClient) {
    on.create(1).await;
    let put = on.client.put_records().stream_name(&on.stream);
    let put = put.set_records(Some(vec![entry(0, vec![0; MIB - 3]); 10]));
    refused(put.records(entry(0, vec![])).send().await, BAD);
}

pub(crate) async fn a_dry_run_stores_nothing(on: TestClient) {
    on.create(1).await;
    refused(put(&on, "k").dry_run(true).send().await, DRY_RUN);
    let many = on.client.put_records().stream_name(&on.stream).records(entry(0, vec![1]));
    refused(many.dry_run(true).send().await, DRY_RUN);
    assert!(on.all(FIRST).await.is_empty());
}
