//! Event stream: one result per record, in the order of the records.

use aws_sdk_kinesis::types::ShardIteratorType;
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::Record;
use local_kinesis::ShardLimits;

use crate::world::StreamWorld;

fn record(partition_key: impl ToString, data: impl Into<Vec<u8>>) -> Record {
    Record { partition_key: partition_key.to_string(), data: data.into() }
}

impl StreamWorld {
    /// Returns the bytes of a record of the stream.
    async fn data_at(&self, shard_id: &str, sequence_number: &str) -> Vec<u8> {
        let iterator = self
            .client
            .get_shard_iterator()
            .stream_name(&self.names.stream)
            .shard_id(shard_id)
            .shard_iterator_type(ShardIteratorType::AtSequenceNumber)
            .starting_sequence_number(sequence_number)
            .send()
            .await
            .expect("a place");
        let read = self.client.get_records().set_shard_iterator(iterator.shard_iterator).limit(1);
        let read = read.send().await.expect("a record");
        read.records[0].data.as_ref().to_vec()
    }
}

#[tokio::test]
async fn results_are_in_the_order_of_the_records() {
    let world = StreamWorld::start(ShardLimits::Off, 3).await;
    let records: Vec<Record> = (0..40).map(|n| record(n, format!("data {n}"))).collect();
    let answers = world.stream.put_records(&records).await.unwrap();
    assert_eq!(answers.len(), records.len());
    let mut shards = std::collections::BTreeSet::new();
    for (record, answer) in records.iter().zip(&answers) {
        let PutOutcome::Stored { shard_id, sequence_number } = answer else { panic!("{answer:?}") };
        assert_eq!(world.data_at(shard_id, sequence_number.as_str()).await, record.data);
        shards.insert(shard_id.clone());
    }
    assert_eq!(shards.len(), 3, "the records were spread");
}

#[tokio::test]
async fn a_record_above_the_limit_of_its_shard_is_throttled_alone() {
    let world = StreamWorld::start(ShardLimits::Enforced, 1).await;
    // Each large record takes the limit of a shard for a second, less a few kilobytes.
    let large = || vec![b'x'; 1_040_000];
    let records = [record("a", large()), record("b", large()), record("c", "small")];
    let answers = world.stream.put_records(&records).await.unwrap();
    let [
        PutOutcome::Stored { .. },
        PutOutcome::Failed(Failure::Throttled(why)),
        PutOutcome::Stored { shard_id, sequence_number },
    ] = &answers[..]
    else {
        panic!("{answers:?}")
    };
    assert!(why.starts_with("ProvisionedThroughputExceededException: "), "{why}");
    assert_eq!(world.data_at(shard_id, sequence_number.as_str()).await, b"small");
}

#[tokio::test]
async fn a_stream_is_ready_when_it_exists() {
    let world = StreamWorld::without_stream(ShardLimits::Off);
    let missing = world.stream.check_ready().await;
    assert!(matches!(&missing, Err(Failure::Refused(why)) if why.contains("ResourceNotFound")));
    let put = world.stream.put_records(&[record("a", "data")]).await;
    assert!(matches!(&put, Err(Failure::Refused(why)) if why.contains("ResourceNotFound")));
    world.stream.create(2).await.unwrap();
    assert_eq!(world.stream.check_ready().await, Ok(()));
    assert_eq!(world.stream.create(5).await, Ok(()), "what exists stays");
    let shards = world.client.list_shards().stream_name(&world.names.stream).send().await;
    assert_eq!(shards.unwrap().shards.unwrap().len(), 2);
    // A new stream has 24 hours.
    for (hours, shortened) in [(24, None), (200, None), (200, None), (48, Some(200))] {
        assert_eq!(world.stream.set_retention(hours).await, Ok(shortened), "{hours}");
    }
    let refused = world.stream.set_retention(8_761).await;
    assert!(matches!(&refused, Err(Failure::Refused(why)) if why.contains("8760")), "{refused:?}");
}
