//! What was acknowledged stays, exactly once, however the program ends.

use std::time::Duration;

use chrono::Utc;
use serde_json::Value;

use crate::support::{Up, Wire, by_seed, event, eventually, now, run};

const ROUNDS: usize = 5;
/// Longest time to a kill.
const KILL_MILLIS_MAX: u64 = 900;
/// Requests a till would make until the kill, at most.
const REQUESTS_MAX: usize = 400;

fn folder() -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data").display().to_string();
    (folder, data)
}

#[test]
fn a_restart_after_ctrl_c_finds_everything_again() {
    let (_folder, data) = folder();
    let at = now();
    for round in 1..=3 {
        let up = Up::start(&["--data", &data]);
        let id = format!("round-{round}");
        assert_eq!(Wire::new(&up).post(&event("corner", &id, "rye", at)).stored(), 1);
        // At once: it may not be in the table yet.
        let ended = up.interrupt();
        assert_eq!(ended.code, Some(0), "{}", ended.err);
        assert!(ended.err.contains("stopped"), "{}", ended.err);
    }
    let up = Up::start(&["--data", &data]);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "3"));
}

#[test]
fn a_service_manager_can_stop_it_as_well() {
    let ended = Up::start(&["--memory"]).terminate();
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

#[test]
fn nothing_acknowledged_is_lost_or_counted_twice_when_it_is_killed_at_any_instant() {
    let (_folder, data) = folder();
    let mut random = by_seed();
    let at = now();
    let mut all: Vec<[Value; 2]> = Vec::new();
    let mut unanswered: Vec<usize> = Vec::new();
    for _ in 0..ROUNDS {
        let up = Up::start(&["--data", &data]);
        let requests: Vec<[Value; 2]> =
            (all.len()..all.len() + REQUESTS_MAX).map(|number| request(number, at)).collect();
        let pause = Duration::from_millis(random(KILL_MILLIS_MAX));
        let (tried, acknowledged) = post_until_killed(up, &requests, pause);
        unanswered.extend((acknowledged..tried).map(|index| all.len() + index));
        all.extend(requests.into_iter().take(tried));
    }
    let up = Up::start(&["--data", &data]);
    let known = |sku: &str, count: &str| {
        let stock = up.stock("corner", at.date_naive());
        stock.get(sku).is_some_and(|row| row["received"] == count)
    };
    // First without any help: what was acknowledged is there.
    eventually("every acknowledged event is in its window", || {
        let stock = up.stock("corner", at.date_naive());
        let missing: Vec<String> = (0..all.len())
            .filter(|number| !unanswered.contains(number))
            .map(|number| format!("own-{number}"))
            .filter(|sku| stock.get(sku).is_none_or(|row| row["received"] != "1"))
            .collect();
        if missing.is_empty() { Ok(()) } else { Err(format!("missing {missing:?}")) }
    });
    // Then the till sends again what it has no answer for, and some that it has.
    for (number, events) in all.iter().enumerate() {
        if unanswered.contains(&number) || random(10) == 0 {
            assert_eq!(Wire::new(&up).post_lines(events).stored(), 2);
        }
    }
    eventually("everything is in its window exactly once", || {
        if known("shared", &all.len().to_string()) { Ok(()) } else { Err(String::new()) }
    });
    let stock = up.stock("corner", at.date_naive());
    assert_eq!(stock.len(), all.len() + 1);
    assert!(stock.iter().all(|(sku, row)| sku == "shared" || row["received"] == "1"), "{stock:?}");
}

/// One request: an event of an item of its own, and one of an item that all requests share.
fn request(number: usize, at: chrono::DateTime<Utc>) -> [Value; 2] {
    [
        event("corner", &format!("a-{number}"), &format!("own-{number}"), at),
        event("corner", &format!("b-{number}"), "shared", at),
    ]
}

/// Posts one request after another until the server is killed; how many were tried and how many
/// were acknowledged. Only the last one has no answer.
fn post_until_killed(up: Up, requests: &[[Value; 2]], pause: Duration) -> (usize, usize) {
    let wire = Wire::new(&up);
    run(async {
        let posting = async {
            for (index, [own, shared]) in requests.iter().enumerate() {
                let body = format!("{own}\n{shared}\n");
                match wire.try_post("application/x-ndjson", body).await {
                    Ok(answer) => assert_eq!(answer.stored(), 2),
                    Err(_) => return (index + 1, index),
                }
            }
            (requests.len(), requests.len())
        };
        let killing = async {
            tokio::time::sleep(pause).await;
            up.kill();
        };
        tokio::join!(posting, killing).0
    })
}

#[test]
fn in_memory_nothing_is_kept() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = now();
    let up = Up::start_in(folder.path(), &["--memory"]);
    assert_eq!(Wire::new(&up).post(&event("corner", "one", "rye", at)).stored(), 1);
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
    assert_eq!(up.interrupt().code, Some(0));
    assert_eq!(std::fs::read_dir(folder.path()).expect("the folder").count(), 0);
    let up = Up::start_in(folder.path(), &["--memory"]);
    assert!(up.stock("corner", at.date_naive()).is_empty());
}

#[test]
fn without_a_word_the_data_is_in_a_folder_beside_the_caller() {
    let folder = tempfile::tempdir().expect("a folder");
    let up = Up::start_in(folder.path(), &[]);
    assert_eq!(up.interrupt().code, Some(0));
    assert!(folder.path().join("daymark-data").is_dir());
}
