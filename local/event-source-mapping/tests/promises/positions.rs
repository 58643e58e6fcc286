//! Start positions, and the position after a stop or a failure.

use std::sync::Arc;
use std::time::Duration;

use aws_sdk_kinesis::types::ScalingType;
use event_source_mapping::{
    Checkpoints, Destination, HandlerResponse, MappingSettings, StartingPosition,
};
use tokio::sync::Notify;

use crate::fixture::{RecordingHandler, STREAM, StreamFixture, failed, in_time, settings, text};

#[tokio::test]
async fn checkpoints_survive_a_restart() {
    let fixture = StreamFixture::with_shards(1).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let mut seen = Vec::new();
    for texts in [["1", "2"], ["3", "4"], ["5", "6"]] {
        let (shard, last) = fixture.put_all("s-01", &texts).await;
        let handler = RecordingHandler::accepting();
        let mapping =
            fixture.map_with(settings(), handler.clone(), checkpoints.clone(), Destination::None);
        in_time(mapping.wait_until(&shard, &last)).await;
        in_time(mapping.stop()).await;
        seen.extend(handler.records());
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6"]);
    fixture.close().await;
}

#[tokio::test]
async fn a_finished_shard_is_read_again_when_the_stream_is_created_again() {
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let handler = RecordingHandler::accepting();
    let old = StreamFixture::with_shards(1).await;
    let (shard, _) = old.put_all("s-01", &["1", "2"]).await;
    let mapping = old.map_with(settings(), handler.clone(), checkpoints.clone(), Destination::None);
    let update = old.client.update_shard_count().stream_name(STREAM).target_shard_count(2);
    update.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
    let is_finished = || mapping.progress().shards.get(&shard).is_some_and(|shard| shard.finished);
    in_time(async {
        while !is_finished() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    in_time(mapping.stop()).await;
    old.close().await;

    let new = StreamFixture::with_shards(1).await;
    let (same_name, last) = new.put_all("s-01", &["3"]).await;
    assert_eq!(same_name, shard);
    let mapping = new.map_with(settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.watch().wait_until_reading()).await;
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["1", "2", "3"]);
    in_time(mapping.stop()).await;
    new.close().await;
}

#[tokio::test]
async fn a_batch_that_failed_before_the_stop_is_retried_after_it() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["1", "2", "3"]).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let called = Arc::new(Notify::new());
    let caller = Arc::clone(&called);
    let handler = RecordingHandler::responding(move |batch| {
        caller.notify_one();
        Ok(failed(batch.iter().find(|record| text(record) == "2")))
    });
    let mapping = fixture.map_with(settings(), handler, checkpoints.clone(), Destination::None);
    in_time(called.notified()).await;
    in_time(mapping.stop()).await;

    let handler = RecordingHandler::accepting();
    let mapping = fixture.map_with(settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["2", "3"], "the records before the failure are checkpointed");
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_stop_waits_for_the_running_invocation_and_stores_its_checkpoint() {
    let fixture = StreamFixture::with_shards(1).await;
    fixture.put_all("s-01", &["1", "2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let (called, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (caller, waiter) = (Arc::clone(&called), Arc::clone(&gate));
    let handler = RecordingHandler::running(move |_| {
        let (caller, waiter) = (Arc::clone(&caller), Arc::clone(&waiter));
        Box::pin(async move {
            caller.notify_one();
            waiter.notified().await;
            Ok(HandlerResponse::default())
        })
    });
    let mapping = fixture.map_with(settings(), handler, checkpoints.clone(), Destination::None);
    in_time(called.notified()).await;
    let release = async { gate.notify_one() };
    in_time(async { tokio::join!(mapping.stop(), release) }).await;

    let (shard, last) = fixture.put("s-01", "3").await;
    let handler = RecordingHandler::accepting();
    let mapping = fixture.map_with(settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["3"]);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn failed_polls_and_expired_iterators_lose_no_position() {
    let fixture = StreamFixture::with_shards(1).await;
    let throttled = Some("ProvisionedThroughputExceededException");
    let expired = Some("ExpiredIteratorException");
    fixture.planned_errors.plan("DescribeStreamSummary", [Some("LimitExceededException"), None]);
    fixture.planned_errors.plan("ListShards", [Some("InternalFailure"), None]);
    fixture.planned_errors.plan("GetShardIterator", [throttled, None, throttled]);
    fixture.planned_errors.plan("GetRecords", [expired, throttled, None, None, expired, throttled]);
    let handler = RecordingHandler::accepting();
    let mapping = fixture.map(settings(), handler.clone());
    let mut expected = Vec::new();
    for text in ["1", "2", "3", "4"] {
        let (shard, number) = fixture.put("s-01", text).await;
        expected.push(text);
        in_time(mapping.wait_until(&shard, &number)).await;
    }
    assert_eq!(handler.records(), expected);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_stream_that_is_created_later_is_awaited() {
    let fixture = StreamFixture::empty().await;
    let handler = RecordingHandler::accepting();
    // The first two calls report for certain that the stream does not exist.
    fixture.planned_errors.plan("DescribeStreamSummary", [Some("ResourceNotFoundException"); 2]);
    let mapping = fixture.map(settings(), handler.clone());
    fixture.create(2).await;
    let (shard, number) = fixture.put("s-01", "1").await;
    in_time(mapping.wait_until(&shard, &number)).await;
    assert_eq!(fixture.planned_errors.left(), 0);
    assert_eq!(handler.records(), ["1"]);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn at_timestamp_begins_with_the_first_record_of_that_instant() {
    let fixture = StreamFixture::with_shards(1).await;
    fixture.put("s-01", "before").await;
    fixture.clock.advance(1);
    let since = fixture.clock.now();
    fixture.put("s-01", "then").await;
    fixture.clock.advance(1);
    let (shard, last) = fixture.put("s-01", "after").await;
    let handler = RecordingHandler::accepting();
    let starting_position = StartingPosition::AtTimestamp(since);
    let mapping = fixture.map(MappingSettings { starting_position, ..settings() }, handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["then", "after"]);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn latest_skips_the_records_that_were_there_before() {
    let fixture = StreamFixture::with_shards(1).await;
    let split = fixture.client.update_shard_count().stream_name(STREAM).target_shard_count(2);
    fixture.put("s-01", "in a closed shard").await;
    split.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
    fixture.put("s-01", "in an open shard").await;
    fixture.clock.advance(1);
    let seen = Arc::new(Notify::new());
    let noticed = Arc::clone(&seen);
    let handler = RecordingHandler::responding(move |_| {
        noticed.notify_one();
        Ok(HandlerResponse::default())
    });
    let starting_position = StartingPosition::Latest;
    let mapping = fixture.map(MappingSettings { starting_position, ..settings() }, handler.clone());
    // The start of reading is not observable, so records arrive until one is handled.
    let coming = async {
        loop {
            fixture.put("s-01", "new").await;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    in_time(async {
        tokio::select! {
            () = seen.notified() => {}
            () = coming => {}
        }
    })
    .await;
    in_time(mapping.stop()).await;
    assert!(handler.records().iter().all(|text| text == "new"), "{:?}", handler.records());
    fixture.close().await;
}
