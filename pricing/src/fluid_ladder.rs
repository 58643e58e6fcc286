//! Which prices are allowed: ladder, endings, floors.

use domain::{Item, Money, Policy};
use rust_decimal::Decimal;

/// A discount and the shelf price it makes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    /// The discount.
    pub percent: u8,
    /// The price.
    pub price: Money,
}

/// The usable steps, shallow to deep: going up the ladder, those that are not too deep, not below
/// the floors, and cheaper than every usable step before. Step 0 is always usable.
#[must_use]
pub fn usable(item: &Item, policy: &Policy) -> Vec<Step> {
    let ladder = item.ladder.as_ref().unwrap_or(&policy.ladder);
    let mut steps: Vec<Step> = Vec::new();
    for percent in ladder.steps() {
        let Some(price) = shelf_price(item.price, *percent, &policy.price_endings) else {
            continue;
        };
        let lower = steps.last().is_none_or(|last| price.amount() < last.price.amount());
        let allowed = *percent <= policy.max_discount_percent && above_floors(price, item, policy);
        if *percent == 0 || lower && allowed {
            steps.push(Step { percent: *percent, price });
        }
    }
    steps
}

/// The highest amount that is not above `regular * (100 - percent) / 100` and has an allowed
/// ending, so that nobody pays more than the sign promises. Step 0 costs the regular price. No
/// price is 0.
fn shelf_price(regular: Money, percent: u8, endings: &[String]) -> Option<Money> {
    if percent == 0 {
        return Some(regular);
    }
    let digits = regular.currency().minor_digits();
    let minor_unit = Decimal::new(1, digits);
    let share = Decimal::new(i64::from(100 - percent), 2);
    let highest = (regular.amount() * share / minor_unit).floor();
    let ending_below = |ending: &String| {
        let modulus = Decimal::from(10_u32.pow(u32::try_from(ending.len()).ok()?));
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
    let minor = minor.filter(|minor| *minor > Decimal::ZERO)?;
    Money::price(minor * minor_unit, regular.currency()).ok()
}

/// Whether `price` keeps the item's floor and the least margin, `cost / (1 - percent / 100)`.
fn above_floors(price: Money, item: &Item, policy: &Policy) -> bool {
    let hundred = Decimal::ONE_HUNDRED;
    let keeps_floor = item.floor.is_none_or(|floor| price.amount() >= floor.amount());
    let keeps_margin = match (policy.min_margin_percent, item.cost) {
        (Some(percent), Some(cost)) => {
            price.amount() * (hundred - Decimal::from(percent)) >= cost.amount() * hundred
        }
        _ => true,
    };
    keeps_floor && keeps_margin
}

#[cfg(test)]
mod tests {
    use domain::Item;

    use super::*;

    fn steps(item: &str, policy: &str) -> Vec<String> {
        let item = Item::parse(item).unwrap();
        let policy = Policy::parse(policy).unwrap();
        usable(&item, &policy)
            .iter()
            .map(|step| format!("{}={}", step.percent, step.price))
            .collect()
    }

    #[test]
    fn a_price_is_never_above_what_the_sign_promises() {
        let item = r#"{"sku":"BRT-1180","price":"2.40","cost":"0.85"}"#;
        let endings = r#"{"price_endings":["0","5"],"ladder_percent":[0,10,20,30,40,50,60,70]}"#;
        assert_eq!(
            steps(item, endings),
            ["0=2.40", "10=2.15", "20=1.90", "30=1.65", "40=1.40", "50=1.20", "60=0.95", "70=0.70"]
        );
        let nines = r#"{"price_endings":["90","50"],"ladder_percent":[0,10,20,50]}"#;
        assert_eq!(steps(item, nines), ["0=2.40", "10=1.90", "50=0.90"]);
    }

    #[test]
    fn floors_and_the_deepest_discount_close_the_ladder() {
        let item = r#"{"sku":"A","price":"2.00","cost":"0.80","floor":"1.10"}"#;
        let policy = r#"{"ladder_percent":[0,20,40,45,60]}"#;
        assert_eq!(steps(item, policy), ["0=2.00", "20=1.60", "40=1.20", "45=1.10"]);
        let margin = r#"{"ladder_percent":[0,20,40,60],"min_margin_percent":50}"#;
        assert_eq!(
            steps(r#"{"sku":"A","price":"2.00","cost":"0.80"}"#, margin),
            ["0=2.00", "20=1.60"]
        );
        let depth = r#"{"ladder_percent":[0,20,40,60],"max_discount_percent":40}"#;
        assert_eq!(steps(r#"{"sku":"A","price":"2.00"}"#, depth), ["0=2.00", "20=1.60", "40=1.20"]);
    }

    #[test]
    fn no_price_is_zero() {
        let policy = r#"{"ladder_percent":[0,50,90]}"#;
        assert_eq!(steps(r#"{"sku":"A","price":"0.02"}"#, policy), ["0=0.02", "50=0.01"]);
        let yen = r#"{"sku":"A","price":"240","currency":"JPY"}"#;
        assert_eq!(steps(yen, r#"{"ladder_percent":[0,33]}"#), ["0=240", "33=160"]);
    }
}
