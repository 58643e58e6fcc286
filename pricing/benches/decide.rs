//! Processor time of one decision, with unknown and with known demand.
//!
//! `cargo bench -p pricing` prints the time of each.

use chrono::{DateTime, FixedOffset, TimeDelta};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use demand::{
    DemandProfile, Elasticity, OfferScope, PastOffer, ProfileBasis, ProfileSlot, ResponseForm,
};
use domain::{Currency, Ladder};
use pricing::decision_request::{DecisionRequest, PriceRules, SalesWindow, ShelfPrice};
use rust_decimal::Decimal;

/// Number of past windows of five minutes.
const WINDOWS: i64 = 60;

fn as_of() -> DateTime<FixedOffset> {
    DateTime::parse_from_rfc3339("2026-03-12T14:00:00+01:00").expect("an instant")
}

/// An afternoon of so many decisions a quarter of an hour apart, eight steps, half an hour between
/// changes, three of them; so many units would be sold at the regular price.
fn request(on_hand: u64, slots: i64, usual: f64) -> DecisionRequest {
    let regular = Decimal::new(240, 2);
    let left = TimeDelta::minutes(15 * slots);
    let window = |number: i64| {
        let end = as_of() - TimeDelta::minutes(5 * (WINDOWS - 1 - number));
        SalesWindow {
            start: end - TimeDelta::minutes(5),
            end,
            units: u64::from(number % 4 == 0),
            price: regular,
            sold_out: false,
        }
    };
    let past = |number: u64| PastOffer {
        discount_percent: 30.0,
        expected_units: 4.0 + number as f64,
        units: 6 + 2 * number,
        sold_out: false,
        scope: OfferScope::Sku,
    };
    DecisionRequest {
        store_id: "0042".to_owned(),
        sku: "BRT-1180".to_owned(),
        as_of: as_of(),
        closes_at: as_of() + left,
        currency: Currency::EUR,
        on_hand,
        measure: None,
        regular_price: regular,
        unit_cost: Decimal::new(85, 2),
        salvage_value: Decimal::new(-5, 2),
        shelf: ShelfPrice { price: regular, discount_percent: 0, since: None, changes_today: 0 },
        sales_today: (0..WINDOWS).map(window).collect(),
        profile: Some(DemandProfile {
            basis: ProfileBasis::Sku,
            days: 28.0,
            day_cv: 0.3,
            slots: (16..48)
                .map(|half| ProfileSlot {
                    start: 30 * half,
                    end: 30 * (half + 1),
                    units: usual / (slots as f64 / 2.0),
                })
                .collect(),
        }),
        elasticity: Some(Elasticity { mean: 2.2, sd: 0.7, form: ResponseForm::Exponential }),
        offer_history: (0..4).map(past).collect(),
        rules: PriceRules {
            ladder: Ladder::new(vec![0, 10, 20, 30, 40, 50, 60, 70]).expect("ascending from 0"),
            max_discount_percent: 95.into(),
            min_price: None,
            min_margin_percent: None,
            price_endings: vec!["0".to_owned(), "5".to_owned()],
            decision_interval_minutes: 15,
            min_minutes_between_changes: 30,
            max_changes: Some(3),
        },
    }
}

/// The same with nothing to learn.
fn known(mut request: DecisionRequest) -> DecisionRequest {
    request.profile.as_mut().expect("a profile").day_cv = 0.0;
    request.elasticity.as_mut().expect("an elasticity").sd = 0.0;
    request
}

fn decisions(criterion: &mut Criterion) {
    let sizes = [
        (15, 10, 10.0),
        (25, 18, 17.0),
        (40, 18, 27.0),
        (60, 22, 40.0),
        // A slip of the keyboard, and a warehouse.
        (100_000, 18, 40.0),
        (100_000, 18, 67_000.0),
    ];
    for (name, prepare) in [("learning", None), ("known", Some(known as fn(_) -> _))] {
        let mut group = criterion.benchmark_group(name);
        for (on_hand, slots, usual) in sizes {
            let request = request(on_hand, slots, usual);
            let request = prepare.map_or(request.clone(), |prepare| prepare(request));
            let id = BenchmarkId::from_parameter(format!(
                "{on_hand} units, {slots} slots, {usual} usual"
            ));
            group.bench_with_input(id, &request, |bencher, request| {
                bencher.iter(|| pricing::decide(request));
            });
        }
        group.finish();
    }
}

criterion_group!(benches, decisions);
criterion_main!(benches);
