//! `daymark gaps`: missing numbers in the sequences of tills.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::formats::rows_in_every_format;
use crate::support::{ApiClient, UpProcess, event, now};

/// Returns receipts of till `t1`, numbered within an epoch.
fn counted(epoch: &str, numbers: &[u64], at: DateTime<Utc>) -> Vec<Value> {
    let one = |number: &u64| {
        let mut event = event("corner", &format!("{epoch}-{number}"), "rye", at);
        event["sequence"] = json!({ "epoch": epoch, "number": number });
        event
    };
    numbers.iter().map(one).collect()
}

fn post(up: &UpProcess, events: &[Value]) {
    assert_eq!(ApiClient::new(up).post_lines(events).stored(), events.len() as u64);
}

/// Returns some columns of a row.
fn cells<'a>(row: &'a BTreeMap<String, String>, columns: &[&str]) -> Vec<&'a str> {
    columns.iter().map(|column| row[*column].as_str()).collect()
}

#[test]
fn missing_numbers_are_shown_until_they_arrive() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let date = at.date_naive().to_string();
    post(&up, &counted("boot-1", &[7], at - TimeDelta::days(1)));
    post(&up, &counted("boot-1", &[10, 11, 20], at));
    post(&up, &counted("boot-2", &[1, u64::MAX], at));
    let mut doubled = counted("boot-1", &[11], at).remove(0);
    doubled["event_id"] = json!("another");
    let mut unnumbered = event("corner", "silent-1", "rye", at);
    unnumbered["terminal_id"] = json!("t2");
    post(&up, &[doubled, unnumbered]);
    up.wait_for("corner", at.date_naive(), "rye", ("received", "7"));

    let query = ["gaps", "--store", "corner", "--date", &date];
    let rows = rows_in_every_format(&up, &query);
    let columns = ["terminal_id", "epoch", "first", "last", "received", "missing"];
    let shown: Vec<_> = rows.iter().map(|row| cells(row, &columns)).collect();
    let most = (u64::MAX - 2).to_string();
    let last = u64::MAX.to_string();
    assert_eq!(
        shown,
        [
            ["t1", "boot-1", "10", "20", "3", "10"],
            ["t1", "boot-2", "1", &last, "2", &most],
            ["t2", "", "", "", "", ""]
        ]
    );
    let columns = ["business_date", "missing_numbers", "doubled_numbers", "uncounted"];
    assert_eq!(cells(&rows[0], &columns), [&date, "8-9, 12-19", "11", ""]);
    assert_eq!(cells(&rows[2], &columns), [&date, "", "", "1"]);

    post(&up, &counted("boot-1", &[8, 9, 12, 13, 14, 15, 16, 18, 19], at));
    up.wait_for("corner", at.date_naive(), "rye", ("received", "16"));
    let of_till = ["--terminal", "t1"];
    let rows = rows_in_every_format(&up, &[&query[..], &of_till].concat());
    assert_eq!((rows.len(), rows[0]["missing_numbers"].as_str()), (2, "17"));
}

#[test]
fn a_note_says_that_no_number_is_missing_or_that_no_event_has_one() {
    let up = UpProcess::start(&["--memory"]);
    let (at, yesterday) = (now(), now() - TimeDelta::days(1));
    let (date, before) = (at.date_naive().to_string(), yesterday.date_naive().to_string());
    post(&up, &counted("boot-1", &[1, 2], at));
    post(&up, &[event("corner", "silent-1", "rye", yesterday)]);
    up.wait_for("corner", at.date_naive(), "rye", ("received", "2"));
    up.wait_for("corner", yesterday.date_naive(), "rye", ("received", "1"));
    let note = |arguments: &[&str]| {
        let ran = up.daymark(["gaps", "--store", "corner"].iter().chain(arguments));
        assert_eq!(ran.code, Some(0), "{}", ran.err);
        ran.err
    };
    let output = note(&["--from", &before, "--to", &date]);
    assert!(output.contains("no number is missing: store corner"), "{output}");
    assert!(output.contains("not in the catalogue"), "{output}");
    assert!(note(&["--date", &before]).contains("no event has a number"));
    assert!(note(&["--date", "2016-03-12"]).contains("no event: store corner"));
    for (first, last) in [(&*date, &*before), ("2024-01-01", &*date), (&*date, "+20000-01-01")] {
        let wrong = up.daymark(["gaps", "--store", "corner", "--from", first, "--to", last]);
        assert!(wrong.failure().contains("is not a span of 1 to 400 dates"));
    }
}
