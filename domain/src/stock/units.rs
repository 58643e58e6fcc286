//! Events of one item in one unit. Quantities in units that do not convert are never added up.

use std::borrow::Cow;
use std::collections::BTreeMap;

use rust_decimal::Decimal;

use super::{StockWindow, counting_events};
use crate::event::{Action, Event, Unit};
use crate::limits::QUANTITY_SCALE_MAX;
use crate::money::Quantity;

/// Unit of an item in the catalogue, and conversions to it.
///
/// ```
/// use domain::event::Unit;
/// use domain::stock::ItemUnits;
/// use rust_decimal::Decimal;
///
/// // A loaf has 0.75 kg.
/// let loaf = [(Unit::Each, Decimal::new(75, 2))];
/// let units = ItemUnits { unit: Some(Unit::Kilogram), conversions: loaf.into() };
/// assert_eq!(units.factor(Unit::Each, Unit::Kilogram), Some(Decimal::new(75, 2)));
/// assert_eq!(units.factor(Unit::Litre, Unit::Kilogram), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ItemUnits {
    /// Unit of the item; `None` if the catalogue does not name it.
    pub unit: Option<Unit>,
    /// Quantity in the unit of the item that is one of another unit.
    pub conversions: BTreeMap<Unit, Decimal>,
}

/// Windows of one item in one unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UniformWindows<'a> {
    /// Windows with the events that count, in the unit.
    pub windows: Cow<'a, [StockWindow]>,
    /// Unit of all quantities.
    pub unit: Unit,
    /// Events in units that do not convert. The windows have the revenue of those that are sales or
    /// returns, with the quantity 0, and nothing else of them.
    pub left_out: Vec<Event>,
}

impl ItemUnits {
    /// Returns the number of `to` that is one of `from`, if it is known.
    #[must_use]
    pub fn factor(&self, from: Unit, to: Unit) -> Option<Decimal> {
        if from == to {
            return Some(Decimal::ONE);
        }
        self.conversions.get(&from).copied().filter(|_| self.unit == Some(to))
    }

    /// Converts the windows of one item. The unit is that of the catalogue if an event has it or a
    /// conversion leads to it, and else that of the earliest event that counts: tills that send no
    /// unit report pieces, whatever the catalogue says.
    #[must_use]
    pub fn uniform<'a>(&self, windows: &'a [StockWindow]) -> UniformWindows<'a> {
        self.uniform_after(None, windows)
    }

    /// Converts the windows of one item after a date whose row has the unit `earlier`, as if that
    /// were the unit of the earliest event.
    #[must_use]
    pub fn uniform_after<'a>(
        &self,
        earlier: Option<Unit>,
        windows: &'a [StockWindow],
    ) -> UniformWindows<'a> {
        let unit = self.unit_of(earlier, windows);
        let keeps = |event: &Event| event.unit() == unit || is_in_any_unit(event);
        if windows.iter().flat_map(StockWindow::events).all(keeps) {
            return UniformWindows { windows: Cow::Borrowed(windows), unit, left_out: Vec::new() };
        }
        let mut left_out = Vec::new();
        let convert = |window: &StockWindow| {
            let mut converted = Vec::new();
            for event in window.events() {
                match self.converted(event, unit) {
                    Some(event) => converted.push(event),
                    None => {
                        converted.extend(without_quantity(event, unit));
                        left_out.push(event.clone());
                    }
                }
            }
            let mut row = StockWindow::new(window.key().clone());
            converted.into_iter().for_each(|event| row.insert(event));
            row
        };
        let windows: Vec<StockWindow> = windows.iter().map(convert).collect();
        UniformWindows { windows: Cow::Owned(windows), unit, left_out }
    }

    fn unit_of(&self, earlier: Option<Unit>, windows: &[StockWindow]) -> Unit {
        let events = windows.iter().flat_map(StockWindow::events).map(Event::unit);
        let mut units = earlier.into_iter().chain(events);
        let first = units.next().unwrap_or(self.unit.unwrap_or(Unit::Each));
        if units.all(|unit| unit == first) && self.conversions.is_empty() {
            return first;
        }
        let listed = self.unit.filter(|listed| {
            let has_it = |event: &Event| event.unit() == *listed;
            !self.conversions.is_empty()
                || earlier == Some(*listed)
                || windows.iter().flat_map(StockWindow::events).any(has_it)
        });
        let earliest = || counting_events(windows).into_iter().find(|event| !is_in_any_unit(event));
        let earliest = || earlier.or_else(|| earliest().map(Event::unit));
        listed.or_else(earliest).unwrap_or(first)
    }

    /// Returns the event with its quantity in `unit`, rounded to three places.
    fn converted(&self, event: &Event, unit: Unit) -> Option<Event> {
        if is_in_any_unit(event) || event.unit() == unit {
            return Some(event.clone());
        }
        let factor = self.factor(event.unit(), unit)?;
        let quantity = (event.quantity().get() * factor).round_dp(QUANTITY_SCALE_MAX);
        let action = match &event.action {
            Action::Sale(charge) => Action::Sale(charge.converted(event.quantity, factor)),
            Action::Return(charge) => Action::Return(charge.converted(event.quantity, factor)),
            other => other.clone(),
        };
        Some(Event { action, quantity: Quantity::new(quantity).ok()?, unit, ..event.clone() })
    }
}

/// Returns a sale or return with its revenue and the quantity 0.
fn without_quantity(event: &Event, unit: Unit) -> Option<Event> {
    let charge = event.action.charge()?.of_revenue(event.quantity)?;
    let action = match event.action {
        Action::Return(_) => Action::Return(charge),
        _ => Action::Sale(charge),
    };
    Some(Event { action, quantity: Quantity::new(Decimal::ZERO).ok()?, unit, ..event.clone() })
}

/// `true` for a quantity of 0, which is the same in any unit. Corrections have no other.
fn is_in_any_unit(event: &Event) -> bool {
    event.quantity().get().is_zero()
}
