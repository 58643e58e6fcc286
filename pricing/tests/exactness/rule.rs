//! Independent implementation of the price rules of the `decide` format, in whole minor units.

use pricing::decision::WhyNot;
use pricing::decision_request::DecisionRequest;
use rust_decimal::Decimal;

/// Converts an amount to minor units.
pub(crate) fn minor(amount: Decimal, request: &DecisionRequest) -> i64 {
    let minor = amount * Decimal::from(10_i64.pow(request.currency.minor_digits()));
    assert!(minor.is_integer(), "{amount} is finer than a minor unit");
    i64::try_from(minor).expect("an amount in range")
}

/// Converts minor units to an amount.
pub(crate) fn amount(minor: i64, request: &DecisionRequest) -> Decimal {
    Decimal::new(minor, request.currency.minor_digits())
}

/// Step of the ladder.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Step {
    pub(crate) percent: u8,
    /// Price in minor units; `None` if no amount above 0 obeys the rules.
    pub(crate) price: Option<i64>,
    /// Reason for excluding the step all day, other than its depth.
    pub(crate) unusable: Option<WhyNot>,
}

/// Returns the price of a step: the highest amount with at least this discount and an allowed
/// ending.
pub(crate) fn shelf_price(request: &DecisionRequest, percent: u8) -> Option<i64> {
    let regular = minor(request.regular_price, request);
    if percent == 0 {
        return Some(regular);
    }
    let endings = &request.rules.price_endings;
    let ends_well = |amount: &i64| {
        endings.is_empty() || endings.iter().any(|end| amount.to_string().ends_with(end.as_str()))
    };
    (1..=regular * (100 - i64::from(percent)) / 100).rev().find(ends_well)
}

fn is_above_the_floors(request: &DecisionRequest, price: i64) -> bool {
    let rules = &request.rules;
    let cost = Decimal::from(minor(request.unit_cost, request));
    let hundred = Decimal::ONE_HUNDRED;
    rules.min_price.is_none_or(|least| price >= minor(least, request))
        && rules
            .min_margin_percent
            .is_none_or(|margin| Decimal::from(price) * (hundred - margin) >= cost * hundred)
}

/// Returns the steps of the ladder.
pub(crate) fn steps(request: &DecisionRequest) -> Vec<Step> {
    let mut steps: Vec<Step> = Vec::new();
    for percent in request.rules.ladder.steps().iter().copied() {
        let price = shelf_price(request, percent);
        let before: Vec<i64> = steps
            .iter()
            .filter(|step| step.unusable.is_none())
            .map(|step| step.price.expect("a usable step has a price"))
            .collect();
        let unusable = if percent == 0 || percent == request.shelf.discount_percent {
            None
        } else if Decimal::from(percent) > request.rules.max_discount_percent {
            Some(WhyNot::MaxDiscount)
        } else if !price.is_some_and(|price| is_above_the_floors(request, price)) {
            Some(WhyNot::Floor)
        } else if before.iter().any(|other| price.expect("above the floors") >= *other) {
            Some(WhyNot::SamePrice)
        } else {
            None
        };
        steps.push(Step { percent, price, unusable });
    }
    steps
}

/// Returns the reason for refusing a step now.
pub(crate) fn why_not(request: &DecisionRequest, step: &Step) -> Option<WhyNot> {
    let shelf = &request.shelf;
    let gap = i64::from(request.rules.min_minutes_between_changes) * 60;
    if step.unusable.is_some() || step.percent == shelf.discount_percent {
        step.unusable
    } else if step.percent < shelf.discount_percent {
        Some(WhyNot::Shallower)
    } else if shelf.since.is_some_and(|since| (request.as_of - since).num_seconds() < gap) {
        Some(WhyNot::Gap)
    } else if request.rules.max_changes.is_some_and(|most| shelf.changes_today >= most) {
        Some(WhyNot::MaxChanges)
    } else {
        None
    }
}
