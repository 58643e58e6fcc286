//! `daymark stock` and `daymark offers`: the same rows in every format.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::support::{ApiClient, UpProcess, event, now, numbered, sale, stamp, table_lines};

/// Runs a command in every format, compares the rows, and returns them.
#[track_caller]
pub(crate) fn rows_in_every_format(
    up: &UpProcess,
    query: &[&str],
) -> Vec<BTreeMap<String, String>> {
    let run = |format| up.daymark(query.iter().copied().chain(["--format", format]));
    let rows = run("json").rows();
    let csv = run("csv").success();
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    let from_csv: Result<Vec<BTreeMap<String, String>>, _> = reader.deserialize().collect();
    assert_eq!(from_csv.expect("CSV"), rows);
    let columns: Vec<String> =
        reader.headers().expect("a header").iter().map(str::to_owned).collect();

    let table = up.daymark(query).success();
    let lines = table_lines(&table);
    assert_eq!(lines.len(), rows.len() + 1, "{table}");
    // A table leaves out some columns, has an order of its own, and shows local times.
    let place = |column: &&String| lines[0].find(&format!(" {} ", column.replace('_', " ")));
    let mut in_table: Vec<&String> = columns.iter().filter(|name| place(name).is_some()).collect();
    in_table.sort_by_key(place);
    for (row, line) in rows.iter().zip(&lines[1..]) {
        let mut rest = line.as_str();
        for (column, value) in in_table.iter().map(|column| (column, &row[*column])) {
            let shown = match column.as_str() {
                "valid_from" | "valid_until" => &value[11..16],
                _ => value.as_str(),
            };
            let start = rest.find(shown).unwrap_or_else(|| panic!("{column} {shown} in {line}"));
            rest = &rest[start + shown.len()..];
        }
        assert!(rest.trim().is_empty(), "{rest} in {line}");
    }
    rows
}

#[test]
fn stock_is_the_same_as_table_json_and_csv() {
    let up = UpProcess::start(&["--memory"]);
    let at = now();
    let mut events = numbered("corner", 7, 3, at);
    events.push(sale("corner", "s-1", "sku-0", "3.90", at));
    // The count has the same instant as the receipts, and an id that sorts after theirs.
    let mut count = event("corner", "z-1", "sku-1", at);
    count["kind"] = "count".into();
    count["quantity"] = "12.5".into();
    events.push(count);
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), 9);
    up.wait_for("corner", at.date_naive(), "sku-1", ("on_hand", "12.5"));
    up.wait_for("corner", at.date_naive(), "sku-0", ("on_hand", "2"));
    up.wait_for("corner", at.date_naive(), "sku-2", ("on_hand", "2"));

    let date = at.date_naive().to_string();
    let day = ["stock", "--store", "corner", "--date", &date];
    let rows = rows_in_every_format(&up, &day);
    assert_eq!(rows.len(), 3);
    assert_eq!((rows[0]["sold"].as_str(), rows[0]["revenue"].as_str()), ("1", "3.90"));
    assert_eq!((rows[1]["counted"].as_str(), &*rows[1]["counted_at"]), ("12.5", &*stamp(at)));
    assert_eq!(rows_in_every_format(&up, &[&day[..], &["--windows"]].concat()).len(), 3);
    assert_eq!(rows_in_every_format(&up, &[&day[..], &["--sku", "sku-1"]].concat()), rows[1..2]);
}

#[test]
fn stock_is_shown_as_of_any_instant() {
    let up = UpProcess::start(&["--memory"]);
    // Noon of a past day, far from midnight.
    let noon = (now() - TimeDelta::days(2)).date_naive().and_hms_opt(12, 0, 0).expect("noon");
    let noon = noon.and_utc();
    let events = [
        event("corner", "early", "rye", noon),
        event("corner", "late", "rye", noon + TimeDelta::minutes(30)),
    ];
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), 2);
    up.wait_for("corner", noon.date_naive(), "rye", ("on_hand", "2"));
    for (minutes, expected) in [(10, "1"), (40, "2")] {
        let at = stamp(noon + TimeDelta::minutes(minutes));
        let rows = rows_in_every_format(&up, &["stock", "--store", "corner", "--at", &at]);
        assert_eq!(rows[0]["on_hand"], expected, "at {at}");
    }
    let before = stamp(noon - TimeDelta::minutes(1));
    assert!(rows_in_every_format(&up, &["stock", "--store", "corner", "--at", &before]).is_empty());
}

#[test]
fn an_invalid_store_id_is_refused() {
    let up = UpProcess::start(&["--memory"]);
    for command in ["stock", "offers"] {
        let ran = up.daymark([command, "--store", "cor ner"]);
        assert_eq!(ran.code, Some(2), "{}", ran.err);
        assert!(ran.err.contains("cor ner"), "{}", ran.err);
    }
}
