//! The value of Gallego & van Ryzin (1994) for exponential demand, which is known in closed form:
//! with customers at rate `l` at the price `1/a` that earns most, `n` pieces and the time `t`,
//! the best one can do is `ln(sum over i <= n of (l t)^i / i!) / a`.
//!
//! It is reached by prices that go up again after each sale. The solver's prices never do, but
//! where the same ladder stands behind itself once for every slot, deeper is as good as any price.

use chrono::DateTime;
use demand::{DemandProfile, Elasticity, ProfileBasis, ProfileSlot, ResponseForm};
use domain::{Currency, Ladder};
use pricing::decision_request::{DecisionRequest, PriceRules, ShelfPrice};
use pricing::slot_demand::SlotDemand;
use pricing::solver::{ChangeRules, SolverProblem, solve};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use crate::line;

const PIECES: [u64; 10] = [1, 2, 3, 5, 8, 10, 15, 20, 30, 40];
/// `l t`.
const CUSTOMERS: [f64; 9] = [0.25, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 30.0, 50.0];
/// A hundred thousand: what is rounded to the cent does not matter.
const REGULAR: i64 = 100_000;

/// The closed form, in units of `1/a`.
fn best_with_free_prices(pieces: u64, customers: f64) -> f64 {
    let powers = (1..=pieces).scan(1.0, |term, i| {
        *term *= customers / i as f64;
        Some(*term)
    });
    (1.0 + powers.sum::<f64>()).ln()
}

/// Eight hours in 32 slots and a step for every percent, no other rule. The regular price is the
/// highest one that is ever best: `1/a` is `REGULAR / elasticity`.
fn request(pieces: u64, customers: f64) -> (DecisionRequest, f64) {
    let elasticity = (1.05 + customers.ln_1p()).max(2.0);
    let units = customers * (1.0 - elasticity).exp();
    let at = |text: &str| DateTime::parse_from_rfc3339(text).expect("an instant");
    let request = DecisionRequest {
        store_id: "0042".to_owned(),
        sku: "BRT-1180".to_owned(),
        as_of: at("2026-03-12T08:00:00+01:00"),
        closes_at: at("2026-03-12T16:00:00+01:00"),
        currency: Currency::EUR,
        on_hand: pieces,
        measure: None,
        regular_price: REGULAR.into(),
        unit_cost: Decimal::ZERO,
        salvage_value: Decimal::ZERO,
        shelf: ShelfPrice {
            price: REGULAR.into(),
            discount_percent: 0,
            since: None,
            changes_today: 0,
        },
        sales_today: Vec::new(),
        profile: Some(DemandProfile {
            basis: ProfileBasis::Sku,
            days: 28.0,
            day_cv: 0.0,
            slots: vec![ProfileSlot { start: 480, end: 960, units }],
        }),
        elasticity: Some(Elasticity { mean: elasticity, sd: 0.0, form: ResponseForm::Exponential }),
        offer_history: Vec::new(),
        rules: PriceRules {
            ladder: Ladder::new((0..=95).collect()).expect("ascending from 0"),
            max_discount_percent: 95.into(),
            min_price: None,
            min_margin_percent: None,
            price_endings: Vec::new(),
            decision_interval_minutes: 15,
            min_minutes_between_changes: 0,
            max_changes: None,
        },
    };
    (request, REGULAR as f64 / elasticity)
}

/// Returns the value of the decision as a share of the closed form.
fn share_of_optimum(pieces: u64, customers: f64) -> f64 {
    let (request, unit) = request(pieces, customers);
    let value = pricing::decide(&request).expected.value.to_f64().expect("a number");
    let share = value / unit / best_with_free_prices(pieces, customers);
    assert!(share <= 1.0001, "{share}: better than the best: {}", line::request(&request));
    share
}

#[test]
fn falling_prices_reach_the_closed_form_where_rising_ones_never_help() {
    for customers in CUSTOMERS {
        for pieces in PIECES {
            let share = share_of_optimum(pieces, customers);
            if pieces == 1 || pieces as f64 >= 2.0 * customers + 4.0 {
                assert!(share >= 0.997, "{pieces} pieces, {customers} customers: {share}");
            }
            // An independent dynamic program for falling prices is at least 98.3 % on this grid.
            assert!(share >= 0.983, "{pieces} pieces, {customers} customers: {share}");
        }
    }
}

/// Slots of the solver, when prices may rise.
const SLOTS: usize = 36;
/// Distance between two prices, in units of `1/a`.
const FINE: f64 = 0.1;

/// Solves the problem without an order of the prices. Returns the value in units of `1/a`.
fn solved_with_free_prices(pieces: u64, customers: f64) -> f64 {
    // No price below 1 or above the optimum of a single unit is optimal.
    let dearest = 1.0 + customers.ln_1p();
    let count = ((dearest - 1.0) / FINE).ceil() as usize + 1;
    let ladder: Vec<f64> = (0..count).map(|index| 1.0 + FINE * index as f64).collect();
    let pieces = usize::try_from(pieces).expect("a few");
    let demand = |price: &f64| {
        SlotDemand::new(customers / SLOTS as f64 * (1.0 - price).exp(), None, 1.0, pieces)
    };
    let once: Vec<SlotDemand> = ladder.iter().map(demand).collect();
    let demand: Vec<SlotDemand> = once.iter().cycle().take(count * SLOTS).cloned().collect();
    let values = solve(&SolverProblem {
        on_hand: pieces,
        prices: &ladder.repeat(SLOTS),
        demand: &[demand.as_slice(); SLOTS],
        salvage: 0.0,
        changes: ChangeRules { gap: 1, first: 0, left: usize::MAX },
    });
    values.steps.iter().map(|step| step.value).fold(0.0, f64::max)
}

#[test]
fn the_solver_reaches_the_closed_form_where_prices_may_rise() {
    for customers in CUSTOMERS {
        for pieces in PIECES {
            let best = best_with_free_prices(pieces, customers);
            let share = solved_with_free_prices(pieces, customers) / best;
            assert!(share <= 1.0 + 1e-9, "{pieces} pieces, {customers} customers: {share}");
            assert!(share >= 0.997, "{pieces} pieces, {customers} customers: {share}");
        }
    }
}
