//! Properties of every optimal decision, independent of the algorithm.

use chrono::{TimeDelta, Timelike};
use domain::Ladder;
use pricing::decision::Decision;
use pricing::decision_request::DecisionRequest;
use proptest::prelude::*;
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::recursion::{Afternoon, answer, usual_demand};
use crate::{cases, line, rule};

/// Two values that were each rounded to the minor unit.
const ROUNDING: f64 = 1.001;

fn decide(request: &DecisionRequest) -> Decision {
    pricing::decide(request)
}

/// Returns the expected value of the decision, in minor units.
fn value(request: &DecisionRequest) -> f64 {
    minor(decide(request).expected.value, request)
}

fn minor(amount: Decimal, request: &DecisionRequest) -> f64 {
    let digits = request.currency.minor_digits();
    amount.to_f64().expect("a number") * 10_f64.powi(digits as i32)
}

/// Returns the prices that may still be shown today, in minor units, each with its demand relative
/// to the regular price.
fn prices(request: &DecisionRequest) -> Vec<(f64, f64)> {
    let response = request.elasticity.expect("an elasticity");
    let regular = minor(request.regular_price, request);
    rule::steps(request)
        .into_iter()
        .filter(|s| s.unusable.is_none() && s.percent >= request.shelf.discount_percent)
        .map(|step| step.price.expect("a usable step has a price") as f64)
        .map(|price| (price, answer(response, price / regular)))
        .collect()
}

/// Returns the fluid bound: the value with deterministic, divisible demand. No policy has a higher
/// expected value (weak duality over the shadow price of a unit).
fn fluid_bound(request: &DecisionRequest) -> f64 {
    let profile = request.profile.as_ref().expect("a profile");
    let clock = i64::from(request.as_of.num_seconds_from_midnight());
    let left = (request.closes_at - request.as_of).num_seconds();
    let usual = usual_demand(profile, clock, clock + left);
    let prices = prices(request);
    let (stock, salvage) = (request.on_hand as f64, minor(request.salvage_value, request));
    let dearest = prices[0].0;
    let bound = |shadow_price: f64| {
        let best = prices.iter().map(|(price, answer)| answer * (price - salvage - shadow_price));
        salvage * stock + shadow_price * stock + usual * best.fold(0.0, f64::max)
    };
    let candidates = (0..=1_000).map(|k| f64::from(k) / 1_000.0 * (dearest - salvage).max(0.0));
    candidates.map(bound).fold(f64::INFINITY, f64::min)
}

/// The same request with another stock.
fn with_stock(request: &DecisionRequest, on_hand: u64) -> DecisionRequest {
    DecisionRequest { on_hand, ..request.clone() }
}

/// A piece left is worth no more than one sold at the lowest price.
fn with_modest_salvage(mut request: DecisionRequest) -> DecisionRequest {
    let lowest = prices(&request).last().expect("the price on the shelf").0;
    let lowest = rule::amount(lowest as i64, &request);
    request.salvage_value = request.salvage_value.min(lowest);
    request
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn nobody_beats_a_steady_stream_of_customers(seed: u64) {
        let request = cases::certain(seed);
        let (value, bound) = (value(&request), fluid_bound(&request));
        let slack = bound.abs() * 1e-9 + ROUNDING;
        prop_assert!(value <= bound + slack, "{value} > {bound}: {}", line::request(&request));
    }

    #[test]
    fn one_piece_more_is_worth_at_least_what_it_is_worth_when_it_is_left(seed: u64) {
        let request = with_modest_salvage(cases::certain(seed));
        let more = with_stock(&request, request.on_hand + 1);
        let gained = value(&more) - value(&request);
        let salvage = minor(request.salvage_value, &request);
        prop_assert!(gained >= salvage - ROUNDING, "{gained}: {}", line::request(&request));
    }

    #[test]
    fn one_piece_more_is_never_bad_where_nothing_is_paid_for_waste(seed: u64) {
        let mut request = cases::certain(seed);
        request.salvage_value = request.salvage_value.abs();
        let gained = value(&with_stock(&request, request.on_hand + 1)) - value(&request);
        prop_assert!(gained >= -ROUNDING, "{gained}: {}", line::request(&request));
    }

    #[test]
    fn a_later_close_is_never_bad(seed: u64, minutes in 1..240_i64) {
        let request = with_modest_salvage(cases::certain(seed));
        let mut later = request.clone();
        later.closes_at += TimeDelta::minutes(minutes);
        let gained = value(&later) - value(&request);
        prop_assert!(gained >= -ROUNDING, "{gained} for {minutes}: {}", line::request(&request));
    }

    #[test]
    fn more_steps_are_never_bad(seed: u64, more in prop::collection::btree_set(1..=95_u8, 1..6)) {
        let request = cases::certain(seed);
        let mut finer = request.clone();
        let steps = request.rules.ladder.steps().iter().copied().chain(more);
        let steps: std::collections::BTreeSet<u8> = steps.collect();
        finer.rules.ladder = Ladder::new(steps.into_iter().collect()).expect("ascending from 0");
        let gained = value(&finer) - value(&request);
        prop_assert!(gained >= -ROUNDING, "{gained}: {}", line::request(&finer));
    }

    #[test]
    fn fewer_rules_are_never_bad(seed: u64, fewer in 1..40_u32) {
        let request = cases::certain(seed);
        let mut changes = request.clone();
        changes.rules.max_changes = request.rules.max_changes.map(|most| most + 1);
        let mut unlimited = request.clone();
        unlimited.rules.max_changes = None;
        let mut gap = request.clone();
        let minutes = &mut gap.rules.min_minutes_between_changes;
        *minutes = minutes.saturating_sub(fewer);
        let mut endings = request.clone();
        endings.rules.max_discount_percent = 95.into();
        let value_now = value(&request);
        for freer in [changes, unlimited, gap, endings] {
            let gained = value(&freer) - value_now;
            prop_assert!(gained >= -ROUNDING, "{gained}: {}", line::request(&freer));
        }
    }

    #[test]
    fn the_same_situation_has_the_same_decision(seed: u64) {
        let request = cases::any(seed);
        prop_assert_eq!(decide(&request), decide(&request.clone()));
    }

    #[test]
    fn more_than_can_be_sold_is_worth_what_a_steady_stream_brings(seed: u64) {
        let request = with_stock(&cases::certain(seed), 100_000);
        let value = value(&request);
        let expected = Afternoon::new(&request).of_plenty();
        let bound = fluid_bound(&request);
        let close = |a: f64, b: f64| (a - b).abs() <= b.abs() * 0.002 + ROUNDING;
        // Where 100,000 can be sold after all, the bound says so.
        let plenty = bound >= expected - ROUNDING;
        prop_assert!(!plenty || close(value, expected), "{value} instead of {expected}: {}",
            line::request(&request));
    }
}

/// A stock that no shelf holds, and a street that buys it: nothing here can be left out because it
/// is unlikely.
#[test]
fn a_hundred_thousand_pieces_that_may_all_be_sold_are_decided() {
    for seed in [0, 1, 2] {
        for share in [0.3, 1.0, 3.0] {
            let mut request = with_stock(&cases::certain(seed), 100_000);
            let profile = request.profile.as_mut().expect("a profile");
            let clock = i64::from(request.as_of.num_seconds_from_midnight());
            let left = (request.closes_at - request.as_of).num_seconds();
            let usual = usual_demand(profile, clock, clock + left);
            if usual > 0.0 {
                profile.slots.iter_mut().for_each(|slot| slot.units *= 1e5 * share / usual);
            }
            let (value, bound) = (value(&request), fluid_bound(&request));
            let request = line::request(&request);
            assert!(value <= bound * (1.0 + 1e-9) + ROUNDING, "{value} > {bound}: {request}");
        }
    }
}
