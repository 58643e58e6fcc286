//! Labels: the prices and the percentage that a customer may be shown.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, TimeDelta, Utc};
use domain::ports::CatalogTable;
use domain::{Item, Money, Offer, PriceLabel, Sku};
use pricing::offer_fields::latest;
use pricing::offer_labels::labelled;
use pricing::slot_of;
use pricing::store_snapshot::SkipReason;
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::inputs::close;
use crate::{World, at, corner, event, run, slot_length, too_much};

const ROLL: &str = r#"{"sku":"roll","price":"2.40","cost":"0.60"}"#;
const ONE_STEP: &str = r#"{"ladder_percent":[0,30]}"#;
const THREE: &str = "2026-03-12T14:00:00Z";

fn roll(price: &str) -> String {
    format!(r#"{{"sku":"roll","price":"{price}","cost":"0.60"}}"#)
}

/// Replaces the catalogue price of the roll.
fn reprice(world: &World, price: &str) {
    let item = Item::parse(&roll(price)).expect("an item");
    world.put_item(Item { store_id: Some("corner".parse().expect("a store id")), ..item });
}

/// Returns the labels of the current offers at an instant.
fn labels(world: &World, now: DateTime<Utc>) -> BTreeMap<Sku, (Offer, PriceLabel)> {
    let store_id = "corner".parse().expect("a store id");
    let offers = latest(world.offers().into_values().flatten().collect());
    let all = run(labelled(&world.tables, &store_id, offers, now)).expect("labels");
    all.into_iter().map(|(offer, label)| (offer.offer_id.sku.clone(), (offer, label))).collect()
}

fn label(world: &World, now: &str) -> PriceLabel {
    labels(world, at(now)).into_values().next().expect("an offer").1
}

fn texts(label: &PriceLabel) -> (String, Option<String>, Option<u8>) {
    (label.price.to_string(), label.was_price.map(|was| was.to_string()), label.percent_off)
}

#[test]
fn a_price_before_at_or_below_the_offer_is_not_named_and_no_percentage_either() {
    for (sold_at, expected) in [
        ("1.20", ("1.68", None, None)),
        ("1.68", ("1.68", None, None)),
        // A discount below 1 % is none.
        ("1.69", ("1.68", None, None)),
        ("2.00", ("1.68", Some("2.00"), Some(16))),
        ("3.00", ("1.68", Some("2.40"), Some(30))),
    ] {
        let world = corner(ONE_STEP, &[ROLL]);
        let date = "2026-03-12".parse::<chrono::NaiveDate>().expect("a date") - Days::new(3);
        let price = format!(r#","unit_price":"{sold_at}","currency":"EUR""#);
        let sold = event("s", "sale", "roll", "1", &format!("{date}T10:00:00Z"), &price);
        close(&world, date, 1, &[sold]);
        world.store(&too_much("roll"));
        world.tick(at(THREE));
        let (price, was, percent) = expected;
        let expected = (price.to_owned(), was.map(str::to_owned), percent);
        assert_eq!(texts(&label(&world, THREE)), expected, "sold at {sold_at}");
    }
}

#[test]
fn a_lower_catalogue_price_replaces_the_offer_at_once_and_the_next_pass_publishes_it() {
    let world = corner(ONE_STEP, &[ROLL]);
    world.store(&too_much("roll"));
    world.tick(at(THREE));
    assert_eq!(texts(&label(&world, THREE)).0, "1.68");

    reprice(&world, "1.50");
    let shown = texts(&label(&world, "2026-03-12T14:05:00Z"));
    assert_eq!(shown, ("1.50".to_owned(), Some("2.40".to_owned()), Some(37)));
    let next = world.tick(at(THREE) + slot_length() * 3).published;
    let [offer] = next.as_slice() else { panic!("one revision: {next:?}") };
    assert!(offer.price.amount() <= Decimal::new(150, 2), "{offer:?}");
    assert_eq!((offer.was_price.to_string(), offer.offer_id.revision), ("2.40".to_owned(), 2));
    assert_eq!(offer.regular_price.to_string(), "1.50");
    assert!(offer.reason.contains("catalogue price is 1.50 EUR now"), "{}", offer.reason);

    // The revision before keeps the price that it had.
    let store_id = "corner".parse().expect("a store id");
    let both = world.offers().into_values().flatten().collect();
    let both = run(labelled(&world.tables, &store_id, both, at("2026-03-12T14:50:00Z")));
    let prices = both.expect("labels").into_iter().map(|(_, label)| label.price.to_string());
    assert_eq!(prices.collect::<Vec<_>>(), ["1.68".to_owned(), offer.price.to_string()]);

    // A higher catalogue price changes nothing today.
    reprice(&world, "9.00");
    assert_eq!(label(&world, "2026-03-12T15:00:00Z").price, offer.price);
}

#[test]
fn another_currency_of_the_catalogue_leaves_the_offer_as_it_is_and_is_named() {
    let world = corner(ONE_STEP, &[ROLL]);
    world.store(&too_much("roll"));
    assert_eq!(world.tick(at(THREE)).published.len(), 1);
    let francs = Item::parse(r#"{"sku":"roll","price":"2.60","currency":"CHF"}"#).expect("an item");
    world.put_item(Item { store_id: Some("corner".parse().expect("a store id")), ..francs });
    let [offer, catalogue] = ["EUR", "CHF"].map(|code| code.parse().expect("a currency"));
    let pass = world.tick(at("2026-03-12T15:00:00Z"));
    let why = SkipReason::OtherCurrency { offer, catalogue };
    assert_eq!(pass.skipped, BTreeMap::from([(why, 1)]));
    let sentence = why.sentence();
    assert!(sentence.contains("offer is in EUR") && sentence.contains("in CHF"), "{sentence}");
    assert_eq!(texts(&label(&world, "2026-03-12T15:00:00Z")).0, "1.68");
}

#[test]
fn a_look_back_knows_only_the_offers_made_until_then() {
    let world = corner(ONE_STEP, &[ROLL]);
    world.store(&too_much("roll"));
    let store_id = "corner".parse().expect("a store id");
    let made = at(THREE) + TimeDelta::seconds(20);
    let pass = run(world.pricing().price_store(&store_id, at(THREE), made)).expect("a pass");
    assert_eq!(pass.published.len(), 1);
    let known_at = |now: DateTime<Utc>| {
        let read = run(world.pricing().read(&store_id, slot_of(now))).expect("rows");
        let snapshot = read.expect("an afternoon").as_known_at(now);
        let item = &snapshot.items[0];
        let by = snapshot.decided_by(item).map(|offer| offer.offer_id.revision);
        (by, snapshot.shelf_price(item).to_string())
    };
    let before = (None, "2.40".to_owned());
    for (seconds, expected) in
        [(-900, &before), (0, &before), (19, &before), (20, &(Some(1), "1.68".to_owned()))]
    {
        assert_eq!(&known_at(at(THREE) + TimeDelta::seconds(seconds)), expected, "{seconds}");
    }
    // The next slot is open for a decision.
    assert_eq!(known_at(at(THREE) + TimeDelta::minutes(15)), (None, "1.68".to_owned()));
}

#[test]
fn a_change_that_gains_too_little_is_not_made() {
    let offers = |policy: &str| {
        let world = corner(policy, &[ROLL]);
        world.store(&too_much("roll"));
        let pass = world.tick(at(THREE));
        (pass.published.len(), pass.skipped.into_keys().next())
    };
    let least = SkipReason::SmallGain("500".parse().expect("a number"));
    assert_eq!(offers(r#"{"min_gain":"0.01"}"#), (1, None));
    assert_eq!(offers(r#"{"min_gain":"500"}"#), (0, Some(least)));
    assert_eq!(offers(r#"{"min_gain_percent":90}"#), (0, Some(SkipReason::SmallShare(90))));
}

/// Change of the world between two passes.
#[derive(Debug, Clone)]
enum Change {
    /// Catalogue price in cents, of the roll or the cake.
    Price(bool, i64),
    /// Sale of a number of units at a price in cents.
    Sale(bool, u8, i64),
    Nothing,
}

fn change() -> impl Strategy<Value = Change> {
    prop_oneof![
        (any::<bool>(), 60..400_i64).prop_map(|(is_roll, cents)| Change::Price(is_roll, cents)),
        (any::<bool>(), 1..9_u8, 60..300_i64).prop_map(|(is, n, cents)| Change::Sale(is, n, cents)),
        Just(Change::Nothing),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 24, ..ProptestConfig::default()
    })]

    #[test]
    fn each_label_is_true_under_any_catalogue_changes_sales_and_passes(
        before in prop::option::of(60..400_i64),
        changes in prop::collection::vec(change(), 16),
    ) {
        let cake = r#"{"sku":"cake","price":"2.40","cost":"0.60"}"#;
        let world = corner(r#"{"max_changes":"unlimited"}"#, &[ROLL, cake]);
        if let Some(cents) = before {
            let price = format!(r#","unit_price":"{}","currency":"EUR""#, Decimal::new(cents, 2));
            let date = "2026-03-09".parse().expect("a date");
            let sold = event("b", "sale", "roll", "1", "2026-03-09T10:00:00Z", &price);
            close(&world, date, 1, &[sold]);
        }
        world.store(&[too_much("roll"), too_much("cake")].concat());
        let mut now = at("2026-03-12T13:00:00Z");
        let mut shown: BTreeMap<Sku, PriceLabel> = BTreeMap::new();
        for (number, change) in changes.into_iter().enumerate() {
            world.tick(now);
            now += TimeDelta::minutes(10);
            match change {
                Change::Price(is_roll, cents) => {
                    let sku = if is_roll { "roll" } else { "cake" };
                    let price = Decimal::new(cents, 2);
                    let json = format!(r#"{{"sku":"{sku}","price":"{price}","cost":"0.60"}}"#);
                    let item = Item::parse(&json).expect("an item");
                    let store_id = Some("corner".parse().expect("a store id"));
                    world.put_item(Item { store_id, ..item });
                }
                Change::Sale(is_roll, units, cents) => {
                    let sku = if is_roll { "roll" } else { "cake" };
                    let price = Decimal::new(cents, 2);
                    let more = format!(r#","unit_price":"{price}","currency":"EUR""#);
                    let (id, units) = (format!("x{number}"), units.to_string());
                    let instant = (now - TimeDelta::minutes(1)).to_rfc3339();
                    world.store(&[event(&id, "sale", sku, &units, &instant, &more)]);
                }
                Change::Nothing => {}
            }
            let items = run(world.tables.load_items(&"corner".parse().expect("a store id")));
            let catalogue: BTreeMap<Sku, Money> =
                items.expect("items").into_iter().map(|item| (item.sku, item.price)).collect();
            for (sku, (offer, label)) in labels(&world, now) {
                prop_assert!(label.price.amount() <= catalogue[&sku].amount(), "{label:?}");
                prop_assert!(label.price.amount() <= offer.price.amount(), "{label:?}");
                match (label.was_price, label.percent_off) {
                    (Some(was), percent) => {
                        prop_assert!(was.amount() > label.price.amount(), "{label:?}");
                        let share = (was.amount() - label.price.amount()) / was.amount();
                        let whole = (share * Decimal::ONE_HUNDRED).floor();
                        prop_assert_eq!(Decimal::from(percent.unwrap_or(0)), whole);
                    }
                    (None, percent) => prop_assert_eq!(percent, None),
                }
                if let (Some(was), Some(cents)) = (label.was_price, before)
                    && sku.as_str() == "roll"
                {
                    prop_assert!(was.amount() <= Decimal::new(cents, 2), "{label:?}");
                }
                shown.insert(sku, label);
            }
        }
        // Revisions fall; an equal price would be no change.
        for revisions in world.offers().values() {
            prop_assert!(revisions.is_sorted_by(|a, b| a.price.amount() > b.price.amount()));
            let prior: Vec<_> = revisions.iter().map(|offer| offer.was_price).collect();
            prop_assert!(prior.windows(2).all(|pair| pair[0] == pair[1]), "{prior:?}");
        }
        prop_assert!(!shown.is_empty(), "no offer proves nothing");
    }
}
