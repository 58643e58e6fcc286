//! What may be decided, over situations of any kind: whatever the sales, the stock and the
//! catalogue, the retailer's rules hold.

use chrono::{DateTime, TimeDelta, Utc};
use domain::{Currency, Item, Ladder, Money, Policy};
use pricing::fluid::{Change, Decision, Keep, Shelf, Situation, decide};
use pricing::fluid_ladder::{Step, usable};
use pricing::pace::Sales;
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;
use rust_decimal::{Decimal, RoundingStrategy};

fn now() -> DateTime<Utc> {
    "2026-03-12T15:00:00Z".parse().expect("an instant")
}

fn money(minor: i64, currency: Currency) -> Money {
    Money::price(Decimal::new(minor, currency.minor_digits()), currency).expect("a price")
}

fn item() -> impl Strategy<Value = Item> {
    let amounts = (1..1500_i64, option::of(0..800_i64), option::of(0..=100_i64));
    (select(vec!["EUR", "JPY", "KWD"]), amounts).prop_map(|(code, (price, cost, floor))| {
        let currency = code.parse().unwrap();
        Item {
            sku: "BRT-1180".parse().unwrap(),
            store_id: None,
            name: None,
            category: None,
            price: money(price, currency),
            cost: cost.map(|cost| money(cost, currency)),
            shelf_life_days: 1,
            ladder: None,
            floor: floor.map(|percent| money(price * percent / 100, currency)),
            no_discount: false,
            salvage_value: None,
            portion: None,
            elasticity: None,
        }
    })
}

fn policy() -> impl Strategy<Value = Policy> {
    let ladder = prop::collection::btree_set(1..=95_u8, 1..8).prop_map(|steps| {
        Ladder::new(std::iter::once(0).chain(steps).collect()).expect("ascending from 0")
    });
    let endings = select(vec![vec![], vec!["0", "5"], vec!["9"], vec!["90", "50"], vec!["99"]]);
    let numbers = (option::of(0..60_u8), 20..=95_u8, 0..120_u32, option::of(0..5_u32), 0..4_u32);
    (ladder, endings, numbers).prop_map(|(ladder, endings, numbers)| {
        let (margin, deepest, gap, changes, least) = numbers;
        Policy {
            ladder,
            price_endings: endings.into_iter().map(str::to_owned).collect(),
            min_margin_percent: margin,
            max_discount_percent: deepest,
            min_minutes_between_changes: gap,
            max_changes: changes,
            min_on_hand: Decimal::from(least),
            ..Policy::default()
        }
    })
}

/// Two hours of sales in slots, at any discount.
fn sales() -> impl Strategy<Value = Vec<Sales>> {
    prop::collection::vec((0..6_u32, 0..=70_u8), 0..9).prop_map(|slots| {
        let slot = |(number, (units, percent)): (usize, (u32, u8))| {
            let end = now() - TimeDelta::minutes(15 * number as i64);
            Sales { start: end - TimeDelta::minutes(15), end, units: units.into(), percent }
        };
        slots.into_iter().enumerate().map(slot).collect()
    })
}

/// What is on the shelf: nothing yet, or a step, perhaps of a catalogue that was another then.
fn shelf(item: &Item, policy: &Policy) -> impl Strategy<Value = Shelf> + use<> {
    let steps = usable(item, policy);
    let currency = item.price.currency();
    let changed = (any::<prop::sample::Index>(), -200..40_i64, 0..180_i64, 1..6_u32).prop_map(
        move |(at, other, minutes, changes)| {
            let step = at.get(&steps);
            let minor = (step.price.amount() * Decimal::from(10_u32.pow(currency.minor_digits())))
                .try_into()
                .unwrap_or(1_i64);
            // Every other time as it is.
            let minor = if other % 2 == 0 { (minor + other).max(1) } else { minor };
            Shelf {
                percent: step.percent,
                price: Some(money(minor, currency)),
                changed_at: Some(now() - TimeDelta::minutes(minutes)),
                changes,
            }
        },
    );
    prop_oneof![Just(Shelf::default()), changed]
}

/// A situation without the item and policy that it borrows.
type Rest = (Shelf, Vec<Sales>, Decimal, DateTime<Utc>);

fn any_situation() -> impl Strategy<Value = (Item, Policy, Rest)> {
    (item(), policy()).prop_flat_map(|(item, policy)| {
        let on_hand = prop_oneof![1..60_i64, -3..3_i64].prop_map(Decimal::from);
        let weighed = (0..40_000_i64).prop_map(|grams| Decimal::new(grams, 3));
        let minutes = prop_oneof![1..240_i64, -30..30_i64];
        let closes_at = minutes.prop_map(|minutes| now() + TimeDelta::minutes(minutes));
        let shelf = shelf(&item, &policy);
        let rest = (shelf, sales(), prop_oneof![on_hand, weighed], closes_at);
        (Just(item), Just(policy), rest)
    })
}

fn situation<'a>((item, policy, rest): &'a (Item, Policy, Rest)) -> Situation<'a> {
    let (shelf, sales, on_hand, closes_at) = rest.clone();
    Situation { item, policy, now: now(), closes_at, on_hand, shelf, sales }
}

fn is_allowed_ending(price: Money, policy: &Policy) -> bool {
    let digits = price.amount().to_string().replace('.', "");
    let padded = format!("{digits:0>4}");
    policy.price_endings.is_empty()
        || policy.price_endings.iter().any(|ending| padded.ends_with(ending))
}

fn promised(regular: Money, percent: u8) -> Decimal {
    regular.amount() * Decimal::from(100 - percent) / Decimal::ONE_HUNDRED
}

proptest! {
    #![proptest_config(ProptestConfig {
        failure_persistence: None, cases: 1024, ..ProptestConfig::default()
    })]

    #[test]
    fn a_change_keeps_every_rule(given in any_situation()) {
        let situation = situation(&given);
        let decision = decide(&situation);
        prop_assert_eq!(&decide(&situation), &decision);
        let Decision::Change(Change { step, .. }) = decision else { return Ok(()) };
        let Situation { item, policy, now, closes_at, on_hand, shelf, .. } = situation;
        let price = step.price.amount();

        prop_assert!(price > Decimal::ZERO && price < item.price.amount());
        prop_assert!(price <= promised(item.price, step.percent), "more than the sign promises");
        prop_assert!(item.floor.is_none_or(|floor| price >= floor.amount()));
        if let (Some(percent), Some(cost)) = (policy.min_margin_percent, item.cost) {
            let kept = price * Decimal::from(100 - percent);
            prop_assert!(kept >= cost.amount() * Decimal::ONE_HUNDRED);
        }
        prop_assert!(is_allowed_ending(step.price, policy), "{}", step.price);
        prop_assert!(policy.ladder.steps().contains(&step.percent));
        prop_assert!(step.percent <= policy.max_discount_percent);

        prop_assert!(step.percent > shelf.percent);
        prop_assert!(shelf.price.is_none_or(|on_shelf| price < on_shelf.amount()), "it rises");
        let gap = TimeDelta::minutes(policy.min_minutes_between_changes.into());
        prop_assert!(shelf.changed_at.is_none_or(|changed_at| now - changed_at >= gap));
        prop_assert!(policy.max_changes.is_none_or(|max| shelf.changes < max));
        prop_assert!(on_hand > Decimal::ZERO && on_hand >= policy.min_on_hand);
        prop_assert!(now < closes_at);

        // One step at a time.
        let skipped = usable(item, policy).into_iter().find(|other| {
            (shelf.percent + 1..step.percent).contains(&other.percent)
                && shelf.price.is_none_or(|on_shelf| other.price.amount() < on_shelf.amount())
        });
        prop_assert_eq!(skipped, None);
    }

    #[test]
    fn the_reason_is_made_of_the_decisions_own_figures(given in any_situation()) {
        let situation = situation(&given);
        let Decision::Change(change) = decide(&situation) else { return Ok(()) };
        let on_hand = situation.on_hand
            .round_dp_with_strategy(1, RoundingStrategy::MidpointAwayFromZero)
            .normalize();
        let Change { step, reason, .. } = change;
        let (unchanged, left) = (change.expected_left_unchanged, change.expected_left);
        let on_shelf = situation.shelf.price.unwrap_or(situation.item.price);
        let gain = (step.price.amount() * (on_hand - left)
            - on_shelf.amount() * (on_hand - unchanged))
            .round_dp(step.price.currency().minor_digits());
        prop_assert_eq!(reason, format!(
            "{on_hand} left; at {on_shelf} and today's pace {unchanged} would be left at the \
             close. At {} % off, for {}, {left} should be left, which earns {gain} {} more.",
            step.percent, step.price, step.price.currency(),
        ));
        prop_assert!(Decimal::ZERO <= left && left <= unchanged && unchanged <= on_hand);
        prop_assert!(unchanged >= Decimal::new(9, 1));
        prop_assert!(gain > Decimal::ZERO, "earns {gain} more");
    }

    #[test]
    fn a_step_costs_the_highest_allowed_price_under_its_promise(
        item in item(),
        policy in policy(),
    ) {
        let steps = usable(&item, &policy);
        prop_assert_eq!(steps[0].percent, 0);
        prop_assert_eq!(steps[0].price, item.price);
        let lower = |pair: &[Step]| {
            pair[0].percent < pair[1].percent && pair[0].price.amount() > pair[1].price.amount()
        };
        prop_assert!(steps.windows(2).all(lower));
        let minor_unit = Decimal::new(1, item.price.currency().minor_digits());
        for step in &steps[1..] {
            let mut higher = step.price.amount() + minor_unit;
            while higher <= promised(item.price, step.percent) {
                let higher_price = Money::price(higher, item.price.currency()).unwrap();
                prop_assert!(!is_allowed_ending(higher_price, &policy), "{higher} for {step:?}");
                higher += minor_unit;
            }
        }
    }
}

/// Forty left two hours before the close, three sold an hour: worth a discount.
fn check(change: impl FnOnce(&mut Situation<'_>), expected: Result<u8, Keep>) {
    let item = Item::parse(r#"{"sku":"BRT-1180","price":"2.40","floor":"0.60"}"#).unwrap();
    let policy = Policy { max_changes: Some(3), ..Policy::default() };
    let hour = |start: i64| Sales {
        start: now() - TimeDelta::hours(start),
        end: now() - TimeDelta::hours(start - 1),
        units: Decimal::from(3),
        percent: 0,
    };
    let mut situation = Situation {
        item: &item,
        policy: &policy,
        now: now(),
        closes_at: now() + TimeDelta::hours(2),
        on_hand: Decimal::from(40),
        shelf: Shelf::default(),
        sales: vec![hour(2), hour(1)],
    };
    change(&mut situation);
    let found = match decide(&situation) {
        Decision::Change(change) => Ok(change.step.percent),
        Decision::Keep(keep) => Err(keep),
    };
    assert_eq!(found, expected);
}

#[test]
fn every_reason_to_keep_a_price_is_found() {
    let at = |percent: u8, minutes: i64, changes: u32| Shelf {
        percent,
        price: Some(money(240 - i64::from(percent) * 24 / 10, Currency::EUR)),
        changed_at: Some(now() - TimeDelta::minutes(minutes)),
        changes,
    };
    check(|_| {}, Ok(10));
    check(|s| s.shelf = at(10, 30, 1), Ok(20));
    check(|s| s.closes_at = s.now, Err(Keep::Closed));
    check(|s| s.on_hand = Decimal::ZERO, Err(Keep::TooFew));
    check(|s| s.on_hand = Decimal::new(999, 3), Err(Keep::TooFew));
    check(|s| s.sales.clear(), Err(Keep::NoPace));
    check(|s| s.on_hand = Decimal::from(7), Err(Keep::SellsOut));
    check(|s| s.shelf = at(10, 29, 1), Err(Keep::Gap));
    check(|s| s.shelf = at(10, 30, 3), Err(Keep::MaxChanges));
    check(|s| s.shelf = at(70, 60, 2), Err(Keep::Floor));
    // Nearly all of it will be sold, so a lower price only costs.
    let nearly_sold_out = |s: &mut Situation<'_>| {
        s.shelf = at(50, 30, 1);
        s.on_hand = Decimal::from(21);
    };
    check(nearly_sold_out, Err(Keep::Best));
}
