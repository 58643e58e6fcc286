//! Sentences about a decision, with units and currency. Prices are named and no percentages: a
//! percentage is true only beside the two prices that it compares. Figures of a sentence add up as
//! they are shown.

use domain::{Currency, Outlook};
use rust_decimal::Decimal;

use crate::decision_request::DecisionRequest;
use crate::measure::{Measure, rounded};

/// Measure and currency of the sentences about one item.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wording {
    /// Currency of the amounts.
    currency: Currency,
    /// Unit and portion of the quantities. Pieces have no name.
    measure: Measure,
}

/// Gain of a price change over a price that never changes, in money to the minor unit.
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
    pub(crate) fn new(request: &DecisionRequest) -> Self {
        Self { currency: request.currency, measure: request.counted() }
    }

    fn quantity(self, quantity: Decimal) -> String {
        self.measure.quantity(quantity)
    }

    /// Returns the stock with its unit, to the last digit.
    pub(crate) fn on_hand(self) -> String {
        self.quantity(self.measure.on_hand)
    }

    /// Returns an amount with its currency, to the minor unit.
    pub(crate) fn money(self, amount: Decimal) -> String {
        let places = self.currency.minor_digits();
        let mut amount = rounded(amount, places);
        amount.rescale(places);
        format!("{amount} {}", self.currency)
    }

    /// Returns a price with its currency; of weighed goods, with the unit that it is for.
    pub(crate) fn price(self, price: Decimal) -> String {
        self.money(price) + &self.unit("/")
    }

    /// Returns the stock and the expectation at an unchanged price.
    pub(crate) fn stock(self, price: Decimal, unchanged: &Outlook) -> String {
        let [sold, left] = self.measure.sold_and_left(unchanged.units);
        format!(
            "{} left; at {} about {} would sell for {} until closing and {} would be left.",
            self.on_hand(),
            self.price(price),
            self.quantity(sold),
            self.money(unchanged.revenue),
            self.quantity(left),
        )
    }

    /// Returns the expectation at a new price and its gain. Its parts add up to it.
    pub(crate) fn change(self, price: Decimal, expected: &Outlook, gain: Gain) -> String {
        let Gain { total, by_changing_now, salvage_value } = gain;
        let by_later_steps = total - by_changing_now;
        let later = if by_later_steps.is_zero() { "" } else { ", and less later," };
        let effect = self.effect_with(price, later, expected);
        if total <= Decimal::ZERO {
            return format!("{effect}.");
        }
        let salvage = if salvage_value.is_zero() {
            String::new()
        } else {
            let each = self.money(salvage_value);
            let unit = self.unit("");
            format!(" with {each} for each {} left", if unit.is_empty() { "unit" } else { &unit })
        };
        let amounts = [total, by_changing_now, by_later_steps];
        let [total, now, later] = amounts.map(|amount| self.money(amount));
        if by_later_steps.is_zero() {
            return format!("{effect}: {total} more{salvage}.");
        }
        format!("{effect}: {total} more{salvage}, {now} by changing now, {later} by later steps.")
    }

    /// Returns the expectation at a price.
    pub(crate) fn effect(self, price: Decimal, expected: &Outlook) -> String {
        self.effect_with(price, "", expected)
    }

    fn effect_with(self, price: Decimal, later: &str, expected: &Outlook) -> String {
        let [sold, left] = self.measure.sold_and_left(expected.units);
        let verb = if left == Decimal::ONE { "is" } else { "are" };
        format!(
            "At {}{later} about {} sell for {} and {} {verb} left",
            self.price(price),
            self.quantity(sold),
            self.money(expected.revenue),
            self.quantity(left),
        )
    }

    /// Returns the portion in which the decision counts, and the rest below one portion; `None` if
    /// it counts single pieces.
    pub(crate) fn portions(self) -> Option<String> {
        self.measure.portions_text().map(|text| format!("Counted in {text}."))
    }

    /// Returns the name of the unit after a separator. Pieces have none.
    fn unit(self, separator: &str) -> String {
        self.measure.unit_name().map_or_else(String::new, |name| format!("{separator}{name}"))
    }
}
