//! Recovery of the log after stops, crashes and damage.

use std::fs;
use std::path::Path;

use chrono::{DateTime, Utc};
use proptest::prelude::*;

use super::reader::StoredRecord;
use super::*;

fn settings(
    folder: &Path,
    segment_bytes: u64,
    now_ms: Arc<std::sync::atomic::AtomicI64>,
) -> LogSettings {
    LogSettings {
        place: LogPlace::Folder { folder: folder.to_owned(), shard: "shardId-000000000000".into() },
        clock: Arc::new(move || {
            DateTime::<Utc>::from_timestamp_millis(now_ms.load(Ordering::Relaxed))
                .expect("in range")
        }),
        segment_bytes,
        retention_hours: Arc::new(AtomicU32::new(24)),
        kept_from: Arc::new(|| u64::MAX),
    }
}

fn open(folder: &Path, segment_bytes: u64) -> Result<ShardLog, RecoveryError> {
    let now = Arc::new(std::sync::atomic::AtomicI64::new(1_000));
    ShardLog::open(settings(folder, segment_bytes, now), None)
}

fn put(log: &ShardLog, data: &str) -> u64 {
    let record =
        NewRecord { partition_key: "key".into(), data: Bytes::copy_from_slice(data.as_bytes()) };
    log.append(vec![record]).blocking_recv().expect("answered").expect("stored")
}

const NO_LIMITS: PageLimits = PageLimits { records: usize::MAX, bytes: usize::MAX };

/// Returns the records since an instant.
fn since(log: &ShardLog, horizon_ms: i64) -> Vec<StoredRecord> {
    let (mut found, mut next) = (Vec::new(), 0);
    loop {
        let page = log.read(next, horizon_ms, NO_LIMITS).expect("readable");
        found.extend(page.records);
        if page.next == page.tip {
            return found;
        }
        assert!(page.next > next, "each page has a record");
        next = page.next;
    }
}

fn all(log: &ShardLog) -> Vec<String> {
    let records = since(log, i64::MIN);
    records.iter().map(|r| String::from_utf8_lossy(&r.data).into_owned()).collect()
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder)
        .expect("a folder")
        .map(|file| file.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "log"))
        .collect();
    files.sort();
    files
}

fn written(folder: &Path, count: usize) -> Vec<String> {
    let log = open(folder, SEGMENT_BYTES).expect("a new log");
    let data: Vec<String> = (0..count).map(|i| format!("record {i}")).collect();
    for (i, text) in data.iter().enumerate() {
        assert_eq!(put(&log, text), i as u64 + 1);
    }
    data
}

#[test]
fn acknowledged_records_are_there_after_reopening() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = written(folder.path(), 5);
    let log = open(folder.path(), SEGMENT_BYTES).expect("sound");
    assert_eq!(all(&log), data);
    assert_eq!(put(&log, "next"), 6);
}

#[test]
fn segments_roll_and_read_as_one_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), 100).expect("a new log");
    let data: Vec<String> = (0..20).map(|i| format!("record {i}")).collect();
    for text in &data {
        put(&log, text);
    }
    assert!(files(folder.path()).len() > 5);
    assert_eq!(all(&log), data);
    drop(log);
    assert_eq!(all(&open(folder.path(), 100).expect("sound")), data);
}

#[test]
fn a_missing_segment_refuses_to_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), 100).expect("a new log");
    for i in 0..20 {
        put(&log, &format!("record {i}"));
    }
    drop(log);
    fs::remove_file(&files(folder.path())[2]).expect("deleted");
    let error = open(folder.path(), 100).err().expect("refused");
    assert!(matches!(error, RecoveryError::Missing { .. }), "{error}");
}

#[test]
fn damage_before_the_last_segment_refuses_to_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), 100).expect("a new log");
    for i in 0..20 {
        put(&log, &format!("record {i}"));
    }
    drop(log);
    let sealed = &files(folder.path())[0];
    let bytes = fs::read(sealed).expect("readable");
    fs::write(sealed, &bytes[..bytes.len() - 3]).expect("written");
    let error = open(folder.path(), 100).err().expect("refused");
    assert!(matches!(error, RecoveryError::Damaged { valid_again_at: None, .. }), "{error}");
}

#[test]
fn a_shard_that_lost_its_end_after_it_was_closed_refuses_to_open() {
    let folder = tempfile::tempdir().expect("a folder");
    written(folder.path(), 3);
    let now = Arc::new(std::sync::atomic::AtomicI64::new(1_000));
    let error = ShardLog::open(settings(folder.path(), SEGMENT_BYTES, now), Some(4)).err();
    assert!(matches!(error, Some(RecoveryError::Missing { expected: 4, found: 5, .. })));

    fs::remove_file(&files(folder.path())[0]).expect("deleted");
    let now = Arc::new(std::sync::atomic::AtomicI64::new(1_000));
    let error = ShardLog::open(settings(folder.path(), SEGMENT_BYTES, now), Some(4)).err();
    assert!(matches!(error, Some(RecoveryError::Missing { expected: 1, found: 5, .. })));
}

#[test]
fn retention_deletes_whole_segments_and_keeps_the_count() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let log = ShardLog::open(settings(folder.path(), 100, now.clone()), None).expect("a new log");
    for i in 0..20 {
        put(&log, &format!("old {i}"));
    }
    now.store(25 * 3_600_000, Ordering::Relaxed);
    put(&log, "new");
    log.trim();
    assert!(files(folder.path()).len() <= 2);
    drop(log);
    let log = ShardLog::open(settings(folder.path(), 100, now), None).expect("sound");
    let records = since(&log, 3_600_000);
    assert_eq!(records.iter().map(|r| r.counter).collect::<Vec<_>>(), [21]);
    let seals = fs::read_dir(folder.path()).expect("a folder").count() - files(folder.path()).len();
    assert!(seals < files(folder.path()).len(), "seals are deleted with their segments");
}

#[test]
fn records_that_their_consumer_has_not_read_outlive_the_retention() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let read = Arc::new(std::sync::atomic::AtomicU64::new(0));
    let open = || {
        let read = read.clone();
        let kept_from: Arc<dyn Fn() -> u64 + Send + Sync> =
            Arc::new(move || read.load(Ordering::Relaxed) + 1);
        ShardLog::open(LogSettings { kept_from, ..settings(folder.path(), 100, now.clone()) }, None)
            .expect("sound")
    };
    let log = open();
    for i in 0..20 {
        put(&log, &format!("old {i}"));
    }
    drop(log);
    now.store(25 * 3_600_000, Ordering::Relaxed);
    let log = open();
    assert_eq!(since(&log, 3_600_000).len(), 20, "nothing was read");
    read.store(12, Ordering::Relaxed);
    assert_eq!(since(&log, 3_600_000)[0].counter, 13);
    let before = files(folder.path()).len();
    log.trim();
    assert!(files(folder.path()).len() < before);
    assert_eq!(since(&log, i64::MIN).last().map(|record| record.counter), Some(20));
    read.store(20, Ordering::Relaxed);
    log.trim();
    assert_eq!(since(&log, 3_600_000), []);
    assert_eq!(files(folder.path()).len(), 1);
}

#[test]
fn a_start_reads_the_last_segment_and_the_seals_of_the_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), 100).expect("a new log");
    let data: Vec<String> = (0..20).map(|i| format!("record {i}")).collect();
    for text in &data {
        put(&log, text);
    }
    drop(log);
    let sealed = &files(folder.path())[0];
    let sound = fs::read(sealed).expect("readable");
    let mut bytes = sound.clone();
    bytes[60] ^= 1;
    fs::write(sealed, &bytes).expect("written");
    let found = verify(folder.path(), "shardId-000000000000", None).expect_err("damaged");
    assert!(matches!(&found[..], [RecoveryError::Damaged { path, .. }] if path == sealed));
    // The damage is found by the read, and never returned as a record.
    let log = open(folder.path(), 100).expect("the last segment is sound");
    let error = log.read(0, i64::MIN, NO_LIMITS).expect_err("damaged");
    let named = format!("{}: damaged at byte", sealed.display());
    assert!(error.to_string().starts_with(&named), "{error}");
    assert_eq!(put(&log, "goes on"), 21);
    drop(log);
    // Without its seal the segment is read at the start.
    fs::remove_file(sealed.with_extension("seal")).expect("there");
    let error = open(folder.path(), 100).err().expect("refused");
    assert!(matches!(error, RecoveryError::Damaged { .. }), "{error}");
    fs::write(sealed, sound).expect("written");
    assert_eq!(all(&open(folder.path(), 100).expect("sound"))[..20], data);
    assert!(sealed.with_extension("seal").exists(), "it is sealed again");
    let figures = verify(folder.path(), "shardId-000000000000", None).expect("sound");
    assert_eq!((figures.records, figures.segments as usize), (21, files(folder.path()).len()));
}

#[test]
fn damage_of_records_that_their_consumer_has_not_read_refuses_to_open() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), 100).expect("a new log");
    for i in 0..20 {
        put(&log, &format!("record {i}"));
    }
    drop(log);
    let sealed = &files(folder.path())[2];
    let mut bytes = fs::read(sealed).expect("readable");
    bytes[60] ^= 1;
    fs::write(sealed, &bytes).expect("written");
    let now = Arc::new(std::sync::atomic::AtomicI64::new(1_000));
    let settings = settings(folder.path(), 100, now);
    let settings = LogSettings { kept_from: Arc::new(|| 1), ..settings };
    let error = ShardLog::open(settings, None).err().expect("refused");
    let RecoveryError::Damaged { path, .. } = &error else { panic!("{error}") };
    assert_eq!(path, sealed);
}

#[test]
fn a_clock_that_was_ahead_moves_no_later_arrival() {
    let folder = tempfile::tempdir().expect("a folder");
    let now = Arc::new(std::sync::atomic::AtomicI64::new(0));
    let open = || ShardLog::open(settings(folder.path(), 100, now.clone()), None).expect("sound");
    let mut log = open();
    let arrivals = [1_000, 864_000_000, 2_000, 3_000, 500, 864_000_000];
    for (position, arrival) in arrivals.into_iter().enumerate() {
        now.store(arrival, Ordering::Relaxed);
        put(&log, &format!("record {position}"));
        drop(log);
        log = open();
    }
    let records = since(&log, i64::MIN);
    assert_eq!(records.iter().map(|r| r.arrival_ms).collect::<Vec<_>>(), arrivals);
    for at in [0, 500, 1_000, 1_001, 864_000_000, 864_000_001] {
        let first = arrivals.iter().position(|arrival| *arrival >= at).unwrap_or(arrivals.len());
        assert_eq!(log.first_at(at).expect("readable"), first as u64 + 1, "{at}");
    }
}

#[test]
fn a_closed_log_answers_that_it_is_closed() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), SEGMENT_BYTES).expect("a new log");
    put(&log, "one");
    log.close();
    let record = NewRecord { partition_key: "key".into(), data: Bytes::new() };
    let answer = log.append(vec![record]).blocking_recv().expect("answered");
    assert_eq!(answer, Err(AppendError::Closed));
}

#[test]
fn many_writers_share_frames_and_keep_their_order() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), SEGMENT_BYTES).expect("a new log");
    let acks: Vec<DurableReceipt> = (0..200)
        .map(|i| {
            let data = Bytes::from(format!("{i}"));
            log.append(vec![NewRecord { partition_key: "key".into(), data }])
        })
        .collect();
    let counters: Vec<u64> = acks
        .into_iter()
        .map(|ack| ack.blocking_recv().expect("answered").expect("stored"))
        .collect();
    assert_eq!(counters, (1..=200).collect::<Vec<u64>>());
    assert_eq!(all(&log), (0..200).map(|i| i.to_string()).collect::<Vec<_>>());
}

#[test]
fn bytes_that_change_on_disk_are_reported_and_not_returned() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = open(folder.path(), SEGMENT_BYTES).expect("a new log");
    put(&log, "precious");
    let file = &files(folder.path())[0];
    let mut bytes = fs::read(file).expect("readable");
    *bytes.last_mut().expect("not empty") ^= 1;
    fs::write(file, bytes).expect("written");
    let error = log.read(0, i64::MIN, NO_LIMITS).expect_err("refused");
    assert!(matches!(error, ReadError::Damaged { counter: 1, .. }), "{error}");
}

/// Writes one frame with one record and one frame with three, for tests that damage the second.
fn a_write_of_three_at_the_end(folder: &Path) -> (PathBuf, Vec<u8>, usize) {
    let log = open(folder, SEGMENT_BYTES).expect("a new log");
    put(&log, "before");
    let file = files(folder).remove(0);
    let second = fs::metadata(&file).expect("a length").len() as usize;
    let record = |number| NewRecord {
        partition_key: "store-1".into(),
        data: Bytes::from(format!("a record as long as those of tills are, number {number}")),
    };
    log.append((1..=3).map(record).collect()).blocking_recv().expect("answered").expect("stored");
    drop(log);
    let bytes = fs::read(&file).expect("readable");
    (file, bytes, second)
}

#[test]
fn whole_records_in_a_torn_write_do_not_count_as_a_write() {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, bytes, second) = a_write_of_three_at_the_end(folder.path());
    for cut in second + 1..bytes.len() {
        fs::write(&file, &bytes[..cut]).expect("written");
        let log = open(folder.path(), SEGMENT_BYTES).expect("a torn tail is no error");
        assert_eq!(all(&log), ["before"], "cut at {cut}");
    }
    for at in second..bytes.len() {
        let mut spoiled = bytes.clone();
        spoiled[at] ^= 4;
        fs::write(&file, spoiled).expect("written");
        let log = open(folder.path(), SEGMENT_BYTES).expect("a spoiled tail is no error");
        assert_eq!(all(&log), ["before"], "spoiled at {at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_log_cut_anywhere_keeps_its_first_records_and_accepts_more(cut in 0usize..400) {
        let folder = tempfile::tempdir().expect("a folder");
        let data = written(folder.path(), 8);
        let file = files(folder.path()).remove(0);
        let bytes = fs::read(&file).expect("readable");
        let cut = cut % bytes.len();
        fs::write(&file, &bytes[..cut]).expect("written");

        let log = open(folder.path(), SEGMENT_BYTES).expect("a torn tail is no error");
        let kept = all(&log);
        prop_assert_eq!(&kept[..], &data[..kept.len()]);
        prop_assert_eq!(put(&log, "after"), kept.len() as u64 + 1);
        drop(log);
        let kept_again = all(&open(folder.path(), SEGMENT_BYTES).expect("sound"));
        prop_assert_eq!(kept_again.last().map(String::as_str), Some("after"));
    }

    #[test]
    fn a_flipped_bit_is_cut_in_the_last_frame_and_refused_before_it(
        at in any::<prop::sample::Index>(),
        bit in 0u8..8,
    ) {
        let folder = tempfile::tempdir().expect("a folder");
        let data = written(folder.path(), 6);
        let file = files(folder.path()).remove(0);
        let mut bytes = fs::read(&file).expect("readable");
        let frame = (bytes.len() - 8) / 6;
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        fs::write(&file, &bytes).expect("written");

        let in_last_frame = at >= bytes.len() - frame;
        match open(folder.path(), SEGMENT_BYTES) {
            Ok(log) => {
                prop_assert!(in_last_frame);
                prop_assert_eq!(all(&log), &data[..5]);
            }
            Err(RecoveryError::Damaged { offset, .. }) => {
                prop_assert!(!in_last_frame);
                prop_assert!(offset as usize <= at);
            }
            Err(other) => prop_assert!(false, "{other}"),
        }
    }
}
