//! The figures of a set of events.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;

use crate::event::{Action, Event};
use crate::id::EventId;
use crate::money::Currency;

/// What a set of events adds up to. Quantities are in the item's unit.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Figures {
    /// Sold to customers.
    pub sold: Decimal,
    /// Brought back by customers.
    pub returned: Decimal,
    /// Delivered or baked.
    pub received: Decimal,
    /// Thrown away, given away, lost.
    pub wasted: Decimal,
    /// Arrived from other stores.
    pub transferred_in: Decimal,
    /// Sent to other stores.
    pub transferred_out: Decimal,
    /// The latest count, if there was one.
    pub counted: Option<Counted>,
    /// What moved, in minus out: after the latest count, or at all when there was no count.
    pub moved: Decimal,
    /// Sales less returns, by currency.
    pub revenue: BTreeMap<Currency, Decimal>,
    /// How many events count.
    pub events: u64,
    /// How many events were voided by a correction.
    pub voided: u64,
}

/// What was found on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counted {
    /// How much.
    pub quantity: Decimal,
    /// When.
    pub at: DateTime<Utc>,
}

impl Figures {
    /// Adds events up, in any order.
    pub fn of<'a>(events: impl Iterator<Item = &'a Event>) -> Self {
        let (counting, voided) = counting(events);
        let mut figures = Self { voided, ..Self::default() };
        counting.into_iter().for_each(|event| figures.add(event));
        figures
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
        if let Some(price) = event.action().unit_price() {
            let amount = (price.amount() * -movement(event)).normalize();
            *self.revenue.entry(price.currency()).or_default() += amount;
        }
    }
}

/// The events that count, by instant and by id within an instant, and how many are voided. A
/// correction voids the event of its own instant that it names; corrections themselves cannot be
/// voided.
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

/// How an event changes what is on the shelf.
pub(crate) fn movement(event: &Event) -> Decimal {
    let quantity = event.quantity().get();
    match event.action() {
        Action::Return(_) | Action::Receipt | Action::TransferIn => quantity,
        Action::Sale(_) | Action::Waste(_) | Action::TransferOut => -quantity,
        Action::Count(_) | Action::Correction(..) => Decimal::ZERO,
    }
}
