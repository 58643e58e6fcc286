//! Records: put, routed, limited, read.

mod kinesis_support;

use aws_sdk_kinesis::primitives::{Blob, DateTime};
use aws_sdk_kinesis::types::ShardIteratorType;
use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use kinesis_support::*;
use local::kinesis::Limits;

const MIB: usize = 1024 * 1024;
const FIRST: &str = "shardId-000000000000";

#[tokio::test]
async fn what_is_put_is_read_back_whole() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let data: Vec<u8> = (0..=255).collect();
    let put = world.client.put_record().stream_name(STREAM).partition_key("sku ✓");
    let put = put.data(Blob::new(data.clone())).send().await.expect("stored");
    assert_eq!(put.shard_id, FIRST);
    let records = world.all(FIRST).await;
    assert_eq!(records.len(), 1);
    assert_eq!(records[0].data.as_ref(), data);
    assert_eq!(records[0].partition_key(), Some("sku ✓"));
    assert_eq!(records[0].sequence_number, put.sequence_number);
    let arrival = records[0].approximate_arrival_timestamp.expect("there");
    assert_eq!(millis(&arrival), START_MS);
    world.close().await;
}

#[tokio::test]
async fn sequence_numbers_have_56_digits_and_rise() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let mut last = rank("");
    for i in 0..20 {
        let sequence = world.put(&i.to_string()).await;
        assert_eq!(sequence.len(), 56);
        assert!(sequence.starts_with("4959"));
        assert!(rank(&sequence) > last);
        last = rank(&sequence);
    }
    world.close().await;
}

#[tokio::test]
async fn a_key_goes_where_its_md5_says() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(2).await;
    // MD5("a") begins with 0x0c, MD5("b") with 0x92.
    for (key, shard) in [("a", FIRST), ("b", "shardId-000000000001")] {
        let put = world.client.put_record().stream_name(STREAM).partition_key(key);
        let put = put.data(blob("x")).send().await.expect("stored");
        assert_eq!(put.shard_id, shard, "{key}");
    }
    world.close().await;
}

#[tokio::test]
async fn an_explicit_hash_key_overrules_the_partition_key() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(2).await;
    assert_eq!(world.put_at(HALF - 1, "x").await.1, FIRST);
    assert_eq!(world.put_at(HALF, "x").await.1, "shardId-000000000001");
    assert_eq!(world.put_at(u128::MAX, "x").await.1, "shardId-000000000001");
    for (hash, expected) in [
        ("-1", "ValidationException"),
        ("01", "ValidationException"),
        ("x", "ValidationException"),
        ("340282366920938463463374607431768211456", "InvalidArgumentException"),
    ] {
        let put = world.client.put_record().stream_name(STREAM).partition_key("key");
        let refused = put.explicit_hash_key(hash).data(blob("x")).send().await;
        assert_eq!(code(refused), expected, "{hash}");
    }
    world.close().await;
}

#[tokio::test]
async fn a_record_of_one_mebibyte_is_taken() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let put = world.client.put_record().stream_name(STREAM).partition_key("key");
    put.data(Blob::new(vec![7; MIB - 3])).send().await.expect("stored");
    assert_eq!(world.all(FIRST).await[0].data.as_ref().len(), MIB - 3);
    world.close().await;
}

#[tokio::test]
async fn a_record_over_one_mebibyte_is_refused() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let put = world.client.put_record().stream_name(STREAM).partition_key("key");
    let refused = put.data(Blob::new(vec![7; MIB - 2])).send().await;
    assert_eq!(code(refused), "InvalidArgumentException");
    let many = world.client.put_records().stream_name(STREAM);
    let refused = many.records(entry(0, vec![1])).records(entry(0, vec![7; MIB])).send().await;
    assert_eq!(code(refused), "InvalidArgumentException");
    assert!(world.all(FIRST).await.is_empty());
    world.close().await;
}

#[tokio::test]
async fn a_partition_key_has_1_to_256_characters() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let put = |key: String| {
        world.client.put_record().stream_name(STREAM).partition_key(key).data(blob("x")).send()
    };
    put("é".repeat(256)).await.expect("stored");
    assert_eq!(code(put("é".repeat(257)).await), "ValidationException");
    assert_eq!(code(put(String::new()).await), "ValidationException");
    world.close().await;
}

#[tokio::test]
async fn five_hundred_records_are_one_call_and_one_more_is_refused() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(2).await;
    let entries = |count: u128| (0..count).map(|i| entry((i % 2) * HALF, vec![0])).collect();
    let put = world.client.put_records().stream_name(STREAM).set_records(Some(entries(500)));
    let put = put.send().await.expect("taken");
    assert_eq!(put.failed_record_count, Some(0));
    assert_eq!(put.records.len(), 500);
    for (i, record) in put.records.iter().enumerate() {
        assert_eq!(record.shard_id.as_deref(), Some(format!("shardId-{:012}", i % 2).as_str()));
    }
    let refused = world.client.put_records().stream_name(STREAM).set_records(Some(entries(501)));
    assert_eq!(code(refused.send().await), "ValidationException");
    let refused = world.client.put_records().stream_name(STREAM).set_records(Some(vec![]));
    assert_eq!(code(refused.send().await), "ValidationException");
    world.close().await;
}

#[tokio::test]
async fn ten_mebibytes_are_one_call_and_more_is_refused() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    // Three of each record's bytes are its key.
    let ten = vec![entry(0, vec![0; MIB - 3]); 10];
    let put = world.client.put_records().stream_name(STREAM).set_records(Some(ten.clone()));
    assert_eq!(put.send().await.expect("taken").failed_record_count, Some(0));
    let put = world.client.put_records().stream_name(STREAM).set_records(Some(ten));
    let refused = put.records(entry(0, vec![])).send().await;
    assert_eq!(code(refused), "InvalidArgumentException");
    assert_eq!(world.all(FIRST).await.len(), 10);
    world.close().await;
}

#[tokio::test]
async fn a_full_shard_refuses_single_records_not_the_call() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(2).await;
    // Two mebibytes for the first shard at once; its neighbour has room.
    let mut entries = vec![entry(0, vec![0; MIB / 2]); 4];
    entries.push(entry(HALF, b"neighbour".to_vec()));
    let put = world.client.put_records().stream_name(STREAM).set_records(Some(entries));
    let put = put.send().await.expect("the call is taken");
    let refused: Vec<_> = put.records.iter().filter(|r| r.error_code.is_some()).collect();
    assert!(!refused.is_empty());
    assert_eq!(put.failed_record_count, Some(refused.len() as i32));
    for record in refused {
        let code = record.error_code.as_deref();
        assert_eq!(code, Some("ProvisionedThroughputExceededException"));
        assert!(record.sequence_number.is_none() && record.shard_id.is_none());
    }
    assert!(put.records[4].sequence_number.is_some());
    let kept = put.records[..4].iter().filter(|r| r.sequence_number.is_some()).count();
    assert_eq!(world.all(FIRST).await.len(), kept);
    world.close().await;
}

#[tokio::test]
async fn a_single_put_to_a_full_shard_is_refused_with_a_code() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let mut puts = tokio::task::JoinSet::new();
    for _ in 0..6 {
        let put = world.client.put_record().stream_name(STREAM).partition_key("key");
        puts.spawn(put.data(Blob::new(vec![0; MIB - 3])).send());
    }
    let refused: Vec<String> =
        puts.join_all().await.into_iter().filter(Result::is_err).map(code).collect();
    assert!(!refused.is_empty());
    assert!(refused.iter().all(|code| code == "ProvisionedThroughputExceededException"));
    world.close().await;
}

#[tokio::test]
async fn without_limits_a_shard_takes_all() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    for _ in 0..6 {
        let put = world.client.put_records().stream_name(STREAM);
        let put = put.set_records(Some(vec![entry(0, vec![0; 10]); 500])).send().await;
        assert_eq!(put.expect("taken").failed_record_count, Some(0));
    }
    assert_eq!(world.all(FIRST).await.len(), 3_000);
    world.close().await;
}

#[tokio::test]
async fn a_shard_answers_few_reads_at_once() {
    let world = World::in_memory(Limits::Enforced).await;
    world.create(1).await;
    let iterator = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let mut calls = tokio::task::JoinSet::new();
    for _ in 0..30 {
        calls.spawn(world.client.get_records().shard_iterator(&iterator).send());
    }
    let outcomes = calls.join_all().await;
    let (given, refused): (Vec<_>, Vec<_>) = outcomes.into_iter().partition(Result::is_ok);
    assert!(given.len() >= 5);
    assert!(!refused.is_empty());
    for outcome in refused {
        assert_eq!(code(outcome), "ProvisionedThroughputExceededException");
    }
    world.close().await;
}

#[tokio::test]
async fn each_iterator_type_begins_where_it_says() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    let mut sequences = Vec::new();
    for text in ["a", "b", "c"] {
        sequences.push(world.put(text).await);
        world.clock.advance_ms(1_000);
    }
    let latest = world.iterator(FIRST, ShardIteratorType::Latest).await;
    world.put("d").await;

    let read = async |iterator: String| texts(world.get(&iterator).await.records());
    let horizon = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    assert_eq!(read(horizon).await, ["a", "b", "c", "d"]);
    assert_eq!(read(latest).await, ["d"]);

    let request = || world.client.get_shard_iterator().stream_name(STREAM).shard_id(FIRST);
    for (kind, expected) in [
        (ShardIteratorType::AtSequenceNumber, &["b", "c", "d"][..]),
        (ShardIteratorType::AfterSequenceNumber, &["c", "d"][..]),
    ] {
        let asked = request().shard_iterator_type(kind).starting_sequence_number(&sequences[1]);
        let given = asked.send().await.expect("an iterator").shard_iterator.expect("named");
        assert_eq!(read(given).await, expected);
    }
    for (at_ms, expected) in [
        (START_MS - 1, &["a", "b", "c", "d"][..]),
        (START_MS + 1_000, &["b", "c", "d"][..]),
        (START_MS + 1_001, &["c", "d"][..]),
        (START_MS + 3_000, &["d"][..]),
    ] {
        let asked = request().shard_iterator_type(ShardIteratorType::AtTimestamp);
        let asked = asked.timestamp(DateTime::from_millis(at_ms)).send().await;
        let given = asked.expect("an iterator").shard_iterator.expect("named");
        assert_eq!(read(given).await, expected, "{at_ms}");
    }
    world.close().await;
}

#[tokio::test]
async fn an_iterator_that_cannot_begin_is_refused() {
    let world = World::in_memory(Limits::Off).await;
    world.create(2).await;
    let (other_shard, _) = world.put_at(HALF, "elsewhere").await;
    let request = || world.client.get_shard_iterator().stream_name(STREAM).shard_id(FIRST);
    let at = |sequence: &str| {
        let kind = ShardIteratorType::AtSequenceNumber;
        request().shard_iterator_type(kind).starting_sequence_number(sequence).send()
    };
    assert_eq!(code(at(&other_shard).await), "InvalidArgumentException");
    assert_eq!(code(at("12345").await), "InvalidArgumentException");
    let none = request().shard_iterator_type(ShardIteratorType::AtSequenceNumber).send().await;
    assert_eq!(code(none), "InvalidArgumentException");
    let future = request().shard_iterator_type(ShardIteratorType::AtTimestamp);
    let future = future.timestamp(DateTime::from_millis(START_MS + 1)).send().await;
    assert_eq!(code(future), "InvalidArgumentException");
    let strange = request().shard_iterator_type("SIDEWAYS".into()).send().await;
    assert_eq!(code(strange), "ValidationException");
    for shard in ["shardId-000000000009", "nonsense"] {
        let unknown = world.client.get_shard_iterator().stream_name(STREAM).shard_id(shard);
        let unknown = unknown.shard_iterator_type(ShardIteratorType::Latest).send().await;
        assert_eq!(code(unknown), "ResourceNotFoundException");
    }
    world.close().await;
}

#[tokio::test]
async fn reading_by_pages_gives_each_record_once_and_says_how_far_behind() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    for i in 0..10 {
        world.put(&i.to_string()).await;
    }
    world.clock.advance_ms(2_500);
    let mut iterator = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let mut seen = Vec::new();
    for behind in [2_500, 2_500, 0] {
        let page = world.client.get_records().shard_iterator(iterator).limit(4).send().await;
        let page = page.expect("records");
        seen.extend(texts(page.records()));
        assert_eq!(page.millis_behind_latest, Some(behind));
        iterator = page.next_shard_iterator.expect("the shard is open");
    }
    assert_eq!(seen, (0..10).map(|i| i.to_string()).collect::<Vec<_>>());
    // The last iterator waits for what comes next.
    world.put("next").await;
    assert_eq!(texts(world.get(&iterator).await.records()), ["next"]);
    world.close().await;
}

#[tokio::test]
async fn one_read_gives_at_most_ten_mebibytes() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    for _ in 0..3 {
        let put = world.client.put_records().stream_name(STREAM);
        put.set_records(Some(vec![entry(0, vec![0; MIB - 3]); 5])).send().await.expect("taken");
    }
    let iterator = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let page = world.get(&iterator).await;
    let bytes: usize = page.records().iter().map(|record| record.data.as_ref().len()).sum();
    assert!(bytes <= 10 * MIB && page.records().len() >= 9);
    assert_eq!(world.all(FIRST).await.len(), 15);
    world.close().await;
}

#[tokio::test]
async fn a_read_asks_for_1_to_10000_records_with_an_iterator_of_this_endpoint() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    let iterator = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    for (limit, expected) in [
        (0, "ValidationException"),
        (-1, "ValidationException"),
        (10_001, "InvalidArgumentException"),
    ] {
        let read = world.client.get_records().shard_iterator(&iterator).limit(limit).send().await;
        assert_eq!(code(read), expected, "{limit}");
    }
    let strange = world.client.get_records().shard_iterator("AAAAAAAAAAAA").send().await;
    assert_eq!(code(strange), "InvalidArgumentException");
    world.close().await;
}

#[tokio::test]
async fn an_iterator_older_than_five_minutes_has_expired() {
    let world = World::in_memory(Limits::Off).await;
    world.create(1).await;
    let iterator = world.iterator(FIRST, ShardIteratorType::TrimHorizon).await;
    let aged = |by_ms: u64| {
        let text = BASE64_URL_SAFE_NO_PAD.decode(&iterator).expect("base64");
        let mut token: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        let issued_ms = token["issued_ms"].as_u64().expect("a time");
        token["issued_ms"] = (issued_ms - by_ms).into();
        BASE64_URL_SAFE_NO_PAD.encode(token.to_string())
    };
    world.get(&aged(60_000)).await;
    let late = world.client.get_records().shard_iterator(aged(300_001)).send().await;
    assert_eq!(code(late), "ExpiredIteratorException");
    // A jump of the endpoint's own clock is no reason to expire.
    world.clock.advance_hours(1);
    world.get(&iterator).await;
    world.close().await;
}
