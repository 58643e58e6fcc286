//! When the shelf was empty, as far as the events tell.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::{StockWindow, counting, movement};
use crate::event::{Action, Event};

/// The empty shelf of one item, from an instant to another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Shelf {
    /// Whether anything is known of it: a delivery, a count or what the day before left.
    pub(crate) is_known: bool,
    /// From when until when it was empty, in order; nothing unless it is known.
    pub(crate) empty: Vec<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Shelf {
    /// From `opening` on the shelf at `starts_at` and the windows since, in any order, until an
    /// instant.
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

    /// Whether it was empty for a part of `[from, until)`.
    #[must_use]
    pub fn is_empty_within(&self, from: DateTime<Utc>, until: DateTime<Utc>) -> bool {
        self.empty.iter().any(|(since, filled)| *since < until && from < *filled)
    }

    /// `counting` in order. Who sells something has it: a sale from an empty shelf says that an
    /// event is missing, and that the shelf was not empty before it.
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

    /// Since when it was empty at the close, if it was.
    pub(crate) fn sold_out_at(&self, closes_at: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.empty.last().filter(|(_, until)| *until == closes_at).map(|(since, _)| *since)
    }

    /// Whether it was empty at an instant.
    pub(crate) fn is_empty_at(&self, at: DateTime<Utc>) -> bool {
        self.empty.iter().any(|(since, until)| (*since..*until).contains(&at))
    }
}
