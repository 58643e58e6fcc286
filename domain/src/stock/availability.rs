//! Availability of an item, derived from its events.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{StockWindow, counting, movement};
use crate::event::{Action, Event};

/// Availability of one item from one instant to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Availability {
    /// `true` if a delivery, a count or stock of the previous day is known.
    pub(crate) is_known: bool,
    /// Intervals without stock, in order. Empty if nothing is known.
    pub(crate) empty: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Availability {
    /// Derives the availability until an instant. `opening` is the stock on hand at `starts_at`;
    /// `windows` are the later ones, in any order.
    #[must_use]
    pub fn of_windows<'a>(
        opening: Decimal,
        windows: impl IntoIterator<Item = &'a StockWindow>,
        starts_at: DateTime<Utc>,
        until: DateTime<Utc>,
    ) -> Self {
        let (counting, _) = counting(windows.into_iter().flat_map(StockWindow::events));
        Self::of(opening, &counting, starts_at, until)
    }

    /// `true` if the item was out of stock during a part of `[from, until)`.
    #[must_use]
    pub fn is_empty_within(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        self.empty.iter().any(|(since, filled)| *since < until && from < *filled)
    }

    /// Derives the availability from the events that count, in order. A sale without stock on hand
    /// means that an event is missing and that the item was in stock before the sale.
    pub(crate) fn of(
        opening: Decimal,
        counting: &[&Event],
        starts_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
    ) -> Self {
        let (mut level, mut is_known) = (opening, opening > Decimal::ZERO);
        let mut since = (level <= Decimal::ZERO).then_some(starts_at);
        let mut empty = Vec::new();
        for event in counting.iter().filter(|event| event.occurred_at() < closes_at) {
            let at = event.occurred_at();
            let is_count = matches!(event.action(), Action::Count(_));
            level = if is_count { event.quantity().get() } else { level + movement(event) };
            is_known |= is_count || level > Decimal::ZERO;
            if matches!(event.action(), Action::Sale(_)) {
                since = None;
            }
            if level > Decimal::ZERO {
                empty.extend(since.take().map(|since| (since, at)));
            } else {
                since = since.or(Some(at));
            }
        }
        empty.extend(since.map(|since| (since, closes_at)));
        empty.retain(|(since, until)| is_known && since < until);
        Self { is_known, empty }
    }

    /// Returns the start of the interval without stock that lasts until the close.
    pub(crate) fn sold_out_at(&self, closes_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.empty.last().filter(|(_, until)| *until == closes_at).map(|(since, _)| *since)
    }

    /// `true` if the item was out of stock at an instant.
    pub(crate) fn is_empty_at(&self, at: DateTime<Utc>) -> bool {
        self.empty.iter().any(|(since, until)| (*since..*until).contains(&at))
    }
}
