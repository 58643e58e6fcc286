//! Instants of the passes: in a store's afternoon, in its own zone, on days of each length.

use chrono::{DateTime, Utc};
use domain::{Acceptance, Event, Item, Store};
use load_generator::shops;
use pricing::PassReport;

use crate::{World, at, day, run, slots};

/// Creates a store with 60 units of an item, delivered at an instant and not sold.
fn slow(hours: &str, afternoon: &str, delivered_at: &str) -> World {
    let policy = format!(r#"{{"afternoon_starts":"{afternoon}"}}"#);
    let store = format!(
        r#"{{"store_id":"0042","zone":"Europe/Berlin","hours":"{hours}","policy":{policy}}}"#
    );
    let item = Item::parse(r#"{"sku":"rye","price":"3.90"}"#).expect("an item");
    let world = World::with(&Store::parse(&store).expect("a store"), [item]);
    let delivery = format!(
        r#"{{"event_id":"a","kind":"receipt","store_id":"0042","terminal_id":"t","sku":"rye",
            "quantity":"60","occurred_at":"{delivered_at}"}}"#
    );
    let anytime = Acceptance { age_max: None, ..Acceptance::at(at("2026-12-31T00:00:00Z")) };
    world.store(&[Event::parse(&delivery, &anytime).expect("an event")]);
    world
}

/// Ticks all day. Returns the first and the last decided slot, in UTC.
fn decided(world: &World, from: &str, until: &str) -> Option<(String, String)> {
    slots(at(from), at(until)).for_each(|slot| drop(world.tick(slot)));
    let offers = world.offers().into_values().flatten();
    let slots: Vec<DateTime<Utc>> = offers.map(|offer| offer.slot).collect();
    let text = |slot: &DateTime<Utc>| slot.format("%m-%dT%H:%M").to_string();
    Some((text(slots.iter().min()?), text(slots.iter().max()?)))
}

#[test]
fn the_afternoon_follows_the_stores_clock_on_the_days_it_changes() {
    for (date, first, close) in [
        ("2026-03-28", "03-28T13:00", "03-28T18:00"),
        ("2026-03-29", "03-29T12:00", "03-29T17:00"),
        ("2026-10-24", "10-24T12:00", "10-24T17:00"),
        ("2026-10-25", "10-25T13:00", "10-25T18:00"),
    ] {
        let world = slow("mon-sun 07:00-19:00", "14:00", &format!("{date}T07:30:00Z"));
        let found = decided(&world, &format!("{date}T00:00:00Z"), &format!("{date}T23:00:00Z"));
        let (begins, ends) = found.expect("offers");
        // Far too much bread: the first slot acts, and others after it.
        assert!(begins == first && *first < *ends && *ends < *close, "{date}: {begins} to {ends}");
    }
}

#[test]
fn a_night_of_25_hours_is_one_day() {
    let world = slow("mon-sun 14:00-04:00", "22:30", "2026-10-24T22:40:00Z");
    let found = decided(&world, "2026-10-24T10:00:00Z", "2026-10-25T04:00:00Z");
    let (first, last) = found.expect("offers");
    // Before midnight of UTC and after it.
    assert!(first == "10-24T22:45" && last.starts_with("10-25"), "{first} to {last}");
    for offer in world.offers().into_values().flatten() {
        assert_eq!(offer.offer_id.date.to_string(), "2026-10-24");
        assert_eq!(offer.valid_until, at("2026-10-25T03:00:00Z"));
    }
}

#[test]
fn a_store_outside_its_afternoon_is_left_alone() {
    let shop = shops::chain().swap_remove(1);
    let world = World::of(&shop);
    world.store(&day(&shop, "2026-03-12".parse().expect("a date"), 1));
    // Before the afternoon, at the close, at night, on a Sunday.
    for now in ["12T07:00", "12T13:29", "12T18:00", "12T23:00", "13T02:00", "15T15:00"] {
        assert_eq!(world.tick(at(&format!("2026-03-{now}:00Z"))), PassReport::default(), "{now}");
    }
    assert!(world.offers().is_empty());
    let pass = world.tick(at("2026-03-12T15:00:00Z"));
    let skipped: usize = pass.skipped.values().sum();
    assert_eq!(pass.published.len() + pass.kept + skipped, shop.items.len());
    assert!(!pass.published.is_empty());
}

#[test]
fn a_pass_that_comes_when_its_slot_is_over_or_the_store_closed_decides_nothing() {
    let shop = shops::chain().swap_remove(1);
    let world = World::of(&shop);
    world.store(&day(&shop, "2026-03-12".parse().expect("a date"), 1));
    let pass = |due: &str, now: &str| {
        let [due, now] = [due, now].map(|time| at(&format!("2026-03-12T{time}Z")));
        run(crate::price_all(&world.pricing(), due, now))
    };
    for (due, now) in [("15:00:00", "15:15:00"), ("15:00:20", "16:40:00"), ("17:45:00", "18:00:00")]
    {
        assert_eq!(pass(due, now), PassReport::default(), "{due} at {now}");
    }
    assert!(world.offers().is_empty());
    let late = pass("15:00:00", "15:14:59").published;
    assert!(!late.is_empty());
    for offer in late {
        assert_eq!(offer.slot, at("2026-03-12T15:00:00Z"));
        assert_eq!(offer.valid_from, at("2026-03-12T15:14:59Z"));
    }
}

#[test]
fn stores_are_priced_each_by_its_own_clock_in_one_tick() {
    let chain = shops::chain();
    let world = World::default();
    for shop in &chain {
        let own = World::of(shop);
        own.store(&day(shop, "2026-03-12".parse().expect("a date"), 1));
        // The tables of the chain are those of its stores together.
        for line in &shop.items {
            world.put_item(Item {
                store_id: Some(shop.store.store_id.clone()),
                ..line.item.clone()
            });
        }
        world.store(&day(shop, "2026-03-12".parse().expect("a date"), 1));
        crate::run(domain::ports::CatalogTable::put_store(&world.tables, &shop.store)).unwrap();
        let alone = own.tick(at("2026-03-12T13:05:00Z"));
        let in_afternoon = shop.store.afternoon_at(at("2026-03-12T13:00:00Z")).is_some();
        assert_eq!(alone != PassReport::default(), in_afternoon, "{}", shop.store.store_id);
    }
    let together = world.tick(at("2026-03-12T13:05:00Z")).published;
    // Two in the afternoon in Berlin, one in Dublin and Lisbon.
    assert!(together.iter().all(|offer| offer.offer_id.store_id.as_str() == "berlin-01"));
    assert!(!together.is_empty());
}
