//! `daymark days`: closed days, and days closed again after late events.

use serde_json::json;

use crate::support::{ApiClient, UpProcess, event, sale};

const STORE: &str = r#"[{"store_id": "corner", "zone": "Europe/Berlin",
    "hours": "mon-sun 07:00-18:30"}]"#;
const ITEMS: &str = "sku,price,shelf_life_days\nrye,2.40,1\ncake,9.00,3\n";

fn at(text: &str) -> chrono::DateTime<chrono::Utc> {
    text.parse().expect("an instant")
}

#[test]
fn a_late_event_closes_its_day_and_the_days_after_it_again() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let wire = ApiClient::new(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let paths = [("stores.json", STORE), ("items.csv", ITEMS)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    up.daymark(["catalog", "import", &paths[0], &paths[1]]).success();
    let mut received = event("corner", "r-1", "cake", at("2026-03-12T06:00:00Z"));
    received["quantity"] = json!(10);
    let sales = [
        sale("corner", "s-1", "cake", "9.00", at("2026-03-12T09:00:00Z")),
        sale("corner", "s-2", "cake", "4.50", at("2026-03-13T15:00:00Z")),
        sale("corner", "s-3", "rye", "2.40", at("2026-03-13T15:00:00Z")),
    ];
    let events = [&[received], &sales[..]].concat();
    assert_eq!(wire.post_lines(&events).stored(), 4);
    up.wait_for("corner", "2026-03-13".parse().unwrap(), "rye", ("sold", "1"));

    let span = ["--store", "corner", "--from", "2026-03-12", "--to", "2026-03-13"];
    let days = |more: &[&str]| {
        let words = ["days"].into_iter().chain(span).chain(more.iter().copied());
        up.daymark(words.chain(["--format", "json"]))
    };
    let none = days(&[]);
    assert!(none.err.contains("no closed day of store corner"), "{}", none.err);
    assert!(none.rows().is_empty());
    let summary = |more: &[&str], expected: [[&str; 6]; 3]| {
        let rows = days(more).rows();
        let columns = ["business_date", "sku", "opening", "sold", "closing", "revenue"];
        let shown: Vec<Vec<&str>> =
            rows.iter().map(|row| columns.map(|column| row[column].as_str()).to_vec()).collect();
        assert_eq!(shown, expected.map(|row| row.to_vec()));
    };
    let rye = ["2026-03-13", "rye", "0", "1", "-1", "2.40"];
    let before = [
        ["2026-03-12", "cake", "0", "1", "9", "9.00"],
        ["2026-03-13", "cake", "9", "1", "8", "4.50"],
        rye,
    ];
    summary(&["--close"], before);

    let late = sale("corner", "s-4", "cake", "9.00", at("2026-03-12T10:00:00Z"));
    assert_eq!(wire.post_lines(&[late]).stored(), 1);
    up.wait_for("corner", "2026-03-12".parse().unwrap(), "cake", ("sold", "2"));
    summary(&[], before);
    let after = [
        ["2026-03-12", "cake", "0", "2", "8", "18.00"],
        ["2026-03-13", "cake", "8", "1", "7", "4.50"],
        rye,
    ];
    summary(&["--close"], after);
    summary(&[], after);

    let unknown = up.daymark(["days", "--store", "nowhere"]).failure();
    assert!(unknown.contains("store nowhere is not in the catalogue"), "{unknown}");
    let reversed =
        up.daymark(["days", "--store", "corner", "--from", "2026-03-02", "--to", "2026-03-01"]);
    let reversed = reversed.failure();
    assert!(reversed.contains("2026-03-02 to 2026-03-01 is not a span"), "{reversed}");
}

#[test]
fn stock_below_zero_is_told_and_is_the_same_before_and_after_the_close() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let folder = tempfile::tempdir().expect("a folder");
    let paths = [("stores.json", STORE), ("items.csv", ITEMS)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    up.daymark(["catalog", "import", &paths[0], &paths[1]]).success();
    let mut received = event("corner", "r-1", "cake", at("2026-03-13T07:00:00Z"));
    received["quantity"] = json!(10);
    let mut sold = sale("corner", "s-1", "cake", "9.00", at("2026-03-12T09:00:00Z"));
    sold["quantity"] = json!(5);
    let later = sale("corner", "s-2", "cake", "9.00", at("2026-03-13T09:00:00Z"));
    assert_eq!(ApiClient::new(&up).post_lines(&[received, sold, later]).stored(), 3);
    let on =
        |date: &str| up.daymark(["stock", "--store", "corner", "--date", date, "--format", "json"]);
    up.wait_for("corner", "2026-03-13".parse().unwrap(), "cake", ("on_hand", "9"));
    up.wait_for("corner", "2026-03-12".parse().unwrap(), "cake", ("on_hand", "-5"));
    let ran = on("2026-03-12");
    assert!(ran.err.contains("stock below zero: cake -5 (corner, 2026-03-12)"), "{}", ran.err);
    assert_eq!(ran.rows()[0]["problem"].as_str(), "below_zero");
    let words = ["days", "--store", "corner", "--from", "2026-03-12", "--to", "2026-03-13"];
    let days = up.daymark(words.into_iter().chain(["--close", "--format", "json"]));
    assert!(days.err.contains("stock below zero: cake -5 (corner, 2026-03-12)"), "{}", days.err);
    let rows = days.rows();
    let closing: Vec<&str> = rows.iter().map(|row| row["closing"].as_str()).collect();
    assert_eq!(closing, ["-5", "9"]);
    let after = on("2026-03-13").rows();
    assert_eq!((after[0]["on_hand"].as_str(), after[0]["problem"].as_str()), ("9", ""));
}
