//! Situations of every kind, all rules mixed, drawn by a seed.

use chrono::{DateTime, FixedOffset, TimeDelta, TimeZone, Timelike};
use demand::{
    DemandProfile, Elasticity, OfferScope, PastOffer, ProfileBasis, ProfileSlot, ResponseForm,
};
use domain::{Currency, Ladder};
use pricing::decision_request::{DecisionRequest, PriceRules, SalesWindow, ShelfPrice};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rust_decimal::Decimal;

use crate::recursion::usual_demand;
use crate::rule::{amount, shelf_price};

/// Largest number of steps of the naive recursion for a case.
const WORK_MAX: u64 = 400_000;

/// Draws a request with known profile and price response, small enough for the naive recursion.
pub(crate) fn bearable(seed: u64) -> DecisionRequest {
    known(drawn(seed, affordable))
}

/// Draws a request with hundreds of units, two decisions and three steps, with known demand.
pub(crate) fn wholesale(seed: u64) -> DecisionRequest {
    let mut request = certain(seed);
    let random = &mut ChaCha8Rng::seed_from_u64(!seed);
    let interval = i64::from(request.rules.decision_interval_minutes);
    request.closes_at = request.as_of + TimeDelta::minutes(2 * interval);
    request.rules.ladder = Ladder::new(vec![0, 20, 50]).expect("ascending from 0");
    request.shelf = ShelfPrice {
        price: request.regular_price,
        discount_percent: 0,
        since: None,
        changes_today: 0,
    };
    request.on_hand = random.random_range(401..=900);
    let units = request.on_hand as f64 * random.random_range(0.2..1.5);
    let day = ProfileSlot { start: 0, end: 1_440, units: units * 720.0 / interval as f64 };
    request.profile.as_mut().expect("a profile").slots = vec![day];
    request
}

/// A request in which there is nothing to learn.
pub(crate) fn certain(seed: u64) -> DecisionRequest {
    known(any(seed))
}

fn known(mut request: DecisionRequest) -> DecisionRequest {
    let profile = request.profile.as_mut().expect("a profile");
    (profile.basis, profile.day_cv) = (ProfileBasis::Sku, 0.0);
    request.elasticity.as_mut().expect("an elasticity").sd = 0.0;
    request
}

/// A request of any kind, with a profile and an elasticity that may be uncertain.
pub(crate) fn any(seed: u64) -> DecisionRequest {
    drawn(seed, |_| u64::MAX)
}

fn drawn(seed: u64, stock_max: impl Fn(&DecisionRequest) -> u64) -> DecisionRequest {
    let random = &mut ChaCha8Rng::seed_from_u64(seed);
    let currency: Currency =
        one_of(random, &["EUR", "EUR", "EUR", "JPY", "KWD", "USD"]).parse().expect("a currency");
    let (as_of, closes_at, interval) = times(random);
    let regular = regular_price(random, currency);
    let rules = rules(random, interval, regular, currency);
    let mut request = DecisionRequest {
        store_id: "0042".to_owned(),
        sku: "BRT-1180".to_owned(),
        as_of,
        closes_at,
        currency,
        on_hand: match random.random_range(0..10) {
            0 => random.random_range(0..=2),
            1..5 => random.random_range(3..=15),
            _ => random.random_range(10..=60),
        },
        measure: None,
        regular_price: money(regular, currency),
        unit_cost: money(random.random_range(0..=regular * 4 / 5), currency),
        salvage_value: money(salvage(random, regular), currency),
        shelf: ShelfPrice {
            price: money(regular, currency),
            discount_percent: 0,
            since: None,
            changes_today: 0,
        },
        sales_today: Vec::new(),
        profile: None,
        elasticity: Some(elasticity(random)),
        offer_history: Vec::new(),
        rules,
    };
    request.on_hand = request.on_hand.min(stock_max(&request));
    request.shelf = shelf(random, &request);
    request.sales_today = sales(random, &request);
    request.profile = Some(profile(random, &request));
    request.offer_history = (0..random.random_range(0..4)).map(|_| past(random)).collect();
    request
}

fn one_of<'a, T: ?Sized>(random: &mut ChaCha8Rng, many: &[&'a T]) -> &'a T {
    many[random.random_range(0..many.len())]
}

fn money(minor: i64, currency: Currency) -> Decimal {
    Decimal::new(minor, currency.minor_digits())
}

/// The moment, the close and the minutes between decisions.
fn times(random: &mut ChaCha8Rng) -> (DateTime<FixedOffset>, DateTime<FixedOffset>, u32) {
    let offsets = [0, 3_600, 7_200, -18_000, 20_700, 34_200];
    let offset = |random: &mut ChaCha8Rng| {
        let seconds = offsets[random.random_range(0..offsets.len())];
        FixedOffset::east_opt(seconds).expect("an offset")
    };
    // From six in the morning to nearly midnight, most of them on the minute.
    let seconds = 60 * random.random_range(360..1_430) + one_in(random, 4, 0..60);
    let store = offset(random);
    let midnight = store.with_ymd_and_hms(2026, 3, 28, 0, 0, 0).single().expect("a midnight");
    let as_of = midnight + TimeDelta::seconds(seconds);
    let interval = match random.random_range(0..3) {
        0 => 15,
        1 => 5 * random.random_range(1..=12),
        _ => random.random_range(5..=60),
    };
    let whole = match random.random_range(0..8) {
        0 => 0,
        1 => random.random_range(12..=30),
        _ => random.random_range(1..=10),
    };
    let rest = match random.random_range(0..3) {
        0 => 0,
        1 => random.random_range(0..interval) * 60,
        _ => random.random_range(0..interval * 60),
    };
    let left = (whole * interval * 60 + rest).max(1 + random.random_range(0..60));
    let closes_at = as_of + TimeDelta::seconds(left.into());
    let elsewhere = if random.random_bool(0.3) { offset(random) } else { store };
    (as_of, closes_at.with_timezone(&elsewhere), interval)
}

/// Draws a number from the range with probability `1 / count`, else 0.
fn one_in(random: &mut ChaCha8Rng, count: u32, range: std::ops::Range<i64>) -> i64 {
    if random.random_ratio(1, count) { random.random_range(range) } else { 0 }
}

fn regular_price(random: &mut ChaCha8Rng, currency: Currency) -> i64 {
    match (random.random_range(0..12), currency.minor_digits()) {
        // So little that deep steps cost nothing, and others the same.
        (0, _) => random.random_range(1..=25),
        (_, 0) => random.random_range(50..=3_000),
        (_, 3) => 5 * random.random_range(20..=3_000),
        (1..5, _) => 10 * random.random_range(3..=200),
        _ => random.random_range(30..=2_500),
    }
}

fn salvage(random: &mut ChaCha8Rng, regular: i64) -> i64 {
    match random.random_range(0..6) {
        0 | 1 => 0,
        2 | 3 => -random.random_range(0..=regular / 3),
        4 => random.random_range(0..=regular * 2 / 3),
        _ => random.random_range(0..=regular * 5 / 4),
    }
}

fn rules(random: &mut ChaCha8Rng, interval: u32, regular: i64, currency: Currency) -> PriceRules {
    let mut ladder = vec![0];
    match random.random_range(0..10) {
        0 => {}
        // Neighbours of which some cost the same.
        1 => ladder.extend((1..=random.random_range(2..=14)).map(|step| step * 3)),
        2..6 => ladder.extend((1..=random.random_range(2..=8)).map(|step| step * 10)),
        _ => ladder.extend((1..=95).filter(|_| random.random_bool(0.07))),
    }
    let endings: &[&[&str]] = &[
        &[],
        &[],
        &["0", "5"],
        &["9"],
        &["50", "90"],
        &["95", "49", "0"],
        &["00"],
        &["3", "7", "1"],
    ];
    PriceRules {
        ladder: Ladder::new(ladder).expect("ascending from 0"),
        max_discount_percent: match random.random_range(0..8) {
            0 => Decimal::new(random.random_range(0..=950), 1),
            1 => random.random_range(20..=80).into(),
            _ => 95.into(),
        },
        min_price: random
            .random_bool(0.3)
            .then(|| money(random.random_range(0..=regular / 2), currency)),
        min_margin_percent: random
            .random_bool(0.3)
            .then(|| Decimal::new(random.random_range(0..=400), 1)),
        price_endings: endings[random.random_range(0..endings.len())]
            .iter()
            .map(|ending| (*ending).to_owned())
            .collect(),
        decision_interval_minutes: interval,
        min_minutes_between_changes: match random.random_range(0..4) {
            0 => 0,
            1 => interval * random.random_range(1..=3),
            2 => random.random_range(1..=150),
            _ => random.random_range(1..=45),
        },
        max_changes: random.random_bool(0.7).then(|| random.random_range(0..=5)),
    }
}

/// A step that has a price, whether or not it may be used, and when it was put there.
fn shelf(random: &mut ChaCha8Rng, request: &DecisionRequest) -> ShelfPrice {
    let rules = &request.rules;
    let gap = i64::from(rules.min_minutes_between_changes) * 60;
    let priced = |percent: &u8| Some((*percent, shelf_price(request, *percent)?));
    let steps: Vec<(u8, i64)> = rules.ladder.steps().iter().filter_map(priced).collect();
    let deepest = match random.random_range(0..8) {
        0..4 => 1,
        4..7 => steps.len().div_ceil(3),
        _ => steps.len(),
    };
    let (discount_percent, price) = steps[random.random_range(0..deepest)];
    let elsewhere = FixedOffset::west_opt(3 * 3_600).expect("an offset");
    let since = match random.random_range(0..8) {
        0..4 => None,
        // To the second, and one off.
        4 => Some(gap + random.random_range(-1..=1)),
        5 => Some(random.random_range(0..=gap.max(60))),
        _ => Some(60 * random.random_range(15..=240)),
    };
    let since = since.map(|ago| request.as_of - TimeDelta::seconds(ago.max(0)));
    ShelfPrice {
        price: amount(price, request),
        discount_percent,
        since: since
            .map(|at| if random.random_bool(0.3) { at.with_timezone(&elsewhere) } else { at }),
        changes_today: match (random.random_range(0..6), rules.max_changes) {
            (0, Some(most)) => (most + random.random_range(0..=2)).saturating_sub(1),
            (1 | 2, _) => random.random_range(0..=2),
            _ => u32::from(since.is_some()),
        },
    }
}

/// Windows with holes between them, at prices of the ladder.
fn sales(random: &mut ChaCha8Rng, request: &DecisionRequest) -> Vec<SalesWindow> {
    let mut sales = Vec::new();
    let mut end = request.as_of - TimeDelta::minutes(random.random_range(0..10));
    for _ in 0..random.random_range(0..20) {
        let start = end - TimeDelta::minutes(if random.random_bool(0.9) { 5 } else { 30 });
        sales.push(SalesWindow {
            start,
            end,
            units: if random.random_bool(0.5) { 0 } else { random.random_range(1..=5) },
            price: request.shelf.price,
            sold_out: random.random_bool(0.05),
        });
        end = start - TimeDelta::minutes(one_in(random, 5, 1..40));
    }
    sales.reverse();
    sales
}

fn elasticity(random: &mut ChaCha8Rng) -> Elasticity {
    let (form, most) = match random.random_bool(0.5) {
        true => (ResponseForm::Constant, 4.0),
        false => (ResponseForm::Exponential, 6.0),
    };
    let mean = random.random_range(0.5..most);
    Elasticity { mean, sd: random.random_range(0.0..mean), form }
}

/// A day in slots of any length, in which the rest of this day sells a twentieth to twice the
/// stock at the regular price.
fn profile(random: &mut ChaCha8Rng, request: &DecisionRequest) -> DemandProfile {
    let mut slots = Vec::new();
    let mut start = if random.random_bool(0.3) { 0 } else { random.random_range(300..700) };
    while start < 1_440 && slots.len() < 200 {
        let length = match random.random_range(0..3) {
            0 => 15,
            1 => 60,
            _ => random.random_range(1..=240),
        };
        let end = (start + length).min(1_440);
        let units = if random.random_bool(0.1) { 0.0 } else { random.random_range(0.1..1.0) };
        slots.push(ProfileSlot { start, end, units: units * f64::from(end - start) });
        start = end + one_in(random, 4, 1..180) as u16;
    }
    let mut profile = DemandProfile {
        basis: if random.random_bool(0.7) { ProfileBasis::Sku } else { ProfileBasis::Category },
        days: f64::from(random.random_range(1..=60)),
        day_cv: random.random_range(0.0..0.6),
        slots,
    };
    let now = i64::from(request.as_of.num_seconds_from_midnight());
    let left = (request.closes_at - request.as_of).num_seconds();
    let usual = usual_demand(&profile, now, now + left);
    let most = if random.random_bool(0.7) { 0.6 } else { 1.5 };
    let wanted = random.random_range(0.05..most) * request.on_hand.max(1) as f64;
    let scale = if usual > 0.0 { (wanted / usual).min(1e4) } else { 0.1 };
    for slot in &mut profile.slots {
        slot.units *= scale;
    }
    profile
}

fn past(random: &mut ChaCha8Rng) -> PastOffer {
    PastOffer {
        discount_percent: f64::from(random.random_range(0..=70)),
        expected_units: random.random_range(0.0..20.0),
        units: random.random_range(0..=30),
        sold_out: random.random_bool(0.2),
        scope: if random.random_bool(0.6) { OfferScope::Sku } else { OfferScope::Category },
    }
}

/// The most stock with which the naive recursion stays bearable.
fn affordable(request: &DecisionRequest) -> u64 {
    let rules = &request.rules;
    let interval = i64::from(rules.decision_interval_minutes) * 60;
    let left = (request.closes_at - request.as_of).num_seconds();
    let slots = left.unsigned_abs().div_ceil(interval.unsigned_abs());
    let steps = rules.ladder.steps().len() as u64;
    let changes = u64::from(rules.max_changes.unwrap_or(u32::MAX)).min(steps).max(1);
    let gaps = u64::from(rules.min_minutes_between_changes) * 60 / interval.unsigned_abs() + 1;
    let states = slots * steps * changes.div_ceil(2) * gaps.min(slots);
    // Half the pairs of units and sales.
    (2 * WORK_MAX / states).isqrt().clamp(2, 60)
}
