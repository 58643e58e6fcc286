//! The fan of what may be left is that of the model: equal to what the same afternoon, played many
//! times, leaves.

use chrono::{DateTime, FixedOffset};
use demand::{DemandProfile, Elasticity, ProfileBasis, ProfileSlot, ResponseForm};
use domain::{Currency, Ladder};
use pricing::decide;
use pricing::decision_request::{DecisionRequest, PriceRules, SalesWindow, ShelfPrice};
use pricing::forecast::{StockQuantiles, stock_until_close};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;
use statrs::distribution::{ContinuousCDF, DiscreteCDF, Gamma, Poisson};

fn at(clock: &str) -> DateTime<FixedOffset> {
    format!("2026-03-12T{clock}:00+01:00").parse().expect("an instant")
}

/// Six units an hour from 15:00 to 18:00, twenty on hand, 2.00 on the shelf.
fn request(day_cv: f64, sd: f64) -> DecisionRequest {
    let price = Decimal::new(200, 2);
    DecisionRequest {
        store_id: "0042".to_owned(),
        sku: "BRT-1180".to_owned(),
        as_of: at("15:00"),
        closes_at: at("18:00"),
        currency: Currency::EUR,
        on_hand: 20,
        measure: None,
        regular_price: price,
        unit_cost: Decimal::new(50, 2),
        salvage_value: Decimal::ZERO,
        shelf: ShelfPrice { price, discount_percent: 0, since: None, changes_today: 0 },
        sales_today: Vec::new(),
        profile: Some(DemandProfile {
            basis: ProfileBasis::Sku,
            days: 1e9,
            day_cv,
            slots: vec![ProfileSlot { start: 15 * 60, end: 18 * 60, units: 18.0 }],
        }),
        elasticity: Some(Elasticity { mean: 2.0, sd, form: ResponseForm::Exponential }),
        offer_history: Vec::new(),
        rules: PriceRules {
            ladder: Ladder::new(vec![0, 20]).unwrap(),
            max_discount_percent: Decimal::from(95),
            min_price: None,
            min_margin_percent: None,
            price_endings: Vec::new(),
            decision_interval_minutes: 15,
            min_minutes_between_changes: 0,
            max_changes: None,
        },
    }
}

/// Returns the shares of samples below `value` and at most `value`.
fn shares(sorted: &[u64], value: f64) -> (f64, f64) {
    let below = sorted.partition_point(|left| (*left as f64) < value);
    let up_to = sorted.partition_point(|left| *left as f64 <= value);
    (below as f64 / sorted.len() as f64, up_to as f64 / sorted.len() as f64)
}

#[test]
fn the_forecast_with_known_demand_is_poisson() {
    let request = request(0.0, 0.0);
    // 20 % off: demand times exp(2 * 0.2).
    let course = stock_until_close(&request, Decimal::new(160, 2));
    assert_eq!(course.len(), 13);
    assert_eq!((course[0].at, course[12].at), (at("15:00"), at("18:00")));
    assert_eq!([course[0].low, course[0].high], [20.0, 20.0]);
    for (moment, quarters) in course.iter().zip(0..).skip(1) {
        let sold = Poisson::new(1.5 * f64::from(quarters) * (0.4_f64).exp()).unwrap();
        for (value, share) in [(moment.low, 0.1), (moment.middle, 0.5), (moment.high, 0.9)] {
            // At most `value` left: sold at least the rest.
            let at_most = |left: f64| match (20.0 - left) as u64 {
                0 => 1.0,
                sold_least => 1.0 - sold.cdf(sold_least - 1),
            };
            let below = if value == 0.0 { 0.0 } else { at_most(value - 1.0) };
            assert!(below < share && share <= at_most(value), "{moment:?} {share}");
        }
    }
}

#[test]
fn what_is_uncertain_is_as_wide_as_the_model_plays_it() {
    const SEED: u64 = 1994;
    const PLAYED: usize = 4_000;
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let request = request(0.4, 0.0);
    let course = stock_until_close(&request, Decimal::new(200, 2));
    let mut ends: [Vec<u64>; 13] = Default::default();
    // Days with a standard deviation of 0.4, and slots that are Gamma of size 4 around them.
    let level = Gamma::new(1.0 / 0.16, 1.0 / 0.16).unwrap();
    let slot = Gamma::new(4.0, 4.0).unwrap();
    let poisson = |mean: f64, draw: f64| {
        let mut probability = (-mean).exp();
        let (mut sum, mut count) = (probability, 0);
        while sum < draw && count < 1_000 {
            count += 1;
            probability *= mean / count as f64;
            sum += probability;
        }
        count
    };
    for _ in 0..PLAYED {
        let today = level.inverse_cdf(random.random());
        let mut on_hand = 20_u64;
        ends[0].push(on_hand);
        for end in &mut ends[1..] {
            let mean = 1.5 * today * slot.inverse_cdf(random.random());
            on_hand = on_hand.saturating_sub(poisson(mean, random.random()));
            end.push(on_hand);
        }
    }
    for (moment, mut ends) in course.iter().zip(ends) {
        ends.sort_unstable();
        for (value, share) in [(moment.low, 0.1), (moment.middle, 0.5), (moment.high, 0.9)] {
            let (below, up_to) = shares(&ends, value);
            let allowed = 0.03;
            assert!(
                below - allowed <= share && share <= up_to + allowed,
                "{share} lies not at {value} ({below} to {up_to}), {moment:?}, seed {SEED}"
            );
        }
    }
}

#[test]
fn its_middle_agrees_with_what_the_decision_expects() {
    for (day_cv, sd) in [(0.0, 0.0), (0.3, 0.5)] {
        let mut request = request(day_cv, sd);
        request.sales_today.push(SalesWindow {
            start: at("14:55"),
            end: at("15:00"),
            units: 1,
            price: request.regular_price,
            sold_out: false,
        });
        let waste: f64 = decide(&request).if_unchanged.waste.to_string().parse().unwrap();
        let StockQuantiles { low, middle, high, .. } =
            *stock_until_close(&request, Decimal::new(200, 2)).last().unwrap();
        assert!(low <= waste && waste <= high, "{waste} in {low} to {high}");
        assert!((middle - waste).abs() < 2.0, "{waste} near {middle}");
    }
}

#[test]
fn more_to_learn_is_a_wider_fan_and_a_hundred_thousand_are_counted_in_lots() {
    let width = |request: &DecisionRequest| {
        let last = *stock_until_close(request, Decimal::new(120, 2)).last().unwrap();
        last.high - last.low
    };
    let known = request(0.0, 0.0);
    let mut unknown = request(0.4, 0.8);
    unknown.on_hand = 60;
    assert!(width(&unknown) > width(&DecisionRequest { on_hand: 60, ..known.clone() }));
    let many = DecisionRequest { on_hand: 100_000, ..known.clone() };
    let last = *stock_until_close(&many, Decimal::new(200, 2)).last().unwrap();
    assert!((99_500.0..=100_000.0).contains(&last.low), "{last:?}");
    let none = stock_until_close(&DecisionRequest { on_hand: 0, ..known }, Decimal::new(200, 2));
    assert!(none.iter().all(|moment| moment.high == 0.0));
}
