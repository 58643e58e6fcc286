//! `daymark effect`: the arms of two days in two stores, through the whole program.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, TimeDelta, Utc};
use domain::{Arm, Experiment, StoreId};
use serde_json::{Value, json};

use crate::support::{ApiClient, UpProcess, event, now, sale};

const STORES: [&str; 2] = ["north", "south"];
const ITEMS: usize = 8;

/// Returns an experiment with half of the categories in the control arm.
fn experiment() -> Experiment {
    Experiment { salt: "spring".to_owned(), control_percent: 50, ..Experiment::default() }
}

fn catalogue() -> [(&'static str, String); 2] {
    let experiment = json!({ "salt": "spring", "control_percent": 50 });
    let store = |id: &str| {
        json!({ "store_id": id, "zone": "UTC", "hours": "mon-sun 07:00-18:00",
            "policy": { "experiment": experiment } })
    };
    let items = (0..ITEMS).map(|item| format!("item-{item},2.00,0.50,category-{item}\n"));
    let items = items.collect::<String>();
    [
        ("stores.json", json!(STORES.map(store)).to_string()),
        ("items.csv", format!("sku,price,cost,category\n{items}")),
    ]
}

/// Returns the events of one item on one day, and its units sold in the afternoon: 20 units
/// received, 4 sold before noon, more in the afternoon below the regular price if the arm is the
/// policy, and the rest wasted.
fn day(store: &str, item: usize, date: NaiveDate, arm: Arm) -> (Vec<Value>, u32) {
    let sku = format!("item-{item}");
    let at = |hour| -> DateTime<Utc> {
        date.and_time(NaiveTime::MIN).and_utc() + TimeDelta::hours(hour)
    };
    let id = |what: &str| format!("{what}-{item}-{date}");
    let of = |quantity: u32, mut event: Value| {
        event["quantity"] = json!(quantity);
        event
    };
    let (sold, price) = match arm {
        Arm::Control => (6 + u32::from(item == 0), "2.00"),
        Arm::Policy | Arm::Exploration => (12 + u32::from(item == 1), "1.60"),
    };
    let mut wasted = of(16 - sold, event(store, &id("w"), &sku, at(17)));
    wasted["kind"] = json!("waste");
    let events = vec![
        of(20, event(store, &id("r"), &sku, at(8))),
        of(4, sale(store, &id("m"), &sku, "2.00", at(10))),
        of(sold, sale(store, &id("a"), &sku, price, at(15))),
        wasted,
    ];
    (events, sold)
}

#[test]
fn items_count_for_their_arms_and_the_difference_of_the_policy_has_an_interval() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    let wire = ApiClient::new(&up);
    let folder = tempfile::tempdir().expect("a folder");
    let paths = catalogue().map(|(name, text)| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path.display().to_string()
    });
    up.daymark(["catalog", "import", &paths[0], &paths[1]]).success();
    let dates = [3, 2].map(|back| now().date_naive() - Days::new(back));
    let mut sold: BTreeMap<&str, Vec<u32>> = BTreeMap::new();
    for store in STORES {
        let store_id: StoreId = store.parse().expect("an id");
        let mut events = Vec::new();
        for date in dates {
            for item in 0..ITEMS {
                let category = format!("category-{item}");
                let arm = experiment().arm(&store_id, Some(&category), date);
                let (of_day, units) = day(store, item, date, arm);
                events.extend(of_day);
                sold.entry(arm.as_str()).or_default().push(units);
            }
        }
        assert_eq!(wire.post_lines(&events).stored(), events.len() as u64);
        for date in dates {
            for item in 0..ITEMS {
                let all = ("wasted", &*wasted_of(&events, item, date));
                up.wait_for(store, date, &format!("item-{item}"), all);
            }
        }
        let [first, last] = dates.map(|date| date.to_string());
        up.daymark(["days", "--store", store, "--from", &first, "--to", &last, "--close"])
            .success();
    }
    let [from, to] = dates.map(|date| date.to_string());
    let query = ["effect", "--from", &from, "--to", &to];
    let rows = up.daymark([&query[..], &["--format", "json"]].concat()).rows();
    let row = |arm: &str, figure: &str| {
        let row = rows.iter().find(|row| row["arm"] == arm && row["figure"] == figure);
        row.unwrap_or_else(|| panic!("{figure} of {arm} in {rows:?}"))
    };
    let number = |row: &BTreeMap<String, String>, column: &str| -> f64 {
        row[column].parse().unwrap_or_else(|_| panic!("{column} in {row:?}"))
    };
    let mut revenue = BTreeMap::new();
    for (arm, price) in [("control", 2.0), ("policy", 1.6)] {
        let units = &sold[arm];
        let mean = f64::from(units.iter().sum::<u32>()) / units.len() as f64;
        revenue.insert(arm, mean * price);
        let found = row(arm, "revenue");
        assert!((number(found, "value") - mean * price).abs() < 1e-5, "{found:?}");
        assert_eq!(found["item_days"], units.len().to_string());
        assert_eq!(found["on_hand"], (16 * units.len()).to_string());
        let through = number(row(arm, "sell_through"), "value");
        assert!((through - mean / 16.0).abs() < 1e-5, "{through}");
        let waste = number(row(arm, "waste_cost"), "value");
        assert!((waste - (16.0 - mean) * 0.5).abs() < 1e-5, "{waste}");
        let discount = number(row(arm, "average_discount"), "value");
        assert!((discount - (1.0 - price / 2.0)).abs() < 1e-5, "{discount}");
    }
    let uplift = row("policy", "revenue");
    let (difference, low, high) = (
        number(uplift, "difference"),
        number(uplift, "difference_low"),
        number(uplift, "difference_high"),
    );
    assert!((difference - (revenue["policy"] - revenue["control"])).abs() < 1e-5, "{uplift:?}");
    assert!(low < difference && difference < high, "{uplift:?}");
    assert_eq!(row("control", "revenue")["difference"], "");

    let table = up.daymark(query).success();
    let words =
        ["policy", "against control", "store-days", "sold of what there was", "In brackets"];
    for word in words {
        assert!(table.contains(word), "{word} in {table}");
    }

    // One store-day has both arms, but no variation between days.
    let one = up.daymark(["effect", "--date", &from, "--store", "north", "--format", "csv"]);
    assert!(one.err.contains("at least 2 store-days"), "{}", one.err);
    assert!(one.success().contains("sell_through"));

    assert_refusals(&up, &from);
}

fn wasted_of(events: &[Value], item: usize, date: NaiveDate) -> String {
    let id = format!("w-{item}-{date}");
    let wasted = events.iter().find(|event| event["event_id"] == id).expect("an event");
    wasted["quantity"].to_string()
}

fn assert_refusals(up: &UpProcess, from: &str) {
    let future = (now().date_naive() + Days::new(2)).to_string();
    let output = up.daymark(["effect", "--from", from, "--to", &future]).failure();
    assert!(output.contains(&future) && output.contains("at the latest"), "{output}");
    let output = up.daymark(["effect", "--from", "2026-03-02", "--to", "2026-03-01"]).failure();
    assert!(output.contains("2026-03-02 to 2026-03-01 is not a span"), "{output}");
    let output = up.daymark(["effect", "--from", "2026-01-01", "--to", "2026-01-02"]).failure();
    assert!(output.contains("no closed day of any of the 2 stores"), "{output}");
    assert!(output.contains("days --close"), "{output}");
    let output = up.daymark(["effect", "--store", "nowhere"]).failure();
    assert!(output.contains("store nowhere is not in the catalogue"), "{output}");
}
