//! Records: the limits per shard, which no emulator enforces, and the clock and tokens of this
//! endpoint. The conformance suite tests the documented behaviour.

mod support;

use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::ShardIteratorType;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use local_kinesis::ShardLimits;
use support::*;

const MIB: usize = 1024 * 1024;
const FIRST: &str = "shardId-000000000000";

#[tokio::test]
async fn a_record_arrives_at_the_endpoint_s_time() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    endpoint.put("x").await;
    let arrival = endpoint.all(FIRST).await[0].approximate_arrival_timestamp.expect("there");
    assert_eq!(millis(&arrival), START_MS);
    endpoint.close().await;
}

#[tokio::test]
async fn sequence_numbers_have_56_digits_and_rise() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    let mut last = rank("");
    for i in 0..20 {
        let sequence = endpoint.put(&i.to_string()).await;
        assert_eq!(sequence.len(), 56);
        assert!(sequence.starts_with("4959"));
        assert!(rank(&sequence) > last);
        last = rank(&sequence);
    }
    endpoint.close().await;
}

#[tokio::test]
async fn a_call_with_a_record_over_one_mebibyte_is_refused_whole() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    let many = endpoint.client.put_records().stream_name(STREAM);
    let refused = many.records(entry(0, vec![1])).records(entry(0, vec![7; MIB])).send().await;
    assert_eq!(code(refused), "InvalidArgumentException");
    assert!(endpoint.all(FIRST).await.is_empty());
    endpoint.close().await;
}

#[tokio::test]
async fn a_full_shard_refuses_single_records_not_the_call() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(2).await;
    // Two mebibytes exceed the budget of the first shard. The second shard has room.
    let mut entries = vec![entry(0, vec![0; MIB / 2]); 4];
    entries.push(entry(HALF, b"neighbour".to_vec()));
    let put = endpoint.client.put_records().stream_name(STREAM).set_records(Some(entries));
    let put = put.send().await.expect("the call is taken");
    let refused: Vec<_> = put.records.iter().filter(|r| r.error_code.is_some()).collect();
    assert!(!refused.is_empty());
    assert_eq!(put.failed_record_count, Some(refused.len() as i32));
    for record in refused {
        let code = record.error_code.as_deref();
        assert_eq!(code, Some("ProvisionedThroughputExceededException"));
        assert!(record.sequence_number.is_none() && record.shard_id.is_none());
        let message = record.error_message.as_deref().expect("a message");
        let named = [STREAM, FIRST, "000000000000"].map(|part| message.contains(part));
        assert_eq!(named, [true; 3], "stream, shard and account: {message}");
    }
    assert!(put.records[4].sequence_number.is_some());
    let kept = put.records[..4].iter().filter(|r| r.sequence_number.is_some()).count();
    assert_eq!(endpoint.all(FIRST).await.len(), kept);
    endpoint.close().await;
}

#[tokio::test]
async fn a_single_put_to_a_full_shard_is_refused_with_a_code() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    let mut puts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let put = endpoint.client.put_record().stream_name(STREAM).partition_key("key");
        puts.spawn(put.data(Blob::new(vec![0; MIB - 3])).send());
    }
    let refused: Vec<String> =
        puts.join_all().await.into_iter().filter(Result::is_err).map(code).collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|code| code == "ProvisionedThroughputExceededException"));
    endpoint.close().await;
}

#[tokio::test]
async fn without_limits_a_shard_accepts_everything() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Off).await;
    endpoint.create(1).await;
    for _ in 0..6 {
        let put = endpoint.client.put_records().stream_name(STREAM);
        let put = put.set_records(Some(vec![entry(0, vec![0; 10]); 500])).send().await;
        assert_eq!(put.expect("taken").failed_record_count, Some(0));
    }
    assert_eq!(endpoint.all(FIRST).await.len(), 3_000);
    endpoint.close().await;
}

#[tokio::test]
async fn a_shard_answers_few_reads_at_once() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Enforced).await;
    endpoint.create(1).await;
    let iterator = endpoint.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..30 {
        calls.spawn(endpoint.client.get_records().shard_iterator(&iterator).send());
    }
    let outcomes = calls.join_all().await;
    let (given, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert!(given.len() >= 5);
    assert!(!refused.is_empty());
    for outcome in refused {
        assert_eq!(code(outcome), "ProvisionedThroughputExceededException");
    }
    endpoint.close().await;
}

#[tokio::test]
async fn an_iterator_in_the_future_or_of_an_unknown_shard_is_refused() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Off).await;
    endpoint.create(1).await;
    let request = || endpoint.client.get_shard_iterator().stream_name(STREAM);
    let future = request().shard_id(FIRST).shard_iterator_type(ShardIteratorType::AtTimestamp);
    let future = future.timestamp(DateTime::from_millis(START_MS + 1)).send().await;
    assert_eq!(code(future), "InvalidArgumentException");
    let none = request().shard_id("nonsense").shard_iterator_type(ShardIteratorType::Latest);
    assert_eq!(code(none.send().await), "ResourceNotFoundException");
    endpoint.close().await;
}

#[tokio::test]
async fn a_page_tells_the_age_of_its_last_record_until_it_is_the_newest() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Off).await;
    endpoint.create(1).await;
    for i in 0..10 {
        endpoint.put(&i.to_string()).await;
    }
    endpoint.clock.advance_ms(2_500);
    let mut iterator = endpoint.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    for behind in [2_500, 2_500, 0] {
        let page = endpoint.client.get_records().shard_iterator(iterator).limit(4).send().await;
        let page = page.expect("records");
        assert_eq!(page.millis_behind_latest, Some(behind));
        iterator = page.next_shard_iterator.expect("the shard is open");
    }
    endpoint.close().await;
}

#[tokio::test]
async fn an_iterator_older_than_five_minutes_has_expired() {
    let endpoint = ServedEndpoint::in_memory(ShardLimits::Off).await;
    endpoint.create(1).await;
    let iterator = endpoint.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let aged = |by_ms: u64| {
        let text = BASE64_URL_SAFE_NO_PAD.decode(&iterator).expect("base64");
        let mut token: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let issued_ms = token["issued_ms"].as_u64().expect("a time");
        token["issued_ms"] = (issued_ms - by_ms).into();
        BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
    };
    endpoint.get(&aged(60_000)).await;
    let late = endpoint.client.get_records().shard_iterator(aged(300_001)).send().await;
    assert_eq!(code(late), "ExpiredIteratorException");
    // A jump of the endpoint's clock does not expire the iterator.
    endpoint.clock.advance_hours(1);
    endpoint.get(&iterator).await;
    endpoint.close().await;
}
