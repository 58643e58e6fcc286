//! Sales of a day by slot of the store's wall clock and by shelf price, with the time for which the
//! item was available.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, DurationRound, TimeDelta, Timelike, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::{DayContext, DayOffer};
use crate::event::{Action, Event};
use crate::limits::SLOT_MINUTES;
use crate::money::Money;
use crate::offer::Offer;
use crate::stock::Availability;

/// Slot of the wall clock at one shelf price.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct SlotKey {
    /// Number of the slot, from 0 at midnight by the wall clock. Slots that the clock shows twice
    /// are one slot.
    pub slot: u8,
    /// Revision of the current offer; 0 for the regular price.
    pub revision: u32,
}

/// Sales in a slot. The item is available for less than the whole slot at an opening, a close, a
/// price change or an empty shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SlotSales {
    /// Seconds for which the store was open and the item available.
    pub seconds: u32,
    /// Quantity sold, minus returns on the same day.
    pub sold: Decimal,
    /// Quantity sold, each at its label price. Discounts of single lines are left out.
    pub paid: Decimal,
}

/// Sales of a day by slot.
pub type DaySlots = BTreeMap<SlotKey, SlotSales>;

/// Error of stored slots.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SlotsError {
    /// Unknown version: written by a later program, or empty.
    #[error("are of another version than {VERSION}")]
    Version,
    /// Damaged bytes.
    #[error("are damaged")]
    Damaged,
}

/// First byte of the stored form. The postcard format follows; its field order is the format.
const VERSION: u8 = 1;
const SLOT_SECONDS: u32 = SLOT_MINUTES * 60;
/// Number of slots of a wall clock's day.
pub const SLOTS_PER_DAY: u8 = (24 * 60 / SLOT_MINUTES) as u8;

#[derive(Serialize, Deserialize)]
struct PackedSlot {
    slot: u8,
    revision: u32,
    /// Seconds of a whole slot minus the seconds of availability.
    seconds_short: i32,
    sold_thousandths: u128,
    /// `None` if everything was paid at the regular price.
    paid_millionths: Option<u128>,
}

/// Returns the stored form.
#[must_use]
pub fn pack(slots: &DaySlots, regular_price: Option<Money>) -> Vec<u8> {
    let packed = |(key, sales): (&SlotKey, &SlotSales)| PackedSlot {
        slot: key.slot,
        revision: key.revision,
        seconds_short: SLOT_SECONDS as i32 - sales.seconds as i32,
        sold_thousandths: mantissa(sales.sold, 3),
        paid_millionths: (sales.paid != at_regular_price(sales.sold, regular_price))
            .then(|| mantissa(sales.paid, 6)),
    };
    let packed: Vec<PackedSlot> = slots.iter().map(packed).collect();
    postcard::to_extend(&packed, vec![VERSION]).expect("plain data always serializes")
}

/// Reads slots from their stored form.
///
/// # Errors
/// Returns an error if the bytes were not written by [`pack`].
pub fn unpack(bytes: &[u8], regular_price: Option<Money>) -> Result<DaySlots, SlotsError> {
    let [VERSION, packed @ ..] = bytes else { return Err(SlotsError::Version) };
    let packed: Vec<PackedSlot> = postcard::from_bytes(packed).map_err(|_| SlotsError::Damaged)?;
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

/// Returns the digits of a non-negative amount with at most `scale` decimal places.
fn mantissa(mut value: Decimal, scale: u32) -> u128 {
    value.rescale(scale);
    value.mantissa().unsigned_abs()
}

fn decimal(mantissa: u128, scale: u32) -> Option<Decimal> {
    let mantissa = i128::try_from(mantissa).ok()?;
    Decimal::try_from_i128_with_scale(mantissa, scale).ok().map(|value| value.normalize())
}

/// Sale, minus returns.
struct SaleLine {
    at: DateTime<Utc>,
    price: Money,
    quantity: Decimal,
}

/// Part of the day row that histories are folded from.
pub(super) struct DayDemand {
    pub(super) regular_price: Option<Money>,
    pub(super) squares: Decimal,
    pub(super) offers: BTreeMap<u32, DayOffer>,
    pub(super) slots: DaySlots,
}

impl DayDemand {
    pub(super) fn of(
        context: &DayContext<'_>,
        counting: &[&Event],
        availability: &Availability,
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
            slots: DaySlots::new(),
        };
        // Without known stock and without sales, the day has no information.
        let is_informative = availability.is_known || !lines.is_empty();
        if let Some(opens_at) = context.opens_at.filter(|_| is_informative) {
            demand.add_hours(context, opens_at, availability, &offers);
            demand.add_sales(context, opens_at, &lines, &offers);
        }
        for (revision, offer) in &mut demand.offers {
            let of_offer = demand.slots.iter().filter(|(key, _)| key.revision == *revision);
            offer.sold = of_offer.map(|(_, sales)| sales.sold).sum::<Decimal>().normalize();
        }
        demand
    }

    /// Adds the opening hours, cut wherever a slot, an offer or an empty shelf begins or ends.
    fn add_hours(
        &mut self,
        context: &DayContext<'_>,
        opens_at: DateTime<Utc>,
        availability: &Availability,
        offers: &[&Offer],
    ) {
        let closes_at = context.span.closes_at;
        let mut cuts = BTreeSet::from([opens_at, closes_at]);
        let slot = TimeDelta::seconds(SLOT_SECONDS.into());
        let mut start = opens_at.duration_trunc(slot).unwrap_or(opens_at) + slot;
        while start < closes_at {
            cuts.insert(start);
            start += slot;
        }
        cuts.extend(offers.iter().map(|offer| offer.valid_from));
        cuts.extend(availability.empty.iter().flat_map(|empty| [empty.since, empty.until]));
        let cuts: Vec<DateTime<Utc>> = cuts.range(opens_at..=closes_at).copied().collect();
        for (from, to) in cuts.iter().zip(cuts.iter().skip(1)) {
            let key = key_at(context, *from, offers);
            if let Some(empty) = availability.empty_at(*from) {
                if let Some(offer) = self.offers.get_mut(&key.revision) {
                    offer.sold_out |= empty.is_sold_out;
                }
            } else {
                let seconds = u32::try_from((*to - *from).num_seconds()).unwrap_or_default();
                self.slots.entry(key).or_default().seconds += seconds;
            }
        }
    }

    /// Adds the sales. Those before the opening or after the close count for the first or last
    /// slot, because customers may stand in a queue.
    fn add_sales(
        &mut self,
        context: &DayContext<'_>,
        opens_at: DateTime<Utc>,
        lines: &[SaleLine],
        offers: &[&Offer],
    ) {
        let last = context.span.closes_at - TimeDelta::milliseconds(1);
        for line in lines {
            let key = key_at(context, line.at.max(opens_at).min(last), offers);
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

fn key_at(context: &DayContext<'_>, at: DateTime<Utc>, offers: &[&Offer]) -> SlotKey {
    let clock = at.with_timezone(&context.zone).time();
    let slot = (clock.hour() * 60 + clock.minute()) / SLOT_MINUTES;
    let on_shelf = offers.iter().rfind(|offer| offer.valid_from <= at);
    SlotKey {
        slot: u8::try_from(slot).expect("a day has fewer than 256 slots"),
        revision: on_shelf.map_or(0, |offer| offer.offer_id.revision),
    }
}

/// Returns the sales of a day in order. A return cancels the latest sales of the day at the same
/// price. A return beyond these belongs to another day.
fn lines(counting: &[&Event]) -> Vec<SaleLine> {
    let mut lines: Vec<SaleLine> = Vec::new();
    for event in counting {
        let (at, mut quantity) = (event.occurred_at(), event.quantity().get());
        match event.action() {
            Action::Sale(charge) => {
                let price = charge.label_price(event.quantity());
                lines.push(SaleLine { at, price, quantity });
            }
            Action::Return(charge) => {
                let price = charge.label_price(event.quantity());
                for line in lines.iter_mut().rev().filter(|line| line.price == price) {
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

/// Returns the regular price of a day without an offer: the highest price at which at least a tenth
/// was sold, in the currency of most sales. The price of the catalogue is that of today, and the
/// very highest price may be a typing error.
fn usual_price(lines: &[SaleLine]) -> Option<Money> {
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
