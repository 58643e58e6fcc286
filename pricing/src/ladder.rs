//! Steps of the ladder: their shelf prices, and the rules that forbid them.

use domain::Currency;
use rust_decimal::Decimal;

use crate::decision::WhyNot;
use crate::decision_request::{DecisionRequest, PriceRules};

/// One step of the ladder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LadderStep {
    /// Discount.
    pub percent: u8,
    /// Shelf price; 0 if no price above 0 has an allowed ending.
    pub price: Decimal,
    /// Rule that makes the step unusable: depth, floor or a price that is not lower.
    pub barred: Option<WhyNot>,
}

/// Returns all steps, in order.
///
/// Going up the ladder, a step is usable if it is not too deep, is not below a floor and is cheaper
/// than every usable step before it. Step 0 and the step on the shelf are always usable.
#[must_use]
pub fn steps(request: &DecisionRequest) -> Vec<LadderStep> {
    let DecisionRequest { rules, regular_price, unit_cost, currency, shelf, .. } = request;
    let mut lowest: Option<Decimal> = None;
    let step = |percent: &u8| {
        let percent = *percent;
        let price = shelf_price(*regular_price, percent, &rules.price_endings, *currency);
        let barred = if percent == 0 || percent == shelf.discount_percent {
            None
        } else if Decimal::from(percent) > rules.max_discount_percent {
            Some(WhyNot::MaxDiscount)
        } else if price.is_zero() || !is_above_floors(price, *unit_cost, rules) {
            Some(WhyNot::Floor)
        } else if lowest.is_some_and(|lowest| price >= lowest) {
            Some(WhyNot::SamePrice)
        } else {
            None
        };
        if barred.is_none() {
            lowest = Some(lowest.map_or(price, |lowest| lowest.min(price)));
        }
        LadderStep { percent, price, barred }
    };
    rules.ladder.steps().iter().map(step).collect()
}

/// Returns the highest amount up to `regular * (100 - percent) / 100` with an allowed ending, so
/// that no customer pays more than the sign promises; 0 if there is none. Step 0 costs the regular
/// price.
#[must_use]
pub fn shelf_price(
    regular: Decimal,
    percent: u8,
    endings: &[String],
    currency: Currency,
) -> Decimal {
    if percent == 0 {
        return regular;
    }
    let minor_unit = Decimal::new(1, currency.minor_digits());
    let share = Decimal::new(100 - i64::from(percent), 2);
    let highest = (regular * share / minor_unit).floor();
    let ending_below = |ending: &String| {
        let modulus = Decimal::from(10_u32.checked_pow(u32::try_from(ending.len()).ok()?)?);
        let ending: Decimal = ending.parse().ok()?;
        let over = (highest - ending) % modulus;
        let over = if over.is_sign_negative() { over + modulus } else { over };
        Some(highest - over)
    };
    let minor = if endings.is_empty() {
        Some(highest)
    } else {
        endings.iter().filter_map(ending_below).max()
    };
    minor.map_or(Decimal::ZERO, |minor| minor.max(Decimal::ZERO) * minor_unit)
}

fn is_above_floors(price: Decimal, cost: Decimal, rules: &PriceRules) -> bool {
    let hundred = Decimal::ONE_HUNDRED;
    let keeps_margin = |percent: Decimal| price * (hundred - percent) >= cost * hundred;
    rules.min_price.is_none_or(|floor| price >= floor)
        && rules.min_margin_percent.is_none_or(keeps_margin)
}
