//! Amounts of whole receipts, divided among their lines.

use std::collections::BTreeMap;

use domain::limits::LINE_ROUNDING_MINOR_UNITS;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

/// Line of a receipt, with the amounts of the receipt that stand on it.
#[derive(Debug, Clone)]
pub(super) struct ReceiptLine {
    pub(super) number: u64,
    pub(super) receipt: String,
    /// Number of digits of the currency behind the point.
    pub(super) digits: u32,
    pub(super) quantity: Decimal,
    pub(super) unit_price: Decimal,
    pub(super) amount: Option<Decimal>,
    /// Tax that is added to the amount.
    pub(super) tax: Option<Decimal>,
    pub(super) refund: Option<Decimal>,
}

/// Part of a receipt's amount that belongs to a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct LineShare {
    pub(super) amount: Decimal,
    /// Price of a unit with the tax. `None` if it does not fit the amount.
    pub(super) unit_price: Option<Decimal>,
}

/// Divides the amount of each receipt, with its tax and without its refund, in proportion to price
/// times quantity. The shares of a receipt add up to it exactly. Returns the shares by line, or the
/// rule that the receipt breaks.
pub(super) fn divide(lines: &[ReceiptLine]) -> BTreeMap<u64, Result<LineShare, String>> {
    let mut receipts: BTreeMap<&str, Vec<&ReceiptLine>> = BTreeMap::new();
    for line in lines {
        receipts.entry(&line.receipt).or_default().push(line);
    }
    let shares = receipts.into_values().flat_map(|lines| match shares(&lines) {
        Ok(shares) => {
            lines.iter().zip(shares).map(|(line, share)| (line.number, Ok(share))).collect()
        }
        Err(rule) => lines.iter().map(|line| (line.number, Err(rule.clone()))).collect::<Vec<_>>(),
    });
    shares.collect()
}

/// Returns the shares of the lines of one receipt.
fn shares(lines: &[&ReceiptLine]) -> Result<Vec<LineShare>, String> {
    let digits = lines.first().map_or(0, |line| line.digits);
    let first = |of: fn(&ReceiptLine) -> Option<Decimal>| lines.iter().find_map(|line| of(line));
    let amount = first(|line| line.amount)
        .ok_or_else(|| "receipt_amount is empty on every line of the receipt".to_owned())?;
    let tax = first(|line| line.tax).unwrap_or_default();
    let refund = first(|line| line.refund).unwrap_or_default();
    let too_large = || "receipt_amount or a price of the receipt is too large".to_owned();
    let paid = amount.checked_add(tax).and_then(|sum| sum.checked_sub(refund));
    let paid = paid.ok_or_else(too_large)?;
    if paid < Decimal::ZERO {
        return Err(format!("receipt_refund {refund} is above what was paid, {}", amount + tax));
    }
    let weight = |line: &&ReceiptLine| line.unit_price.checked_mul(line.quantity);
    let weights: Option<Vec<Decimal>> = lines.iter().map(weight).collect();
    let weights = weights.ok_or_else(too_large)?;
    let sum = weights.iter().try_fold(Decimal::ZERO, |sum, weight| sum.checked_add(*weight));
    let sum = sum.ok_or_else(too_large)?;
    if sum.is_zero() && !paid.is_zero() {
        return Err("receipt_amount is to be divided, and all lines of the receipt are free".into());
    }
    let scale = Decimal::from(10_u64.pow(digits.min(4)));
    let total = paid.checked_mul(scale).map(|total| total.round()).ok_or_else(too_large)?;
    let exact = |weight: &Decimal| match sum.is_zero() {
        true => Some(Decimal::ZERO),
        false => total.checked_mul(*weight)?.checked_div(sum),
    };
    let exact: Option<Vec<Decimal>> = weights.iter().map(exact).collect();
    let exact = exact.ok_or_else(too_large)?;
    let mut minor: Vec<Decimal> = exact.iter().map(Decimal::floor).collect();
    // The minor units that are left go to the largest fractions, the earlier line first.
    let left = (total - minor.iter().sum::<Decimal>()).to_usize().unwrap_or_default();
    let mut order: Vec<usize> = (0..lines.len()).collect();
    order.sort_by_key(|index| std::cmp::Reverse(exact[*index] - minor[*index]));
    for index in order.into_iter().take(left) {
        minor[index] += Decimal::ONE;
    }
    let gross = |price: Decimal| {
        let with_tax = match amount.is_zero() {
            true => Some(price),
            false => price.checked_mul(amount + tax)?.checked_div(amount),
        };
        let nearest = RoundingStrategy::MidpointAwayFromZero;
        with_tax.map(|price| price.round_dp_with_strategy(digits, nearest))
    };
    let rounding = Decimal::new(LINE_ROUNDING_MINOR_UNITS, digits);
    let share = |(line, minor): (&&ReceiptLine, Decimal)| {
        let mut amount = minor / scale;
        amount.rescale(digits);
        let fits = |price: &Decimal| {
            let most = price.checked_mul(line.quantity.abs());
            most.is_some_and(|most| amount.abs() <= most + rounding)
        };
        LineShare { amount, unit_price: gross(line.unit_price).filter(fits) }
    };
    Ok(lines.iter().zip(minor).map(share).collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(number: u64, quantity: i64, cents: i64) -> ReceiptLine {
        ReceiptLine {
            number,
            receipt: "r1".to_owned(),
            digits: 2,
            quantity: quantity.into(),
            unit_price: Decimal::new(cents, 2),
            amount: None,
            tax: None,
            refund: None,
        }
    }

    #[test]
    fn tax_and_refund_belong_to_the_receipt() {
        let first = ReceiptLine {
            amount: Some(Decimal::new(900, 2)),
            tax: Some(Decimal::new(72, 2)),
            refund: Some(Decimal::new(472, 2)),
            ..line(2, 1, 600)
        };
        let shares = divide(&[first, line(3, 2, 200)]);
        let amounts: Vec<String> =
            shares.values().map(|share| share.clone().unwrap().amount.to_string()).collect();
        assert_eq!(amounts, ["3.00", "2.00"]);
        assert_eq!(shares[&2].clone().unwrap().unit_price, Some(Decimal::new(648, 2)));
    }

    #[test]
    fn a_receipt_without_its_amount_is_refused_alone() {
        let other = ReceiptLine { receipt: "r2".into(), amount: Some(1.into()), ..line(3, 1, 100) };
        let shares = divide(&[line(2, 1, 100), other]);
        assert!(shares[&2].is_err() && shares[&3].is_ok(), "{shares:?}");
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn the_shares_add_up_to_the_receipt(
            lines in prop::collection::vec((1..9_i64, 1..9_999_i64), 1..9),
            paid in 0..999_999_i64,
        ) {
            let mut lines: Vec<ReceiptLine> = (2..)
                .zip(lines)
                .map(|(number, (quantity, cents))| line(number, quantity, cents))
                .collect();
            lines[0].amount = Some(Decimal::new(paid, 2));
            let shares = divide(&lines);
            let sum: Decimal = shares.values().map(|share| share.clone().unwrap().amount).sum();
            prop_assert_eq!(sum, Decimal::new(paid, 2));
        }
    }
}
