//! Records that the stream still holds: all of them, of closed shards too, each once.

use std::collections::BTreeSet;

use chrono::{DateTime, TimeDelta};
use domain::limits::GET_RECORDS_BYTES_MAX;
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::Record;
use futures_util::future::join_all;
use local_kinesis::ShardLimits;

use crate::world::StreamWorld;

impl StreamWorld {
    async fn put(&self, numbers: std::ops::Range<u32>, bytes: usize) {
        let record = |number: u32| {
            let mut data = format!("{number} ").into_bytes();
            data.resize(bytes.max(data.len()), b'x');
            Record { partition_key: number.to_string(), data }
        };
        let records: Vec<Record> = numbers.map(record).collect();
        for chunk in records.chunks(4) {
            for outcome in self.stream.put_records(chunk).await.expect("an answer") {
                assert!(matches!(outcome, PutOutcome::Stored { .. }), "{outcome:?}");
            }
        }
    }

    /// Reads all shards. Returns the numbers of the records, and the number of pages.
    async fn read(&self) -> (Vec<u32>, usize) {
        let until = DateTime::UNIX_EPOCH + TimeDelta::days(1);
        let (mut numbers, mut pages) = (Vec::new(), 0);
        for mut shard in self.stream.retained_shards(until).await.expect("the shards") {
            while let Some(records) = shard.read_next().await.expect("a page") {
                pages += 1;
                for record in records {
                    assert_eq!(record.shard_id, shard.shard_id());
                    let text = String::from_utf8(record.data).expect("text");
                    let number = text.split(' ').next().and_then(|number| number.parse().ok());
                    numbers.push(number.expect("a number"));
                }
            }
            assert_eq!(shard.read_next().await, Ok(None), "the end stays the end");
        }
        numbers.sort_unstable();
        (numbers, pages)
    }
}

#[tokio::test]
async fn every_record_of_open_and_closed_shards_is_read_once() {
    let world = StreamWorld::start(ShardLimits::Off, 2).await;
    assert_eq!(world.read().await, (Vec::new(), 0));
    world.put(0..20, 0).await;
    let split = world.client.split_shard().stream_name(&world.names.stream);
    let middle = (1_u128 << 126).to_string();
    let split = split.shard_to_split("shardId-000000000000").new_starting_hash_key(middle);
    split.send().await.expect("a split");
    world.put(20..60, 0).await;
    let (numbers, _) = world.read().await;
    assert_eq!(numbers, (0..60).collect::<Vec<_>>());
    let shards = world.stream.retained_shards(DateTime::UNIX_EPOCH).await.expect("the shards");
    let ids: BTreeSet<&str> = shards.iter().map(|shard| shard.shard_id()).collect();
    assert_eq!(ids.len(), 4, "the closed parent is read as well");
}

#[tokio::test]
async fn more_than_one_page_is_read_to_the_end_within_the_limits_of_a_shard() {
    let world = StreamWorld::start(ShardLimits::Off, 1).await;
    let bytes = 1_000_000;
    let count = u32::try_from(GET_RECORDS_BYTES_MAX / bytes + 4).expect("a few");
    world.put(0..count, bytes).await;
    let (numbers, pages) = world.read().await;
    assert_eq!(numbers, (0..count).collect::<Vec<_>>());
    assert!(pages > 1, "{pages} page");
}

#[tokio::test]
async fn readers_that_take_the_reads_from_one_another_wait_and_go_on() {
    let world = StreamWorld::start(ShardLimits::Enforced, 1).await;
    world.put(0..4, 0).await;
    // A shard answers five reads a second.
    let reads = join_all((0..8).map(|_| world.read())).await;
    assert!(reads.iter().all(|(numbers, _)| numbers[..] == [0, 1, 2, 3]), "{reads:?}");
}

#[tokio::test]
async fn a_stream_that_does_not_exist_is_refused() {
    let world = StreamWorld::without_stream(ShardLimits::Off);
    let refused = world.stream.retained_shards(DateTime::UNIX_EPOCH).await;
    let is_named = |why: &String| why.contains("ResourceNotFound");
    assert!(matches!(&refused, Err(Failure::Refused(why)) if is_named(why)), "{refused:?}");
}
