//! `daymark stock` and `daymark offers`: the same answer in every format.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::support::{Up, Wire, event, now, numbered, sale, stamp, table_lines};

/// Asks in every format, holds the answers against one another and returns the rows.
#[track_caller]
pub(crate) fn agreeing(up: &Up, question: &[&str]) -> Vec<BTreeMap<String, String>> {
    let ask = |format| up.daymark(question.iter().copied().chain(["--format", format]));
    let rows = ask("json").rows();
    let csv = ask("csv").well();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let from_csv: Result<Vec<BTreeMap<String, String>>, _> = reader.deserialize().collect();
    assert_eq!(from_csv.expect("CSV"), rows);
    let columns: Vec<String> =
        reader.headers().expect("a header").iter().map(str::to_owned).collect();

    let table = up.daymark(question).well();
    let lines = table_lines(&table);
    assert_eq!(lines.len(), rows.len() + 1, "{table}");
    for (row, line) in rows.iter().zip(&lines[1..]) {
        let mut rest = line.as_str();
        for (column, value) in columns.iter().map(|column| (column, &row[column])) {
            // A table leaves out what it has no room for, and shows times on the wall.
            if !lines[0].contains(&column.replace('_', " ")) {
                continue;
            }
            let shown = match column.as_str() {
                "from" | "until" => &value[11..16],
                _ => value.as_str(),
            };
            let place = rest.find(shown).unwrap_or_else(|| panic!("{column} {shown} in {line}"));
            rest = &rest[place + shown.len()..];
        }
        assert!(rest.trim().is_empty(), "{rest} in {line}");
    }
    rows
}

#[test]
fn stock_is_the_same_as_table_json_and_csv() {
    let up = Up::start(&["--memory"]);
    let at = now();
    let mut events = numbered("corner", 7, 3, at);
    events.push(sale("corner", "s-1", "sku-0", "3.90", at));
    // Of one instant, and by its id after the receipts.
    let mut count = event("corner", "z-1", "sku-1", at);
    count["kind"] = "count".into();
    count["quantity"] = "12.5".into();
    count["unit"] = "KGM".into();
    events.push(count);
    assert_eq!(Wire::new(&up).post_lines(&events).stored(), 9);
    up.wait_for("corner", at.date_naive(), "sku-1", ("on_hand", "12.5"));
    up.wait_for("corner", at.date_naive(), "sku-0", ("on_hand", "2"));
    up.wait_for("corner", at.date_naive(), "sku-2", ("on_hand", "2"));

    let date = at.date_naive().to_string();
    let day = ["stock", "--store", "corner", "--date", &date];
    let rows = agreeing(&up, &day);
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0]["sold"].as_str(), rows[0]["revenue"].as_str()), ("1", "3.90 EUR"));
    assert_eq!(rows[1]["last_count"], format!("12.5 at {}", stamp(at)));
    assert_eq!(agreeing(&up, &[&day[..], &["--windows"]].concat()).len(), 3);
    assert_eq!(agreeing(&up, &[&day[..], &["--sku", "sku-1"]].concat()), rows[1..2]);
}

#[test]
fn stock_can_be_asked_for_any_instant() {
    let up = Up::start(&["--memory"]);
    // Noon of a past day: no midnight is near.
    let noon = (now() - TimeDelta::days(2)).date_naive().and_hms_opt(12, 0, 0).expect("noon");
    let noon = noon.and_utc();
    let events = [
        event("corner", "early", "rye", noon),
        event("corner", "late", "rye", noon + TimeDelta::minutes(30)),
    ];
    assert_eq!(Wire::new(&up).post_lines(&events).stored(), 2);
    up.wait_for("corner", noon.date_naive(), "rye", ("on_hand", "2"));
    for (minutes, expected) in [(10, "1"), (40, "2")] {
        let at = stamp(noon + TimeDelta::minutes(minutes));
        let rows = agreeing(&up, &["stock", "--store", "corner", "--at", &at]);
        assert_eq!(rows[0]["on_hand"], expected, "at {at}");
    }
    let before = stamp(noon - TimeDelta::minutes(1));
    assert!(agreeing(&up, &["stock", "--store", "corner", "--at", &before]).is_empty());
}

#[test]
fn an_unknown_store_is_told_and_no_failure() {
    let up = Up::start(&["--memory"]);
    for verb in ["stock", "offers"] {
        let ran = up.daymark([verb, "--store", "nowhere", "--format", "json"]);
        assert!(ran.err.contains("store nowhere"), "{}", ran.err);
        assert!(ran.err.contains("not in the catalogue"), "{}", ran.err);
        assert!(ran.rows().is_empty());
    }
}

#[test]
fn a_store_that_cannot_be_one_is_refused_with_the_rule() {
    let up = Up::start(&["--memory"]);
    for verb in ["stock", "offers"] {
        let ran = up.daymark([verb, "--store", "cor ner"]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("cor ner"), "{}", ran.err);
    }
}
