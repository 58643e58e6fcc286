//! What the event source mapping promises, held against the embedded Kinesis endpoint.

#[path = "event_source_mapping/stage.rs"]
mod stage;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aws_sdk_kinesis::types::ScalingType;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::record::Delivered;
use local::event_source_mapping::{
    Checkpoints, Destination, HandlerError, OnError, Response, Settings, StartingPosition,
};
use stage::{Recorder, STREAM, Stage, failed, files, in_time, settings, text};
use tokio::sync::{Barrier, Notify, Semaphore};

fn fails() -> Result<Response, HandlerError> {
    Err(HandlerError("on purpose".to_owned()))
}

fn has(batch: &[Delivered], what: &str) -> bool {
    batch.iter().any(|record| text(record) == what)
}

#[tokio::test]
async fn a_shard_is_handed_over_in_order_and_in_full_batches() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["1", "2", "3", "4", "5"]).await;
    let handler = Recorder::content();
    let mapping = stage.map(Settings { batch_size: 2, ..settings() }, handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.batches(), [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    let progress = mapping.progress().shards[&shard].clone();
    assert_eq!(progress.checkpoint, Some(last));
    assert_eq!((progress.records_processed, progress.batches), (5, 3));
    assert_eq!((progress.records_retried, progress.records_discarded), (0, 0));
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_reported_failure_is_retried_from_its_sequence_number() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["1", "2", "3", "4"]).await;
    let calls = AtomicU32::new(0);
    let handler = Recorder::answering(move |batch| {
        let first = calls.fetch_add(1, Ordering::SeqCst) == 0;
        // The lowest counts, wherever it stands in the list.
        Ok(if first { failed([&batch[3], &batch[1]]) } else { Response::default() })
    });
    let mapping = stage.map(settings(), handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.batches(), [vec!["1", "2", "3", "4"], vec!["2", "3", "4"]]);
    let progress = mapping.progress().total();
    assert_eq!((progress.records_processed, progress.records_retried), (4, 3));
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn an_empty_or_unknown_number_fails_the_whole_batch() {
    for number in ["", "12345"] {
        let stage = Stage::with_shards(1).await;
        let (shard, last) = stage.put_all("s-01", &["1", "2"]).await;
        let calls = AtomicU32::new(0);
        let handler = Recorder::answering(move |batch| {
            if calls.fetch_add(1, Ordering::SeqCst) > 0 {
                return Ok(Response::default());
            }
            let mut response = failed([&batch[1]]);
            response.batch_item_failures.push(number.to_owned());
            Ok(response)
        });
        let mapping = stage.map(settings(), handler.clone());
        in_time(mapping.wait_until(&shard, &last)).await;
        assert_eq!(handler.batches(), [["1", "2"], ["1", "2"]], "reported {number:?}");
        in_time(mapping.stop()).await;
        stage.close().await;
    }
}

#[tokio::test]
async fn a_poisonous_batch_is_halved_until_only_the_poison_is_discarded() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["1", "2", "poison", "4", "5"]).await;
    let handler = Recorder::answering(|batch| {
        if has(batch, "poison") { fails() } else { Ok(Response::default()) }
    });
    let folder = tempfile::tempdir().unwrap();
    let mapping = stage.map_with(
        Settings { on_error: OnError::Bisect, retry_attempts: Some(1), ..settings() },
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

    let kept = files(folder.path());
    assert_eq!(kept.len(), 1);
    let (path, letter) = kept.first_key_value().unwrap();
    let start = format!("aws/lambda/{STREAM}/{shard}/2026/11/20/2026-11-20T12.00.00-");
    assert!(path.starts_with(&start), "{path}");
    assert_eq!(letter["requestContext"]["condition"], "RetryAttemptsExhausted");
    assert_eq!(letter["responseContext"]["functionError"], "Unhandled");
    let info = &letter["KinesisBatchInfo"];
    assert_eq!(info["shardId"], shard.as_str());
    assert_eq!(info["batchSize"], 1);
    assert_eq!(info["startSequenceNumber"], info["endSequenceNumber"]);
    assert_eq!(info["approximateArrivalOfFirstRecord"], "2026-11-20T12:00:00.000Z");
    let payload = letter["payload"].as_str().unwrap();
    let event: serde_json::Value = serde_json::from_str(payload).unwrap();
    let entry = &event["Records"][0];
    assert_eq!(entry["kinesis"]["data"], STANDARD.encode("poison"));
    assert_eq!(entry["kinesis"]["partitionKey"], "s-01");
    assert_eq!(entry["eventSourceARN"], info["streamArn"]);
    stage.close().await;
}

#[tokio::test]
async fn with_halving_a_reported_failure_cuts_at_its_number_and_uses_up_no_retry() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["1", "poison", "3", "4"]).await;
    let handler = Recorder::answering(|batch| {
        Ok(failed(batch.iter().find(|record| text(record) == "poison")))
    });
    let mapping = stage.map(
        Settings { on_error: OnError::Bisect, retry_attempts: Some(0), ..settings() },
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
    stage.close().await;
}

#[tokio::test]
async fn exhausted_retries_discard_the_rest_of_the_batch_and_the_shard_goes_on() {
    let stage = Stage::with_shards(1).await;
    stage.put_all("s-01", &["1", "poison", "3"]).await;
    let (shard, last) = stage.put("s-01", "4").await;
    let handler = Recorder::answering(|batch| {
        Ok(failed(batch.iter().find(|record| text(record) == "poison")))
    });
    let folder = tempfile::tempdir().unwrap();
    let mapping = stage.map_with(
        Settings { batch_size: 3, retry_attempts: Some(2), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(folder.path().to_owned()),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    let again = vec!["poison", "3"];
    assert_eq!(
        handler.batches(),
        [vec!["1", "poison", "3"], again.clone(), again, vec!["4"]],
        "one call and two retries of what begins with the poison"
    );
    let kept = files(folder.path());
    let letter = kept.values().next().unwrap();
    assert_eq!(letter["KinesisBatchInfo"]["batchSize"], 2);
    assert_eq!(letter["requestContext"]["approximateInvokeCount"], 3);
    assert_eq!(letter["responseContext"]["functionError"], serde_json::Value::Null);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_record_beyond_the_age_limit_is_kept_aside_and_never_handed_over() {
    let stage = Stage::with_shards(1).await;
    stage.put_all("s-01", &["old", "older than a minute"]).await;
    stage.clock.advance(61);
    let (shard, last) = stage.put("s-01", "new").await;
    let folder = tempfile::tempdir().unwrap();
    let handler = Recorder::content();
    let mapping = stage.map_with(
        Settings { record_age_max: Some(Duration::from_secs(60)), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(folder.path().to_owned()),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["new"]);
    let kept = files(folder.path());
    let letter = kept.values().next().unwrap();
    assert_eq!(letter["requestContext"]["condition"], "RecordAgeExceeded");
    assert_eq!(letter["KinesisBatchInfo"]["batchSize"], 2);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_panic_in_the_handler_counts_as_an_error() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["1", "2"]).await;
    let calls = AtomicU32::new(0);
    let handler = Recorder::answering(move |_| {
        assert!(calls.fetch_add(1, Ordering::SeqCst) > 0, "the first call panics on purpose");
        Ok(Response::default())
    });
    let mapping = stage.map(settings(), handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.batches(), [["1", "2"], ["1", "2"]]);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn two_keys_of_one_shard_run_side_by_side_and_each_key_stays_in_order() {
    let stage = Stage::with_shards(1).await;
    // Each call waits for a call with the other key: one after the other they would never end.
    let both = Arc::new(Barrier::new(2));
    let handler = Recorder::playing(move |batch| {
        let both = Arc::clone(&both);
        assert_eq!(batch.len(), 1);
        Box::pin(async move {
            both.wait().await;
            Ok(Response::default())
        })
    });
    let mut last = None;
    for text in ["1", "2", "3"] {
        stage.put("s-01", &format!("s-01 {text}")).await;
        last = Some(stage.put("s-02", &format!("s-02 {text}")).await);
    }
    let (shard, last) = last.unwrap();
    let mapping = stage.map(
        Settings { batch_size: 1, parallelization_factor: 10, ..settings() },
        handler.clone(),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    for key in ["s-01", "s-02"] {
        let of_key: Vec<String> =
            handler.records().into_iter().filter(|text| text.starts_with(key)).collect();
        assert_eq!(of_key, ["1", "2", "3"].map(|text| format!("{key} {text}")));
    }
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_stuck_key_holds_the_checkpoint_back_and_not_the_other_keys() {
    let stage = Stage::with_shards(1).await;
    let (shard, stuck) = stage.put("s-01", "stuck").await;
    let (_, last) = stage.put_all("s-02", &["1", "2", "3"]).await;
    let others = Arc::new(Semaphore::new(0));
    let release = Arc::new(Semaphore::new(0));
    let (seen, gate) = (Arc::clone(&others), Arc::clone(&release));
    let handler = Recorder::playing(move |batch| {
        let (seen, gate) = (Arc::clone(&seen), Arc::clone(&gate));
        Box::pin(async move {
            if has(&batch, "stuck") {
                gate.acquire().await.unwrap().forget();
            } else {
                seen.add_permits(batch.len());
            }
            Ok(Response::default())
        })
    });
    let mapping = stage.map(Settings { parallelization_factor: 10, ..settings() }, handler.clone());
    in_time(others.acquire_many(3)).await.unwrap().forget();
    assert_eq!(mapping.progress().shards[&shard].checkpoint, None);
    release.add_permits(1);
    in_time(mapping.wait_until(&shard, &last)).await;
    assert!(mapping.progress().shards[&shard].checkpoint.as_ref() > Some(&stuck));
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn checkpoints_survive_a_restart() {
    let stage = Stage::with_shards(1).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let mut seen = Vec::new();
    for texts in [["1", "2"], ["3", "4"], ["5", "6"]] {
        let (shard, last) = stage.put_all("s-01", &texts).await;
        let handler = Recorder::content();
        let mapping =
            stage.map_with(settings(), handler.clone(), checkpoints.clone(), Destination::None);
        in_time(mapping.wait_until(&shard, &last)).await;
        in_time(mapping.stop()).await;
        seen.extend(handler.records());
    }
    assert_eq!(seen, ["1", "2", "3", "4", "5", "6"]);
    stage.close().await;
}

#[tokio::test]
async fn a_batch_that_failed_before_the_stop_comes_again_after_it() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["1", "2", "3"]).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let called = Arc::new(Notify::new());
    let caller = Arc::clone(&called);
    let handler = Recorder::answering(move |batch| {
        caller.notify_one();
        Ok(failed(batch.iter().find(|record| text(record) == "2")))
    });
    let mapping = stage.map_with(settings(), handler, checkpoints.clone(), Destination::None);
    in_time(called.notified()).await;
    in_time(mapping.stop()).await;

    let handler = Recorder::content();
    let mapping = stage.map_with(settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["2", "3"], "what lies before the failure was checkpointed");
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_stop_waits_for_the_running_invocation_and_saves_what_it_did() {
    let stage = Stage::with_shards(1).await;
    stage.put_all("s-01", &["1", "2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let (called, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (caller, waiter) = (Arc::clone(&called), Arc::clone(&gate));
    let handler = Recorder::playing(move |_| {
        let (caller, waiter) = (Arc::clone(&caller), Arc::clone(&waiter));
        Box::pin(async move {
            caller.notify_one();
            waiter.notified().await;
            Ok(Response::default())
        })
    });
    let mapping = stage.map_with(settings(), handler, checkpoints.clone(), Destination::None);
    in_time(called.notified()).await;
    let release = async { gate.notify_one() };
    in_time(async { tokio::join!(mapping.stop(), release) }).await;

    let (shard, last) = stage.put("s-01", "3").await;
    let handler = Recorder::content();
    let mapping = stage.map_with(settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["3"]);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn parents_are_drained_before_their_children() {
    let stage = Stage::with_shards(1).await;
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut last = Vec::new();
    for (round, shards) in [(0, 2), (1, 4), (2, 2), (3, 1)] {
        last.clear();
        for key in ["s-01", "s-02", "s-03", "s-04", "s-05"] {
            for number in 0..3 {
                let text = format!("{key} {round}.{number}");
                last.push(stage.put(key, &text).await);
                expected.entry(key).or_default().push(text);
            }
        }
        let update = stage.client.update_shard_count().stream_name(STREAM);
        let scaling = update.target_shard_count(shards).scaling_type(ScalingType::UniformScaling);
        scaling.send().await.unwrap();
    }
    // A batch that fails once delays its shard; the children must wait for that, too.
    let failing = AtomicU32::new(0);
    let handler = Recorder::answering(move |_| {
        if failing.fetch_add(1, Ordering::SeqCst) % 3 == 0 { fails() } else { Ok(Response::default()) }
    });
    let (shard, number) = stage.put("s-01", "s-01 end").await;
    expected.entry("s-01").or_default().push("s-01 end".to_owned());
    let settings = Settings { batch_size: 2, ..settings() };
    let folder = tempfile::tempdir().unwrap();
    let mapping = stage.map_with(
        settings,
        handler.clone(),
        Checkpoints::Folder(folder.path().to_owned()),
        Destination::None,
    );
    in_time(mapping.wait_until(&shard, &number)).await;
    let finished = mapping.progress().shards.values().filter(|shard| shard.finished).count();
    assert_eq!(finished, mapping.progress().shards.len() - 1, "only the last shard is open");
    let total = expected.values().map(Vec::len).sum::<usize>() as u64;
    assert_eq!(mapping.progress().total().records_processed, total);
    in_time(mapping.stop()).await;
    for (key, texts) in expected {
        let mut seen: Vec<String> = Vec::new();
        for text in handler.records().into_iter().filter(|text| text.starts_with(key)) {
            if !seen.contains(&text) {
                seen.push(text);
            }
        }
        assert_eq!(seen, texts, "the order of {key} across the generations");
    }

    let (shard, number) = stage.put("s-01", "s-01 after the restart").await;
    let handler = Recorder::content();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let mapping =
        stage.map_with(stage::settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.wait_until(&shard, &number)).await;
    assert_eq!(handler.records(), ["s-01 after the restart"], "no finished shard is read again");
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_shard_that_is_split_and_merged_while_it_is_read_stays_in_order() {
    let stage = Stage::with_shards(1).await;
    let handler = Recorder::content();
    let mapping = stage.map(settings(), handler.clone());
    let mut expected = Vec::new();
    for (round, shards) in [(0, 2), (1, 1), (2, 2)] {
        let (shard, number) = stage.put("s-01", &round.to_string()).await;
        expected.push(round.to_string());
        in_time(mapping.wait_until(&shard, &number)).await;
        let update = stage.client.update_shard_count().stream_name(STREAM);
        let scaling = update.target_shard_count(shards).scaling_type(ScalingType::UniformScaling);
        scaling.send().await.unwrap();
    }
    let (shard, number) = stage.put("s-01", "end").await;
    expected.push("end".to_owned());
    in_time(mapping.wait_until(&shard, &number)).await;
    assert_eq!(handler.records(), expected);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn failed_polls_and_expired_iterators_lose_no_place() {
    let stage = Stage::with_shards(1).await;
    let throttled = Some("ProvisionedThroughputExceededException");
    let expired = Some("ExpiredIteratorException");
    stage.faults.plan("DescribeStreamSummary", [Some("LimitExceededException"), None]);
    stage.faults.plan("ListShards", [Some("InternalFailure"), None]);
    stage.faults.plan("GetShardIterator", [throttled, None, throttled]);
    stage.faults.plan("GetRecords", [expired, throttled, None, None, expired, throttled]);
    let handler = Recorder::content();
    let mapping = stage.map(settings(), handler.clone());
    let mut expected = Vec::new();
    for text in ["1", "2", "3", "4"] {
        let (shard, number) = stage.put("s-01", text).await;
        expected.push(text);
        in_time(mapping.wait_until(&shard, &number)).await;
    }
    assert_eq!(handler.records(), expected);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn a_stream_that_is_created_later_is_awaited() {
    let stage = Stage::empty().await;
    let handler = Recorder::content();
    // Twice the mapping is told for certain that there is no such stream.
    stage.faults.plan("DescribeStreamSummary", [Some("ResourceNotFoundException"); 2]);
    let mapping = stage.map(settings(), handler.clone());
    stage.create(2).await;
    let (shard, number) = stage.put("s-01", "1").await;
    in_time(mapping.wait_until(&shard, &number)).await;
    assert_eq!(stage.faults.left(), 0);
    assert_eq!(handler.records(), ["1"]);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn at_timestamp_begins_with_the_first_record_of_that_instant() {
    let stage = Stage::with_shards(1).await;
    stage.put("s-01", "before").await;
    stage.clock.advance(1);
    let since = stage.clock.now();
    stage.put("s-01", "then").await;
    stage.clock.advance(1);
    let (shard, last) = stage.put("s-01", "after").await;
    let handler = Recorder::content();
    let starting_position = StartingPosition::AtTimestamp(since);
    let mapping = stage.map(Settings { starting_position, ..settings() }, handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.records(), ["then", "after"]);
    in_time(mapping.stop()).await;
    stage.close().await;
}

#[tokio::test]
async fn latest_leaves_out_what_was_there_before() {
    let stage = Stage::with_shards(1).await;
    let split = stage.client.update_shard_count().stream_name(STREAM).target_shard_count(2);
    stage.put("s-01", "in a closed shard").await;
    split.scaling_type(ScalingType::UniformScaling).send().await.unwrap();
    stage.put("s-01", "in an open shard").await;
    stage.clock.advance(1);
    let seen = Arc::new(Notify::new());
    let noticed = Arc::clone(&seen);
    let handler = Recorder::answering(move |_| {
        noticed.notify_one();
        Ok(Response::default())
    });
    let starting_position = StartingPosition::Latest;
    let mapping = stage.map(Settings { starting_position, ..settings() }, handler.clone());
    // Nobody can say when reading began, so records keep coming until one is seen.
    let coming = async {
        loop {
            stage.put("s-01", "new").await;
            tokio::task::yield_now().await;
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
    stage.close().await;
}

#[tokio::test]
async fn a_destination_that_cannot_be_written_holds_the_checkpoint_back() {
    let stage = Stage::with_shards(1).await;
    let (shard, last) = stage.put_all("s-01", &["poison", "2"]).await;
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("blocked");
    std::fs::write(&blocked, "a file where a folder should be").unwrap();
    let handled = Arc::new(Mutex::new(0));
    let counter = Arc::clone(&handled);
    let handler = Recorder::answering(move |batch| {
        *counter.lock().unwrap() += 1;
        if has(batch, "poison") { fails() } else { Ok(Response::default()) }
    });
    let mapping = stage.map_with(
        Settings { batch_size: 1, retry_attempts: Some(0), ..settings() },
        handler.clone(),
        Checkpoints::Memory,
        Destination::Folder(blocked.clone()),
    );
    // While it is blocked nothing moves; once it is free everything does.
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
    stage.close().await;
}
