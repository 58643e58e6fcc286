//! Answers for analysts over stores and dates: days, sales, offers, stock and lowest prices.

use std::collections::BTreeMap;

use domain::slot_of;
use pricing::Pricing;
use rust_decimal::Decimal;
use serde_json::{Map, Value, json};

use crate::screens::at;
use crate::support::{ApiClient, UpProcess, event, run, sale};
use crate::up::clients;

/// First and last date of the events.
pub(crate) const DATES: [&str; 2] = ["2026-03-12", "2026-03-13"];
/// Slot in which the offers are made: 16:15 in Berlin.
const SLOT: &str = "2026-03-12T15:15:00Z";

/// Row of JSON output.
pub(crate) type Row = Map<String, Value>;

fn catalogue() -> Vec<Value> {
    let store = |id: &str, zone: &str| {
        json!({ "store_id": id, "name": format!("Shop {id}"), "zone": zone,
            "hours": "mon-sun 07:00-18:00",
            "policy": { "experiment": { "salt": "spring", "control_percent": 50 } } })
    };
    let item = |sku: &str, name: &str, category: &str, price: &str| {
        json!({ "sku": sku, "name": name, "category": category, "price": price, "cost": "0.80",
            "floor": "1.00" })
    };
    vec![
        store("north", "Europe/Berlin"),
        store("south", "UTC"),
        item("rye", "Rye loaf", "bread", "4.00"),
        item("cake", "Marble cake", "sweet", "9.00"),
    ]
}

/// Returns a sale of a quantity.
fn sold(store: &str, id: &str, sku: &str, (quantity, price): (u32, &str), when: &str) -> Value {
    let mut sale = sale(store, id, sku, price, at(when));
    sale["quantity"] = json!(quantity);
    sale
}

fn events() -> Vec<Value> {
    let mut events = Vec::new();
    for store in ["north", "south"] {
        for date in DATES {
            for (sku, price, low) in [("rye", "4.00", "2.80"), ("cake", "9.00", "6.30")] {
                let id = |what: &str| format!("{what}-{sku}-{date}");
                let mut receipt = event(store, &id("r"), sku, at(&format!("{date}T06:30:00Z")));
                receipt["quantity"] = json!(40);
                let morning = (7, price);
                events.push(receipt);
                events.push(sold(store, &id("m"), sku, morning, &format!("{date}T09:05:00Z")));
                events.push(sold(store, &id("a"), sku, (3, low), &format!("{date}T15:40:00Z")));
            }
        }
    }
    let mut back = sold("north", "back", "rye", (1, "4.00"), "2026-03-13T10:00:00Z");
    back["kind"] = json!("return");
    let mut foreign = sold("south", "usd", "cake", (1, "10.00"), "2026-03-13T11:00:00Z");
    foreign["currency"] = json!("USD");
    // What `rye` does not sell is thrown away.
    let mut waste = event("north", "w-1", "rye", at("2026-03-12T16:50:00Z"));
    waste["kind"] = json!("waste");
    waste["quantity"] = json!(5);
    events.extend([back, foreign, waste]);
    events
}

/// Sends the events of two stores and two dates, prices an afternoon, and closes the dates.
pub(crate) fn closed_chain(up: &UpProcess) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("catalogue.ndjson").display().to_string();
    let lines: String = catalogue().iter().map(|entry| format!("{entry}\n")).collect();
    std::fs::write(&path, lines).expect("written");
    up.daymark(["catalog", "import", &path]).success();
    let events = events();
    assert_eq!(ApiClient::new(up).post_lines(&events).stored(), events.len() as u64);
    for store in ["north", "south"] {
        for date in DATES {
            for sku in ["rye", "cake"] {
                let sold = match (store, sku, date) {
                    ("south", "cake", "2026-03-13") => "11",
                    _ => "10",
                };
                up.wait_for(store, date.parse().expect("a date"), sku, ("sold", sold));
            }
        }
    }
    let tables = aws::Tables::new(clients(up).dynamodb, &aws::ResourceNames::default());
    let pricing = Pricing { tables };
    for store in ["north", "south"] {
        let store_id = store.parse().expect("an id");
        let slot = slot_of(at(SLOT));
        run(pricing.price_store(&store_id, slot, slot)).expect("a pass");
    }
    let [from, to] = DATES;
    up.daymark(["days", "--from", from, "--to", to, "--close"]).success();
}

/// Returns the rows of a command over all stores and dates.
#[track_caller]
pub(crate) fn asked(up: &UpProcess, command: &[&str]) -> Vec<Row> {
    let [from, to] = DATES;
    let span = ["--from", from, "--to", to, "--format", "json"];
    up.daymark(command.iter().copied().chain(span)).json()
}

/// Returns a number or decimal text.
#[track_caller]
pub(crate) fn decimal(value: &Value) -> Decimal {
    let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
    text.parse().unwrap_or_else(|error| panic!("{value}: {error}"))
}

fn total(rows: &[Row], column: &str) -> Decimal {
    rows.iter().map(|row| decimal(&row[column])).sum()
}

#[test]
fn one_command_answers_for_all_stores_and_dates_with_the_types_of_json() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let days = asked(&up, &["days"]);
    assert_eq!(days.len(), 8, "two items, stores and dates");
    let day = days
        .iter()
        .find(|day| day["store_id"] == "south" && day["sku"] == "cake")
        .expect("a day of cake");
    assert_eq!((&day["name"], &day["category"]), (&json!("Marble cake"), &json!("sweet")));
    assert_eq!((&day["sold"], &day["sold_discounted"]), (&json!(10), &json!(3)));
    assert_eq!((&day["revenue"], &day["currency"]), (&json!("81.90"), &json!("EUR")));
    assert_eq!((&day["other_revenue"], &day["offers"].is_u64()), (&Value::Null, &true));
    // Dollars are beside the amount, and never in it.
    let dollars: Vec<&Row> = days.iter().filter(|day| !day["other_revenue"].is_null()).collect();
    assert_eq!(dollars.len(), 1);
    assert_eq!(dollars[0]["other_revenue"], "10.00 USD");

    let by_store = asked(&up, &["days", "--by", "store"]);
    assert_eq!(by_store.len(), 3, "south has a row in dollars: {by_store:?}");
    let euros: Vec<Row> = by_store.into_iter().filter(|row| row["currency"] == "EUR").collect();
    assert_eq!(total(&euros, "revenue"), total(&days, "revenue"));
    let discounted = asked(&up, &["days", "--by", "item", "--discounted"]);
    let order: Vec<Decimal> = discounted
        .iter()
        .filter(|row| row["currency"] == "EUR")
        .map(|row| decimal(&row["given_away"]))
        .collect();
    assert!(order.is_sorted_by(|a, b| a >= b), "{order:?}");

    let slots = asked(&up, &["sales"]);
    let sold = total(&days, "sold") - total(&days, "returned");
    assert_eq!(total(&slots, "sold"), sold, "the slots add up to the days");
    let in_euros = |rows: &[Row]| -> Decimal {
        let rows = rows.iter().filter(|row| row["currency"] == "EUR");
        rows.map(|row| decimal(&row["revenue"])).sum()
    };
    assert_eq!(in_euros(&slots), total(&days, "revenue"));
    let hours = asked(&up, &["sales", "--by", "hour"]);
    assert_eq!(in_euros(&hours), total(&days, "revenue"));
    // 09:05 in UTC is the hour of 10 in Berlin.
    let of = |store: &str, hour: u32| {
        hours.iter().find(|row| row["store_id"] == store && row["hour"] == json!(hour)).cloned()
    };
    // One of north's was returned.
    assert_eq!(of("north", 10).expect("an hour")["sold"], json!(27));
    assert_eq!(of("south", 9).expect("an hour")["sold"], json!(28));

    let stock = asked(&up, &["stock"]);
    assert_eq!(stock.len(), 8);
    let text = |row: &Row, column: &str| row[column].to_string();
    let at_close: BTreeMap<_, _> = stock
        .iter()
        .map(|row| (["store_id", "business_date", "sku"].map(|key| text(row, key)), row))
        .collect();
    for day in &days {
        let key = ["store_id", "business_date", "sku"].map(|key| text(day, key));
        assert_eq!(at_close[&key]["on_hand"], day["closing"], "{day:?}");
    }
}

#[test]
fn outcomes_of_the_revisions_of_an_item_add_up() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let offers = asked(&up, &["offers"]);
    assert!(!offers.is_empty(), "the policy discounts one of the items");
    assert!(offers.iter().all(|offer| offer["price"].is_string() && offer["on_hand"].is_number()));
    let outcomes = asked(&up, &["offers", "--outcomes"]);
    assert_eq!(outcomes.len(), offers.len(), "each has one revision");
    for outcome in &outcomes {
        assert_eq!(outcome["expected_units"], outcome["expected_units_to_close"]);
        assert_eq!(decimal(&outcome["sold"]), Decimal::from(3), "{outcome:?}");
    }
}

#[test]
fn the_lowest_price_of_30_days_has_its_evidence() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    let ask = |date: &str| {
        let command = ["prices", "lowest", "--store", "north", "--sku", "rye", "--date", date];
        up.daymark(command.iter().copied().chain(["--format", "json"])).json()
    };
    let [found] = &ask("2026-04-11")[..] else { panic!("one item") };
    assert_eq!((&found["on_date"], &found["days_known"]), (&json!("2026-03-12"), &json!(2)));
    assert_eq!((&found["lowest_price"], &found["evidence"]), (&json!("2.00"), &json!("offered")));
    assert_eq!(found["offer_id"], "2026-03-12/north/rye/1");
    // The 12th is 31 days before, and the 13th is 30.
    let [found] = &ask("2026-04-12")[..] else { panic!("one item") };
    assert_eq!((&found["on_date"], &found["days_known"]), (&json!("2026-03-13"), &json!(1)));
    assert_eq!((&found["lowest_price"], &found["evidence"]), (&json!("2.80"), &json!("sold")));
    let [none] = &ask("2026-05-01")[..] else { panic!("one item") };
    assert_eq!((&none["lowest_price"], &none["days_known"]), (&Value::Null, &json!(0)));
}

#[test]
fn dates_that_are_not_closed_are_named_and_unknown_stores_are_refused() {
    let up = UpProcess::start(&["--memory", "--any-age"]);
    closed_chain(&up);
    for command in ["days", "sales", "effect"] {
        let ran = up.daymark([command, "--from", "2026-03-11", "--to", "2026-03-13"]);
        assert!(ran.err.contains("not closed, so not in this answer"), "{command}: {}", ran.err);
        assert!(ran.err.contains("on 2026-03-11"), "{command}: {}", ran.err);
    }
    for command in [&["days"][..], &["sales"], &["effect"], &["prices", "lowest"]] {
        let message = up.daymark(command.iter().copied().chain(["--store", "nroth"])).failure();
        assert!(message.contains("did you mean north?"), "{message}");
    }
    let ran = up.daymark(["days", "--from", "2020-01-01", "--to", "2026-03-14"]);
    assert!(ran.failure().contains("is not a span of 1 to 400 dates"));
}
