//! `daymark history` and `daymark rebuild history`.

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::{Days, NaiveTime, TimeDelta, Timelike};
use serde_json::json;

use crate::support::{ApiClient, UpProcess, event, now, run, sale, table_lines};
use crate::up::clients;

/// Returns a time zone in which it is before noon, so that no day ends during the test, and its
/// offset in hours.
fn zone() -> (&'static str, i64) {
    if now().hour() < 12 { ("Etc/UTC", 0) } else { ("Etc/GMT+12", 12) }
}

const ITEMS: &str = r#"sku,price,category
rye,2.40,"bread, fresh/#1"
seed,2.60,"bread, fresh/#1"
new,2.60,"bread, fresh/#1"
"#;
const TABLE: &str = "daymark-days";

type TableItems = Vec<Vec<(String, AttributeValue)>>;

/// Loads all items of the days table.
fn stored(up: &UpProcess) -> TableItems {
    let scan = clients(up).dynamodb.scan().table_name(TABLE).send();
    let mut items: TableItems = Vec::new();
    for item in run(scan).expect("the items").items.unwrap_or_default() {
        let mut item: Vec<_> = item.into_iter().collect();
        item.sort_by(|a, b| a.0.cmp(&b.0));
        items.push(item);
    }
    items.sort_by_key(|item| format!("{item:?}"));
    items
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn damage(up: &UpProcess, partition: &str, sort: &str, expression: &str) {
    let update = clients(up).dynamodb.update_item().table_name(TABLE);
    let update = update.key("pk", text(partition)).key("sk", text(sort));
    run(update.update_expression(expression).send()).expect("updated");
}

#[test]
fn histories_are_shown_and_rebuilt_byte_for_byte() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let wire = ApiClient::new(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let (zone, offset) = zone();
    let store = json!({ "store_id": "corner", "zone": zone, "hours": "mon-sun 07:00-18:30" });
    let stores = json!([store]).to_string();
    let paths = [("stores.json", &*stores), ("items.csv", ITEMS)].map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    up.daymark(["catalog", "import", &paths[0], &paths[1]]).success();
    // Two weeks up to the day before yesterday, with four sales of each item at noon.
    let first = now().date_naive() - Days::new(15);
    let mut events = Vec::new();
    for day in 0..14 {
        let midnight = (first + Days::new(day)).and_time(NaiveTime::MIN).and_utc();
        let noon = midnight + TimeDelta::hours(11 + offset);
        for (sku, price) in [("rye", "2.40"), ("seed", "2.60")] {
            let mut received = event("corner", &format!("r-{sku}-{day}"), sku, noon);
            received["quantity"] = json!(10);
            events.push(received);
            for sold in 0..4 {
                let at = noon + TimeDelta::minutes(1 + 2 * sold);
                events.push(sale("corner", &format!("s-{sku}-{day}-{sold}"), sku, price, at));
            }
        }
    }
    let sent = events.len() as u64;
    assert_eq!(wire.post_lines(&events).stored(), sent);
    let last = first + Days::new(13);
    up.wait_for("corner", last, "rye", ("sold", "4"));
    up.wait_for("corner", last, "seed", ("sold", "4"));

    let none = up.daymark(["history", "--store", "corner"]);
    assert!(none.err.contains("no history of store corner"), "{}", none.err);
    let today = now().date_naive();
    let span = ["--from", &first.to_string(), "--to", &today.to_string()].map(str::to_owned);
    let close = ["days", "--store", "corner", "--close"].map(str::to_owned);
    let closed = up.daymark(close.into_iter().chain(span));
    assert!(closed.err.contains("3 histories written"), "{}", closed.err);
    closed.success();

    let rows = up.daymark(["history", "--store", "corner", "--format", "json"]).rows();
    let columns = ["sku", "basis", "days", "elasticity"];
    let shown: Vec<Vec<&str>> =
        rows.iter().map(|row| columns.map(|column| row[column].as_str()).to_vec()).collect();
    assert_eq!(
        shown,
        [
            ["new", "category", "14", "2.20"],
            ["rye", "sku", "14", "2.20"],
            ["seed", "sku", "14", "2.20"],
        ]
    );
    let slots = up.daymark(["history", "--store", "corner", "--sku", "rye"]).success();
    let noon = table_lines(&slots).into_iter().find(|line| line.contains("11:00-11:15"));
    let weekday = noon.as_deref().and_then(|line| line.split_whitespace().nth(1));
    let weekday: f64 = weekday.and_then(|mean| mean.parse().ok()).expect("a mean");
    assert!((3.5..4.0).contains(&weekday), "four a day, and one day evened out:\n{slots}");
    let unknown = up.daymark(["history", "--store", "corner", "--sku", "cake"]).failure();
    assert!(unknown.contains("item cake is not in the catalogue"), "{unknown}");

    let before = stored(&up);
    let rebuild = || up.daymark(["rebuild", "history", "--store", "corner"]).success();
    assert!(rebuild().contains("corner: 28 days closed again, nothing differed"));
    damage(&up, "corner#rye", "history", "SET day_cv = day_cv + day_cv");
    damage(&up, "corner#seed", "history", "REMOVE weekday");
    damage(&up, "corner#rye", &first.to_string(), "SET sold = sold + sold");
    let category = text("corner#category/bread, fresh/#1");
    let delete = clients(&up).dynamodb.delete_item().table_name(TABLE);
    run(delete.key("pk", category).key("sk", text("history")).send()).expect("deleted");
    let output = rebuild();
    assert!(output.contains("1 days and 3 histories differed and are written anew"), "{output}");
    assert_eq!(stored(&up), before);
    let all = up.daymark(["rebuild", "history"]).success();
    assert!(all.contains("corner: 28 days closed again, nothing differed"), "{all}");
}

#[test]
fn events_of_last_year_teach_as_of_their_time_and_an_empty_history_says_why() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let folder = tempfile::tempdir().expect("a folder");
    let stores = r#"[{"store_id":"corner","zone":"UTC","hours":"mon-sun 07:00-18:00"}]"#;
    let paths = [("stores.json", stores), ("items.csv", "sku,price\nrye,2.40\n")];
    let paths = paths.map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    up.daymark(["catalog", "import", &paths[0], &paths[1]]).success();
    let events: Vec<_> = (1..=8)
        .map(|day| {
            let at = format!("2025-02-{day:02}T11:00:00Z").parse().expect("an instant");
            sale("corner", &format!("s-{day}"), "rye", "2.40", at)
        })
        .collect();
    assert_eq!(ApiClient::new(&up).post_lines(&events).stored(), 8);
    up.wait_for("corner", "2025-02-08".parse().unwrap(), "rye", ("sold", "1"));

    let none = up.daymark(["history", "--store", "corner"]);
    assert!(none.err.contains("no closed day has a sale of its items"), "{}", none.err);
    let rebuild = |more: &[&str]| {
        let words = ["rebuild", "history", "--store", "corner"];
        let ran = up.daymark(words.into_iter().chain(more.iter().copied()));
        ran.err.clone() + &ran.success()
    };
    // The default closes everything up to yesterday, whose 56 days have no sale.
    let told = rebuild(&["--from", "2025-02-01"]);
    assert!(told.contains("the last one is 2025-02-08"), "{told}");
    let (_, command) = told.split_once("--as-of ").expect("a command");
    assert!(command.starts_with("2025-02-09`"), "{told}");
    let told = rebuild(&["--as-of", "2025-02-09"]);
    assert!(told.contains("1 histories differed"), "{told}");
    let rows = up.daymark(["history", "--store", "corner", "--format", "json"]).rows();
    assert_eq!((rows[0]["basis"].as_str(), rows[0]["days"].as_str()), ("sku", "8"));
}
