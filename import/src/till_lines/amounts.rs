//! Amounts of lines: discounts that the till prints beside them, and tax that they do not contain.

use clap::ValueEnum;
use domain::Currency;
use domain::limits::LINE_ROUNDING_MINOR_UNITS;
use domain::money::parse_decimal;
use rust_decimal::{Decimal, RoundingStrategy};

use super::fields::{Fields, Names};

/// Place of the tax of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TaxPlace {
    /// The amounts are net, and the tax is added.
    Added,
    /// The amounts contain the tax.
    Included,
}

/// Amounts beside the price of a line, without sign.
#[derive(Debug, Default)]
pub(super) struct Extras {
    pub(super) discount: Option<Decimal>,
    /// Tax that is added to the amount.
    pub(super) tax: Option<Decimal>,
}

impl Extras {
    /// Adds a number of a column. A till prints discounts with a minus or without.
    ///
    /// # Errors
    /// Returns the rule that the text breaks.
    pub(super) fn number(text: &str) -> Result<Decimal, String> {
        let wrong = || "is not a number; write it like 0.50".to_owned();
        parse_decimal(text).map(|number| number.abs()).or_else(|_| {
            // A discount of -0.00 is none.
            let zero = text.strip_prefix('-').and_then(|text| parse_decimal(text).ok());
            zero.filter(Decimal::is_zero).ok_or_else(wrong)
        })
    }

    /// Sets the amount that the customer paid: the amount of the line, or else price times quantity,
    /// minus the discount and plus the tax. With tax, the price becomes gross too.
    ///
    /// # Errors
    /// Returns the rule that the line breaks.
    pub(super) fn apply(&self, fields: &mut Fields, names: &mut Names) -> Result<(), String> {
        let Self { discount, tax } = self;
        if discount.is_none() && tax.is_none() {
            return Ok(());
        }
        let number = |field| fields.text(field).and_then(|text| parse_decimal(text).ok());
        // The rules of the event refuse what is missing.
        let Some(currency) = fields.text("currency").and_then(|code| code.parse::<Currency>().ok())
        else {
            return Ok(());
        };
        let (Some(quantity), price) = (number("quantity"), number("unit_price")) else {
            return Ok(());
        };
        let Some(amount) = number("amount").or_else(|| price?.checked_mul(quantity)) else {
            return Ok(());
        };
        let minor = |value: Decimal| {
            let nearest = RoundingStrategy::MidpointAwayFromZero;
            value.round_dp_with_strategy(currency.minor_digits(), nearest)
        };
        let discount = discount.unwrap_or_default();
        let net = minor(amount.abs()) - discount;
        if net < Decimal::ZERO {
            return Err(format!("discount {discount} is above the amount {}", amount.abs()));
        }
        let paid = net + tax.unwrap_or_default();
        let minus = if amount < Decimal::ZERO { "-" } else { "" };
        if let (Some(price), Some(_)) = (price, tax) {
            let gross = price.abs().checked_mul(paid).and_then(|price| price.checked_div(net));
            let gross = gross.map(minor);
            let rounding = Decimal::new(LINE_ROUNDING_MINOR_UNITS, currency.minor_digits());
            let is_close = |gross: &Decimal| {
                let of_line = gross.checked_mul(quantity.abs());
                let most = of_line.map(|most| most + rounding);
                most.is_some_and(|most| paid <= most)
            };
            match gross.filter(is_close) {
                Some(gross) => fields.set("unit_price", &gross.to_string(), names),
                None => fields.remove("unit_price"),
            }
        }
        let sign = if paid.is_zero() { "" } else { minus };
        fields.set("amount", &format!("{sign}{paid}"), names);
        Ok(())
    }
}
