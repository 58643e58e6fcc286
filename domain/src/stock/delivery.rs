//! Deliveries whose goods may still be on the shelf, and the dates printed on the goods.

use chrono::NaiveDate;
use rust_decimal::Decimal;

use super::{StockWindow, counting_events};
use crate::event::{Action, Event};
use crate::limits::KEPT_DELIVERIES_MAX;

/// Goods that came on one business date with one expiry date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delivery {
    /// Business date of the delivery.
    pub came: NaiveDate,
    /// Expiry date printed on the goods.
    pub expires_on: Option<NaiveDate>,
    /// Quantity, in the unit of the item.
    pub quantity: Decimal,
}

/// Returns the part of `on_hand` whose expiry date is before `date`. Goods may be sold on their
/// expiry date. Stores sell the oldest goods first, so the stock left is that of the last
/// deliveries: those in `windows`, in any order, and before them the `earlier` ones, in order.
#[must_use]
pub fn past_its_date<'a>(
    earlier: &[Delivery],
    windows: impl IntoIterator<Item = &'a StockWindow>,
    on_hand: Decimal,
    date: NaiveDate,
) -> Decimal {
    let later = counting_events(windows).into_iter().filter(|event| is_delivery(event)).rev();
    let later = later.map(|event| (event.details().expires_on, event.quantity().get()));
    let earlier = earlier.iter().rev().map(|goods| (goods.expires_on, goods.quantity));
    let (mut left, mut past) = (on_hand.max(Decimal::ZERO), Decimal::ZERO);
    for (expires_on, quantity) in later.chain(earlier) {
        let of_delivery = left.min(quantity);
        left -= of_delivery;
        if expires_on.is_some_and(|expires_on| expires_on < date) {
            past += of_delivery;
        }
    }
    past.normalize()
}

/// Adds the deliveries among the events of a business date, which count and are in order, to those
/// of earlier dates. Keeps what [`past_its_date`] needs on later dates, on which goods that came
/// on a date are sold if it `lives`: deliveries from the first one with an expiry date on, the
/// latest [`KEPT_DELIVERIES_MAX`] at most.
pub(crate) fn kept_deliveries(
    earlier: &[Delivery],
    came: NaiveDate,
    counting: &[&Event],
    lives: impl Fn(NaiveDate) -> bool,
) -> Vec<Delivery> {
    let today = counting.iter().filter(|event| is_delivery(event)).map(|event| Delivery {
        came,
        expires_on: event.details().expires_on,
        quantity: event.quantity().get(),
    });
    let mut kept: Vec<Delivery> = Vec::new();
    for delivery in earlier.iter().copied().chain(today) {
        let Delivery { came, expires_on, quantity } = delivery;
        match kept.last_mut() {
            _ if quantity.is_zero() || !lives(came) => {}
            Some(last) if (last.came, last.expires_on) == (came, expires_on) => {
                last.quantity = (last.quantity + quantity).normalize();
            }
            // These goods are sold before all goods with an expiry date.
            None if expires_on.is_none() => {}
            _ => kept.push(Delivery { quantity: quantity.normalize(), ..delivery }),
        }
    }
    kept.drain(..kept.len().saturating_sub(KEPT_DELIVERIES_MAX));
    kept
}

fn is_delivery(event: &Event) -> bool {
    matches!(event.action(), Action::Receipt | Action::TransferIn)
}
