//! Properties of shops, customers and days.

mod common;

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;
use common::{day, forty_percent_off_after_four, played, saturday, thursday};
use domain::event::Kind;
use domain::{Acceptance, Event, Item, Sku, Store, Window};
use load_generator::customers::arrivals;
use load_generator::figures::{DayFigures, without_discounts};
use load_generator::shelf_prices::ShelfPrices;
use load_generator::shop_day::ShopDay;
use load_generator::shops::{ItemModel, ShopModel, chain, scaled};
use proptest::prelude::*;
use rust_decimal::Decimal;

fn bytes(events: &[Event]) -> String {
    events.iter().map(|event| event.canonical() + "\n").collect()
}

#[test]
fn the_shops_are_valid_catalogue_entries() {
    let ids = |shops: &[ShopModel]| -> BTreeSet<_> {
        shops.iter().map(|shop| shop.store.store_id.clone()).collect()
    };
    assert_eq!(ids(&scaled(4)).len(), 12);
    assert_eq!(scaled(1), chain());
    for shop in scaled(2) {
        assert_eq!(Store::parse(&shop.store.to_json()).unwrap(), shop.store);
        assert!((8..=14).contains(&shop.items.len()) && (2..=3).contains(&shop.tills));
        let skus: BTreeSet<&Sku> = shop.items.iter().map(|line| &line.item.sku).collect();
        assert_eq!(skus.len(), shop.items.len());
        for line in &shop.items {
            assert_eq!(Item::parse(&line.item.to_json()).unwrap(), line.item);
            assert_eq!(line.item.store_id.as_ref(), Some(&shop.store.store_id));
            assert!(line.item.cost.unwrap().amount() < line.item.price.amount());
        }
    }
}

#[test]
fn each_shop_delivers_too_little_of_one_to_three_items() {
    for shop in chain() {
        let short = |line: &&ItemModel| line.delivered_per_day() < line.expected_sales_per_day;
        let short = shop.items.iter().filter(short).count();
        assert!((1..=3).contains(&short), "{}: {short}", shop.store.store_id);
    }
}

const SAMPLE_DAY: &str = "
berlin-01 regular: 446 sales, 38 turned away; \
   units: 754 received, 697 sold (0 discounted), 2 returned, 59 wasted; \
   money: 1177.20 revenue (1177.20 at the regular price), 31.89 waste, 796.47 margin
berlin-01 40% off from 16:00, 515 events: 481 sales, 140 turned away; \
   units: 754 received, 749 sold (148 discounted), 2 returned, 7 wasted; \
   money: 1140.31 revenue (937.60 at the regular price), 2.95 waste, 759.58 margin
dublin-01 regular: 358 sales, 18 turned away; \
   units: 477 received, 405 sold (0 discounted), 3 returned, 75 wasted; \
   money: 1921.50 revenue (1921.50 at the regular price), 103.00 waste, 1214.75 margin
dublin-01 40% off from 16:00, 433 events: 399 sales, 43 turned away; \
   units: 477 received, 447 sold (85 discounted), 3 returned, 33 wasted; \
   money: 1957.47 revenue (1750.50 at the regular price), 47.45 waste, 1250.72 margin
lisbon-01 regular: 452 sales, 17 turned away; \
   units: 612.4 received, 548.699 sold (0 discounted), 0 returned, 63.701 wasted; \
   money: 1216.38 revenue (1216.38 at the regular price), 81.00 waste, 667.38 margin
lisbon-01 40% off from 16:00, 544 events: 513 sales, 269 turned away; \
   units: 612.4 received, 611.301 sold (302.208 discounted), 1 returned, 2.099 wasted; \
   money: 1074.14 revenue (587.47 at the regular price), 2.22 waste, 525.14 margin
";

/// Every draw of the day affects these numbers.
#[test]
fn a_sample_day_gives_this_report() {
    let report: Vec<String> = chain()
        .iter()
        .flat_map(|shop| {
            let (events, cheap) = played(shop, thursday(), 1, forty_percent_off_after_four(shop));
            let id = &shop.store.store_id;
            let regular = without_discounts(shop, thursday(), 1);
            [
                format!("{id} regular: {regular}"),
                format!("{id} 40% off from 16:00, {} events: {cheap}", events.len()),
            ]
        })
        .collect();
    assert_eq!(report.join("\n"), SAMPLE_DAY.trim());
}

#[test]
fn a_store_that_stays_closed_has_no_day() {
    let dublin = &chain()[1];
    let sunday = saturday().succ_opt().unwrap();
    assert!(ShopDay::new(dublin, sunday, 1).is_none());
    assert_eq!(without_discounts(dublin, sunday, 1), DayFigures::default());
}

#[test]
fn demand_follows_the_elasticity_of_the_item() {
    let shop = &chain()[0];
    let line = &shop.items[3];
    let hours = day(shop, thursday(), 0).hours();
    let days = 3_000;
    let (mut regular, mut cheap) = (Decimal::ZERO, Decimal::ZERO);
    let sixty_percent = common::percent_of(line.item.price, 60);
    for seed in 0..days {
        for customer in arrivals(shop, line, &hours, seed) {
            regular += if customer.buys_at(line.item.price) { customer.wants } else { 0.into() };
            cheap += if customer.buys_at(sixty_percent) { customer.wants } else { 0.into() };
        }
    }
    let expected = line.expected_sales_per_day * Decimal::from(days);
    let off = Decimal::ONE - sixty_percent.amount() / line.item.price.amount();
    let answer = rust_decimal::MathematicalOps::exp(&(line.elasticity * off));
    let near = |a: Decimal, b: Decimal| (a / b - Decimal::ONE).abs() < Decimal::new(2, 2);
    assert!(near(regular, expected), "{regular} against {expected}");
    assert!(near(cheap, expected * answer), "{cheap} against {}", expected * answer);
}

#[test]
fn a_discount_in_the_afternoon_reduces_waste_and_changes_revenue() {
    for seed in 0..20 {
        for shop in chain() {
            let regular = without_discounts(&shop, thursday(), seed);
            let cheap = played(&shop, thursday(), seed, forty_percent_off_after_four(&shop)).1;
            let id = &shop.store.store_id;
            assert!(cheap.waste_cost < regular.waste_cost, "{id}, seed {seed}");
            assert!(cheap.sold_units > regular.sold_units, "{id}, seed {seed}");
            assert!(cheap.full_price_revenue < regular.full_price_revenue, "{id}, seed {seed}");
            assert_ne!(cheap.revenue, regular.revenue, "{id}, seed {seed}");
            assert!(cheap.discounted_units > Decimal::ZERO, "{id}, seed {seed}");
        }
    }
}

#[test]
fn every_kind_of_event_occurs_within_ten_days() {
    let mut kinds: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut sales_per_day = Vec::new();
    for seed in 0..10 {
        for shop in chain() {
            let (events, figures) = played(&shop, thursday(), seed, |_| ShelfPrices::regular());
            sales_per_day.push(figures.sales);
            for event in events {
                *kinds.entry(event.action().kind()).or_default() += 1;
            }
        }
    }
    use Kind::{Correction, Count, Receipt, Return, Sale, Waste};
    for kind in [Sale, Return, Receipt, Waste, Count, Correction] {
        assert!(kinds.contains_key(&kind), "{kind:?}: {kinds:?}");
    }
    let ordinary = sales_per_day.iter().filter(|sales| (200..=500).contains(*sales)).count();
    assert!(ordinary * 10 >= sales_per_day.len() * 9, "{sales_per_day:?}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn the_same_seed_gives_the_same_bytes(seed: u64, place in 0..3_usize) {
        let shop = &chain()[place];
        let prices = forty_percent_off_after_four(shop);
        let (first, figures) = played(shop, thursday(), seed, &prices);
        let (second, again) = played(shop, thursday(), seed, &prices);
        prop_assert_eq!(bytes(&first), bytes(&second));
        prop_assert_eq!(figures, again);
        let other = played(shop, thursday(), seed.wrapping_add(1), &prices).0;
        prop_assert_ne!(bytes(&first), bytes(&other));
    }

    #[test]
    fn days_are_equal_until_the_first_discount(seed: u64, place in 0..3_usize) {
        let shop = &chain()[place];
        let four = common::four_o_clock(shop);
        let morning = |events: Vec<Event>| {
            let events = events.into_iter().filter(|event| event.occurred_at() < four);
            bytes(&events.collect::<Vec<_>>())
        };
        let cheap = played(shop, thursday(), seed, forty_percent_off_after_four(shop)).0;
        let regular = played(shop, thursday(), seed, |_| ShelfPrices::regular()).0;
        prop_assert_eq!(morning(cheap), morning(regular));
    }

    #[test]
    fn an_offer_at_the_regular_price_changes_nothing(seed: u64, place in 0..3_usize) {
        let shop = &chain()[place];
        let mut prices = ShelfPrices::regular();
        for line in &shop.items {
            prices.put(line.item.sku.clone(), line.item.price, None);
        }
        let same = played(shop, thursday(), seed, |_| prices.clone());
        let regular = played(shop, thursday(), seed, |_| ShelfPrices::regular());
        prop_assert_eq!(bytes(&same.0), bytes(&regular.0));
        prop_assert_eq!(same.1, without_discounts(shop, thursday(), seed));
    }

    #[test]
    fn a_discount_on_one_item_changes_no_other_item(seed: u64, place in 0..3_usize) {
        let shop = &chain()[place];
        let cheap = &shop.items[0].item;
        let mut prices = ShelfPrices::regular();
        prices.put(cheap.sku.clone(), common::percent_of(cheap.price, 50), None);
        let mut one = day(shop, thursday(), seed);
        let mut other = day(shop, thursday(), seed);
        for window in one.windows() {
            one.step(window, &ShelfPrices::regular());
            other.step(window, &prices);
        }
        for line in &shop.items[1..] {
            let sku = &line.item.sku;
            prop_assert_eq!(one.figures_of(sku), other.figures_of(sku));
        }
        prop_assert_ne!(one.figures_of(&cheap.sku), other.figures_of(&cheap.sku));
    }

    #[test]
    fn a_customer_buys_at_every_lower_price(
        seed: u64, place in 0..3_usize, item in 0..11_usize, low in 1..100_u32, high in 1..=100_u32,
    ) {
        let shop = &chain()[place];
        let line = &shop.items[item];
        let hours = day(shop, thursday(), seed).hours();
        let price = |percent| common::percent_of(line.item.price, percent);
        for customer in arrivals(shop, line, &hours, seed) {
            if customer.buys_at(price(low.max(high))) {
                prop_assert!(customer.buys_at(price(low.min(high))));
            }
        }
    }

    #[test]
    fn no_item_is_sold_beyond_its_stock(seed: u64, place in 0..3_usize, on_saturday: bool) {
        let shop = &chain()[place];
        let date = if on_saturday { saturday() } else { thursday() };
        let (events, figures) = played(shop, date, seed, forty_percent_off_after_four(shop));
        let voided: BTreeSet<_> = events.iter().filter_map(|e| e.action().corrects()).collect();
        let mut shelf: BTreeMap<&Sku, Decimal> = BTreeMap::new();
        for event in events.iter().filter(|event| !voided.contains(event.event_id())) {
            let on_shelf = shelf.entry(event.sku()).or_default();
            match event.action().kind() {
                Kind::Receipt | Kind::Return => *on_shelf += event.quantity().get(),
                Kind::Sale | Kind::Waste => *on_shelf -= event.quantity().get(),
                Kind::Count => prop_assert_eq!(*on_shelf, event.quantity().get(), "a true count"),
                _ => {}
            }
            prop_assert!(*on_shelf >= Decimal::ZERO, "{}", event.canonical());
        }
        prop_assert!(shelf.values().all(Decimal::is_zero), "no stock after the close");
        prop_assert_eq!(figures.left_units(), Decimal::ZERO);
    }

    #[test]
    fn the_figures_equal_the_sums_of_the_events(seed: u64, place in 0..3_usize) {
        let shop = &chain()[place];
        let (events, figures) =
            played(shop, thursday(), seed, forty_percent_off_after_four(shop));
        let summed = domain::stock::Figures::of(events.iter());
        prop_assert_eq!(figures.sold_units, summed.sold);
        prop_assert_eq!(figures.wasted_units, summed.wasted);
        prop_assert_eq!(figures.received_units, summed.received);
        prop_assert_eq!(figures.returned_units, summed.returned);
        prop_assert_eq!(figures.revenue, summed.revenue.values().sum::<Decimal>());
    }

    #[test]
    fn every_event_is_valid_and_inside_its_window(seed: u64, place in 0..3_usize) {
        let shop = &chain()[place];
        let prices = forty_percent_off_after_four(shop);
        let mut day = day(shop, thursday(), seed);
        let hours = day.hours();
        let mut ids = BTreeSet::new();
        let mut numbers: BTreeMap<String, u64> = BTreeMap::new();
        let mut check = |event: &Event, window: Window| {
            let at = event.occurred_at();
            prop_assert!(window.start() < at && at < window.end());
            prop_assert!(hours.opens_at < at && at < hours.closes_at);
            prop_assert!(ids.insert(event.event_id().clone()));
            prop_assert_eq!(event.event_id().as_str().len(), 36);
            let received = Acceptance::at(window.end() + TimeDelta::seconds(1));
            prop_assert_eq!(&Event::parse(&event.canonical(), &received).unwrap(), event);
            let discounted = prices(window).of(
                &shop.items.iter().find(|line| line.item.sku == *event.sku()).unwrap().item,
            ).1.cloned();
            if event.action().kind() == Kind::Sale {
                prop_assert_eq!(&event.details().offer_id, &discounted);
            }
            let sequence = event.details().sequence.as_ref().unwrap();
            let last = numbers.entry(event.terminal_id().to_string()).or_default();
            *last += 1;
            prop_assert_eq!(sequence.number, *last, "the sequence numbers of a till have no gaps");
            prop_assert_eq!(sequence.epoch.as_str(), "2026-03-12");
            Ok(())
        };
        let mut last = None;
        for window in day.windows() {
            for event in day.step(window, &prices(window)) {
                check(&event, window)?;
            }
            last = Some(window);
        }
        for event in day.close() {
            check(&event, last.unwrap())?;
        }
        prop_assert!(day.close().is_empty());
        prop_assert!(numbers.len() == usize::from(shop.tills));
    }
}
