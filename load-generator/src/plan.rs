//! Everything that can happen in a shop on one day, in the order of time. What becomes of it
//! depends on the prices and on the shelf, when its time comes.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Reason;
use domain::{BusinessDay, Money, OfferId};
use rust_decimal::Decimal;

use crate::customers::{CLEARING, Customer, arrivals};
use crate::draw::Draw;
use crate::shops::{Delivery, Shop, ShopItem};

/// How often an item has a mishap in a day.
const MISHAP: f64 = 0.25;
/// How often an item is counted in a day.
const COUNTED: f64 = 0.2;
/// What mishaps there are.
const MISHAPS: [Reason; 4] =
    [Reason::Damaged, Reason::Sample, Reason::Spoilage, Reason::InternalUse];

/// One thing that can happen to an item.
#[derive(Debug, Clone)]
pub(crate) struct Happening {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// The item's place in the shop's list.
    pub(crate) item: usize,
    /// Its own random bits.
    pub(crate) mark: u64,
    /// What.
    pub(crate) what: What,
}

#[derive(Debug, Clone)]
pub(crate) enum What {
    /// A delivery, or a batch out of the oven.
    Delivery(Decimal),
    /// Someone stands before the shelf.
    Customer(Customer),
    /// Something is dropped, tasted, spoilt.
    Mishap(Decimal, Reason),
    /// The shelf is counted.
    Count,
    /// A customer brings back what was bought at this price.
    Return(Decimal, Money, Option<OfferId>),
}

/// What is still to come, by time; what comes at one instant keeps the order it was added in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Plan {
    happenings: BTreeMap<(DateTime<Utc>, usize), Happening>,
    added: usize,
}

impl Plan {
    /// All that can happen on a day of a shop.
    pub(crate) fn of(shop: &Shop, day: &BusinessDay, seed: u64) -> Self {
        let mut plan = Self::default();
        for (item, line) in shop.items.iter().enumerate() {
            let name = format!("{}/{}/{}", shop.store.store_id, day.date, line.item.sku);
            let mut draw = Draw::of(seed, &format!("{name}/deliveries"));
            for delivery in &line.deliveries {
                let delivered = delivered(&mut draw, item, delivery, day);
                // On a short day the late batch is not baked.
                if delivered.at < day.closes_at - CLEARING {
                    plan.add(delivered);
                }
            }
            for customer in arrivals(shop, line, day, seed) {
                let (at, mark) = (customer.at, customer.mark);
                plan.add(Happening { at, item, mark, what: What::Customer(customer) });
            }
            let incidents = incidents(&mut Draw::of(seed, &format!("{name}/incidents")), line, day);
            for (at, mark, what) in incidents.into_iter().flatten() {
                plan.add(Happening { at, item, mark, what });
            }
        }
        plan
    }

    /// Adds something to come.
    pub(crate) fn add(&mut self, happening: Happening) {
        self.happenings.insert((happening.at, self.added), happening);
        self.added += 1;
    }

    /// Takes the next thing that happens before `end`.
    pub(crate) fn next_before(&mut self, end: DateTime<Utc>) -> Option<Happening> {
        let next = self.happenings.first_entry()?;
        (next.key().0 < end).then(|| next.remove())
    }
}

/// The goods are on the shelf within half a minute of their time.
fn delivered(draw: &mut Draw, item: usize, delivery: &Delivery, day: &BusinessDay) -> Happening {
    let minutes = TimeDelta::minutes(delivery.minutes_after_opening.into());
    let late = TimeDelta::milliseconds(1 + draw.below(29_999) as i64);
    Happening {
        at: day.opens_at + minutes + late,
        item,
        mark: draw.bits(),
        what: What::Delivery(delivery.quantity),
    }
}

/// A mishap at any time of the day and a count around its middle, or neither. The number of draws
/// is always the same.
fn incidents(
    draw: &mut Draw,
    line: &ShopItem,
    day: &BusinessDay,
) -> [Option<(DateTime<Utc>, u64, What)>; 2] {
    let served = (day.closes_at - CLEARING - day.opens_at).num_milliseconds() as u64;
    let mut between = |from: u64, length: u64| {
        let at = day.opens_at + TimeDelta::milliseconds((from + draw.below(length)) as i64);
        (inside(at), draw.bits())
    };
    let (mishap_at, mishap_mark) = between(0, served);
    let (count_at, count_mark) = between(served * 3 / 10, served * 4 / 10);
    let reason = MISHAPS[draw.below(MISHAPS.len() as u64) as usize];
    let mishap = (mishap_at, mishap_mark, What::Mishap(line.basket.least(), reason));
    let count = (count_at, count_mark, What::Count);
    [draw.happens(MISHAP).then_some(mishap), draw.happens(COUNTED).then_some(count)]
}

/// An instant that is not the first of its window.
pub(crate) fn inside(at: DateTime<Utc>) -> DateTime<Utc> {
    let first = domain::Window::of(at).start() == at;
    at + TimeDelta::milliseconds(first.into())
}
