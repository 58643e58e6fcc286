//! Money of a sale or return: the price of one unit, the amount charged for the line, or both.

use rust_decimal::{Decimal, RoundingStrategy};

use crate::limits::LINE_ROUNDING_MINOR_UNITS;
use crate::money::{Currency, Money, Quantity};

/// Money of a sale or return. A till knows the price of one unit, the amount of the line, or both.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Charge {
    /// Price of one unit. The amount is this price times the quantity.
    UnitPrice(Money),
    /// Amount of the whole line, after all discounts.
    Amount(Money),
    /// Price of one unit on the label, and the amount of the whole line. Both have one currency.
    Both {
        /// Price of one unit.
        unit_price: Money,
        /// Amount of the whole line, after all discounts.
        amount: Money,
    },
}

impl Charge {
    /// Combines what a till gave. `None` if it gave neither.
    ///
    /// # Errors
    /// Returns a message if the amount is above price times quantity by more than a rounding, five
    /// minor units. A smaller amount is a discount on the line.
    pub(crate) fn new(
        unit_price: Option<Money>,
        amount: Option<Money>,
        quantity: Quantity,
    ) -> Result<Option<Self>, String> {
        let (unit_price, amount) = match (unit_price, amount) {
            (Some(unit_price), Some(amount)) => (unit_price, amount),
            (Some(unit_price), None) => return Ok(Some(Self::UnitPrice(unit_price))),
            (None, amount) => return Ok(amount.map(Self::Amount)),
        };
        let product = unit_price.amount() * quantity.get();
        if amount.amount() > product + rounding(amount.currency()) {
            return Err(format!(
                "is above unit_price times quantity, {}, by more than a rounding; the amount is \
                 that of the whole line, and a discount makes it smaller",
                product.normalize()
            ));
        }
        Ok(Some(Self::Both { unit_price, amount }))
    }

    /// Returns the price of one unit, as far as the till gave it.
    #[must_use]
    pub fn unit_price(&self) -> Option<Money> {
        match self {
            Self::UnitPrice(unit_price) | Self::Both { unit_price, .. } => Some(*unit_price),
            Self::Amount(_) => None,
        }
    }

    /// Returns the amount of the line, as far as the till gave it.
    #[must_use]
    pub fn amount(&self) -> Option<Money> {
        match self {
            Self::UnitPrice(_) => None,
            Self::Amount(amount) | Self::Both { amount, .. } => Some(*amount),
        }
    }

    /// Returns the currency.
    #[must_use]
    pub fn currency(&self) -> Currency {
        match self {
            Self::UnitPrice(money) | Self::Amount(money) => money.currency(),
            Self::Both { amount, .. } => amount.currency(),
        }
    }

    /// Returns the money that changed hands for `quantity`: the amount, or else price times
    /// quantity, which is not rounded.
    #[must_use]
    pub fn total(&self, quantity: Quantity) -> Decimal {
        match self {
            Self::UnitPrice(unit_price) => (unit_price.amount() * quantity.get()).normalize(),
            Self::Amount(amount) | Self::Both { amount, .. } => amount.amount().normalize(),
        }
    }

    /// Returns the price on the label: the price of one unit, or else the amount divided by the
    /// quantity, rounded half away from zero to the minor unit. A discount on a single line leaves
    /// a given price as it is, so it counts neither as a response of demand to a lower price nor
    /// as the lowest price of 30 days.
    #[must_use]
    pub fn label_price(&self, quantity: Quantity) -> Money {
        let amount = match self {
            Self::UnitPrice(unit_price) | Self::Both { unit_price, .. } => return *unit_price,
            Self::Amount(amount) => *amount,
        };
        let price = amount.amount().checked_div(quantity.get());
        // A price of more than 1,000,000 comes from a quantity near 0 and tells nothing.
        price.and_then(|price| rounded_price(price, amount.currency())).unwrap_or(amount)
    }

    /// Returns the total as an amount, rounded to the minor unit.
    pub(crate) fn of_revenue(self, quantity: Quantity) -> Option<Self> {
        let total = rounded(self.total(quantity), self.currency());
        Money::line_amount(total, self.currency()).ok().map(Self::Amount)
    }

    /// Returns the charge for a quantity in another unit, of which one unit of `quantity` has
    /// `factor`. The amount stays.
    pub(crate) fn converted(self, quantity: Quantity, factor: Decimal) -> Self {
        let Some(unit_price) = self.unit_price() else { return self };
        let price = unit_price.amount().checked_div(factor);
        let price = price.and_then(|price| rounded_price(price, unit_price.currency()));
        match (price, self.of_revenue(quantity).and_then(|total| total.amount())) {
            (Some(unit_price), Some(amount)) => Self::Both { unit_price, amount },
            (Some(unit_price), None) => Self::UnitPrice(unit_price),
            (None, Some(amount)) => Self::Amount(amount),
            (None, None) => self,
        }
    }
}

/// Returns a price rounded to the minor unit; `None` if it is out of range.
fn rounded_price(price: Decimal, currency: Currency) -> Option<Money> {
    Money::price(rounded(price, currency), currency).ok()
}

/// Rounds half away from zero to the minor unit.
fn rounded(amount: Decimal, currency: Currency) -> Decimal {
    let strategy = RoundingStrategy::MidpointAwayFromZero;
    amount.round_dp_with_strategy(currency.minor_digits(), strategy)
}

fn rounding(currency: Currency) -> Decimal {
    Decimal::new(LINE_ROUNDING_MINOR_UNITS, currency.minor_digits())
}
