//! The real till lines of a bakery, as events.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

pub(crate) const STORE: &str = "edinburgh";

/// The dates that are sent: the first week of the file, a thousand sales.
const DATES: [&str; 7] = [
    "2016-10-30",
    "2016-10-31",
    "2016-11-01",
    "2016-11-02",
    "2016-11-03",
    "2016-11-04",
    "2016-11-05",
];

/// The sales of the first week, when this machine has the file.
pub(crate) fn sales() -> Option<Vec<Value>> {
    let text = std::fs::read_to_string(bread_basket()?).expect("the till lines");
    Some(text.lines().zip(1..).filter_map(|(line, number)| sale(line, number)).collect())
}

fn bread_basket() -> Option<PathBuf> {
    let named = std::env::var_os("DAYMARK_BREAD_BASKET").map(PathBuf::from);
    let usual = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/bread-basket.csv");
    named.or_else(|| usual.is_file().then_some(usual))
}

fn sale(line: &str, number: u32) -> Option<Value> {
    let [date, time, _, item] = line.split(',').collect::<Vec<_>>()[..] else { return None };
    let item = item.trim();
    if !DATES.contains(&date) || item == "NONE" {
        return None;
    }
    let sku: String =
        item.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    Some(json!({
        "event_id": format!("line-{number}"), "kind": "sale", "store_id": STORE,
        "terminal_id": "till-1", "sku": sku, "quantity": 1, "unit_price": "2.50",
        "currency": "GBP", "occurred_at": format!("{date}T{time}+00:00"),
    }))
}
