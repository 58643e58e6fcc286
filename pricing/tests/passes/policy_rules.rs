//! Rules of the policy, each tested through whole passes.

use std::collections::{BTreeMap, BTreeSet};

use domain::ports::CatalogTable;
use domain::{Arm, Chain, Offer};
use pricing::PassReport;
use pricing::store_snapshot::SkipReason;

use crate::{World, at, corner, run, slots, too_much};

const ROLL: &str = r#"{"sku":"roll","price":"2.40","cost":"0.60","category":"bread"}"#;
const CAKE: &str = r#"{"sku":"cake","price":"2.40","cost":"0.60","category":"cake"}"#;

/// Creates a shop with too much stock of both items.
fn with(policy: &str) -> World {
    let world = corner(policy, &[ROLL, CAKE]);
    world.store(&too_much("roll"));
    world.store(&too_much("cake"));
    world
}

/// Runs all passes of the afternoon, from 13:00 to 18:00 UTC.
fn afternoon(world: &World) -> Vec<PassReport> {
    slots(at("2026-03-12T13:00:00Z"), at("2026-03-12T18:00:00Z")).map(|at| world.tick(at)).collect()
}

fn skipped(world: &World, time: &str) -> BTreeMap<SkipReason, usize> {
    world.tick(at(&format!("2026-03-12T{time}:00Z"))).skipped
}

/// Returns the times in UTC at which the price of an item changed.
fn changes(world: &World, sku: &str) -> Vec<String> {
    let offers = world.offers().remove(&sku.parse().expect("a sku")).unwrap_or_default();
    offers.iter().map(|offer| offer.slot.format("%H:%M").to_string()).collect()
}

fn all(world: &World) -> Vec<Offer> {
    world.offers().into_values().flatten().collect()
}

#[test]
fn both_are_offered_without_further_rules() {
    let world = with("{}");
    afternoon(&world);
    assert!(!changes(&world, "roll").is_empty() && !changes(&world, "cake").is_empty());
    for offer in all(&world) {
        assert_eq!((offer.arm, offer.shadow), (Arm::Policy, false));
    }
}

#[test]
fn a_switch_stops_a_store_and_another_all_of_them() {
    let off = with(r#"{"enabled":false}"#);
    assert!(afternoon(&off).into_iter().all(|pass| pass == PassReport::default()));
    let world = with("{}");
    let chain = |enabled| Chain { enabled, ..Chain::default() };
    run(world.tables.put_chain(&chain(false))).expect("written");
    assert_eq!(world.tick(at("2026-03-12T13:00:00Z")), PassReport::default());
    run(world.tables.put_chain(&chain(true))).expect("written");
    assert!(!world.tick(at("2026-03-12T13:00:00Z")).published.is_empty());
}

#[test]
fn what_is_excluded_is_never_discounted() {
    let world = with(r#"{"categories":{"cake":{"exclude":true}}}"#);
    let passes = afternoon(&world);
    assert!(passes.iter().all(|pass| pass.skipped[&SkipReason::CategoryExcluded] == 1));
    assert!(changes(&world, "cake").is_empty() && !changes(&world, "roll").is_empty());
    let flagged = r#"{"sku":"roll","price":"2.40","no_discount":true}"#;
    let world = corner("{}", &[flagged]);
    world.store(&too_much("roll"));
    assert_eq!(skipped(&world, "15:00"), BTreeMap::from([(SkipReason::ItemExcluded, 1)]));
}

#[test]
fn a_category_has_its_own_hours_ladder_and_floor() {
    let world = with(
        r#"{"latest_change":"18:00","max_changes":"unlimited","categories":{"cake":{
            "earliest":"16:00","latest":"17:00","ladder_percent":[0,25,50],"min_price":"1.30"}}}"#,
    );
    afternoon(&world);
    let (roll, cake) = (changes(&world, "roll"), changes(&world, "cake"));
    assert!(roll.iter().all(|at| ("13:00".."17:01").contains(&at.as_str())), "{roll:?}");
    assert!(!cake.is_empty());
    assert!(cake.iter().all(|at| ("15:00".."16:01").contains(&at.as_str())), "{cake:?}");
    let cakes = world.offers().remove(&"cake".parse().unwrap()).unwrap();
    assert!(cakes.iter().all(|offer| offer.discount_percent == 25), "50 % off is below the floor");
}

#[test]
fn shadows_are_decided_and_stored_but_nothing_is_offered() {
    let (shadow, live) = (with(r#"{"shadow":true}"#), with("{}"));
    let passes = afternoon(&shadow);
    assert!(passes.iter().all(|pass| pass.published.is_empty()));
    assert!(passes.iter().any(|pass| pass.shadows > 0));
    assert!(all(&shadow).iter().all(|offer| offer.shadow));
    // Nothing was sold meanwhile, so the plan is the one that would have been carried out.
    afternoon(&live);
    let prices = |world: &World| -> Vec<_> {
        all(world).into_iter().map(|offer| (offer.offer_id, offer.slot, offer.price)).collect()
    };
    let first = |prices: Vec<_>| prices.into_iter().take(1).collect::<Vec<_>>();
    assert_eq!(first(prices(&shadow)), first(prices(&live)));
}

/// Six items of different worth, each with far too much on the shelf.
fn six(policy: &str) -> World {
    let items: Vec<String> = (0..6)
        .map(|n| format!(r#"{{"sku":"i{n}","price":"{}.40","cost":"0.60"}}"#, n + 1))
        .collect();
    let items: Vec<&str> = items.iter().map(String::as_str).collect();
    let world = corner(policy, &items);
    (0..6).for_each(|n| world.store(&too_much(&format!("i{n}"))));
    world
}

#[test]
fn no_more_prices_change_in_an_hour_than_people_can_print() {
    let world = six(r#"{"max_changes_per_hour":2,"max_changes":2}"#);
    // So late that every price would go down at once.
    let first = world.tick(at("2026-03-12T16:00:00Z"));
    let skus: BTreeSet<_> =
        first.published.iter().map(|offer| offer.offer_id.sku.to_string()).collect();
    // The dearest ones gain most.
    assert_eq!(skus, BTreeSet::from(["i4".to_owned(), "i5".to_owned()]));
    assert!(first.skipped[&SkipReason::Postponed] > 0);
    // A repeated pass finds that the hour is full.
    assert!(world.tick(at("2026-03-12T16:00:30Z")).published.is_empty());
    let slots: Vec<_> = slots(at("2026-03-12T16:00:00Z"), at("2026-03-12T18:00:00Z")).collect();
    slots.iter().for_each(|slot| drop(world.tick(*slot)));
    for window in slots.windows(4) {
        let within = all(&world).iter().filter(|offer| window.contains(&offer.slot)).count();
        assert!(within <= 2, "{within} from {}", window[0]);
    }
    assert_eq!(all(&world).len(), 4);
}

#[test]
fn where_arms_are_compared_chance_says_whose_change_has_to_wait() {
    let mut changed: BTreeMap<String, usize> = BTreeMap::new();
    for salt in 0..24 {
        let world = six(&format!(
            r#"{{"max_changes_per_hour":2,"experiment":{{"salt":"{salt}","control_percent":1}}}}"#
        ));
        for offer in world.tick(at("2026-03-12T16:00:00Z")).published {
            *changed.entry(offer.offer_id.sku.to_string()).or_default() += 1;
        }
    }
    // Each is one of two of six in 24 draws: 8, and a standard deviation of 2.3.
    assert_eq!(changed.len(), 6, "{changed:?}");
    assert!(changed.values().all(|count| (2..=15).contains(count)), "{changed:?}");
}

#[test]
fn steps_come_in_other_quarters_of_an_hour_by_category_and_date() {
    let world = with(r#"{"step_jitter_minutes":45,"max_changes":"unlimited"}"#);
    let passes = afternoon(&world);
    let turns = |of: &World, sku: &str| -> BTreeSet<String> {
        changes(of, sku).iter().map(|at| at[3..].to_owned()).collect()
    };
    assert_eq!((turns(&world, "roll").len(), turns(&world, "cake").len()), (1, 1));
    let waited: usize =
        passes.iter().filter_map(|pass| pass.skipped.get(&SkipReason::NotItsTurn)).sum();
    assert_eq!(waited, 2 * 15, "of 20 slots each acts in 5");
    let again = with(r#"{"step_jitter_minutes":45,"max_changes":"unlimited"}"#);
    afternoon(&again);
    assert_eq!(changes(&again, "roll"), changes(&world, "roll"));
}

#[test]
fn the_control_group_follows_the_rule_and_exploration_stays_near_the_best() {
    let rule = r#"[{"at":"16:00","discount_percent":30},{"at":"17:30","discount_percent":55}]"#;
    let policy = |control: u8, exploration: u8| {
        format!(
            r#"{{"min_minutes_between_changes":0,"experiment":{{"salt":"a","rule":{rule},
                "control_percent":{control},"exploration_percent":{exploration}}}}}"#
        )
    };
    let control = with(&policy(100, 0));
    afternoon(&control);
    for sku in ["roll", "cake"] {
        assert_eq!(changes(&control, sku), ["15:00", "16:30"], "{sku}");
    }
    let percents: Vec<_> = all(&control).iter().map(|offer| offer.discount_percent).collect();
    assert_eq!(percents, [30, 50, 30, 50], "55 % is no step of the ladder, 50 % is before it");
    assert!(all(&control).iter().all(|offer| offer.arm == Arm::Control));
    assert!(all(&control)[0].reason.starts_with("Control group: the fixed rule takes 30 % off"));

    let exploring = with(&policy(0, 100));
    afternoon(&exploring);
    let offers = all(&exploring);
    assert!(!offers.is_empty());
    for offer in &offers {
        assert_eq!(offer.arm, Arm::Exploration);
        let answer: serde_json::Value = serde_json::from_str(&offer.inputs.answer).unwrap();
        let value =
            |it: &serde_json::Value| -> Option<f64> { it["expected_value"].as_str()?.parse().ok() };
        let steps = answer["alternatives"].as_array().unwrap();
        let best = steps.iter().filter_map(value).fold(f64::MIN, f64::max);
        let chosen = steps.iter().find(|it| it["discount_percent"] == offer.discount_percent);
        assert!(value(chosen.unwrap()).unwrap() >= 0.99 * best - 0.01, "{offer:?}");
    }
    let by_chance = offers.iter().any(|offer| offer.reason.contains("Drawn from"));
    assert!(by_chance, "{:?}", offers.iter().map(|offer| &offer.reason).collect::<Vec<_>>());
}

#[test]
fn a_margin_without_a_cost_gives_no_discount() {
    let bare = r#"{"sku":"roll","price":"2.40"}"#;
    let world = corner(r#"{"min_margin_percent":10}"#, &[bare]);
    world.store(&too_much("roll"));
    assert_eq!(skipped(&world, "15:00"), BTreeMap::from([(SkipReason::NoCost, 1)]));
}
