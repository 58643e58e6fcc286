//! Stock on hand: the latest count plus the movements after it.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{Counted, Figures, StockWindow, counting_events, movement};
use crate::event::Action;

/// Stock on hand at an instant.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Level {
    /// Quantity on hand. A negative quantity means that events are missing: more was sold than
    /// received or counted.
    pub on_hand: Decimal,
    /// Count on which the quantity is based.
    pub counted: Option<Counted>,
}

/// Returns the level at `instant`. `windows` are those of one item in one store, in any order. Late
/// events are included. Events at `instant` are excluded, so that the level at the end of a day is
/// the same at any later time.
#[must_use]
pub fn level_at<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow>,
    instant: DateTime<Utc>,
) -> Level {
    let events = windows.into_iter().flat_map(StockWindow::events);
    // A correction has the instant of the voided event, so both are included or both excluded.
    let figures = Figures::of(events.filter(|event| event.occurred_at() < instant));
    let start = figures.counted.map_or(Decimal::ZERO, |count| count.quantity);
    Level { on_hand: (start + figures.moved).normalize(), counted: figures.counted }
}

/// Returns the level after each event that counts, sorted by instant. `opening` is the level before
/// `windows`, which are those of one item in one store, in any order.
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
