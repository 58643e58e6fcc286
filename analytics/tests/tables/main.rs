//! Rows of the tables for analysts: they add up to the day that they come from.

use std::collections::BTreeMap;

use analytics::export::{QUERIES, Query, athena_tables, duckdb_views, schema, tables};
use analytics::tables::{StoreCatalog, offer_outcomes, sales_by_slot};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use domain::closed_day::DayContext;
use domain::offer::{Inputs, Outlook, Trust};
use domain::stock::{StockWindow, WindowKey};
use domain::{Acceptance, Arm, ClosedDay, Currency, DayKey, Event, Money, Offer, Store, Version};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use serde_json::{Value, json};

/// Thursday.
const DATE: &str = "2026-03-12";

fn date() -> NaiveDate {
    DATE.parse().expect("a date")
}

fn catalog(hours: &str) -> StoreCatalog {
    let store = json!({ "store_id": "corner", "zone": "Europe/Berlin", "hours": hours });
    StoreCatalog::new(Store::parse(&store.to_string()).expect("a store"), Vec::new())
}

fn midnight() -> DateTime<Utc> {
    "2026-03-11T23:00:00Z".parse().expect("an instant")
}

/// Returns a random day of 40 events: sales and returns at several prices, in two currencies, with
/// discounts on single lines, at any time of the day.
fn random_lines(random: &mut ChaCha8Rng) -> Vec<Value> {
    let line = |number: usize, random: &mut ChaCha8Rng| {
        let minute = random.random_range(0..24 * 60);
        let at = midnight() + TimeDelta::minutes(minute);
        let kind = ["receipt", "sale", "sale", "sale", "return"][random.random_range(0..5)];
        let mut line = json!({
            "event_id": format!("e-{number}"), "store_id": "corner", "terminal_id": "t-1",
            "sku": "rye", "kind": kind, "quantity": random.random_range(1..5),
            "occurred_at": at.to_rfc3339(),
        });
        if kind != "receipt" {
            line["unit_price"] = json!(["2.00", "1.60", "1.20"][random.random_range(0..3)]);
            line["currency"] = json!(if random.random_range(0..8) == 0 { "USD" } else { "EUR" });
            if random.random_range(0..4) == 0 {
                line["amount"] = json!("1.07");
            }
        }
        line
    };
    (0..40).map(|number| line(number, random)).collect()
}

fn closed(catalog: &StoreCatalog, lines: &[Value], offers: &[Offer]) -> ClosedDay {
    let mut windows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
    for line in lines {
        let accepted = Acceptance::at(midnight() + TimeDelta::days(1));
        let event = Event::parse(&line.to_string(), &accepted);
        let event = event.unwrap_or_else(|error| panic!("{error}: {line}"));
        let key = WindowKey::of(&event);
        windows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
    }
    let windows: Vec<&StockWindow> = windows.values().collect();
    let store = &catalog.store;
    let context = DayContext {
        before: None,
        span: store.span(date()),
        opens_at: store.day(date()).map(|day| day.opens_at),
        zone: store.zone,
        shelf_life_days: 1,
        is_stored: false,
    };
    let key = DayKey {
        store_id: store.store_id.clone(),
        sku: "rye".parse().expect("a sku"),
        date: date(),
    };
    let offers: Vec<&Offer> = offers.iter().collect();
    ClosedDay::of(key, &context, &windows, &offers).expect("a day")
}

/// A revision that expects to sell `units`, valid from an hour of Berlin.
fn offer(revision: u32, hour: i64, price: &str, units: &str) -> Offer {
    let money = |text: &str| Money::parse_price(text, Currency::EUR).expect("a price");
    let units: Decimal = units.parse().expect("a number");
    let valid_from = midnight() + TimeDelta::hours(hour);
    Offer {
        offer_id: format!("{DATE}/corner/rye/{revision}").parse().expect("an id"),
        slot: valid_from,
        valid_from,
        valid_until: midnight() + TimeDelta::hours(18),
        regular_price: money("2.00"),
        was_price: money("2.00"),
        lowest_price: None,
        price: money(price),
        discount_percent: 20,
        on_hand: Decimal::TEN,
        portion: Decimal::ONE,
        expected: Outlook { units, revenue: units * money(price).amount(), ..Outlook::default() },
        if_unchanged: Outlook::default(),
        reason: String::new(),
        arm: Arm::Policy,
        trust: Trust::Full,
        shadow: false,
        policy_version: Version::stored(String::new()),
        inputs: Inputs { request: String::new(), answer: String::new() },
    }
}

#[test]
fn the_slots_of_any_day_add_up_to_the_day() {
    let offers = [offer(1, 14, "1.60", "6"), offer(2, 16, "1.20", "5")];
    for seed in 0..300 {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        // Past midnight, around the day, and closed on a Thursday.
        for hours in ["mon-sun 07:00-18:00", "mon-sun 06:50-02:00", "mon-wed 07:00-18:00"] {
            let catalog = catalog(hours);
            let offers = if random.random_range(0..2) == 0 { &offers[..] } else { &[] };
            let day = closed(&catalog, &random_lines(&mut random), offers);
            let rows = sales_by_slot::records(&day, &catalog);
            let sold: Decimal = rows.iter().map(|row| row.sold).sum();
            assert_eq!(sold, day.figures.sold - day.figures.returned, "seed {seed}, {hours}");
            let mut revenue: BTreeMap<Currency, Decimal> = BTreeMap::new();
            for row in &rows {
                if let Some(currency) = row.currency {
                    *revenue.entry(currency).or_default() += row.revenue;
                }
            }
            let known = day.figures.revenue.iter().filter(|(_, amount)| !amount.is_zero());
            let known: BTreeMap<Currency, Decimal> = known.map(|(c, a)| (*c, *a)).collect();
            revenue.retain(|_, amount| !amount.is_zero());
            assert_eq!(revenue, known, "seed {seed}, {hours}");
            let starts = rows.iter().filter_map(|row| row.slot.as_ref());
            let starts: Vec<_> = starts.map(|slot| slot.starts_at).collect();
            assert!(starts.is_sorted(), "seed {seed}: {starts:?}");
        }
    }
}

#[test]
fn the_spans_of_the_revisions_add_up_to_the_first_expectation_and_to_all_sales() {
    let offers = [offer(1, 14, "1.60", "6"), offer(2, 15, "1.40", "5"), offer(3, 17, "1.20", "1")];
    let catalog = catalog("mon-sun 07:00-18:00");
    let sale = |id: &str, hour: i64, price: &str| {
        let at = midnight() + TimeDelta::hours(hour) + TimeDelta::minutes(10);
        json!({ "event_id": id, "store_id": "corner", "terminal_id": "t-1", "sku": "rye",
            "kind": "sale", "quantity": 2, "occurred_at": at.to_rfc3339(), "unit_price": price,
            "currency": "EUR" })
    };
    let lines = [sale("a", 9, "2.00"), sale("b", 14, "1.60"), sale("c", 17, "1.20")];
    let day = closed(&catalog, &lines, &offers);
    let records = offer_outcomes::records(&day, &offers, &catalog);
    let sum = |of: fn(&offer_outcomes::Sales) -> Decimal| -> Decimal {
        records.iter().map(|record| of(&record.span)).sum()
    };
    let first = &records[0].to_close;
    assert_eq!(sum(|sales| sales.expected_units), Decimal::from(6));
    assert_eq!(sum(|sales| sales.expected_revenue), first.expected_revenue);
    assert_eq!((sum(|sales| sales.sold), first.sold), (Decimal::from(4), Decimal::from(4)));
    assert_eq!(sum(|sales| sales.revenue), first.revenue);
    let ends: Vec<_> = records.iter().map(|record| record.until).collect();
    assert_eq!(ends, [offers[1].valid_from, offers[2].valid_from, offers[2].valid_until]);

    let mut shadow = offer(4, 17, "1.00", "1");
    shadow.shadow = true;
    let with_shadow = [&offers[..], &[shadow]].concat();
    assert_eq!(offer_outcomes::records(&day, &with_shadow, &catalog).len(), 3);
}

#[test]
fn schema_views_and_queries_name_the_same_tables_and_columns() {
    let (markdown, duckdb, athena) = (schema(), duckdb_views(), athena_tables());
    for table in tables() {
        let name = table.name;
        assert!(markdown.contains(&format!("## {name}\n")), "{name}");
        assert!(duckdb.contains(&format!("VIEW {name} AS")), "{name}");
        assert!(athena.contains(&format!("TABLE {name} (")), "{name}");
        let columns: Vec<&str> = table.columns.iter().map(|column| column.name).collect();
        for key in table.key {
            assert!(columns.contains(key), "{name}: {key}");
        }
        for column in &columns {
            assert!(markdown.contains(&format!("| `{column}` |")), "{name}.{column}");
            let same = columns.iter().filter(|other| other == &column).count();
            assert_eq!(same, 1, "{name}.{column}");
        }
    }
    assert_eq!(QUERIES.len(), 20);
    for query in QUERIES {
        assert!(query.question().contains('?'), "{}", query.name);
        assert_eq!(Query::find(query.name), Some(query));
    }
    assert_eq!(Query::find("8").map(|query| query.name), Some("08-treated-against-control"));
    assert_eq!(Query::find("0"), None);
}
