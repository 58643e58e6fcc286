//! What a day says of demand: what was sold in each quarter of an hour by the store's wall clock,
//! at which price on the shelf, and for how long there was something on it.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{DayOffer, Morning};
use crate::event::{Action, Event};
use crate::limits::SLOT_MINUTES;
use crate::money::Money;
use crate::offer::Offer;
use crate::stock::Availability;

/// A slot of the wall clock at one price on the shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotKey {
    /// Which slot of the day, from 0 at midnight by the wall clock; one that the clock shows twice
    /// is one.
    pub slot: u8,
    /// The offer on the shelf; 0 is the regular price.
    pub revision: u32,
}

/// What happened in a slot. What is no whole slot is an opening, a close, a new price or an empty
/// shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotSales {
    /// How long the store was open and something was on the shelf, in seconds.
    pub seconds: u32,
    /// Sold, less what was brought back on the same day.
    pub sold: Decimal,
    /// What was paid for it.
    pub paid: Decimal,
}

/// A day by slots.
pub type Slots = BTreeMap<SlotKey, SlotSales>;

/// Why stored bytes are not slots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// Written by a later program, or empty.
    #[error("are of another version than {VERSION}")]
    Version,
    /// Not what was written.
    #[error("are damaged")]
    Damaged,
}

/// The stored form begins with it; the postcard format follows. Field order is the format.
const VERSION: u8 = 1;
const SLOT_SECONDS: u32 = SLOT_MINUTES * 60;
/// Slots of a wall clock's day.
pub const SLOTS_PER_DAY: u8 = (24 * 60 / SLOT_MINUTES) as u8;

#[derive(Serialize, Deserialize)]
struct Packed {
    slot: u8,
    revision: u32,
    /// Short of a whole slot.
    seconds_short: i32,
    sold_thousandths: u128,
    /// `None` at the regular price.
    paid_millionths: Option<u128>,
}

/// The stored form.
#[must_use]
pub fn pack(slots: &Slots, regular_price: Option<Money>) -> Vec<u8> {
    let packed = |(key, sales): (&SlotKey, &SlotSales)| Packed {
        slot: key.slot,
        revision: key.revision,
        seconds_short: SLOT_SECONDS as i32 - sales.seconds as i32,
        sold_thousandths: mantissa(sales.sold, 3),
        paid_millionths: (sales.paid != at_regular_price(sales.sold, regular_price))
            .then(|| mantissa(sales.paid, 6)),
    };
    let packed: Vec<Packed> = slots.iter().map(packed).collect();
    postcard::to_extend(&packed, vec![VERSION]).expect("plain data always serializes")
}

/// Slots from their stored form.
///
/// # Errors
/// [`SlotsError`] when the bytes are not what [`pack`] gave.
pub fn unpack(bytes: &[u8], regular_price: Option<Money>) -> Result<Slots, SlotsError> {
    let [VERSION, packed @ ..] = bytes else { return Err(SlotsError::Version) };
    let packed: Vec<Packed> = postcard::from_bytes(packed).map_err(|_| SlotsError::Damaged)?;
    let slots = packed.into_iter().map(|packed| {
        let sold = decimal(packed.sold_thousandths, 3)?;
        let seconds = i64::from(SLOT_SECONDS) - i64::from(packed.seconds_short);
        let paid = match packed.paid_millionths {
            Some(paid) => decimal(paid, 6)?,
            None => {
                sold.checked_mul(regular_price.map_or(Decimal::ZERO, Money::amount))?.normalize()
            }
        };
        let key = SlotKey { slot: packed.slot, revision: packed.revision };
        let seconds = u32::try_from(seconds).ok()?;
        (packed.slot < SLOTS_PER_DAY).then_some((key, SlotSales { seconds, sold, paid }))
    });
    slots.collect::<Option<_>>().ok_or(SlotsError::Damaged)
}

fn at_regular_price(sold: Decimal, regular_price: Option<Money>) -> Decimal {
    regular_price.map_or(Decimal::ZERO, |price| (sold * price.amount()).normalize())
}

/// Amounts are not negative, and have at most `scale` places.
fn mantissa(mut value: Decimal, scale: u32) -> u128 {
    value.rescale(scale);
    value.mantissa().unsigned_abs()
}

fn decimal(mantissa: u128, scale: u32) -> Option<Decimal> {
    let mantissa = i128::try_from(mantissa).ok()?;
    Decimal::try_from_i128_with_scale(mantissa, scale).ok().map(|value| value.normalize())
}

/// A sale, less what was brought back.
struct Line {
    at: DateTime<Utc>,
    price: Money,
    quantity: Decimal,
}

/// The part of the day row that history is made of.
pub(super) struct Demand {
    pub(super) regular_price: Option<Money>,
    pub(super) squares: Decimal,
    pub(super) offers: BTreeMap<u32, DayOffer>,
    pub(super) slots: Slots,
}

impl Demand {
    pub(super) fn of(
        morning: &Morning<'_>,
        counting: &[&Event],
        shelf: &Availability,
        offers: &[&Offer],
    ) -> Self {
        let mut offers = offers.to_vec();
        offers.sort_by_key(|offer| offer.offer_id.revision);
        let lines = lines(counting);
        let regular_price = offers.last().map(|offer| offer.regular_price);
        let regular_price = regular_price.or_else(|| usual_price(&lines));
        let squares: Decimal = lines.iter().map(|line| line.quantity * line.quantity).sum();
        let mut demand = Self {
            regular_price,
            squares: squares.normalize(),
            offers: offers
                .iter()
                .map(|offer| (offer.offer_id.revision, day_offer(offer)))
                .collect(),
            slots: Slots::new(),
        };
        // A day of which neither stock nor sales are known says nothing.
        let says_something = shelf.is_known || !lines.is_empty();
        if let Some(opens_at) = morning.opens_at.filter(|_| says_something) {
            demand.open(morning, opens_at, shelf, &offers);
            demand.sell(morning, opens_at, &lines, &offers);
        }
        for (revision, offer) in &mut demand.offers {
            let of_offer = demand.slots.iter().filter(|(key, _)| key.revision == *revision);
            offer.sold = of_offer.map(|(_, sales)| sales.sold).sum::<Decimal>().normalize();
        }
        demand
    }

    /// Cuts the hours wherever a slot, an offer or an empty shelf begins or ends.
    fn open(
        &mut self,
        morning: &Morning<'_>,
        opens_at: DateTime<Utc>,
        shelf: &Availability,
        offers: &[&Offer],
    ) {
        let closes_at = morning.span.closes_at;
        let mut cuts = BTreeSet::from([opens_at, closes_at]);
        let slot = TimeDelta::seconds(SLOT_SECONDS.into());
        let mut start = opens_at.duration_trunc(slot).unwrap_or(opens_at) + slot;
        while start < closes_at {
            cuts.insert(start);
            start += slot;
        }
        cuts.extend(offers.iter().map(|offer| offer.valid_from));
        cuts.extend(shelf.empty.iter().flat_map(|(since, until)| [*since, *until]));
        let cuts: Vec<DateTime<Utc>> = cuts.range(opens_at..=closes_at).copied().collect();
        for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
            let key = key_at(morning, *from, offers);
            if shelf.is_empty_at(*from) {
                if let Some(offer) = self.offers.get_mut(&key.revision) {
                    offer.sold_out = true;
                }
            } else {
                let seconds = u32::try_from((*to - *from).num_seconds()).unwrap_or_default();
                self.slots.entry(key).or_default().seconds += seconds;
            }
        }
    }

    /// What is sold before the doors open or after they close counts for their first or last
    /// slot: people stood in a queue.
    fn sell(
        &mut self,
        morning: &Morning<'_>,
        opens_at: DateTime<Utc>,
        lines: &[Line],
        offers: &[&Offer],
    ) {
        let last = morning.span.closes_at - TimeDelta::milliseconds(1);
        for line in lines {
            let key = key_at(morning, line.at.max(opens_at).min(last), offers);
            let is_regular = |price: &Money| price.currency() == line.price.currency();
            let price = match self.regular_price {
                Some(regular) if !is_regular(&regular) => regular,
                _ => line.price,
            };
            let sales = self.slots.entry(key).or_default();
            sales.sold = (sales.sold + line.quantity).normalize();
            sales.paid = (sales.paid + line.quantity * price.amount()).normalize();
        }
    }
}

fn day_offer(offer: &Offer) -> DayOffer {
    DayOffer {
        valid_from: offer.valid_from,
        regular_price: offer.regular_price,
        price: offer.price,
        discount_percent: offer.discount_percent,
        sold: Decimal::ZERO,
        sold_out: false,
    }
}

fn key_at(morning: &Morning<'_>, at: DateTime<Utc>, offers: &[&Offer]) -> SlotKey {
    let clock = at.with_timezone(&morning.zone).time();
    let slot = (clock.hour() * 60 + clock.minute()) / SLOT_MINUTES;
    let on_shelf = offers.iter().rfind(|offer| offer.valid_from <= at);
    SlotKey {
        slot: u8::try_from(slot).expect("a day has fewer than 256 slots"),
        revision: on_shelf.map_or(0, |offer| offer.offer_id.revision),
    }
}

/// The sales of a day in order. What was brought back on the day, at the price it was sold at,
/// takes the latest of them back; beyond that it was sold on another day, or never.
fn lines(counting: &[&Event]) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for event in counting {
        let (at, mut quantity) = (event.occurred_at(), event.quantity().get());
        match event.action() {
            Action::Sale(price) => lines.push(Line { at, price: *price, quantity }),
            Action::Return(price) => {
                for line in lines.iter_mut().rev().filter(|line| line.price == *price) {
                    let back = quantity.min(line.quantity);
                    line.quantity -= back;
                    quantity -= back;
                }
            }
            _ => {}
        }
    }
    lines.retain(|line| !line.quantity.is_zero());
    lines
}

/// The regular price of a day without an offer: the highest at which at least a tenth was sold, in
/// the currency in which most was. Not the catalogue's, which is that of today; and not simply the
/// highest, which may be one slip of a hand.
fn usual_price(lines: &[Line]) -> Option<Money> {
    let sold = |of: &dyn Fn(&Money) -> bool| -> Decimal {
        lines.iter().filter(|line| of(&line.price)).map(|line| line.quantity).sum()
    };
    let currencies: BTreeSet<_> = lines.iter().map(|line| line.price.currency()).collect();
    let in_currency = |currency| sold(&|price| price.currency() == currency);
    let currency = currencies.into_iter().max_by_key(|currency| in_currency(*currency))?;
    let tenth = in_currency(currency) / Decimal::TEN;
    let prices = lines.iter().map(|line| line.price).filter(|price| price.currency() == currency);
    prices
        .clone()
        .filter(|price| sold(&|other| other == price) >= tenth)
        .max_by_key(|price| price.amount())
        .or_else(|| prices.max_by_key(|price| price.amount()))
}
