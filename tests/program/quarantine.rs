//! `daymark quarantine`: refused events are shown, corrected, processed again and dropped.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::limits::QUARANTINE_BYTES_MAX;
use domain::ports::QuarantineTable;
use domain::quarantine::{QuarantineId, QuarantineReason, Quarantined};
use serde_json::{Value, json};

use crate::support::{UpProcess, event, eventually, now, run};
use crate::up::{clients, put};

type EntryRow = BTreeMap<String, String>;

/// Waits until the quarantine has a number of entries, and lists them.
fn wait_for_entries(up: &UpProcess, count: usize) -> Vec<EntryRow> {
    eventually("the processors refuse", || {
        let rows = up.daymark(["quarantine", "list", "--format", "json"]).rows();
        if rows.len() == count { Ok(()) } else { Err(format!("{rows:?}")) }
    });
    rows_in_every_format(up, &[])
}

/// Lists the entries in every format, compares the outputs, and returns the rows.
#[track_caller]
fn rows_in_every_format(up: &UpProcess, flags: &[&str]) -> Vec<EntryRow> {
    let list = |format: &[&'static str]| {
        up.daymark(["quarantine", "list"].iter().chain(flags).chain(format))
    };
    let rows = list(&["--format", "json"]).rows();
    let csv = list(&["--format", "csv"]).success();
    let from_csv: Result<Vec<EntryRow>, _> =
        csv::Reader::from_reader(csv.as_bytes()).deserialize().collect();
    assert_eq!(from_csv.expect("CSV"), rows);
    let paragraph = |row: &EntryRow| {
        let [id, reason, at, bytes, message] =
            ["id", "reason", "at", "bytes", "message"].map(|name| &row[name]);
        format!("{id}\n  {reason}, {at}, {bytes} bytes\n  {message}\n")
    };
    assert_eq!(list(&[]).success(), rows.iter().map(paragraph).collect::<String>());
    rows
}

fn ids(rows: &[EntryRow]) -> Vec<&str> {
    rows.iter().map(|row| row["id"].as_str()).collect()
}

fn replay(up: &UpProcess, id: &str) -> String {
    up.daymark(["quarantine", "replay", id]).success()
}

fn table(up: &UpProcess) -> aws::Tables {
    aws::Tables::new(clients(up).dynamodb, &aws::ResourceNames::default())
}

/// Returns the entry of a record that an older program could not open.
fn unopenable(at: DateTime<Utc>, bytes: &[u8]) -> Quarantined {
    let key = "shardId-000000000001#49591795391405223".to_owned();
    Quarantined {
        id: QuarantineId { date: at.date_naive(), key },
        reason: QuarantineReason::Unopenable,
        message: "an older program could not open it".to_owned(),
        at,
        bytes: bytes.to_vec(),
    }
}

/// Returns an event with an unknown kind.
fn gift(id: &str) -> Value {
    let mut gift = event("corner", id, "rye", now());
    gift["kind"] = json!("gift");
    gift
}

/// Returns an event that occurred too long ago.
fn old(id: &str) -> Value {
    event("corner", id, "rye", now() - TimeDelta::days(30))
}

#[test]
fn a_refused_event_is_listed_shown_corrected_sent_and_dropped() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    put(&up, b"\xff\xfe no event \x00".to_vec());
    put(&up, format!("{}\n{}", event("corner", "good-1", "rye", at), gift("odd-1")));
    let rows = wait_for_entries(&up, 2);
    let find = |reason: &str| rows.iter().find(|row| row["reason"] == reason).expect("a row");
    let (odd, broken) = (find("invalid_event"), find("unopenable"));
    assert_eq!(broken["bytes"], "13");
    assert!(odd["id"].ends_with("#0001") && odd["message"].contains("gift"), "{odd:?}");
    assert_eq!(ids(&rows_in_every_format(&up, &["--reason", "unopenable"])), [&broken["id"]]);

    let shown = up.daymark(["quarantine", "show", &broken["id"]]).success();
    for part in ["unopenable", "not UTF-8", "bytes    13", "ff fe 20 6e", "|.. no event .|"] {
        assert!(shown.contains(part), "{part} in {shown}");
    }
    let shown = up.daymark(["quarantine", "show", &odd["id"]]).success();
    let text = gift("odd-1")["event_id"].to_string();
    for part in ["invalid_event", &odd["message"], "event 0001", &text, &odd["at"]] {
        assert!(shown.contains(part), "{part} in {shown}");
    }

    let raw = up.daymark(["quarantine", "show", "--raw", &odd["id"]]).success();
    let corrected = raw.replace("gift", "receipt");
    up.daymark_with_input(&corrected, ["send", "-"]).success();
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "2"));
    let dropped = up.daymark(["quarantine", "drop", &odd["id"]]).success();
    assert!(dropped.contains(&odd["id"]) && dropped.contains(&odd["message"]), "{dropped}");
    assert_eq!(ids(&wait_for_entries(&up, 1)), [&broken["id"]]);
    for command in ["show", "replay", "drop"] {
        let message = up.daymark(["quarantine", command, &odd["id"]]).failure();
        assert!(message.contains("is not in quarantine"), "{message}");
    }
}

#[test]
fn an_event_that_was_too_old_is_stored_without_an_age_limit() {
    let up = UpProcess::start(&["--memory"]);
    put(&up, format!("{}\n{}", old("old-1"), old("old-2")));
    put(&up, gift("odd-1").to_string());
    let rows = wait_for_entries(&up, 3);
    let first = rows.iter().find(|row| row["message"].contains("old-1")).expect("a row");
    let output = replay(&up, &first["id"]);
    assert!(output.contains("still refused: event old-1"), "{output}");
    assert!(output.contains("0 left the quarantine, 1 stay"), "{output}");

    let mut dates: Vec<&str> = rows.iter().map(|row| &row["id"][..10]).collect();
    dates.dedup();
    for date in dates {
        let words = ["quarantine", "replay", "--any-age", "--date", date];
        up.daymark(words.into_iter().chain(["--reason", "invalid_event"])).success();
    }
    let left = wait_for_entries(&up, 1);
    assert!(left[0]["message"].contains("gift"), "{left:?}");
    let day = (now() - TimeDelta::days(30)).date_naive();
    up.wait_for("corner", day, "rye", ("received", "2"));
}

#[test]
fn a_record_that_can_be_opened_now_leaves_an_entry_for_its_invalid_event() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let events = [event("corner", "a", "rye", at), gift("b"), event("corner", "c", "rye", at)];
    let bytes = events.map(|event| event.to_string()).join("\n").into_bytes();
    let (table, kept) = (table(&up), unopenable(at, &bytes));
    let id = kept.id.clone();
    run(table.put_quarantined(&kept)).expect("kept");
    let output = replay(&up, &id.to_string());
    assert!(output.contains(&format!("{id}: wrote 2 events")), "{output}");
    assert!(output.contains(&format!("refused and kept as {id}#0001: event b")), "{output}");
    assert_eq!(ids(&wait_for_entries(&up, 1)), [&format!("{id}#0001")]);
    // A second replay changes nothing.
    run(table.put_quarantined(&kept)).expect("kept");
    let output = replay(&up, &id.to_string());
    assert!(output.contains(&format!("{id}: wrote 2 events")), "{output}");
    up.wait_for("corner", at.date_naive(), "rye", ("received", "2"));
    assert_eq!(wait_for_entries(&up, 1).len(), 1);
}

#[test]
fn the_output_of_a_replay_names_the_reason_for_each_entry_that_stays() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    put(&up, vec![0xff; QUARANTINE_BYTES_MAX + 100]);
    let large = wait_for_entries(&up, 1).remove(0);
    assert_eq!(large["bytes"], (QUARANTINE_BYTES_MAX + 100).to_string());
    let output = up.daymark(["quarantine", "replay", &large["id"]]).success();
    assert!(output.contains("still refused"), "{output}");
    up.daymark(["quarantine", "drop", &large["id"]]).success();

    let mut ancient = unopenable(at - TimeDelta::days(91), b"{}");
    ancient.reason = QuarantineReason::InvalidEvent;
    ancient.id.key += "#0000";
    run(table(&up).put_quarantined(&ancient)).expect("kept");
    let id = ancient.id.to_string();
    let message = up.daymark(["quarantine", "replay", &id]).failure();
    assert!(
        message.contains("90 days ago") && message.contains("--event-age-max any"),
        "{message}"
    );
    assert!(
        up.daymark(["quarantine", "replay", &id, "--event-age-max", "any"])
            .success()
            .contains("still refused")
    );

    let one = event("corner", "twice", "rye", at);
    let mut two = one.clone();
    two["quantity"] = json!(2);
    put(&up, format!("{one}\n{two}"));
    up.wait_for("corner", at.date_naive(), "rye", ("received", "1"));
    // Without it, the next slot lists the conflict.
    up.daymark(["check", "--store", "corner", "--repair"]).success();
    wait_for_entries(&up, 2);
    let date = at.date_naive().to_string();
    let rows = rows_in_every_format(&up, &["--reason", "conflicting_duplicate", "--date", &date]);
    let output = replay(&up, &rows[0]["id"]);
    assert!(output.contains("another content of its id counts"), "{output}");
    assert!(output.contains("a replay cannot change that"), "{output}");
    assert_eq!(wait_for_entries(&up, 2).len(), 2);
}

#[test]
fn nothing_is_dropped_without_a_filter() {
    let up = UpProcess::start(&["--memory"]);
    put(&up, gift("odd-1").to_string());
    put(&up, b"\xff".to_vec());
    let rows = wait_for_entries(&up, 2);
    let date = &rows[0]["id"][..10];
    for words in [&["drop"][..], &["replay"], &["drop", "--reason", "unopenable"]] {
        let ran = up.daymark(["quarantine"].iter().chain(words));
        assert_eq!(ran.code, Some(2), "{words:?}: {}", ran.err);
    }
    let message = up.daymark(["quarantine", "drop", "--date", date]).failure();
    assert!(message.contains("--reason"), "{message}");
    let both = ["quarantine", "drop", "--date", date, "--reason", "unopenable"];
    let dropped = up.daymark(both).success();
    assert_eq!(dropped.lines().count(), 1, "{dropped}");
    assert_eq!(wait_for_entries(&up, 1)[0]["reason"], "invalid_event");
    let again = up.daymark(both);
    assert!(again.err.contains("nothing in quarantine as unopenable"), "{}", again.err);
    assert_eq!(again.success(), "");
}
