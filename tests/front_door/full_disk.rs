//! A disk that takes no more. No till is told `stored` for what is not on it, whoever runs the
//! program learns which file and why, and once there is room everything is there exactly once.
//!
//! Where nobody may mount anything, the disk is full for a file that reaches a length; where a
//! small disk can be mounted, it is also full as a whole.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{
    Books, Disk, Random, Up, Wire, books_of, daymark_under, event,
    everything_acknowledged_is_there_once, everything_sent_is_there_once, now,
};

/// Events of a request.
const REQUEST: usize = 300;
/// So many requests do not fit on any of these disks.
const REQUESTS_MAX: usize = 500;

/// No file gets longer than this many blocks of 512 bytes; the signal for it is ignored, so that
/// a write fails as on a full disk.
fn files_up_to(blocks: u32) -> [String; 3] {
    let limit = format!(r#"trap "" XFSZ; ulimit -f {blocks}; exec "$0" "$@""#);
    ["sh".to_owned(), "-c".to_owned(), limit]
}

fn words(wrapper: &[String]) -> Vec<&str> {
    wrapper.iter().map(String::as_str).collect()
}

/// Sends until something is not stored; what a till knows then.
fn send_until_full(up: &Up) -> Books {
    let mut random = Random::by_seed("full_disk");
    let fill = random.next();
    let wire = Wire::new(up);
    let mut all = Vec::new();
    let mut books = Books::default();
    for request in 0..REQUESTS_MAX {
        let one = |number: usize| {
            let id = format!("{fill:016x}-{request}-{number}");
            let mut event = event("corner", &id, &format!("sku-{}", number % 50), now());
            // Nothing packs random digits.
            event["lot"] = json!(format!("{:016x}", random.next()));
            event
        };
        let events: Vec<Value> = (0..REQUEST).map(one).collect();
        let answer = wire.post_lines(&events);
        all.extend(events.clone());
        books.sent = books_of(&all).sent;
        if answer.status == 202 {
            assert_eq!(answer.stored(), REQUEST as u64);
            books.acknowledged.extend(books_of(&events).acknowledged);
            continue;
        }
        // All of them are one store's, and so one record: it is there or it is not.
        assert_eq!(answer.status, 503, "{}", answer.text);
        let told = answer.json();
        assert_eq!(told["counts"]["retry"], REQUEST, "{}", answer.text);
        assert!(told["detail"].as_str().expect("a detail").contains("again"), "{}", answer.text);
        return books;
    }
    panic!("{REQUESTS_MAX} requests of {REQUEST} events were stored on a disk without room");
}

/// There is room again: nothing acknowledged is missing, and the till sends the rest.
fn with_room_again(up: &Up, books: Books) {
    everything_acknowledged_is_there_once(up, &books);
    let all: Vec<Value> = books.sent.into_values().collect();
    for some in all.chunks(1_000) {
        assert_eq!(Wire::new(up).post_lines(some).stored(), some.len() as u64);
    }
    everything_sent_is_there_once(up, &books_of(&all));
}

#[test]
fn on_a_full_disk_a_till_is_told_to_retry_and_the_log_says_which_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    let arguments = ["--data", &data];
    // Its tables fit.
    assert_eq!(Up::start(&arguments).interrupt().code, Some(0));
    let limit = files_up_to(140);
    let up = Up::start_under(&words(&limit), &arguments);
    let books = send_until_full(&up);
    let ended = up.interrupt();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
    let log = Path::new(&data).join("kinesis/stream-daymark-events/shardId-").display().to_string();
    let tables = Path::new(&data).join("dynamodb/tables.sqlite").display().to_string();
    for (file, cause) in [(log, "File too large"), (tables, "500 Internal Server Error")] {
        let named = ended.err.lines().any(|line| line.contains(&file) && line.contains(cause));
        assert!(named, "no line has {file} and {cause}: {}", ended.err);
    }
    // Still without room: it is killed, and comes up with what it has or says why not.
    Up::start_under(&words(&limit), &arguments).kill();
    let up = Up::start(&arguments);
    with_room_again(&up, books);
    assert_eq!(up.interrupt().code, Some(0));
}

#[test]
fn a_start_on_a_full_disk_is_refused_with_the_file_and_the_next_one_goes_on() {
    for blocks in [0, 1, 8, 40, 70, 100, 130] {
        let folder = tempfile::tempdir().expect("a folder");
        let data = folder.path().join("data").display().to_string();
        let arguments = ["up", "--port", "0", "--data", &data];
        let message = daymark_under(&words(&files_up_to(blocks)), &arguments).refused();
        let file = Path::new(&data).join("dynamodb/tables.sqlite").display().to_string();
        assert!(message.contains(&file), "{blocks} blocks: {message}");
        let up = Up::start(&["--data", &data]);
        assert_eq!(Wire::new(&up).post(&event("corner", "one", "rye", now())).stored(), 1);
        assert_eq!(up.interrupt().code, Some(0));
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "what was not tested is told")]
fn a_disk_that_fills_up_loses_nothing_and_the_program_goes_on_when_it_grows() {
    let folder = tempfile::tempdir().expect("a folder");
    let Some(disk) = Disk::mount_small(folder.path(), 600) else {
        eprintln!("skipped: a small disk cannot be mounted here");
        return;
    };
    let data = folder.path().join("data").display().to_string();
    let (enter, arguments) = (disk.enter(), ["--data", &data]);
    let enter = words(&enter);
    let up = Up::start_under(&enter, &arguments);
    let mut books = send_until_full(&up);
    // While the disk is full it is killed, and killed again as it starts or says why it does not.
    let err = up.kill();
    assert!(err.contains("No space left on device"), "{err}");
    Up::kill_while_it_starts(&enter, &arguments, Duration::from_secs(2));

    // Some room, but what the tables are behind with takes it as well.
    disk.grow(1_200);
    let up = Up::start_under(&enter, &arguments);
    let more = send_until_full(&up);
    // This time it goes on by itself.
    disk.grow(64 * 1024);
    books.sent.extend(more.sent);
    books.acknowledged.extend(more.acknowledged);
    with_room_again(&up, books);
    assert_eq!(up.interrupt().code, Some(0));
}
