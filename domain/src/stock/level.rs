//! On hand: the latest count plus what moved after it.

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use super::{Counted, Figures, StockWindow, counting_events, movement};
use crate::event::Action;

/// What is on the shelf at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Level {
    /// How much. Below zero when more was sold than was ever received or counted, which says
    /// that an event is missing.
    pub on_hand: Decimal,
    /// The count it stands on, if there was one.
    pub counted: Option<Counted>,
}

/// The level at `instant`, from the windows of one item in one store, in any order: exact however
/// late a count or a sale arrives. Events at `instant` itself are left out, so that what is known
/// of a day is the same whether it is asked for at its end or later.
#[must_use]
pub fn level_at<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
    instant: DateTime<Utc>,
) -> Level {
    let events = windows.into_iter().flat_map(StockWindow::events);
    // A correction carries the instant of what it voids, so both are in or both are out.
    let figures = Figures::of(events.filter(|event| event.occurred_at() < instant));
    let start = figures.counted.map_or(Decimal::ZERO, |count| count.quantity);
    Level { on_hand: (start + figures.moved).normalize(), counted: figures.counted }
}

/// How the level went, from `opening` and the windows since of one item in one store, in any
/// order: what was on hand after each event that counts, in their order.
#[must_use]
pub fn course<'a>(
    opening: Decimal,
    windows: impl IntoIterator<Item = &'a StockWindow>,
) -> Vec<(DateTime<Utc>, Decimal)> {
    let mut level = opening;
    let after = counting_events(windows).into_iter().map(|event| {
        let is_count = matches!(event.action(), Action::Count(_));
        level = if is_count { event.quantity().get() } else { level + movement(event) };
        (event.occurred_at(), level.normalize())
    });
    after.collect()
}

/// How much of `on_hand` is past the date that its delivery names on `date`; on the date itself it
/// may still be sold. Shops sell what came first first, so what is left is what came last.
#[must_use]
pub fn past_its_date<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
    on_hand: Decimal,
    date: NaiveDate,
) -> Decimal {
    let came = counting_events(windows)
        .into_iter()
        .rev()
        .filter(|event| matches!(event.action(), Action::Receipt | Action::TransferIn));
    let (mut left, mut past) = (on_hand.max(Decimal::ZERO), Decimal::ZERO);
    for event in came {
        let of_delivery = left.min(event.quantity().get());
        left -= of_delivery;
        if event.details().expires_on.is_some_and(|expires_on| expires_on < date) {
            past += of_delivery;
        }
    }
    past.normalize()
}
