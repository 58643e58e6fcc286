//! `daymark send`: files of events and of till lines.

use chrono::{NaiveDate, TimeDelta};
use serde_json::Value;

use crate::support::{UpProcess, daymark, event, now, numbered};

/// Writes a file into a new folder.
fn file(name: &str, text: &str) -> (tempfile::TempDir, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("written");
    (folder, path.display().to_string())
}

fn lines(events: &[Value]) -> String {
    events.iter().map(|event| format!("{event}\n")).collect()
}

fn last_line(out: &str) -> &str {
    out.trim_end().lines().last().unwrap_or_default()
}

#[test]
fn a_file_of_events_is_stored_and_sending_it_again_changes_nothing() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    // More than one request, with an empty line.
    let (_folder, path) =
        file("day.ndjson", &format!("{}\n", lines(&numbered("corner", 1_100, 3, at))));
    for _ in 0..2 {
        let out = up.daymark(["send", &path]).success();
        assert_eq!(last_line(&out), "1100 stored, 0 duplicate, 0 skipped, 0 refused");
    }
    let (_folder, path) = file("last.ndjson", &lines(&[event("corner", "last", "last", at)]));
    up.daymark(["send", &path]).success();
    up.wait_for("corner", at.date_naive(), "last", ("on_hand", "1"));
    for (sku, count) in [("sku-0", "367"), ("sku-1", "367"), ("sku-2", "366")] {
        up.wait_for("corner", at.date_naive(), sku, ("on_hand", count));
    }
}

#[test]
fn a_quote_that_is_not_closed_takes_no_other_till_line() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let row = |till: &str, item: &str| format!("{},{till},{item},2.50\n", at.to_rfc3339());
    let rows = [("1", "rye"), ("\"2", "rye"), ("3", "rye"), ("\"4\"", "rye")];
    let rows: String = rows.iter().map(|(till, item)| row(till, item)).collect();
    let (_folder, path) = file("till.csv", &format!("\u{feff}at,till,item,price\n{rows}"));
    let map = "--csv --store corner --map occurred_at=at --map sku=item --map unit_price=price \
               --default currency=EUR";
    let ran = up.daymark(["send", &path].into_iter().chain(map.split_whitespace()));
    assert_eq!(last_line(&ran.out), "3 stored, 0 duplicate, 0 skipped, 1 refused");
    assert!(ran.failure().contains("column 2 opens a quote that is not closed"));
}

#[test]
fn events_are_read_from_standard_input() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let ran = up.daymark_with_input(&lines(&numbered("corner", 3, 1, at)), ["send", "-"]);
    assert_eq!(last_line(&ran.success()), "3 stored, 0 duplicate, 0 skipped, 0 refused");
    up.wait_for("corner", at.date_naive(), "sku-0", ("on_hand", "3"));
}

#[test]
fn invalid_lines_are_reported_and_the_others_are_stored() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let good = event("corner", "good", "rye", at);
    let twice = format!("{good}\nnot json\n{good}\n{}\n", event("", "no-store", "rye", at));
    let ran = up.daymark_with_input(&twice, ["send", "-"]);
    let (out, message) = (ran.out.clone(), ran.failure());
    assert_eq!(last_line(&out), "1 stored, 1 duplicate, 0 skipped, 2 refused");
    assert!(message.contains("is not valid JSON") && message.contains(": line 2\n"), "{message}");
    assert!(message.contains("store_id is empty") && message.contains(": line 4\n"), "{message}");
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
}

/// Till lines of a bakery. On 2017-03-26 the clocks of London go forward.
const TILL: &str = "\
Date,Time,Item,Price,Pieces
2017-03-24,23:58:00,Hot chocolate,3.10,1
2017-03-25,09:00:00,NONE,,1
2017-03-27,00:03:00,Hot chocolate,,2
2017-13-01,09:00:00,Bread,2.00,1
2017-03-26,01:30:00,Bread,2.00,1
2017-03-27,09:00:00
2017-03-27,09:00:00,Bread,2.00,minus one
2017-03-27,09:04:59,Bread,2.00,1
2017-03-27,10:00:00,NONE,,1
";

fn send_words(path: &str) -> Vec<&str> {
    let words = "--csv --store edinburgh --zone Europe/London --map occurred_at=Date+Time \
                 --map sku=Item --map unit_price=Price --map quantity=Pieces --skip Item=NONE \
                 --default unit_price=2.50 --default currency=GBP";
    ["send", path].into_iter().chain(words.split_whitespace()).collect()
}

#[test]
fn till_lines_become_events_and_other_lines_are_reported_by_number() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let (_folder, path) = file("till.csv", TILL);
    for _ in 0..2 {
        let ran = up.daymark(send_words(&path));
        let (out, message) = (ran.out.clone(), ran.failure());
        assert_eq!(last_line(&out), "3 stored, 0 duplicate, 2 skipped, 4 refused");
        for expected in [
            "skipped, Item is NONE: lines 3, 10",
            "occurred_at (column Date+Time) is not a time like 2026-03-12 15:15:00",
            ": line 5 (2017-13-01 09:00:00)",
            "Europe/London left out: line 6 (2017-03-26 01:30:00)",
            "it has 2 columns, and the header 5: line 7",
            "names with an id made of them: Hot chocolate Hot-chocolate-7430e3e10ea0",
        ] {
            assert!(message.contains(expected), "{expected} in {message}");
        }
        assert!(
            message.contains("quantity (column Pieces)")
                && message.contains(": line 8 (minus one)\n"),
            "{message}"
        );
    }
    let day = |day| NaiveDate::from_ymd_opt(2017, 3, day).expect("a day");
    let figures = |date, sku: &str| {
        let stock = up.stock("edinburgh", date);
        stock.get(sku).map(|row| ["sold", "revenue", "currency"].map(|name| row[name].clone()))
    };
    // The store has no entry in the catalogue, so days are in UTC: in summer, the first hour after
    // midnight in London belongs to the day before.
    up.wait_for("edinburgh", day(27), "Bread", ("sold", "1"));
    up.wait_for("edinburgh", day(26), "Hot-chocolate-7430e3e10ea0", ("sold", "2"));
    assert_eq!(
        figures(day(24), "Hot-chocolate-7430e3e10ea0"),
        Some(["1", "3.10", "GBP"].map(str::to_owned))
    );
    assert_eq!(
        figures(day(26), "Hot-chocolate-7430e3e10ea0"),
        Some(["2", "5.00", "GBP"].map(str::to_owned))
    );
    assert_eq!(figures(day(27), "Bread"), Some(["1", "2.00", "GBP"].map(str::to_owned)));
    assert_eq!(figures(day(25), "NONE"), None);
}

#[test]
fn old_events_are_refused_unless_the_receiver_has_no_age_limit() {
    let at = now() - TimeDelta::days(8);
    let text = lines(&[event("corner", "old", "rye", at)]);
    let up = UpProcess::start(&["--memory"]);
    let ran = up.daymark_with_input(&text, ["send", "-"]);
    let (out, message) = (ran.out.clone(), ran.failure());
    assert_eq!(last_line(&out), "0 stored, 0 duplicate, 0 skipped, 1 refused");
    assert!(message.contains("occurred_at"), "{message}");
    assert!(message.contains("more than 7 days before it was received"), "{message}");
    drop(up);
    let up = UpProcess::start(&["--memory", "--any-age"]);
    up.daymark_with_input(&text, ["send", "-"]).success();
    up.wait_for("corner", at.date_naive(), "rye", ("on_hand", "1"));
}

#[test]
fn a_mapping_of_an_unknown_column_is_refused_with_the_known_ones() {
    let up = UpProcess::start(&["--memory"]);
    let (_folder, path) = file("till.csv", TILL);
    let message = up.daymark(["send", &path, "--csv", "--map", "sku=Article"]).failure();
    assert!(message.contains("Article"), "{message}");
    assert!(message.contains("Date, Time, Item, Price, Pieces"), "{message}");
    let message = up.daymark(["send", "no-such-file.ndjson"]).failure();
    assert!(message.contains("no-such-file.ndjson"), "{message}");
    let ran = up.daymark(["send", &path, "--map", "sku=Item"]);
    assert_eq!(ran.code, Some(2), "{}", ran.err);
    assert!(ran.err.contains("--csv"), "{}", ran.err);
}

#[test]
fn the_url_of_a_deployed_api_is_refused_with_the_alternative() {
    let ran = daymark(["send", "-", "--api-url", "https://api.example.com"]);
    assert_eq!(ran.code, Some(2));
    let message = &ran.err;
    for expected in
        ["'https://api.example.com'", "http://", "by curl, with a token: docs/deploy.md"]
    {
        assert!(message.contains(expected), "{message}");
    }
}
