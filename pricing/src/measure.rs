//! Measure of an item: the unit in which people count it, and the portion that a request counts as
//! one.

use domain::Outlook;
use domain::event::Unit;
use rust_decimal::prelude::ToPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};

use crate::decision::ExpectedOutcome;

/// Unit, portion and stock of an item. A request counts portions, and prices are per unit: so an
/// amount of a decision is multiplied by the portion to be an amount of money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Measure {
    /// Unit of the item.
    pub unit: Unit,
    /// Quantity that the request counts as one, in the unit of the item; above 0.
    pub portion: Decimal,
    /// Stock in the unit of the item. The rest below one portion counts as left at the close.
    pub on_hand: Decimal,
}

impl Measure {
    /// Creates the measure of whole pieces.
    #[must_use]
    pub fn pieces(on_hand: u64) -> Self {
        Self { unit: Unit::Each, portion: Decimal::ONE, on_hand: on_hand.into() }
    }

    /// `true` if the request counts the stock as people do: in whole pieces.
    #[must_use]
    pub fn is_pieces(&self) -> bool {
        self.unit == Unit::Each && self.portion == Decimal::ONE && self.on_hand.is_integer()
    }

    /// Returns the short name of the unit: kg or l. Pieces have none.
    #[must_use]
    pub fn unit_name(&self) -> Option<&'static str> {
        match self.unit {
            Unit::Each => None,
            Unit::Kilogram => Some("kg"),
            Unit::Litre => Some("l"),
        }
    }

    /// Returns the number of whole portions on hand; `None` if it is out of range.
    #[must_use]
    pub fn portions(&self) -> Option<u64> {
        self.on_hand.checked_div(self.portion)?.floor().to_u64()
    }

    /// Returns the stock below one portion.
    #[must_use]
    pub fn rest(&self) -> Decimal {
        (self.on_hand % self.portion).normalize()
    }

    /// Returns the units sold and left as people read them; together they are `on_hand` exactly. An
    /// expectation of units sold is rounded to tenths of a piece, or to hundredths of a kilogram or
    /// litre, or to thousandths if the portion has them.
    #[must_use]
    pub fn sold_and_left(&self, sold: Decimal) -> [Decimal; 2] {
        let digits = self.portion.normalize().scale();
        let places = if self.unit == Unit::Each { 1 } else { digits.clamp(2, 3) };
        let sold = rounded(sold, places).min(self.on_hand);
        [sold, self.on_hand - sold].map(|quantity| quantity.normalize())
    }

    /// Returns a quantity with its unit.
    #[must_use]
    pub fn quantity(&self, quantity: Decimal) -> String {
        let unit = self.unit_name().map(|name| format!(" {name}")).unwrap_or_default();
        format!("{}{unit}", quantity.normalize())
    }

    /// Returns the portion and the rest below one portion in words; `None` for whole pieces.
    #[must_use]
    pub fn portions_text(&self) -> Option<String> {
        let rest = self.rest();
        let rest = (!rest.is_zero())
            .then(|| format!("; the rest of {} counts as left", self.quantity(rest)));
        (!self.is_pieces()).then(|| {
            format!("portions of {}{}", self.quantity(self.portion), rest.unwrap_or_default())
        })
    }

    /// Converts an amount of a decision to money, with `places` decimal places.
    #[must_use]
    pub fn money(&self, amount: Decimal, places: u32) -> Decimal {
        rounded(amount * self.portion, places)
    }

    /// Converts an expectation to the unit of the item and to money. `units` and `waste` add up to
    /// the stock.
    #[must_use]
    pub fn outlook(&self, expected: &ExpectedOutcome, places: u32) -> Outlook {
        let units = expected.units * self.portion;
        Outlook {
            units: units.normalize(),
            revenue: self.money(expected.revenue, places),
            waste: (self.on_hand - units).max(Decimal::ZERO).normalize(),
        }
    }

    /// Converts the value of an expectation to money, with the salvage value of the rest.
    #[must_use]
    pub fn value(&self, value: Decimal, salvage_value: Decimal, places: u32) -> Decimal {
        rounded(value * self.portion + salvage_value * self.rest(), places)
    }
}

/// Rounds half away from zero.
pub(crate) fn rounded(amount: Decimal, places: u32) -> Decimal {
    amount.round_dp_with_strategy(places, RoundingStrategy::MidpointAwayFromZero)
}
