//! Batches that fail.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use event_source_mapping::{Checkpoints, Destination, HandlerResponse, MappingSettings, OnError};

use crate::fixture::{
    RecordingHandler, STREAM, StreamFixture, failed, fails, files, has, in_time, settings, text,
};

#[tokio::test]
async fn a_reported_failure_is_retried_from_its_sequence_number() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["1", "2", "3", "4"]).await;
    let calls = AtomicU32::new(0);
    let handler = RecordingHandler::responding(move |batch| {
        let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        // The lowest number counts, at any place in the list.
        Ok(if first { failed([&batch[3], &batch[1]]) } else { HandlerResponse::default() })
    });
    let mapping = fixture.map(settings(), handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.batches(), [vec!["1", "2", "3", "4"], vec!["2", "3", "4"]]);
    let progress = mapping.progress().total();
    assert_eq!((progress.records_processed, progress.records_retried), (4, 3));
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn an_empty_or_unknown_number_fails_the_whole_batch() {
    for number in ["", "12345"] {
        let fixture = StreamFixture::with_shards(1).await;
        let (shard, last) = fixture.put_all("s-01", &["1", "2"]).await;
        let calls = AtomicU32::new(0);
        let handler = RecordingHandler::responding(move |batch| {
            if calls.fetch_add(1, Ordering::SeqCst) > 0 {
                return Ok(HandlerResponse::default());
            }
            let mut response = failed([&batch[1]]);
            response.batch_item_failures.push(number.to_owned());
            Ok(response)
        });
        let mapping = fixture.map(settings(), handler.clone());
        in_time(mapping.wait_until(&shard, &last)).await;
        assert_eq!(handler.batches(), [["1", "2"], ["1", "2"]], "reported {number:?}");
        in_time(mapping.stop()).await;
        fixture.close().await;
    }
}

#[tokio::test]
async fn a_failing_batch_is_halved_until_only_the_failing_record_is_discarded() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["1", "2", "poison", "4", "5"]).await;
    let handler = RecordingHandler::responding(|batch| {
        if has(batch, "poison") { fails() } else { Ok(HandlerResponse::default()) }
    });
    let folder = tempfile::tempdir().unwrap();
    let mapping = fixture.map_with(
        MappingSettings { on_error: OnError::Bisect, retry_attempts: Some(1), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(folder.path().to_owned()),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(
        handler.batches(),
        [
            vec!["1", "2", "poison", "4", "5"],
            vec!["1", "2", "poison"],
            vec!["1", "2"],
            vec!["poison"],
            vec!["poison"],
            vec!["4", "5"],
        ]
    );
    let progress = mapping.progress().total();
    assert_eq!((progress.records_processed, progress.records_discarded), (4, 1));
    in_time(mapping.stop()).await;

    let stored = files(folder.path());
    assert_eq!(stored.len(), 1);
    let (path, document) = stored.first_key_value().unwrap();
    let start = format!("aws/lambda/{STREAM}/{shard}/2026/11/20/2026-11-20T12.00.00-");
    assert!(path.starts_with(&start), "{path}");
    assert_eq!(document["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(document["responseContext"]["functionError"], "Unhandled");
    let info = &document["KinesisBatchInfo"];
    assert_eq!(info["shardId"], shard.as_str());
    assert_eq!(info["batchSize"], 1);
    assert_eq!(info["startSequenceNumber"], info["endSequenceNumber"]);
    assert_eq!(info["approximateArrivalOfFirstRecord"], "2026-11-20T12:00:00.000Z");
    let payload = document["payload"].as_str().unwrap();
    let event: serde_json::Value = serde_json::from_str(payload).unwrap();
    let entry = &event["Records"][0];
    assert_eq!(entry["kinesis"]["data"], STANDARD.encode("poison"));
    assert_eq!(entry["kinesis"]["partitionKey"], "s-01");
    assert_eq!(entry["eventSourceARN"], info["streamArn"]);
    fixture.close().await;
}

#[tokio::test]
async fn with_halving_a_reported_failure_splits_at_its_number_and_uses_up_no_retry() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["1", "poison", "3", "4"]).await;
    let handler = RecordingHandler::responding(|batch| {
        Ok(failed(batch.iter().find(|record| text(record) == "poison")))
    });
    let mapping = fixture.map(
        MappingSettings { on_error: OnError::Bisect, retry_attempts: Some(0), ..settings() },
        handler.clone(),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(
        handler.batches(),
        [
            vec!["1", "poison", "3", "4"],
            vec!["poison", "3", "4"],
            vec!["poison", "3"],
            vec!["poison"],
            vec!["3"],
            vec!["4"],
        ]
    );
    assert_eq!(mapping.progress().total().records_discarded, 1);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn exhausted_retries_discard_the_rest_of_the_batch_and_the_shard_continues() {
    let fixture = StreamFixture::with_shards(1).await;
    fixture.put_all("s-01", &["1", "poison", "3"]).await;
    let (shard, last) = fixture.put("s-01", "4").await;
    let handler = RecordingHandler::responding(|batch| {
        Ok(failed(batch.iter().find(|record| text(record) == "poison")))
    });
    let folder = tempfile::tempdir().unwrap();
    let mapping = fixture.map_with(
        MappingSettings { batch_size: 3, retry_attempts: Some(2), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(folder.path().to_owned()),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    let again = vec!["poison", "3"];
    assert_eq!(
        handler.batches(),
        [vec!["1", "poison", "3"], again.clone(), again, vec!["4"]],
        "one invocation and two retries from the failing record on"
    );
    let stored = files(folder.path());
    let document = stored.values().next().unwrap();
    assert_eq!(document["KinesisBatchInfo"]["batchSize"], 2);
    assert_eq!(document["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(document["responseContext"]["functionError"], serde_json::Value::Null);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_record_beyond_the_age_limit_is_stored_and_never_passed_to_the_handler() {
    let fixture = StreamFixture::with_shards(1).await;
    fixture.put_all("s-01", &["old", "older than a minute"]).await;
    fixture.clock.advance(61);
    let (shard, last) = fixture.put("s-01", "new").await;
    let folder = tempfile::tempdir().unwrap();
    let handler = RecordingHandler::accepting();
    let mapping = fixture.map_with(
        MappingSettings { record_age_max: Some(Duration::from_secs(60)), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(folder.path().to_owned()),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["new"]);
    let stored = files(folder.path());
    let document = stored.values().next().unwrap();
    assert_eq!(document["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(document["KinesisBatchInfo"]["batchSize"], 2);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_panic_in_the_handler_counts_as_an_error() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["1", "2"]).await;
    let calls = AtomicU32::new(0);
    let handler = RecordingHandler::responding(move |_| {
        assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first call panics on purpose");
        Ok(HandlerResponse::default())
    });
    let mapping = fixture.map(settings(), handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.batches(), [["1", "2"], ["1", "2"]]);
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_destination_that_cannot_be_written_holds_the_checkpoint_back() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["poison", "2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "a file where a folder should be").unwrap();
    let handled = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&handled);
    let handler = RecordingHandler::responding(move |batch| {
        *counter.lock().unwrap() += 1;
        if has(batch, "poison") { fails() } else { Ok(HandlerResponse::default()) }
    });
    let mapping = fixture.map_with(
        MappingSettings { batch_size: 1, retry_attempts: Some(0), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(blocked.clone()),
    );
    // The checkpoint must not move before the destination can be written.
    let released = async {
        while *handled.lock().unwrap() == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(mapping.progress().shards[&shard].checkpoint, None);
        std::fs::remove_file(&blocked).unwrap();
    };
    in_time(async { tokio::join!(mapping.wait_until(&shard, &last), released) }).await;
    assert_eq!(handler.records(), ["poison", "2"]);
    assert_eq!(files(&blocked).len(), 1);
    in_time(mapping.stop()).await;
    fixture.close().await;
}
