//! Outcomes of item-days from the first decision on, and figures of the arms.

use std::collections::BTreeMap;

use analytics::effect::{
    ArmFigures, EffectFigure, ItemDay, ItemDayOutcome, StepOutcome, decides_from, effect, steps,
};
use chrono::{DateTime, Days, NaiveDate, Utc};
use domain::closed_day::DayContext;
use domain::offer::{Inputs, Outlook, Trust};
use domain::stock::{StockWindow, WindowKey};
use domain::{Acceptance, Arm, ClosedDay, DayKey, Event, Item, Money, Offer, Store, Version};
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn store() -> Store {
    Store::parse(
        r#"{"store_id":"corner","zone":"Europe/Berlin","hours":"mon-sun 07:00-18:00",
            "policy":{"afternoon_starts":"13:50"}}"#,
    )
    .expect("a store")
}

fn item(more: &str) -> Item {
    let text = format!(
        r#"{{"sku":"rye","price":"2.00","cost":"0.80","salvage_value":"-0.05",
            "category":"bread"{more}}}"#
    );
    Item::parse(&text).expect("an item")
}

fn date() -> NaiveDate {
    "2026-03-12".parse().expect("a date")
}

/// An instant of the day in Berlin.
fn at(clock: &str) -> DateTime<Utc> {
    format!("2026-03-12T{clock}:00+01:00").parse().expect("an instant")
}

fn windows(lines: &[Value]) -> Vec<StockWindow> {
    let mut rows: BTreeMap<WindowKey, StockWindow> = BTreeMap::new();
    for (line, number) in lines.iter().zip(0..) {
        let mut line = line.clone();
        let id = line["event_id"].as_str().map_or(format!("e-{number}"), str::to_owned);
        line["event_id"] = json!(id);
        line["store_id"] = json!("corner");
        line["terminal_id"] = json!("t-1");
        line["sku"] = json!("rye");
        line["currency"] = json!("EUR");
        line["occurred_at"] = json!(at(line["at"].as_str().expect("a time")).to_rfc3339());
        let event = Event::parse(&line.to_string(), &Acceptance::at(at("18:00")));
        let event = event.unwrap_or_else(|error| panic!("{error}: {line}"));
        let key = WindowKey::of(&event);
        rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
    }
    rows.into_values().collect()
}

fn closed(windows: &[StockWindow], offers: &[Offer], shelf_life_days: u16) -> ClosedDay {
    let store = store();
    let context = DayContext {
        before: None,
        span: store.span(date()),
        opens_at: store.day(date()).map(|day| day.opens_at),
        zone: store.zone,
        shelf_life_days,
        is_stored: false,
    };
    let key = DayKey {
        store_id: store.store_id.clone(),
        sku: "rye".parse().expect("a sku"),
        date: date(),
    };
    let windows: Vec<_> = windows.iter().collect();
    let offers: Vec<_> = offers.iter().collect();
    ClosedDay::of(key, &context, &windows, &offers).expect("a day")
}

fn line(at: &str, kind: &str, quantity: u32) -> Value {
    json!({ "at": at, "kind": kind, "quantity": quantity })
}

fn sale(at: &str, quantity: u32, price: &str) -> Value {
    json!({ "at": at, "kind": "sale", "quantity": quantity, "unit_price": price })
}

fn decimal(text: &str) -> Decimal {
    text.parse().expect("a decimal")
}

/// The outcome of a day of these events.
fn outcome(lines: &[Value], offers: &[Offer], item: &Item) -> Option<ItemDayOutcome> {
    let (windows, store) = (windows(lines), store());
    let business_day = store.day(date()).expect("an open day");
    ItemDayOutcome::of(&ItemDay {
        item,
        arm: Arm::Policy,
        decides_from: decides_from(&store, &business_day),
        day: &closed(&windows, offers, item.shelf_life_days),
        windows: &windows,
        offers,
    })
}

fn afternoon() -> Vec<Value> {
    let mut returned = sale("16:30", 1, "1.60");
    returned["kind"] = json!("return");
    vec![
        line("07:00", "receipt", 20),
        sale("10:00", 3, "2.00"),
        line("11:00", "waste", 1),
        // The afternoon starts at 13:50, and the first slot in it at 14:00.
        sale("13:55", 2, "2.00"),
        sale("14:30", 5, "1.60"),
        line("15:00", "receipt", 4),
        sale("16:00", 1, "2.00"),
        returned,
        line("17:59", "waste", 6),
    ]
}

#[test]
fn an_afternoon_counts_from_the_first_decision_on() {
    let found = outcome(&afternoon(), &[], &item("")).expect("an outcome");
    assert_eq!(found.on_hand, decimal("14"));
    assert_eq!(found.stock_value, decimal("28"));
    assert_eq!((found.to_sell, found.sold), (decimal("18"), decimal("5")));
    assert_eq!(found.revenue, decimal("8.40"));
    // Six were thrown away, and seven are past their life at the end of the day.
    assert_eq!(found.wasted, decimal("13"));
    assert_eq!(found.waste_cost, Some(decimal("11.05")));
    assert_eq!(found.margin, Some(decimal("8.40") - decimal("4.00") - decimal("11.05")));
    assert_eq!((found.rung_up, found.discounted), (decimal("6"), decimal("5")));
    assert_eq!(found.given_away, decimal("1"));
    assert!(!found.is_sold_out);

    let keeps = outcome(&afternoon(), &[], &item(r#","shelf_life_days":3"#)).expect("an outcome");
    assert_eq!(keeps.wasted, decimal("6"));
    let costless = Item { cost: None, ..item("") };
    let found = outcome(&afternoon(), &[], &costless).expect("an outcome");
    assert_eq!((found.waste_cost, found.margin), (None, None));
}

#[test]
fn a_count_and_a_correction_are_heeded_and_an_empty_shelf_is_left_out() {
    let mut lines = vec![line("07:00", "receipt", 20), line("13:00", "count", 4)];
    lines.push(json!({
        "event_id": "wrong", "at": "14:10", "kind": "sale", "quantity": 3, "unit_price": "2.00"
    }));
    lines.push(json!({ "at": "14:10", "kind": "correction", "corrects": "wrong" }));
    lines.push(sale("17:00", 4, "1.00"));
    let found = outcome(&lines, &[], &item("")).expect("an outcome");
    assert_eq!((found.on_hand, found.sold), (decimal("4"), decimal("4")));
    assert!(found.is_sold_out);
    // The voided sale at 2.00 tells no regular price; all the others paid 1.00.
    assert_eq!(found.discounted, Decimal::ZERO);

    let empty =
        [line("07:00", "receipt", 2), sale("09:00", 2, "2.00"), line("15:00", "receipt", 9)];
    assert_eq!(outcome(&empty, &[], &item("")), None);
}

#[test]
fn what_is_given_away_all_day_has_no_price_to_be_a_share_of() {
    let lines = [line("07:00", "receipt", 3), sale("15:00", 2, "0.00")];
    let found = outcome(&lines, &[], &item("")).expect("an outcome");
    // Held against the catalogue's price.
    assert_eq!((found.stock_value, found.given_away), (decimal("6"), decimal("2")));
}

/// A revision with what it expected to be left.
fn offer(revision: u32, at_: &str, percent: u8, price: &str, expected_waste: &str) -> Offer {
    let money = |text| Money::parse_price(text, "EUR".parse().unwrap()).expect("a price");
    Offer {
        offer_id: format!("2026-03-12/corner/rye/{revision}").parse().expect("an id"),
        slot: at(at_),
        valid_from: at(at_),
        valid_until: at("18:00"),
        regular_price: money("2.00"),
        was_price: money("2.00"),
        lowest_price: None,
        price: money(price),
        discount_percent: percent,
        on_hand: Decimal::TEN,
        portion: Decimal::ONE,
        expected: Outlook { waste: decimal(expected_waste), ..Outlook::default() },
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
fn offers_are_held_against_what_was_left_and_sales_count_for_the_offer_they_name() {
    let named = |mut sale: Value, revision: u32| {
        sale["offer_id"] = json!(format!("2026-03-12/corner/rye/{revision}"));
        sale
    };
    let lines = [
        line("07:00", "receipt", 12),
        sale("14:10", 1, "2.00"),
        named(sale("14:30", 2, "1.60"), 1),
        // Its price was on the shelf, and the till did not say whose.
        sale("14:40", 1, "1.60"),
        named(sale("16:30", 3, "1.20"), 2),
        line("17:59", "waste", 5),
    ];
    let mut shadow = offer(3, "17:00", 60, "0.80", "0");
    shadow.shadow = true;
    let offers =
        [offer(1, "14:15", 20, "1.60", "3.5"), offer(2, "16:00", 40, "1.20", "4.25"), shadow];
    let found = outcome(&lines, &offers, &item("")).expect("an outcome");
    let twice = [found.clone(), found];
    let step = |sold: &str, expected: &str| StepOutcome {
        offers: 2,
        sold: decimal(sold),
        expected_waste: decimal(expected),
        left: decimal("10"),
    };
    let expected = BTreeMap::from([(20, step("4", "7")), (40, step("6", "8.5"))]);
    assert_eq!(steps(&twice), expected);
}

#[test]
fn arms_are_compared_with_the_control_by_store_days() {
    let base = outcome(&afternoon(), &[], &item("")).expect("an outcome");
    // Sold of 18, and the revenue: three days of the policy, two of the control, one explored.
    let days = [
        (Arm::Policy, 9, "18.00"),
        (Arm::Policy, 10, "20.00"),
        (Arm::Policy, 11, "22.00"),
        (Arm::Control, 8, "15.00"),
        (Arm::Control, 9, "17.00"),
        (Arm::Exploration, 9, "16.00"),
    ];
    let outcomes: Vec<ItemDayOutcome> = days
        .iter()
        .zip(0..)
        .map(|((arm, sold, revenue), day)| ItemDayOutcome {
            arm: *arm,
            date: date() + Days::new(day),
            sold: Decimal::from(*sold),
            revenue: decimal(revenue),
            ..base.clone()
        })
        .collect();
    let arms = effect(&outcomes);
    let counts: Vec<_> =
        arms.iter().map(|arm| (arm.arm, arm.store_days, arm.item_days, arm.on_hand)).collect();
    assert_eq!(
        counts,
        [
            (Arm::Policy, 3, 3, decimal("42")),
            (Arm::Control, 2, 2, decimal("28")),
            (Arm::Exploration, 1, 1, decimal("14")),
        ]
    );
    let figure = |arm: &ArmFigures, figure: EffectFigure| {
        *arm.figures.iter().find(|measured| measured.figure == figure).expect("a figure")
    };
    let near = |found: f64, expected: f64| {
        assert!((found - expected).abs() < 1e-6, "{found}, not {expected}");
    };
    let revenue = figure(&arms[0], EffectFigure::Revenue);
    near(revenue.value.unwrap(), 20.0);
    // Means 20 and 16; variances 4 of three and 2 of two; t of one degree of freedom.
    let uplift = revenue.uplift.expect("enough store-days");
    near(uplift.absolute.estimate, 4.0);
    near(uplift.absolute.low, 4.0 - 12.706_204_7 * (4.0 / 3.0 + 2.0 / 2.0_f64).sqrt());
    near(figure(&arms[0], EffectFigure::SellThrough).value.unwrap(), 30.0 / 54.0);
    assert_eq!(figure(&arms[1], EffectFigure::Revenue).uplift, None);
    // One store-day says nothing of how much they vary.
    assert_eq!(figure(&arms[2], EffectFigure::Revenue).uplift, None);
    near(figure(&arms[2], EffectFigure::Revenue).value.unwrap(), 16.0);
}
