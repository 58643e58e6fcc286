//! Schedule of the deliveries, customers and incidents of a shop's day, by time. The effect of each
//! depends on the prices and the stock at its time.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use domain::event::Reason;
use domain::{BusinessDay, Money, OfferId};
use rust_decimal::Decimal;

use crate::customers::{CLEARING, ShopCustomer, arrivals};
use crate::draw::Draw;
use crate::shops::{Delivery, ItemModel, ShopModel};

/// Probability of a mishap with an item on a day.
const MISHAP: f64 = 0.25;
/// Probability that an item is counted on a day.
const COUNTED: f64 = 0.2;
/// Reasons of mishaps, equally likely.
const MISHAPS: [Reason; 4] =
    [Reason::Damaged, Reason::Sample, Reason::Spoilage, Reason::InternalUse];

/// Scheduled activity that concerns one item.
#[derive(Debug, Clone)]
pub(crate) struct ShopActivity {
    pub(crate) at: DateTime<Utc>,
    /// Index of the item in the shop's list.
    pub(crate) item: usize,
    /// Random bits for event ids and the choice of the till.
    pub(crate) mark: u64,
    pub(crate) kind: ActivityKind,
}

/// Kind of a scheduled activity.
#[derive(Debug, Clone)]
pub(crate) enum ActivityKind {
    /// Quantity that is delivered or baked.
    Delivery(Decimal),
    /// Arrival of a customer at the shelf.
    Customer(ShopCustomer),
    /// Loss of a quantity during the day.
    Mishap(Decimal, Reason),
    /// Count of the stock on hand.
    Count,
    /// Return of a quantity that was bought at this price.
    Return(Decimal, Money, Option<OfferId>),
}

/// Remaining activities, by time. Activities of one instant keep the order of their addition.
#[derive(Debug, Clone, Default)]
pub(crate) struct DaySchedule {
    activities: BTreeMap<(DateTime<Utc>, usize), ShopActivity>,
    added: usize,
}

impl DaySchedule {
    /// Draws all activities of a shop's day.
    pub(crate) fn of(shop: &ShopModel, day: &BusinessDay, seed: u64) -> Self {
        let mut schedule = Self::default();
        for (item, line) in shop.items.iter().enumerate() {
            let name = format!("{}/{}/{}", shop.store.store_id, day.date, line.item.sku);
            let mut draw = Draw::of(seed, &format!("{name}/deliveries"));
            for delivery in &line.deliveries {
                let delivered = delivered(&mut draw, item, delivery, day);
                // A short day has no late delivery.
                if delivered.at < day.closes_at - CLEARING {
                    schedule.add(delivered);
                }
            }
            for customer in arrivals(shop, line, day, seed) {
                let (at, mark) = (customer.at, customer.mark);
                schedule.add(ShopActivity {
                    at,
                    item,
                    mark,
                    kind: ActivityKind::Customer(customer),
                });
            }
            let incidents = incidents(&mut Draw::of(seed, &format!("{name}/incidents")), line, day);
            for (at, mark, kind) in incidents.into_iter().flatten() {
                schedule.add(ShopActivity { at, item, mark, kind });
            }
        }
        schedule
    }

    /// Adds an activity.
    pub(crate) fn add(&mut self, activity: ShopActivity) {
        self.activities.insert((activity.at, self.added), activity);
        self.added += 1;
    }

    /// Takes the next activity before `end`.
    pub(crate) fn next_before(&mut self, end: DateTime<Utc>) -> Option<ShopActivity> {
        let next = self.activities.first_entry()?;
        (next.key().0 < end).then(|| next.remove())
    }
}

/// Draws a delivery within half a minute after its planned time.
fn delivered(draw: &mut Draw, item: usize, delivery: &Delivery, day: &BusinessDay) -> ShopActivity {
    let minutes = TimeDelta::minutes(delivery.minutes_after_opening.into());
    let late = TimeDelta::milliseconds(1 + draw.below(29_999) as i64);
    ShopActivity {
        at: day.opens_at + minutes + late,
        item,
        mark: draw.bits(),
        kind: ActivityKind::Delivery(delivery.quantity),
    }
}

/// Draws a mishap at any time of the day and a count around its middle, each with its probability.
/// The number of draws is always the same.
fn incidents(
    draw: &mut Draw,
    line: &ItemModel,
    day: &BusinessDay,
) -> [Option<(DateTime<Utc>, u64, ActivityKind)>; 2] {
    let served = (day.closes_at - CLEARING - day.opens_at).num_milliseconds() as u64;
    let mut between = |from: u64, length: u64| {
        let at = day.opens_at + TimeDelta::milliseconds((from + draw.below(length)) as i64);
        (inside(at), draw.bits())
    };
    let (mishap_at, mishap_mark) = between(0, served);
    let (count_at, count_mark) = between(served * 3 / 10, served * 4 / 10);
    let reason = MISHAPS[draw.below(MISHAPS.len() as u64) as usize];
    let mishap = (mishap_at, mishap_mark, ActivityKind::Mishap(line.basket.least(), reason));
    let count = (count_at, count_mark, ActivityKind::Count);
    [draw.happens(MISHAP).then_some(mishap), draw.happens(COUNTED).then_some(count)]
}

/// Returns `at`, or the next millisecond if `at` is the start of a window.
pub(crate) fn inside(at: DateTime<Utc>) -> DateTime<Utc> {
    let first = domain::Window::of(at).start() == at;
    at + TimeDelta::milliseconds(first.into())
}
