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
    level_over_days(&[], windows, instant)
}

/// Returns the level at `instant`, over several days. At each of `day_starts`, which are in order,
/// a level below zero is not carried over: the missing events belong to the day before, and its
/// close carries nothing either. The other rules are those of [`level_at`].
#[must_use]
pub fn level_over_days<'a>(
    day_starts: &[DateTime<Utc>],
    windows: impl IntoIterator<Item = &'a StockWindow>,
    instant: DateTime<Utc>,
) -> Level {
    let over = day_starts.partition_point(|start| *start <= instant);
    let day_starts = &day_starts[..over];
    let events = windows.into_iter().flat_map(StockWindow::events);
    let mut days = vec![Vec::new(); day_starts.len() + 1];
    for event in events.filter(|event| event.occurred_at() < instant) {
        // A correction has the instant of the voided event, so both are of one day.
        let day = day_starts.partition_point(|start| *start <= event.occurred_at());
        days[day].push(event);
    }
    let mut level = Level::default();
    for events in days {
        let figures = Figures::of(events.into_iter());
        let start = match figures.counted {
            Some(count) => count.quantity,
            None => level.on_hand.max(Decimal::ZERO),
        };
        let counted = figures.counted.or(level.counted);
        level = Level { on_hand: (start + figures.moved).normalize(), counted };
    }
    level
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
