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
    pub(crate) empty: Vec<EmptyShelf>,
}

/// Interval without stock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EmptyShelf {
    pub(crate) since: DateTime<Utc>,
    pub(crate) until: DateTime<Utc>,
    /// `false` if the last units were discarded or sent to another store, and not sold.
    pub(crate) is_sold_out: bool,
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
        self.empty.iter().any(|empty| empty.since < until && from < empty.until)
    }

    /// Derives the availability from the events that count, in order. A sale without stock on hand
    /// means that an event is missing and that the item was in stock before the sale.
    pub(crate) fn of(
        opening: Decimal,
        counting: &[&Event],
        starts_at: DateTime<Utc>,
        closes_at: DateTime<Utc>,
    ) -> Self {
        let interval = |(since, is_sold_out), until| EmptyShelf { since, until, is_sold_out };
        let (mut level, mut is_known) = (opening, opening > Decimal::ZERO);
        let mut since = (level <= Decimal::ZERO).then_some((starts_at, true));
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
                empty.extend(since.take().map(|since| interval(since, at)));
            } else {
                let is_removed = matches!(event.action(), Action::Waste(_) | Action::TransferOut);
                since = since.or(Some((at, !is_removed)));
            }
        }
        empty.extend(since.map(|since| interval(since, closes_at)));
        empty.retain(|empty: &EmptyShelf| is_known && empty.since < empty.until);
        Self { is_known, empty }
    }

    /// Returns the start of the interval without stock that lasts until the close, if the last units
    /// were sold.
    pub(crate) fn sold_out_at(&self, closes_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        let last = self.empty.last().filter(|empty| empty.until == closes_at);
        last.filter(|empty| empty.is_sold_out).map(|empty| empty.since)
    }

    /// Returns the interval without stock at an instant.
    pub(crate) fn empty_at(&self, at: DateTime<Utc>) -> Option<&EmptyShelf> {
        self.empty.iter().find(|empty| (empty.since..empty.until).contains(&at))
    }
}
