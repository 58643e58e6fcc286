//! Files after a stop, a crash or damage.

mod support;

use std::fs;
use std::path::{Path, PathBuf};

use aws_sdk_kinesis::types::ShardIteratorType;
use local_kinesis::{KinesisOpenError, KinesisStorage, RecoveryError, ShardLimits};
use support::*;

const FIRST: &str = "shardId-000000000000";

fn segment(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder.join(format!("stream-{STREAM}"))).expect("a stream folder");
    let mut logs: Vec<PathBuf> = files
        .map(|file| file.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    assert_eq!(logs.len(), 1);
    logs.remove(0)
}

/// Stores three records with one write each, and returns their sequence numbers.
async fn three_records(folder: &Path) -> Vec<String> {
    let endpoint = ServedEndpoint::on_disk(folder, TestClock::new()).await;
    endpoint.create(1).await;
    let mut sequences = Vec::new();
    for text in ["first", "second", "third"] {
        sequences.push(endpoint.put(text).await);
    }
    endpoint.close().await;
    sequences
}

#[tokio::test]
async fn a_restart_finds_records_and_sequence_numbers() {
    let folder = tempfile::tempdir().expect("a folder");
    let sequences = three_records(folder.path()).await;
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    let records = endpoint.all(FIRST).await;
    assert_eq!(texts(&records), ["first", "second", "third"]);
    let found: Vec<&str> = records.iter().map(|record| record.sequence_number()).collect();
    assert_eq!(found, sequences);

    let after = endpoint.client.get_shard_iterator().stream_name(STREAM).shard_id(FIRST);
    let after = after.shard_iterator_type(ShardIteratorType::AfterSequenceNumber);
    let after = after.starting_sequence_number(&sequences[0]).send().await.expect("an iterator");
    let page = endpoint.get(after.shard_iterator().expect("named")).await;
    assert_eq!(texts(page.records()), ["second", "third"]);
    assert!(rank(&endpoint.put("fourth").await) > rank(&sequences[2]));
    endpoint.close().await;
}

#[tokio::test]
async fn an_iterator_outlives_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.create(1).await;
    endpoint.put("before").await;
    let latest = endpoint.iterator(FIRST, ShardIteratorType::Latest).await;
    endpoint.close().await;
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.put("after").await;
    assert_eq!(texts(endpoint.get(&latest).await.records()), ["after"]);
    endpoint.close().await;
}

#[tokio::test]
async fn shards_and_retention_are_as_they_were_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.create(2).await;
    endpoint.put("in the parent").await;
    let split = endpoint.client.split_shard().stream_name(STREAM).shard_to_split(FIRST);
    split.new_starting_hash_key("1000").send().await.expect("split");
    endpoint.put("in the child").await;
    let longer = endpoint.client.increase_stream_retention_period().stream_name(STREAM);
    longer.retention_period_hours(72).send().await.expect("increased");
    let before = endpoint.shards().await;
    endpoint.close().await;

    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    assert_eq!(endpoint.shards().await, before);
    let summary = endpoint.client.describe_stream_summary().stream_name(STREAM).send().await;
    let summary = summary.expect("described").stream_description_summary.expect("there");
    assert_eq!(summary.retention_period_hours, 72);
    assert_eq!(endpoint.texts(FIRST).await, ["in the parent"]);
    assert_eq!(endpoint.texts("shardId-000000000002").await, ["in the child"]);
    endpoint.close().await;
}

#[tokio::test]
async fn a_deleted_stream_stays_deleted() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.create(1).await;
    endpoint.put("gone").await;
    endpoint.client.delete_stream().stream_name(STREAM).send().await.expect("deleted");
    endpoint.close().await;
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    let streams = endpoint.client.list_streams().send().await.expect("listed");
    assert!(streams.stream_names.is_empty());
    endpoint.close().await;
}

#[tokio::test]
async fn a_torn_tail_is_cut_and_everything_before_it_is_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let sequences = three_records(folder.path()).await;
    let log = segment(folder.path());
    let bytes = fs::read(&log).expect("readable");
    fs::write(&log, &bytes[..bytes.len() - 1]).expect("written");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    assert_eq!(endpoint.texts(FIRST).await, ["first", "second"]);
    assert_eq!(endpoint.put("third again").await, sequences[2]);
    assert_eq!(endpoint.texts(FIRST).await, ["first", "second", "third again"]);
    endpoint.close().await;
}

#[tokio::test]
async fn damage_before_valid_records_refuses_to_start_and_names_file_and_byte() {
    let folder = tempfile::tempdir().expect("a folder");
    three_records(folder.path()).await;
    let log = segment(folder.path());
    let mut bytes = fs::read(&log).expect("readable");
    let at = bytes.windows(6).position(|window| window == b"second").expect("the record");
    bytes[at] ^= 0x20;
    fs::write(&log, &bytes).expect("written");

    let storage = KinesisStorage::Folder(folder.path().to_owned());
    let error = local_error(storage);
    let KinesisOpenError::Log(RecoveryError::Damaged { path, offset, .. }) = &error else {
        panic!("another error: {error}");
    };
    assert_eq!(*path, log);
    assert!((*offset as usize) < at);
    assert!(error.to_string().contains(&format!("byte {offset}")), "{error}");
    assert_eq!(fs::read(&log).expect("readable"), bytes, "nothing was changed");
}

fn local_error(storage: KinesisStorage) -> KinesisOpenError {
    open(storage, ShardLimits::Off, &TestClock::new()).err().expect("a refusal")
}

#[tokio::test]
async fn unreadable_metadata_refuses_to_start_and_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    three_records(folder.path()).await;
    let file = folder.path().join(format!("stream-{STREAM}")).join("stream.json");
    fs::write(&file, "{").expect("written");
    let error = local_error(KinesisStorage::Folder(folder.path().to_owned()));
    assert!(
        matches!(&error, KinesisOpenError::Metadata { file: named, .. } if *named == file),
        "{error}"
    );
}

#[tokio::test]
async fn a_folder_has_one_endpoint_at_a_time() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    let error = local_error(KinesisStorage::Folder(folder.path().to_owned()));
    assert!(matches!(error, KinesisOpenError::InUse { .. }), "{error}");
    endpoint.close().await;
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.close().await;
}

#[tokio::test]
async fn an_interrupted_change_is_removed_at_the_next_start() {
    let folder = tempfile::tempdir().expect("a folder");
    three_records(folder.path()).await;
    for leftover in ["new", "gone-17"] {
        fs::create_dir(folder.path().join(leftover)).expect("made");
    }
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    assert_eq!(endpoint.texts(FIRST).await.len(), 3);
    assert!(!folder.path().join("new").exists());
    assert!(!folder.path().join("gone-17").exists());
    endpoint.close().await;
}

#[tokio::test]
async fn concurrent_puts_are_all_stored_before_they_are_answered() {
    let folder = tempfile::tempdir().expect("a folder");
    let endpoint = ServedEndpoint::on_disk(folder.path(), TestClock::new()).await;
    endpoint.create(2).await;
    let mut puts = tokio::task::JoinSet::new();
    for i in 0..64u128 {
        let put = endpoint.client.put_record().stream_name(STREAM).partition_key(i.to_string());
        puts.spawn(put.data(blob(&i.to_string())).send());
    }
    let mut acknowledged: Vec<String> =
        puts.join_all().await.into_iter().map(|put| put.expect("stored").sequence_number).collect();
    // The copy has the state of a power failure, because the endpoint is still open.
    let copy = tempfile::tempdir().expect("a folder");
    copy_tree(folder.path(), copy.path());
    let world_after = ServedEndpoint::on_disk(copy.path(), TestClock::new()).await;
    let mut found = Vec::new();
    for shard in world_after.shards().await {
        let records = world_after.all(&shard.shard_id).await;
        found.extend(records.into_iter().map(|record| record.sequence_number));
    }
    found.sort();
    acknowledged.sort();
    assert_eq!(found, acknowledged);
    endpoint.close().await;
    world_after.close().await;
}

fn copy_tree(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).expect("a folder") {
        let path = entry.expect("an entry").path();
        let target = to.join(path.file_name().expect("a name"));
        if path.is_dir() {
            fs::create_dir(&target).expect("made");
            copy_tree(&path, &target);
        } else {
            fs::copy(&path, &target).expect("copied");
        }
    }
}
