//! An afternoon's offers keep the rules under any schedule. Repeated and delayed passes lead to the
//! same offers.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Event, Item, Money, Offer};
use load_generator::shops::{self, ShopModel};
use pricing::slot_of;
use proptest::prelude::*;
use proptest::sample::Index;
use rust_decimal::Decimal;

use crate::{World, at, day, price_all, run, slot_length, slots};

/// A lunch shop with a day's events, on three different days.
static DAYS: LazyLock<Vec<Vec<Event>>> = LazyLock::new(|| {
    (0..3).map(|seed| day(&shop(), "2026-03-12".parse().expect("a date"), seed)).collect()
});

fn shop() -> ShopModel {
    shops::chain().swap_remove(1)
}

fn noon() -> DateTime<Utc> {
    at("2026-03-12T13:30:00Z")
}

fn close() -> DateTime<Utc> {
    at("2026-03-12T18:00:00Z")
}

/// Plays one afternoon with all passes on time.
fn on_time(events: &[Event]) -> World {
    let world = World::of(&shop());
    world.store(events);
    slots(noon(), close()).for_each(|slot| drop(world.tick(slot)));
    world
}

/// Offers of each day with all passes on time.
static ON_TIME: LazyLock<Vec<Vec<Offer>>> =
    LazyLock::new(|| DAYS.iter().map(|events| decided(&on_time(events))).collect());

/// Returns the offers without the instants of their passes.
fn decided(world: &World) -> Vec<Offer> {
    let offers = world.offers().into_values().flatten();
    offers.map(|offer| Offer { valid_from: offer.slot, ..offer }).collect()
}

/// Every promise about the offers of one afternoon.
fn keeps_the_rules(world: &World) -> Result<(), TestCaseError> {
    let shop = shop();
    let policy = &shop.store.policy;
    for (sku, revisions) in world.offers() {
        let line = shop.items.iter().find(|line| line.item.sku == sku).expect("a known item");
        let numbers = revisions.iter().map(|offer| offer.offer_id.revision);
        prop_assert!(numbers.eq(1..=revisions.len() as u32));
        prop_assert!(policy.max_changes.is_none_or(|max| revisions.len() <= max as usize));
        for offer in &revisions {
            prop_assert!(offer.price.amount() < offer.regular_price.amount());
            prop_assert!(
                line.item.floor.is_none_or(|floor| offer.price.amount() >= floor.amount())
            );
            prop_assert!(offer.discount_percent <= policy.max_discount_percent);
            prop_assert_eq!(slot_of(offer.slot), offer.slot);
            prop_assert!(noon() <= offer.slot && offer.slot < close());
            prop_assert_eq!(slot_of(offer.valid_from), offer.slot);
            prop_assert_eq!(offer.valid_until, close());
        }
        for pair in revisions.windows(2) {
            prop_assert!(pair[1].price.amount() < pair[0].price.amount(), "{sku} rises");
            prop_assert!(pair[1].discount_percent > pair[0].discount_percent);
            let gap = TimeDelta::minutes(policy.min_minutes_between_changes.into());
            prop_assert!(pair[1].slot - pair[0].slot >= gap);
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 16, ..ProptestConfig::default()
    })]

    #[test]
    fn repeated_delayed_and_doubled_passes_give_the_same_offers(
        seed in 0..3_usize,
        plan in prop::collection::vec((0..900_i64, 0..3_u8), 18),
    ) {
        let expected = &ON_TIME[seed];
        prop_assert!(expected.len() > 3, "an afternoon without offers proves nothing");
        let world = World::of(&shop());
        world.store(&DAYS[seed]);
        for (slot, (delay, how)) in slots(noon(), close()).zip(plan) {
            let now = slot + TimeDelta::seconds(delay);
            match how {
                0 => drop(world.tick(now)),
                1 => {
                    let first = world.tick(now).published;
                    let again = world.tick(slot + slot_length() - TimeDelta::milliseconds(1));
                    prop_assert_eq!(again.published, vec![]);
                    prop_assert_eq!(again.already_decided, first.len());
                }
                _ => {
                    let pricing = world.pricing();
                    let early = price_all(&pricing, slot, now);
                    let late = price_all(&pricing, now, now);
                    let (one, other) = run(async { tokio::join!(early, late) });
                    let published = [one.published, other.published].concat();
                    // No revision was published by both.
                    let ids: BTreeSet<_> = published.iter().map(|offer| &offer.offer_id).collect();
                    prop_assert_eq!(ids.len(), published.len());
                }
            }
        }
        prop_assert_eq!(&decided(&world), expected);
        keeps_the_rules(&world)?;
    }

    #[test]
    fn passes_of_different_slots_at_once_keep_the_rules(
        seed in 0..3_usize,
        plan in prop::collection::vec((0..18_i64, 0..18_i64, 0..900_i64), 12),
    ) {
        let world = World::of(&shop());
        world.store(&DAYS[seed]);
        for (one, other, delay) in plan {
            let now = |slot: i64| noon() + slot_length() * slot as i32 + TimeDelta::seconds(delay);
            let pricing = world.pricing();
            let pass = |slot| price_all(&pricing, now(slot), now(slot));
            let _ = run(async { tokio::join!(pass(one), pass(other)) });
        }
        keeps_the_rules(&world)?;
    }

    #[test]
    fn what_a_pass_knows_ends_with_its_slot(seed in 0..3_usize, at in any::<Index>()) {
        // The world in which the rest of the day has not happened yet decides the same.
        let all: Vec<DateTime<Utc>> = slots(noon(), close()).collect();
        let slot = *at.get(&all);
        let (whole, so_far) = (World::of(&shop()), World::of(&shop()));
        whole.store(&DAYS[seed]);
        let earlier = |event: &&Event| event.occurred_at() < slot;
        so_far.store(&DAYS[seed].iter().filter(earlier).cloned().collect::<Vec<_>>());
        let now = slot + TimeDelta::minutes(14);
        prop_assert_eq!(whole.tick(now), so_far.tick(now));
    }

    #[test]
    fn no_price_rises_also_when_the_catalogue_changes(
        seed in 0..3_usize,
        changes in prop::collection::vec((any::<Index>(), 50..200_i64), 18),
    ) {
        let world = World::of(&shop());
        world.store(&DAYS[seed]);
        let items: Vec<Item> = shop().items.into_iter().map(|line| line.item).collect();
        for (slot, (at, percent)) in slots(noon(), close()).zip(changes) {
            let item = at.get(&items).clone();
            let price = (item.price.amount() * Decimal::new(percent, 2)).round_dp(2);
            let price = Money::price(price, item.price.currency()).expect("a price");
            world.put_item(Item { price, floor: None, ..item });
            for offer in world.tick(slot).published {
                let is_undercut = offer.discount_percent == 0 && offer.offer_id.revision > 1;
                let regular = offer.regular_price.amount();
                prop_assert!(offer.price.amount() < regular || is_undercut);
            }
        }
        for revisions in world.offers().values() {
            prop_assert!(revisions.is_sorted_by(|a, b| a.price.amount() > b.price.amount()));
        }
    }
}
