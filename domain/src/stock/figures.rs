//! Figures of a set of events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use super::StockWindow;
use crate::event::{Action, Event};
use crate::identifier::EventId;
use crate::money::Currency;

/// Sums of a set of events. Quantities are in the unit of the item.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Quantity sold to customers.
    pub sold: Decimal,
    /// Quantity returned by customers.
    pub returned: Decimal,
    /// Quantity delivered or produced.
    pub received: Decimal,
    /// Quantity wasted, donated or lost.
    pub wasted: Decimal,
    /// Quantity received from other stores.
    pub transferred_in: Decimal,
    /// Quantity sent to other stores.
    pub transferred_out: Decimal,
    /// Latest count.
    pub counted: Option<Counted>,
    /// Incoming minus outgoing quantity since the latest count, or since the first event without a
    /// count.
    pub moved: Decimal,
    /// Revenue of sales minus returns, by currency.
    pub revenue: BTreeMap<Currency, Decimal>,
    /// Number of events that count.
    pub events: u64,
    /// Number of events that a correction voids.
    pub voided: u64,
}

/// Result of a count.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// Counted quantity.
    pub quantity: Decimal,
    /// Instant of the count.
    pub at: DateTime<Utc>,
}

impl Figures {
    /// Adds up events, in any order.
    pub fn of<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let (counting, voided) = counting(events);
        let mut figures = Self { voided, ..Self::default() };
        counting.into_iter().for_each(|event| figures.add(event));
        figures
    }

    /// Returns the figures without the zeros at the end of their numbers.
    pub(crate) fn normalized(&self) -> Self {
        let count = |count: Counted| Counted { quantity: count.quantity.normalize(), ..count };
        let amount = |(currency, amount): (&Currency, &Decimal)| (*currency, amount.normalize());
        Self {
            sold: self.sold.normalize(),
            returned: self.returned.normalize(),
            received: self.received.normalize(),
            wasted: self.wasted.normalize(),
            transferred_in: self.transferred_in.normalize(),
            transferred_out: self.transferred_out.normalize(),
            counted: self.counted.map(count),
            moved: self.moved.normalize(),
            revenue: self.revenue.iter().map(amount).collect(),
            events: self.events,
            voided: self.voided,
        }
    }

    fn add(&mut self, event: &Event) {
        let quantity = event.quantity().get();
        self.events += 1;
        match event.action() {
            Action::Sale(_) => self.sold += quantity,
            Action::Return(_) => self.returned += quantity,
            Action::Receipt => self.received += quantity,
            Action::Waste(_) => self.wasted += quantity,
            Action::TransferIn => self.transferred_in += quantity,
            Action::TransferOut => self.transferred_out += quantity,
            Action::Count(_) => {
                self.counted = Some(Counted { quantity, at: event.occurred_at() });
                self.moved = Decimal::ZERO;
            }
            Action::Correction(..) => {}
        }
        self.moved += movement(event);
        if let Some(charge) = event.action().charge() {
            let total = charge.total(event.quantity());
            let is_return = matches!(event.action(), Action::Return(_));
            let amount = if is_return { -total } else { total };
            *self.revenue.entry(charge.currency()).or_default() += amount;
        }
    }
}

/// Returns the events that count, sorted by instant and id, and the number of voided events. A
/// correction voids the named event if both have the same instant. A correction cannot be voided.
pub(crate) fn counting<'a>(events: impl Iterator<Item = &'a Event>) -> (Vec<&'a Event>, u64) {
    let mut events: Vec<&Event> = events.collect();
    events.sort_by_key(|event| (event.occurred_at(), event.event_id()));
    let corrected = |event: &&'a Event| Some((event.action().corrects()?, event.occurred_at()));
    let voids: BTreeSet<(&EventId, DateTime<Utc>)> = events.iter().filter_map(corrected).collect();
    let all = events.len();
    events.retain(|event| {
        let is_correction = event.action().corrects().is_some();
        is_correction || !voids.contains(&(event.event_id(), event.occurred_at()))
    });
    let voided = (all - events.len()) as u64;
    (events, voided)
}

/// Returns the corrections in `windows` that void nothing: the event that they name is not there at
/// their instant. It may still arrive; otherwise store, item or instant of the correction is wrong.
#[must_use]
pub fn unmet_corrections<'a>(
    windows: impl IntoIterator<Item = &'a StockWindow> + Clone,
) -> Vec<&'a Event> {
    let events = || windows.clone().into_iter().flat_map(StockWindow::events);
    let sold: BTreeSet<_> = events()
        .filter(|event| event.action().corrects().is_none())
        .map(|event| (event.sku(), event.event_id(), event.occurred_at()))
        .collect();
    let is_unmet = |event: &&Event| {
        let corrects = event.action().corrects();
        corrects.is_some_and(|id| !sold.contains(&(event.sku(), id, event.occurred_at())))
    };
    events().filter(is_unmet).collect()
}

/// Returns the change of the stock on hand by an event. A count has no movement.
pub(crate) fn movement(event: &Event) -> Decimal {
    let quantity = event.quantity().get();
    match event.action() {
        Action::Return(_) | Action::Receipt | Action::TransferIn => quantity,
        Action::Sale(_) | Action::Waste(_) | Action::TransferOut => -quantity,
        Action::Count(_) | Action::Correction(..) => Decimal::ZERO,
    }
}
