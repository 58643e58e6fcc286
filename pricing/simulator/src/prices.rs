//! Shelf prices and usable steps of the ladder: a second implementation of the rules that tries one
//! cent after the other, to check the arithmetic of the pricing.

use pricing::decision_request::PriceRules;
use rust_decimal::Decimal;

use crate::item::ShopItem;

/// Step of the ladder with its price.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PricedStep {
    /// Discount.
    pub percent: u8,
    /// Shelf price in cents.
    pub price: i64,
}

/// Converts cents to an exact amount.
#[must_use]
pub fn amount(cents: i64) -> Decimal {
    Decimal::new(cents, 2)
}

/// Returns the usable steps of an item, shallow to deep. The first one is the regular price.
#[must_use]
pub fn usable(item: &ShopItem, rules: &PriceRules) -> Vec<PricedStep> {
    let mut usable = vec![PricedStep { percent: 0, price: item.price }];
    for percent in rules.ladder.steps().iter().copied().skip(1) {
        let Some(price) = shelf_price(item.price, percent, &rules.price_endings) else { continue };
        let cheaper = usable.iter().all(|step| price < step.price);
        let too_deep = Decimal::from(percent) > rules.max_discount_percent;
        if cheaper && !too_deep && above_floors(price, item, rules) {
            usable.push(PricedStep { percent, price });
        }
    }
    usable
}

/// Returns the highest price above 0 that keeps the promise of the sign and has an allowed ending.
fn shelf_price(regular: i64, percent: u8, endings: &[String]) -> Option<i64> {
    (1..=regular).rev().find(|price| {
        let kept = price * 100 <= regular * i64::from(100 - percent);
        kept && (endings.is_empty() || endings.iter().any(|ending| ends_with(*price, ending)))
    })
}

fn ends_with(price: i64, ending: &str) -> bool {
    format!("{price:0>width$}", width = ending.len()).ends_with(ending)
}

fn above_floors(price: i64, item: &ShopItem, rules: &PriceRules) -> bool {
    let price = amount(price);
    let margin_kept = rules.min_margin_percent.is_none_or(|percent| {
        price * (Decimal::ONE_HUNDRED - percent) >= amount(item.cost) * Decimal::ONE_HUNDRED
    });
    margin_kept && rules.min_price.is_none_or(|least| price >= least)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::item::COUNTER;
    use crate::world::RuleSet;

    #[test]
    fn prices_keep_the_promise_of_the_sign_the_ending_and_the_margin() {
        let prices = |item: &ShopItem, rules: RuleSet| -> Vec<(u8, i64)> {
            usable(item, &rules.rules()).iter().map(|step| (step.percent, step.price)).collect()
        };
        let [pretzel, .., salad, _, _] = COUNTER;
        let tens =
            [(0, 120), (10, 108), (20, 96), (30, 84), (40, 72), (50, 60), (60, 48), (70, 36)];
        assert_eq!(prices(&pretzel, RuleSet::Default), tens);
        assert_eq!(prices(&pretzel, RuleSet::Hard), [(0, 120), (25, 89), (50, 59)]);
        // Half of 4.90 is below 2.20 / 0.8.
        assert_eq!(prices(&salad, RuleSet::Hard), [(0, 490), (25, 359)]);
    }
}
