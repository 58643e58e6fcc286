//! Order and concurrency: per shard, per partition key, and across splits and merges.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aws_sdk_kinesis::types::ScalingType;
use event_source_mapping::{Checkpoints, Destination, HandlerResponse, MappingSettings};
use tokio::sync::{Barrier, Semaphore};

use crate::fixture::{
    self, RecordingHandler, STREAM, StreamFixture, fails, has, in_time, settings,
};

#[tokio::test]
async fn a_shard_is_passed_to_the_handler_in_order_and_in_full_batches() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, last) = fixture.put_all("s-01", &["1", "2", "3", "4", "5"]).await;
    let handler = RecordingHandler::accepting();
    let mapping = fixture.map(MappingSettings { batch_size: 2, ..settings() }, handler.clone());
    in_time(mapping.wait_until(&shard, &last)).await;
    assert_eq!(handler.batches(), [vec!["1", "2"], vec!["3", "4"], vec!["5"]]);
    let progress = mapping.progress().shards[&shard].clone();
    assert_eq!(progress.checkpoint, Some(last));
    assert_eq!((progress.records_processed, progress.batches), (5, 3));
    assert_eq!((progress.records_retried, progress.records_discarded), (0, 0));
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn two_keys_of_one_shard_run_concurrently_and_each_key_stays_in_order() {
    let fixture = StreamFixture::with_shards(1).await;
    // Each call waits for a call with the other key, so sequential calls would never end.
    let both = Arc::new(Barrier::new(2));
    let handler = RecordingHandler::running(move |batch| {
        let both = Arc::clone(&both);
        assert_eq!(batch.len(), 1);
        Box::pin(async move {
            both.wait().await;
            Ok(HandlerResponse::default())
        })
    });
    let mut last = None;
    for text in ["1", "2", "3"] {
        fixture.put("s-01", &format!("s-01 {text}")).await;
        last = Some(fixture.put("s-02", &format!("s-02 {text}")).await);
    }
    let (shard, last) = last.unwrap();
    let mapping = fixture.map(
        MappingSettings { batch_size: 1, parallelization_factor: 10, ..settings() },
        handler.clone(),
    );
    in_time(mapping.wait_until(&shard, &last)).await;
    for key in ["s-01", "s-02"] {
        let of_key: Vec<String> =
            handler.records().into_iter().filter(|text| text.starts_with(key)).collect();
        assert_eq!(of_key, ["1", "2", "3"].map(|text| format!("{key} {text}")));
    }
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_stuck_key_holds_the_checkpoint_back_and_not_the_other_keys() {
    let fixture = StreamFixture::with_shards(1).await;
    let (shard, stuck) = fixture.put("s-01", "stuck").await;
    let (_, last) = fixture.put_all("s-02", &["1", "2", "3"]).await;
    let others = Arc::new(Semaphore::new(0));
    let release = Arc::new(Semaphore::new(0));
    let (seen, gate) = (Arc::clone(&others), Arc::clone(&release));
    let handler = RecordingHandler::running(move |batch| {
        let (seen, gate) = (Arc::clone(&seen), Arc::clone(&gate));
        Box::pin(async move {
            if has(&batch, "stuck") {
                gate.acquire().await.unwrap().forget();
            } else {
                seen.add_permits(batch.len());
            }
            Ok(HandlerResponse::default())
        })
    });
    let mapping =
        fixture.map(MappingSettings { parallelization_factor: 10, ..settings() }, handler.clone());
    in_time(others.acquire_many(3)).await.unwrap().forget();
    assert_eq!(mapping.progress().shards[&shard].checkpoint, None);
    release.add_permits(1);
    in_time(mapping.wait_until(&shard, &last)).await;
    assert!(mapping.progress().shards[&shard].checkpoint.as_ref() > Some(&stuck));
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn parents_are_drained_before_their_children() {
    let fixture = StreamFixture::with_shards(1).await;
    let mut expected: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut last = Vec::new();
    for (round, shards) in [(0, 2), (1, 4), (2, 2), (3, 1)] {
        last.clear();
        for key in ["s-01", "s-02", "s-03", "s-04", "s-05"] {
            for number in 0..3 {
                let text = format!("{key} {round}.{number}");
                last.push(fixture.put(key, &text).await);
                expected.entry(key).or_default().push(text);
            }
        }
        let update = fixture.client.update_shard_count().stream_name(STREAM);
        let scaling = update.target_shard_count(shards).scaling_type(ScalingType::UniformScaling);
        scaling.send().await.unwrap();
    }
    // A batch that fails once delays its shard, and the children must wait for it.
    let failing = AtomicU32::new(0);
    let handler = RecordingHandler::responding(move |_| {
        if failing.fetch_add(1, Ordering::SeqCst).is_multiple_of(3) {
            fails()
        } else {
            Ok(HandlerResponse::default())
        }
    });
    let (shard, number) = fixture.put("s-01", "s-01 end").await;
    expected.entry("s-01").or_default().push("s-01 end".to_owned());
    let settings = MappingSettings { batch_size: 2, ..settings() };
    let folder = tempfile::tempdir().unwrap();
    let mapping = fixture.map_with(
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

    let (shard, number) = fixture.put("s-01", "s-01 after the restart").await;
    let handler = RecordingHandler::accepting();
    let checkpoints = Checkpoints::Folder(folder.path().to_owned());
    let mapping =
        fixture.map_with(fixture::settings(), handler.clone(), checkpoints, Destination::None);
    in_time(mapping.wait_until(&shard, &number)).await;
    assert_eq!(handler.records(), ["s-01 after the restart"], "no finished shard is read again");
    in_time(mapping.stop()).await;
    fixture.close().await;
}

#[tokio::test]
async fn a_shard_that_is_split_and_merged_while_it_is_read_stays_in_order() {
    let fixture = StreamFixture::with_shards(1).await;
    let handler = RecordingHandler::accepting();
    let mapping = fixture.map(settings(), handler.clone());
    let mut expected = Vec::new();
    for (round, shards) in [(0, 2), (1, 1), (2, 2)] {
        let (shard, number) = fixture.put("s-01", &round.to_string()).await;
        expected.push(round.to_string());
        in_time(mapping.wait_until(&shard, &number)).await;
        let update = fixture.client.update_shard_count().stream_name(STREAM);
        let scaling = update.target_shard_count(shards).scaling_type(ScalingType::UniformScaling);
        scaling.send().await.unwrap();
    }
    let (shard, number) = fixture.put("s-01", "end").await;
    expected.push("end".to_owned());
    in_time(mapping.wait_until(&shard, &number)).await;
    assert_eq!(handler.records(), expected);
    in_time(mapping.stop()).await;
    fixture.close().await;
}
