//! Promises of the simulator's table, on small contests with fixed seeds.

use demand::ResponseForm;
use pricing_simulator::belief::ShopBelief;
use pricing_simulator::checker::broken;
use pricing_simulator::contest::Contest;
use pricing_simulator::day::{Shopper, SimulatedDay, Truth};
use pricing_simulator::figures::{MEASURES, PolicyFigures, figures};
use pricing_simulator::fixed_rules::{Markdown, NONE, Tuned, fixed};
use pricing_simulator::item::{COUNTER, SLOTS};
use pricing_simulator::play::play;
use pricing_simulator::policy::{PricePolicy, Setting};
use pricing_simulator::world::{WORLDS, world};

fn contest(worlds: &[&str], policies: &[PricePolicy], days: u64) -> Contest {
    Contest {
        worlds: worlds.iter().map(|name| world(name).expect("a world")).collect(),
        policies: policies.to_vec(),
        days,
        training_days: 160,
        seed: 7,
        threads: 2,
    }
}

#[test]
fn the_same_seed_gives_the_same_days_on_any_number_of_threads() {
    let once = contest(&["bursts", "waiting"], &PricePolicy::ALL, 6);
    let alone = Contest { threads: 1, ..once.clone() };
    let many = Contest { threads: 5, ..once.clone() };
    let results = once.run(&|| ());
    assert_eq!(results, alone.run(&|| ()));
    assert_eq!(results, many.run(&|| ()));
    assert_eq!(figures(&once, &results), figures(&many, &many.run(&|| ())));
    let other = Contest { seed: 8, ..once };
    assert_ne!(results[0].outcomes, other.run(&|| ())[0].outcomes);
}

#[test]
fn no_policy_breaks_a_rule_in_any_world() {
    let worlds: Vec<&str> = WORLDS.iter().map(|world| world.name).collect();
    let policies: Vec<PricePolicy> = PricePolicy::every().collect();
    let contest = Contest { training_days: 16, ..contest(&worlds, &policies, 4) };
    for result in contest.run(&|| ()) {
        for (policy, outcomes) in policies.iter().zip(&result.outcomes) {
            let broken: Vec<_> = outcomes.iter().flat_map(|outcome| &outcome.broken).collect();
            assert!(broken.is_empty(), "{}, {}: {broken:?}", result.world, policy.name());
        }
    }
}

/// Hard rules bind most often.
#[test]
fn the_hard_rules_are_kept_on_many_days() {
    let policies = [
        PricePolicy::Ours,
        PricePolicy::Stepped,
        PricePolicy::SellThrough,
        PricePolicy::Clairvoyant,
    ];
    let result = &contest(&["hard-rules"], &policies, 60).run(&|| ())[0];
    assert!(result.outcomes.iter().flatten().all(|outcome| outcome.broken.is_empty()));
    let changes: Vec<u64> =
        result.outcomes.iter().map(|days| days.iter().map(|day| day.changes).sum()).collect();
    assert!(changes.iter().all(|changes| *changes > 0), "the rules were tried: {changes:?}");
}

#[test]
fn all_policies_meet_the_same_customers_and_the_same_noon() {
    let policies: Vec<PricePolicy> = PricePolicy::ALL.into_iter().collect();
    for result in contest(&["plain", "bursts", "waiting"], &policies, 8).run(&|| ()) {
        for day in 0..8 {
            let on_hand = |outcomes: &Vec<_>| {
                let outcome: &pricing_simulator::contest::DayOutcome = &outcomes[day];
                outcome.on_hand_first
            };
            let first = on_hand(&result.outcomes[0]);
            assert!(result.outcomes.iter().all(|outcomes| on_hand(outcomes) == first));
        }
    }
}

#[test]
fn a_buyer_at_a_price_buys_at_any_lower_one() {
    for world in &WORLDS {
        let day = SimulatedDay::played(world, 3, 1);
        assert!(day.responses.is_sorted(), "{}: {:?}", world.name, day.responses);
        assert_eq!(day.responses[0], 1.0);
        let buyers = |step: usize| {
            let buys = |customer: &&Shopper| customer.reach < day.responses[step];
            day.customers.iter().filter(buys).count()
        };
        let by_step: Vec<usize> = (0..day.steps.len()).map(buyers).collect();
        assert!(by_step.is_sorted(), "{}: {by_step:?}", world.name);
    }
}

/// Three units and five customers, computed by hand.
#[test]
fn a_day_of_five_customers_comes_out_as_on_paper() {
    let plain = world("plain").expect("a world");
    let pretzel = COUNTER[0];
    let base = SimulatedDay::played(plain, 1, 0);
    assert_eq!((pretzel.price, base.steps[3].price), (120, 84), "30 % off 1.20");
    let truth = Truth { mean: [0.0; SLOTS], elasticity: 1.8, form: ResponseForm::Exponential };
    let at = |hour: u32, minute: u32, reach: f64| Shopper {
        at: (hour * 60 + minute) * 60_000,
        returns_at: None,
        wants: 1,
        reach,
    };
    let day = SimulatedDay {
        baked: 4,
        truth,
        customers: vec![
            at(9, 0, 0.5),   // pays the regular price in the morning: not in the afternoon's value
            at(14, 30, 1.2), // wants a discount of 10 % (exp(1.8 * 0.1) = 1.197) and a little more
            at(15, 59, 0.9), // pays the regular price
            at(16, 1, 1.6),  // wants 30 % (1.716)
            at(18, 29, 0.2), // pays the regular price, gets the last one at what is on the shelf
        ],
        ..base
    };
    let none = play(&day, &mut fixed(NONE));
    assert_eq!((none.on_hand_first, none.value(&day), none.left), (3, 240, 1));
    let rule = [Markdown { from: 960, percent: 30 }];
    let discounted = play(&day, &mut fixed(&rule));
    assert_eq!((discounted.value(&day), discounted.left), (120 + 84 + 84, 0));
    assert_eq!(discounted.discounts, 60);
    assert!(discounted.windows.last().expect("a window").sold_out);
    let tuned =
        Tuned { fixed: Vec::new(), fixed_by_item: Vec::new(), stepped: Vec::new(), patience: 0.0 };
    let belief = ShopBelief { profile: None, elasticity: None, offers: Vec::new() };
    let setting = Setting { day: &day, number: 0, belief: &belief, tuned: &tuned };
    let best = play(&day, &mut PricePolicy::Clairvoyant.chooser(&setting));
    // 20 % at 14:30 sells one to the customer of that time as well: 96 + 96 + 96, no more than
    // waiting until 16:00, which costs one change as well; the best is found either way.
    assert_eq!(best.value(&day), 288);
    assert_eq!(broken(&day, &best), Vec::<String>::new());
}

#[test]
fn no_policy_earns_more_than_the_clairvoyant() {
    let worlds: Vec<&str> =
        WORLDS.iter().map(|world| world.name).filter(|name| *name != "waiting").collect();
    let policies = [
        PricePolicy::None,
        PricePolicy::BestFixedByItem,
        PricePolicy::BestStepped,
        PricePolicy::SellThrough,
        PricePolicy::Clairvoyant,
    ];
    for result in contest(&worlds, &policies, 24).run(&|| ()) {
        for day in 0..24 {
            let value = |policy: usize| result.outcomes[policy][day].value;
            let best = value(policies.len() - 1);
            assert!((0..policies.len()).all(|policy| value(policy) <= best), "{}", result.world);
        }
    }
}

/// A shop without discounts in the plain world has as much left as real bakeries without discounts:
/// the worlds do not exaggerate the effect of prices.
#[test]
fn without_discounts_a_believable_part_of_the_bake_is_left() {
    let plain = world("plain").expect("a world");
    let days: Vec<SimulatedDay> = (0..400).map(|day| SimulatedDay::played(plain, 1, day)).collect();
    let left: u64 = days.iter().map(|day| play(day, &mut fixed(NONE)).left).sum();
    let baked: u64 = days.iter().map(|day| day.baked).sum();
    let share = left as f64 / baked as f64;
    assert!((0.15..0.35).contains(&share), "{share}");
}

#[test]
fn in_the_plain_world_ours_beats_the_best_fixed_rule_and_is_near_full_information() {
    let mut policies = MEASURES.to_vec();
    policies.push(PricePolicy::Ours);
    let contest = Contest { training_days: 400, ..contest(&["plain"], &policies, 160) };
    let lines = figures(&contest, &contest.run(&|| ()));
    let ours: &PolicyFigures = lines.iter().find(|line| line.policy == "ours").expect("a line");
    let over = ours.over_best_fixed;
    assert!(over.mean - 2.0 * over.error > 2.0, "{over:?}");
    assert!(ours.of_full_information.mean > 94.0, "{:?}", ours.of_full_information);
    assert!(ours.waste_change.mean < -55.0, "{:?}", ours.waste_change);
}
