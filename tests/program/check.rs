//! `daymark check`: differences between the stock log and its views are told and repaired.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use serde_json::{Value, json};

use crate::support::{ApiClient, UpProcess, event, now, run};
use crate::up::{TableItem, clients, query};

/// Store with events of yesterday, and its rows.
struct CheckedShop {
    up: UpProcess,
    at: DateTime<Utc>,
}

fn sale(id: &str, sku: &str, at: DateTime<Utc>) -> Value {
    let mut sale = event("corner", id, sku, at);
    let fields = json!({ "kind": "sale", "unit_price": "2.40", "currency": "EUR" });
    sale.as_object_mut().expect("an object").extend(fields.as_object().expect("fields").clone());
    sale
}

impl CheckedShop {
    /// Sends events of two requests, and makes the rows.
    fn open() -> Self {
        let up = UpProcess::start(&["--memory"]);
        let yesterday = now().date_naive() - TimeDelta::days(1);
        let at = yesterday.and_hms_opt(9, 2, 0).expect("an instant").and_utc();
        let folder = tempfile::tempdir().expect("a folder");
        let store = json!({ "store_id": "corner", "zone": "UTC", "hours": "mon-sun 08:00-20:00" });
        let item = json!({ "sku": "rye", "price": "2.40", "currency": "EUR" });
        for (name, entry) in [("store.json", store), ("item.json", item)] {
            let file = folder.path().join(name);
            std::fs::write(&file, entry.to_string()).expect("written");
            up.daymark(["catalog".as_ref(), "import".as_ref(), file.as_os_str()]).success();
        }
        let shop = Self { up, at };
        shop.send(&[event("corner", "r-1", "rye", at), event("corner", "r-2", "rye", at)]);
        shop.up.wait_for("corner", yesterday, "rye", ("received", "2"));
        shop.send(&[sale("s-1", "rye", at + TimeDelta::minutes(30))]);
        shop.up.wait_for("corner", yesterday, "rye", ("sold", "1"));
        let repaired = shop.check(&["--repair"]);
        assert_eq!(repaired.0, Some(0), "{repaired:?}");
        shop
    }

    fn send(&self, events: &[Value]) {
        let sent = ApiClient::new(&self.up).post_lines(events).stored();
        assert_eq!(sent, events.len() as u64);
    }

    fn date(&self) -> NaiveDate {
        self.at.date_naive()
    }

    /// Returns the exit code, what was printed, and the notes.
    fn check(&self, flags: &[&str]) -> (Option<i32>, String, String) {
        let date = self.date().to_string();
        let words = ["check", "--store", "corner", "--date", &date];
        let ran = self.up.daymark(words.iter().chain(flags));
        (ran.code, ran.out, ran.err)
    }

    /// Returns the findings, of which there must be some.
    fn findings(&self) -> Vec<BTreeMap<String, String>> {
        let (code, out, err) = self.check(&["--format", "json"]);
        assert_eq!(code, Some(1), "{out}\n{err}");
        let rows: Vec<BTreeMap<String, Option<String>>> = serde_json::from_str(&out).expect("JSON");
        let texts = |row: BTreeMap<String, Option<String>>| {
            row.into_iter().map(|(name, value)| (name, value.unwrap_or_default())).collect()
        };
        rows.into_iter().map(texts).collect()
    }

    #[track_caller]
    fn assert_good(&self) {
        let (code, out, err) = self.check(&[]);
        assert_eq!(code, Some(0), "{out}\n{err}");
        assert_eq!(out, "everything is as the log says\n");
    }

    fn partition(&self) -> String {
        format!("corner#{}", self.date())
    }

    fn write(&self, table: &str, item: TableItem) {
        let put = clients(&self.up).dynamodb.put_item().table_name(format!("daymark-{table}"));
        run(put.set_item(Some(item.into_iter().collect())).send()).expect("written");
    }

    fn window_row(&self) -> TableItem {
        query(&self.up, "windows", &self.partition()).remove(0)
    }

    fn segment(&self) -> TableItem {
        query(&self.up, "stock-log", &self.partition()).remove(0)
    }
}

fn number(text: &str) -> AttributeValue {
    AttributeValue::N(text.to_owned())
}

#[test]
fn a_good_day_is_told_and_so_is_one_whose_rows_are_still_to_come() {
    let shop = CheckedShop::open();
    shop.assert_good();
    let (_, _, notes) = shop.check(&[]);
    for told in [
        &format!("store corner, business day {}", shop.date()),
        "2 segments with 3 events",
        "window rows: 2 windows",
        "day rows: 1 row compared",
        "offers: none",
    ] {
        assert!(notes.contains(told), "{told}: {notes}");
    }
    // An event that came late: the next visit adds it to the rows.
    shop.send(&[sale("s-2", "rye", shop.at)]);
    shop.up.wait_for("corner", shop.date(), "rye", ("sold", "2"));
    shop.assert_good();
    assert_eq!(shop.check(&["--repair"]).0, Some(0));
    shop.assert_good();
    assert_eq!(shop.check(&["--format", "json"]).1, "[]\n");
}

#[test]
fn a_changed_window_row_is_told_and_made_anew_even_with_a_larger_count() {
    let shop = CheckedShop::open();
    let good = shop.window_row();
    for count in ["3", "4000"] {
        let mut row = shop.window_row();
        row.insert("n".to_owned(), number(count));
        let figures = AttributeValue::M([("received".to_owned(), number("99"))].into());
        row.insert("items".to_owned(), AttributeValue::M([("rye".to_owned(), figures)].into()));
        shop.write("windows", row);
        let found = shop.findings();
        let place = format!("{}T09:00Z rye", shop.date());
        let other = found.iter().find(|row| row["place"] == place).expect("a finding");
        assert_eq!((&*other["what"], &*other["problem"]), ("window row", "other figures"));
        assert!(other["stored"].contains("received 99"), "{other:?}");
        assert!(other["expected"].contains("received 2"), "{other:?}");
        assert_eq!(found.len(), if count == "3" { 1 } else { 2 }, "{found:?}");
        let (code, out, notes) = shop.check(&["--repair"]);
        assert_eq!(code, Some(0), "{out}\n{notes}");
        assert!(notes.contains("repaired: 1 window rows written"), "{notes}");
        shop.assert_good();
        assert_eq!(shop.window_row(), good);
    }
}

#[test]
fn a_missing_window_row_and_one_without_events_are_told_and_repaired() {
    let shop = CheckedShop::open();
    let good = shop.window_row();
    let mut moved = good.clone();
    moved.insert("sk".to_owned(), AttributeValue::S("11:00".to_owned()));
    let start = format!("{}T11:00:00.000Z", shop.date());
    moved.insert("window_start".to_owned(), AttributeValue::S(start));
    shop.write("windows", moved);
    let delete = clients(&shop.up).dynamodb.delete_item().table_name("daymark-windows");
    let delete = delete.key("pk", good["pk"].clone()).key("sk", good["sk"].clone());
    run(delete.send()).expect("deleted");
    let problems: Vec<String> =
        shop.findings().into_iter().map(|row| row["problem"].clone()).collect();
    assert_eq!(problems, ["missing", "superfluous"]);
    assert_eq!(shop.check(&["--repair"]).0, Some(0));
    shop.assert_good();
    assert_eq!(shop.window_row(), good);
}

#[test]
fn a_changed_day_row_is_told_and_closed_again() {
    let shop = CheckedShop::open();
    let row = || query(&shop.up, "days", "corner#rye").remove(0);
    let good = row();
    let mut changed = good.clone();
    changed.insert("closing".to_owned(), number("77"));
    shop.write("days", changed);
    let found = shop.findings();
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&*found[0]["what"], &*found[0]["problem"]), ("day row", "other closing"));
    assert_eq!(found[0]["place"], format!("{} rye", shop.date()));
    assert!(found[0]["stored"].ends_with("closing 77"), "{found:?}");
    assert!(found[0]["expected"].ends_with("closing 1"), "{found:?}");
    assert_eq!(shop.check(&["--repair"]).0, Some(0));
    shop.assert_good();
    assert_eq!(row(), good);
}

#[test]
fn a_damaged_segment_is_told_with_its_key_and_changes_no_row() {
    let shop = CheckedShop::open();
    let (row, mut segment) = (shop.window_row(), shop.segment());
    segment.insert("events".to_owned(), AttributeValue::B(Blob::new(b"damaged".to_vec())));
    let key = segment["sk"].as_s().expect("a key").clone();
    shop.write("stock-log", segment);
    let found = shop.findings();
    assert_eq!(found[0]["what"], "segment");
    assert_eq!(found[0]["place"], format!("{}/{key}", shop.partition()));
    assert!(found[0]["problem"].contains("do not match the digest"), "{found:?}");
    let (code, out, _) = shop.check(&["--repair"]);
    assert_eq!(code, Some(1), "{out}");
    assert_eq!(shop.window_row()["items"], row["items"]);
    let days = query(&shop.up, "days", "corner#rye");
    assert_eq!(days[0]["received"], number("2"), "the close keeps the fuller row");
}

#[test]
fn a_deleted_segment_is_told_and_comes_back_from_the_stream() {
    let shop = CheckedShop::open();
    let (row, segment) = (shop.window_row(), shop.segment());
    let days = || query(&shop.up, "days", "corner#rye");
    let day = days();
    let delete = clients(&shop.up).dynamodb.delete_item().table_name("daymark-stock-log");
    let delete = delete.key("pk", segment["pk"].clone()).key("sk", segment["sk"].clone());
    run(delete.send()).expect("deleted");
    let found = shop.findings();
    assert_eq!((&*found[0]["what"], &*found[0]["place"]), ("log", &*shop.partition()));
    assert!(found[0]["problem"].contains("that a rollup has counted are lost"), "{found:?}");
    let (code, _, notes) = shop.check(&["--repair"]);
    assert_eq!(code, Some(1), "{notes}");
    assert!(notes.contains("1 UTC date left as stored"), "{notes}");
    assert_eq!((shop.window_row(), days()), (row.clone(), day.clone()));

    let words = ["redrive", "--retained", "--kinesis-url", &shop.up.kinesis];
    let redriven = shop.up.daymark(words).success();
    let records = "of 2 shards processed; 3 events written to the log, 0 refused";
    assert!(redriven.contains(records), "{redriven}");
    shop.assert_good();
    let again = shop.up.daymark(words).success();
    assert_eq!(again, redriven, "a repetition changes nothing");
    shop.assert_good();
    assert_eq!((shop.window_row()["items"].clone(), days()), (row["items"].clone(), day));
}
