//! Full disks. A till never gets `stored` for an event that is not on the disk, the log names the
//! file and the cause, and when there is room again, every event is stored exactly once.
//!
//! A file size limit stands for a full disk. Where a small disk can be mounted, the tests fill it
//! too.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    ApiClient, Disk, EventLedger, Random, UpProcess, assert_acknowledged_stored_once,
    assert_sent_stored_once, daymark_under, event, ledger_of, now, skipped,
};

/// Number of events in a request.
const REQUEST: usize = 300;
/// Number of requests that fit on none of the disks.
const REQUESTS_MAX: usize = 500;

/// Returns a command that limits files to a number of blocks of 512 bytes. The signal of the limit
/// is ignored, so that a write fails as on a full disk.
fn files_up_to(blocks: u32) -> [String; 3] {
    let limit = format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@""#);
    ["sh".to_owned(), "-c".to_owned(), limit]
}

fn words(wrapper: &[String]) -> Vec<&str> {
    wrapper.iter().map(String::as_str).collect()
}

/// Sends requests until one is not stored. Returns the ledger of the till.
fn send_until_full(up: &UpProcess) -> EventLedger {
    let mut random = Random::by_seed("full_disk");
    let fill = random.next();
    let wire = ApiClient::new(up);
    let mut all = Vec::new();
    let mut ledger = EventLedger::default();
    for request in 0..REQUESTS_MAX {
        let one = |number: usize| {
            let id = format!("{fill:016x}-{request}-{number}");
            let mut event = event("corner", &id, &format!("sku-{}", number % 50), now());
            // Random digits cannot be compressed.
            event["lot"] = json!(format!("{:016x}", random.next()));
            event
        };
        let events: Vec<Value> = (0..REQUEST).map(one).collect();
        let answer = wire.post_lines(&events);
        all.extend(events.clone());
        ledger.sent = ledger_of(&all).sent;
        if answer.status == 202 {
            assert_eq!(answer.stored(), REQUEST as u64);
            ledger.acknowledged.extend(ledger_of(&events).acknowledged);
            continue;
        }
        // The events are of one store, and therefore one record: all are stored or none.
        assert_eq!(answer.status, 503, "{}", answer.text);
        let body = answer.json();
        assert_eq!(body["counts"]["retry"], REQUEST, "{}", answer.text);
        assert!(body["detail"].as_str().expect("a detail").contains("again"), "{}", answer.text);
        return ledger;
    }
    panic!("{REQUESTS_MAX} requests of {REQUEST} events were stored on a disk without room");
}

/// Asserts that no acknowledged event is missing after there is room again, then sends the rest.
fn assert_complete_with_room(up: &UpProcess, ledger: EventLedger) {
    assert_acknowledged_stored_once(up, &ledger);
    let all: Vec<Value> = ledger.sent.into_values().collect();
    for some in all.chunks(1_000) {
        assert_eq!(ApiClient::new(up).post_lines(some).stored(), some.len() as u64);
    }
    assert_sent_stored_once(up, &ledger_of(&all));
}

#[test]
fn on_a_full_disk_a_till_gets_retry_and_the_log_names_the_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let arguments = ["--data", &data];
    // The tables fit on the disk.
    assert_eq!(UpProcess::start(&arguments).interrupt().code, Some(0));
    let limit = files_up_to(140);
    let up = UpProcess::start_under(&words(&limit), &arguments);
    let ledger = send_until_full(&up);
    let ended = up.interrupt();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let log = Path::new(&data).join("kinesis/stream-daymark-events/shardId-").display().to_string();
    let tables = Path::new(&data).join("dynamodb/tables.sqlite").display().to_string();
    for (file, cause) in [(log, "File too large"), (tables, "500 Internal Server Error")] {
        let named = ended.err.lines().any(|line| line.contains(&file) && line.contains(cause));
        assert!(named, "no line has {file} and {cause}: {}", ended.err);
    }
    // Without room, the program is killed once more; it may start or refuse to.
    UpProcess::start_under(&words(&limit), &arguments).kill();
    let up = UpProcess::start(&arguments);
    assert_complete_with_room(&up, ledger);
    assert_eq!(up.interrupt().code, Some(0));
}

#[test]
fn a_start_on_a_full_disk_is_refused_with_the_file_and_the_next_one_goes_on() {
    for blocks in [0, 1, 8, 40, 70, 100, 130] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let arguments = ["up", "--port", "0", "--data", &data];
        let message = daymark_under(&words(&files_up_to(blocks)), &arguments).failure();
        let file = Path::new(&data).join("dynamodb/tables.sqlite").display().to_string();
        assert!(message.contains(&file), "{blocks} blocks: {message}");
        let up = UpProcess::start(&["--data", &data]);
        assert_eq!(ApiClient::new(&up).post(&event("corner", "one", "rye", now())).stored(), 1);
        assert_eq!(up.interrupt().code, Some(0));
    }
}

#[test]
fn a_disk_that_fills_up_loses_nothing_and_the_program_goes_on_when_it_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = Disk::mount_small(folder.path(), 600) else {
        skipped("a small disk cannot be mounted here");
        return;
    };
    let data = folder.path().join("data").display().to_string();
    let (enter, arguments) = (disk.enter(), ["--data", &data]);
    let enter = words(&enter);
    let up = UpProcess::start_under(&enter, &arguments);
    let mut ledger = send_until_full(&up);
    // The program is killed while the disk is full, and again while it starts.
    let err = up.kill();
    assert!(err.contains("No space left on device"), "{err}");
    UpProcess::kill_while_it_starts(&enter, &arguments, Duration::from_secs(2));

    // Some room, which the delayed writes of the tables take as well.
    disk.grow(1_200);
    let up = UpProcess::start_under(&enter, &arguments);
    let more = send_until_full(&up);
    // The program continues without a restart.
    disk.grow(64 * 1024);
    ledger.sent.extend(more.sent);
    ledger.acknowledged.extend(more.acknowledged);
    assert_complete_with_room(&up, ledger);
    assert_eq!(up.interrupt().code, Some(0));
}
