//! Sentences about a decision, with units and currency. Prices are named and no percentages: a
//! percentage is true only beside the two prices that it compares.

use domain::event::Unit;
use domain::{Currency, Outlook};
use rust_decimal::{Decimal, RoundingStrategy};

/// Units and currency of the sentences about one item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording {
    /// Currency of the amounts.
    pub(crate) currency: Currency,
    /// Unit of the quantities. Pieces have no name.
    pub(crate) unit: Unit,
}

/// Gain of a price change over a price that never changes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Gain {
    /// Value of the change with the best later steps, minus the value of the unchanged price.
    pub(crate) total: Decimal,
    /// Part of `total` that waiting would lose. Later steps alone bring the rest.
    pub(crate) by_changing_now: Decimal,
    /// Value of each unit left at the close.
    pub(crate) salvage_value: Decimal,
}

impl Wording {
    /// Returns a quantity: tenths of a piece, because expectations are no whole numbers, or
    /// hundredths of a kilogram or litre.
    pub(crate) fn quantity(self, quantity: Decimal) -> String {
        let places = if self.unit == Unit::Each { 1 } else { 2 };
        self.exact(rounded(quantity, places).normalize())
    }

    /// Returns a quantity with all its digits.
    pub(crate) fn exact(self, quantity: Decimal) -> String {
        let measure = match self.unit {
            Unit::Each => "",
            Unit::Kilogram => " kg",
            Unit::Litre => " l",
        };
        format!("{quantity}{measure}")
    }

    /// Returns an amount with its currency, to the minor unit.
    pub(crate) fn money(self, amount: Decimal) -> String {
        let places = self.currency.minor_digits();
        let mut amount = rounded(amount, places);
        amount.rescale(places);
        format!("{amount} {}", self.currency)
    }

    /// Returns the stock and the expectation at an unchanged price.
    pub(crate) fn stock(self, on_hand: Decimal, price: Decimal, unchanged: &Outlook) -> String {
        format!(
            "{} left; at {} about {} would sell for {} until closing and {} would be left.",
            self.quantity(on_hand),
            self.money(price),
            self.quantity(unchanged.units),
            self.money(unchanged.revenue),
            self.quantity(unchanged.waste),
        )
    }

    /// Returns the expectation at a new price and its gain.
    pub(crate) fn change(self, price: Decimal, expected: &Outlook, gain: Gain) -> String {
        let Gain { total, by_changing_now, salvage_value } = gain;
        let later = if total == by_changing_now { "" } else { ", and less later," };
        let effect = self.effect_with(price, later, expected);
        let [total_text, now, later] =
            [total, by_changing_now, total - by_changing_now].map(|amount| self.money(amount));
        if total <= Decimal::ZERO {
            return format!("{effect}.");
        }
        let salvage = if salvage_value.is_zero() {
            String::new()
        } else {
            format!(" with {} for each unit left", self.money(salvage_value))
        };
        if total == by_changing_now {
            return format!("{effect}: {total_text} more{salvage}.");
        }
        format!(
            "{effect}: {total_text} more{salvage}, {now} by changing now, {later} by later steps."
        )
    }

    /// Returns the expectation at a price.
    pub(crate) fn effect(self, price: Decimal, expected: &Outlook) -> String {
        self.effect_with(price, "", expected)
    }

    fn effect_with(self, price: Decimal, later: &str, expected: &Outlook) -> String {
        let left = self.quantity(expected.waste);
        let verb = if left == "1" { "is" } else { "are" };
        format!(
            "At {}{later} about {} sell for {} and {left} {verb} left",
            self.money(price),
            self.quantity(expected.units),
            self.money(expected.revenue),
        )
    }
}

/// Rounds half away from zero.
pub(crate) fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
