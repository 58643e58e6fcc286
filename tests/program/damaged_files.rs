//! Damaged files. A torn end of a log is cut and reported. Every other damage is refused with the
//! name of the file, which is not changed and never taken for an empty one.

use std::fs;
use std::path::{Path, PathBuf};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::support::{
    ApiClient, Random, UpProcess, assert_sent_stored_once, daymark, event, ledger_of, now,
};

const REQUESTS: usize = 4;
const EVENTS: usize = 5;
const CHECKPOINTS: &str = "checkpoints/daymark-events.json";
const TABLES: &str = "dynamodb/tables.sqlite";
const STREAM: &str = "kinesis/stream-daymark-events";
/// Layout of a log: the first bytes name the format; each write begins with its length,
/// little-endian, and a checksum.
const MAGIC_BYTES: usize = 8;
const HEAD_BYTES: usize = 8;

/// Data folder with the events of a few requests. Each request is one write to the log of one
/// shard.
struct DataFolder {
    folder: tempfile::TempDir,
    requests: Vec<Vec<Value>>,
}

fn request(number: usize, at: DateTime<Utc>) -> Vec<Value> {
    let one = |index: usize| event("corner", &format!("r{number}-{index}"), "rye", at);
    (0..EVENTS).map(one).collect()
}

fn arguments(folder: &Path) -> [String; 2] {
    ["--data".to_owned(), folder.display().to_string()]
}

fn start(folder: &Path) -> UpProcess {
    UpProcess::start(&arguments(folder).each_ref().map(String::as_str))
}

#[track_caller]
fn start_error(folder: &Path) -> String {
    let fixed = ["up", "--port", "0"].map(str::to_owned);
    daymark(fixed.into_iter().chain(arguments(folder))).failure()
}

impl DataFolder {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = now();
        let requests: Vec<Vec<Value>> = (0..REQUESTS).map(|number| request(number, at)).collect();
        let up = start(folder.path());
        for events in &requests {
            assert_eq!(ApiClient::new(&up).post_lines(events).stored(), EVENTS as u64);
        }
        assert_sent_stored_once(&up, &ledger_of(&requests.concat()));
        // A clean stop closes all files, so that the tests damage complete files.
        assert_eq!(up.interrupt().code, Some(0));
        Self { folder, requests }
    }

    /// Copies the folder, or only the part below a name. Without checkpoints, a stream is processed
    /// from its start.
    fn copy(&self, below: &str) -> tempfile::TempDir {
        let copy = tempfile::tempdir().expect("a folder");
        copy_all(&self.folder.path().join(below), &copy.path().join(below));
        copy
    }

    fn events(&self, requests: usize) -> Vec<Value> {
        self.requests[..requests].concat()
    }

    fn log(&self) -> Vec<u8> {
        fs::read(log_in(self.folder.path())).expect("a log")
    }
}

fn copy_all(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy_all(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

/// Returns the only log with writes.
fn log_in(folder: &Path) -> PathBuf {
    let files = fs::read_dir(folder.join(STREAM)).expect("a folder");
    let mut files = files.map(|file| file.expect("an entry").path());
    files.find(|file| file.extension().is_some_and(|found| found == "log")).expect("a log")
}

/// Returns the offset of each write, and the end of the last write.
fn writes(log: &[u8]) -> Vec<usize> {
    let mut starts = vec![MAGIC_BYTES];
    let mut at = MAGIC_BYTES;
    while at < log.len() {
        let length = log[at..at + 4].try_into().map(u32::from_le_bytes).expect("four bytes");
        at += HEAD_BYTES + length as usize;
        starts.push(at);
    }
    assert_eq!(starts.len(), REQUESTS + 1, "each request is one write");
    starts
}

/// Asserts that the stream holds the first requests only, that it takes new ones, and that the cut
/// end was reported.
#[track_caller]
fn assert_stream_holds(data: &DataFolder, folder: &Path, requests: usize, cut: Option<u64>) {
    let log = log_in(folder).display().to_string();
    let up = start(folder);
    let mut events = data.events(requests);
    assert_sent_stored_once(&up, &ledger_of(&events));
    let more = request(REQUESTS, now());
    assert_eq!(ApiClient::new(&up).post_lines(&more).stored(), EVENTS as u64);
    events.extend(more);
    assert_sent_stored_once(&up, &ledger_of(&events));
    let err = up.interrupt().err;
    let reported: Vec<&str> =
        err.lines().filter(|line| line.contains("last write of this log is incomplete")).collect();
    match cut {
        None => assert!(reported.is_empty(), "{err}"),
        Some(cut) => {
            assert_eq!(reported.len(), 1, "{err}");
            let is_reported =
                reported[0].contains(&log) && reported[0].contains(&format!("cut_bytes={cut} "));
            assert!(is_reported, "{log} and {cut} bytes: {}", reported[0]);
        }
    }
}

#[test]
fn a_torn_tail_is_cut_and_reported() {
    let data = DataFolder::new();
    let log = data.log();
    let starts = writes(&log);
    let (last, end) = (starts[REQUESTS - 1], starts[REQUESTS]);
    let mut random = Random::by_seed("damage");
    let anywhere = last + 2 + random.below((end - last - 3) as u64) as usize;
    for length in [last, last + 1, anywhere, end - 1] {
        let copy = data.copy("kinesis");
        fs::write(log_in(copy.path()), &log[..length]).expect("written");
        let cut = (length > last).then_some((length - last) as u64);
        assert_stream_holds(&data, copy.path(), REQUESTS - 1, cut);
    }
    let garbage: Vec<u8> = (0..1 + random.below(5_000)).map(|_| random.next() as u8).collect();
    let copy = data.copy("kinesis");
    fs::write(log_in(copy.path()), [log.as_slice(), &garbage].concat()).expect("written");
    assert_stream_holds(&data, copy.path(), REQUESTS, Some(garbage.len() as u64));
}

#[test]
fn a_flipped_bit_is_cut_in_the_last_write_and_refused_before_it() {
    let data = DataFolder::new();
    let log = data.log();
    let starts = writes(&log);
    let (last, end) = (starts[REQUESTS - 1], starts[REQUESTS]);
    let mut random = Random::by_seed("damage");
    let mut flip = |from: usize, to: usize| {
        let at = from + random.below((to - from) as u64) as usize;
        let mut flipped = log.clone();
        flipped[at] ^= 1 << random.below(8);
        (at, flipped)
    };
    for _ in 0..2 {
        let (_, flipped) = flip(last, end);
        let copy = data.copy("kinesis");
        fs::write(log_in(copy.path()), flipped).expect("written");
        assert_stream_holds(&data, copy.path(), REQUESTS - 1, Some((end - last) as u64));
    }
    for _ in 0..6 {
        let (at, flipped) = flip(0, last);
        let copy = data.copy("kinesis");
        let file = log_in(copy.path());
        fs::write(&file, &flipped).expect("written");
        let message = start_error(copy.path());
        let write = starts.iter().rfind(|start| **start <= at).filter(|_| at >= MAGIC_BYTES);
        let position = format!("{}: damaged at byte {}", file.display(), write.unwrap_or(&0));
        assert!(message.contains(&position), "{position} is not in {message}");
        assert!(message.contains("restore this file"), "{message}");
        assert_eq!(fs::read(&file).expect("there"), flipped, "nothing was changed");
    }
}

#[test]
fn events_of_a_cut_tail_are_not_counted_twice() {
    let data = DataFolder::new();
    let log = data.log();
    let last = writes(&log)[REQUESTS - 1];
    let copy = data.copy("");
    fs::write(log_in(copy.path()), &log[..last + 9]).expect("written");
    let up = start(copy.path());
    // Immediately, so that new records take the numbers of the cut ones.
    let more: Vec<Value> = (0..2 * REQUESTS).flat_map(|n| request(REQUESTS + n, now())).collect();
    for events in more.chunks(EVENTS) {
        assert_eq!(ApiClient::new(&up).post_lines(events).stored(), EVENTS as u64);
    }
    assert_eq!(
        ApiClient::new(&up).post_lines(&data.requests[REQUESTS - 1]).stored(),
        EVENTS as u64
    );
    let all = [data.events(REQUESTS), more].concat();
    assert_sent_stored_once(&up, &ledger_of(&all));
}

/// Asserts that a damaged file is refused with its name and not changed. After it is moved away, as
/// the message says, all events are processed again from the stream.
#[track_caller]
fn assert_refused_until_moved(
    data: &DataFolder,
    file: &str,
    aside: &[&str],
    damage: impl Fn(&Path),
) {
    let copy = data.copy("");
    let damaged = copy.path().join(file);
    damage(&damaged);
    let before = fs::read(&damaged).ok();
    let message = start_error(copy.path());
    assert!(message.contains(&damaged.display().to_string()), "{message}");
    assert!(message.contains("from a copy") && message.contains("away"), "{message}");
    if before.as_ref().is_some_and(|bytes| !bytes.is_empty()) {
        assert_eq!(fs::read(&damaged).ok(), before, "nothing was changed");
    }
    assert!(start_error(copy.path()).contains(file), "the next start is refused as well");
    for part in aside {
        fs::rename(copy.path().join(part), copy.path().join(format!("{part}.aside")))
            .expect("put aside");
    }
    let up = start(copy.path());
    assert_sent_stored_once(&up, &ledger_of(&data.events(REQUESTS)));
}

fn cut_to(length: impl Fn(u64) -> u64) -> impl Fn(&Path) {
    move |file| {
        let file = fs::File::options().write(true).open(file).expect("there");
        let now = file.metadata().expect("a length").len();
        file.set_len(length(now)).expect("cut");
    }
}

#[test]
fn damaged_checkpoints_are_refused_until_they_are_moved_away() {
    let data = DataFolder::new();
    for damage in [|_| 0, |length| length / 2] {
        assert_refused_until_moved(&data, CHECKPOINTS, &["checkpoints"], cut_to(damage));
    }
}

#[test]
fn damaged_or_lost_tables_are_refused_until_they_are_moved_away() {
    let data = DataFolder::new();
    let aside = ["dynamodb", "checkpoints"];
    // An empty file is a valid database without tables.
    for damage in [|_| 0, |_| 100, |length| length / 2, |length| length - 4096] {
        assert_refused_until_moved(&data, TABLES, &aside, cut_to(damage));
    }
    assert_refused_until_moved(&data, TABLES, &aside, |file| fs::remove_file(file).expect("there"));
    assert_refused_until_moved(&data, TABLES, &aside, |file| {
        let mut bytes = fs::read(file).expect("there");
        let last_page = bytes.len() - 4096;
        bytes[last_page..].fill(0xff);
        fs::write(file, bytes).expect("written");
    });
}

#[test]
fn a_stream_without_its_description_is_refused() {
    let data = DataFolder::new();
    let description = Path::new(STREAM).join("stream.json");
    for damage in [|_| 0, |length| length / 2] {
        let copy = data.copy("");
        let file = copy.path().join(&description);
        cut_to(damage)(&file);
        let message = start_error(copy.path());
        assert!(message.contains(&file.display().to_string()), "{message}");
        assert!(message.contains("from a copy"), "{message}");
    }
}
