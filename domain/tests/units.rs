//! Units of one item: quantities are added up in one unit, or left out and told.

mod events;

use domain::event::Unit;
use domain::stock::{Figures, ItemUnits, StockWindow, UniformWindows, level_at, unmet_corrections};
use domain::{Currency, Event, Item};
use events::{at, event, of_row, row};
use proptest::prelude::*;
use rust_decimal::Decimal;
use serde_json::{Value, json};

fn moved(id: &str, kind: &str, quantity: &str, unit: Unit) -> Event {
    event(&of_row(json!({
        "event_id": id, "kind": kind, "quantity": quantity, "unit": unit.as_str(),
    })))
}

fn on_hand(windows: &[StockWindow]) -> Decimal {
    level_at(windows, at("2026-03-13T00:00:00Z")).on_hand
}

fn item(change: Value) -> Result<Item, String> {
    let item = json!({ "sku": "rye", "price": "3.90", "currency": "EUR" });
    Item::parse(&events::with(item, change).to_string()).map_err(|error| error.to_string())
}

fn loaves() -> ItemUnits {
    item(json!({ "unit": "KGM", "conversions": { "EA": "0.750" } })).expect("an item").units
}

#[test]
fn pieces_and_kilograms_are_not_added_up() {
    let delivered = moved("a", "receipt", "5", Unit::Kilogram);
    let sold = moved("b", "sale", "3", Unit::Each);
    let windows = [row([&delivered, &sold])];
    let UniformWindows { windows, unit, left_out } = ItemUnits::default().uniform(&windows);
    assert_eq!((on_hand(&windows), unit), (Decimal::from(5), Unit::Kilogram));
    assert_eq!(left_out, [sold]);
    // Revenue has no unit.
    let figures = windows[0].figures();
    assert_eq!(figures.revenue[&Currency::EUR], Decimal::new(72, 1), "3 pieces at 2.40");
    assert_eq!(figures.sold, Decimal::ZERO);
}

#[test]
fn the_unit_of_an_earlier_date_counts_like_its_events() {
    let weighed = moved("a", "receipt", "5", Unit::Kilogram);
    let pieces = [row([&moved("b", "sale", "3", Unit::Each)])];
    for units in [ItemUnits::default(), loaves(), item(json!({ "unit": "EA" })).unwrap().units] {
        let both = [row([&weighed, &moved("b", "sale", "3", Unit::Each)])];
        let together = units.uniform(&both);
        let after = units.uniform_after(Some(Unit::Kilogram), &pieces);
        assert_eq!(after.unit, together.unit, "{units:?}");
        let sold = |windows: &[StockWindow]| windows[0].figures().sold;
        assert_eq!(sold(&after.windows), sold(&together.windows), "{units:?}");
    }
    assert_eq!(ItemUnits::default().uniform_after(None, &pieces).unit, Unit::Each);
    assert_eq!(ItemUnits::default().uniform_after(Some(Unit::Litre), &[]).unit, Unit::Litre);
}

#[test]
fn a_conversion_counts_pieces_in_kilograms_and_keeps_the_revenue() {
    let delivered = moved("a", "receipt", "5", Unit::Kilogram);
    let sold = moved("b", "sale", "3", Unit::Each);
    let windows = [row([&delivered, &sold])];
    let UniformWindows { windows, unit, left_out } = loaves().uniform(&windows);
    assert_eq!((on_hand(&windows), unit), (Decimal::new(275, 2), Unit::Kilogram));
    assert_eq!(left_out, []);
    let figures = windows[0].figures();
    assert_eq!(figures.revenue[&Currency::EUR], Decimal::new(72, 1), "3 pieces at 2.40");
    let converted = windows[0].events().find(|event| event.event_id().as_str() == "b").unwrap();
    let price = converted.action().charge().unwrap().label_price(converted.quantity());
    assert_eq!(price.to_string(), "3.20", "a kilogram");
}

#[test]
fn the_unit_of_the_catalogue_decides_if_an_event_has_it() {
    let pieces = moved("a", "receipt", "5", Unit::Each);
    let kilograms = moved("b", "receipt", "2", Unit::Kilogram);
    let listed = item(json!({ "unit": "KGM" })).expect("an item").units;
    let windows = [row([&pieces, &kilograms])];
    assert_eq!(listed.uniform(&windows).left_out, std::slice::from_ref(&pieces));
    // Tills that send no unit report pieces; nothing contradicts them here.
    let windows = [row([&pieces])];
    let uniform = listed.uniform(&windows);
    assert_eq!((uniform.unit, uniform.left_out), (Unit::Each, vec![]));
}

#[test]
fn a_quantity_of_zero_counts_in_any_unit() {
    let delivered = moved("a", "receipt", "5", Unit::Kilogram);
    let counted = moved("b", "count", "0", Unit::Each);
    let windows = [row([&delivered, &counted])];
    let uniform = ItemUnits::default().uniform(&windows);
    assert_eq!((on_hand(&uniform.windows), uniform.left_out), (Decimal::ZERO, vec![]));
}

#[test]
fn conversions_have_rules_and_read_back() {
    for (change, message) in [
        (
            json!({ "conversions": { "EA": 1 } }),
            "conversions {\"EA\":1} needs the field unit, to which it converts",
        ),
        (
            json!({ "unit": "KGM", "conversions": { "BOX": 1 } }),
            "conversions {\"BOX\":1} names \"BOX\", which is none of EA, KGM, LTR",
        ),
        (
            json!({ "unit": "KGM", "conversions": { "KGM": 1 } }),
            "conversions {\"KGM\":1} converts KGM to itself",
        ),
        (
            json!({ "unit": "KGM", "conversions": { "EA": 0 } }),
            "conversions {\"EA\":0} has 0 for EA, which is outside 0.001 to 1000",
        ),
        (
            json!({ "unit": "KGM", "conversions": ["EA"] }),
            "conversions [\"EA\"] is not a JSON object",
        ),
    ] {
        assert_eq!(item(change).unwrap_err(), message);
    }
    let read = item(json!({ "unit": "KGM", "conversions": "{\"EA\": 0.75}" })).expect("an item");
    assert_eq!(Item::parse(&read.to_json()).expect("an item"), read);
    assert_eq!(read.units, loaves());
}

#[test]
fn a_correction_is_unmet_until_its_event_arrives() {
    let voids = event(&of_row(json!({
        "event_id": "v", "kind": "correction", "corrects": "b", "quantity": null,
    })));
    let sold = moved("b", "sale", "3", Unit::Each);
    let alone = [row([&voids])];
    assert_eq!(unmet_corrections(&alone), [&voids]);
    assert!(unmet_corrections(&[row([&voids, &sold])]).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_event_counts_in_one_unit_or_is_told(
        events in events::events_of_row(),
        units in prop::collection::vec(prop::sample::select(Unit::ALL), 40),
        with_conversion in any::<bool>(),
    ) {
        let with_unit = |(event, unit): (&Event, &Unit)| {
            let mut json: Value = serde_json::from_str(&event.canonical()).unwrap();
            json["unit"] = unit.as_str().into();
            events::event(&json)
        };
        let events: Vec<Event> = events.iter().zip(&units).map(with_unit).collect();
        let windows = [row(&events)];
        let rule = if with_conversion { loaves() } else { ItemUnits::default() };
        let uniform = rule.uniform(&windows);
        let kept: Vec<&Event> = uniform.windows.iter().flat_map(StockWindow::events).collect();
        let is_paid = |event: &&Event| event.action().charge().is_some();
        let paid = uniform.left_out.iter().filter(is_paid).count();
        prop_assert_eq!(kept.len() - paid + uniform.left_out.len(), windows[0].len());
        let revenue = |windows: &[StockWindow]| -> Decimal {
            let figures = Figures::of(windows.iter().flat_map(StockWindow::events));
            figures.revenue.values().sum()
        };
        let rounding = Decimal::from(windows[0].len());
        prop_assert!((revenue(&windows) - revenue(&uniform.windows)).abs() <= rounding);
        for event in kept.iter().filter(|event| !event.quantity().get().is_zero()) {
            prop_assert_eq!(event.unit(), uniform.unit);
        }
        for event in &uniform.left_out {
            prop_assert_eq!(rule.factor(event.unit(), uniform.unit), None);
        }
    }
}
