//! The close of day: what became of one item in one store on one date, as a function of the day's
//! windows, of its offers and of what the day before left. Closing again with a late event gives
//! what closing once with all of them would have given.

mod slots;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

pub use slots::{SLOTS_PER_DAY, SlotKey, SlotSales, Slots, SlotsError, pack, unpack};

use crate::calendar::DaySpan;
use crate::digest::Version;
use crate::event::{Action, Event};
use crate::identifier::{Sku, StoreId};
use crate::money::{Currency, Money};
use crate::offer::Offer;
use crate::stock::{Availability, Figures, StockWindow, counting};
use slots::Demand;

/// Stands in every version: a change of the rules below is a new number, so that days are closed
/// again.
const RULES: u8 = 2;

/// One item in one store on one date of the store's calendar.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayKey {
    /// The store.
    pub store_id: StoreId,
    /// The item.
    pub sku: Sku,
    /// The date.
    pub date: NaiveDate,
}

impl fmt::Display for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.store_id, self.sku, self.date)
    }
}

/// Stock by the date on which it came.
pub type Carried = BTreeMap<NaiveDate, Decimal>;

/// What a day begins with.
#[derive(Debug, Clone, Copy)]
pub struct Morning<'a> {
    /// The day before, if it has a row.
    pub before: Option<&'a ClosedDay>,
    /// When the day begins, closes and ends.
    pub span: DaySpan,
    /// When the doors open; `None` where they stay closed.
    pub opens_at: Option<DateTime<Utc>>,
    /// Where the store's wall clock is.
    pub zone: Tz,
    /// How many days the item can be sold, that of its delivery included.
    pub shelf_life_days: u16,
    /// Whether the day has a row already, which is then written anew whatever happened: other
    /// hours, or another shelf life, may have taken everything out of it.
    pub is_stored: bool,
}

/// One day of one item in one store. Quantities are in the item's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// Which day.
    pub key: DayKey,
    /// When the doors closed.
    pub closes_at: DateTime<Utc>,
    /// On the shelf at the start.
    pub opening: Decimal,
    /// What happened.
    pub figures: Figures,
    /// How much was sold at each price, returns not taken off.
    pub sold_at: BTreeMap<(Currency, Decimal), Decimal>,
    /// On the shelf at the end of the day: the latest count, or else the opening, and what moved
    /// since. Below zero when an event is missing.
    pub closing: Decimal,
    /// What of the closing can be sold tomorrow, by the date on which it came.
    pub carried: Carried,
    /// The latest date on which anything happened.
    pub moved_on: NaiveDate,
    /// From when on until the doors closed nothing was on the shelf, the start of the day when
    /// nothing ever was. `None` also where nothing is known of it: a receipt or a count is missing.
    pub sold_out_at: Option<DateTime<Utc>>,
    /// The price without discount: that of the day's offers, or else the usual one of its sales.
    pub regular_price: Option<Money>,
    /// What came of the day's offers, by revision.
    pub offers: BTreeMap<u32, DayOffer>,
    /// What was sold when.
    pub slots: Slots,
    /// The sum of the squares of what was sold at once: how much a sale is, and so how much chance
    /// there is in a sum of sales.
    pub squares: Decimal,
    /// Names what the day was closed from.
    pub version: Version,
}

/// What came of one revision of an offer, until the next one or the close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOffer {
    /// When it started to hold.
    pub valid_from: DateTime<Utc>,
    /// The price without discount.
    pub regular_price: Money,
    /// The price on the shelf.
    pub price: Money,
    /// The step of the ladder, in percent.
    pub discount_percent: u8,
    /// Sold while it held, less what was brought back on the same day.
    pub sold: Decimal,
    /// Whether the shelf was empty while it held.
    pub sold_out: bool,
}

impl ClosedDay {
    /// Closes a day. `windows` are those that start in its span, in order; `offers` those of the
    /// item and date. There is no row of an item that nothing happened to within its shelf life: a
    /// rule that later events cannot turn round, other than one that asks whether anything is
    /// left.
    #[must_use]
    pub fn of(
        key: DayKey,
        morning: &Morning<'_>,
        windows: &[&StockWindow],
        offers: &[&Offer],
    ) -> Option<Self> {
        let before = morning.before.map(|before| before.moved_on);
        let moved_on = if windows.is_empty() { before } else { Some(key.date) };
        let long_ago = || key.date - Days::new(morning.shelf_life_days.into());
        let moved_on = moved_on
            .filter(|moved_on| morning.lives(*moved_on, key.date))
            .or_else(|| morning.is_stored.then(long_ago))?;
        let events = || windows.iter().flat_map(|window| window.events());
        let (counted, _) = counting(events());
        let figures = Figures::of(events());
        let carried_over = morning.carried();
        let opening = total(&carried_over);
        let start = figures.counted.map_or(opening, |count| count.quantity);
        let closing = (start + figures.moved).normalize();
        let DaySpan { starts_at, closes_at, .. } = morning.span;
        let shelf = Availability::of(opening, &counted, starts_at, closes_at);
        let demand = Demand::of(morning, &counted, &shelf, offers);
        Some(Self {
            closes_at,
            opening,
            sold_at: sold_at(&counted),
            closing,
            carried: carried(morning, &carried_over, &figures, closing),
            moved_on,
            sold_out_at: shelf.sold_out_at(closes_at),
            regular_price: demand.regular_price,
            offers: demand.offers,
            slots: demand.slots,
            squares: demand.squares,
            version: version(morning, &carried_over, moved_on, windows, offers),
            figures,
            key,
        })
    }

    /// What of the closing is past its life.
    #[must_use]
    pub fn expired(&self) -> Decimal {
        (self.closing.max(Decimal::ZERO) - total(&self.carried)).normalize()
    }

    /// What there was to sell: the opening, and what came or went other than to customers.
    #[must_use]
    pub fn to_sell(&self) -> Decimal {
        let Figures { received, transferred_in, transferred_out, .. } = &self.figures;
        self.opening + received + transferred_in - transferred_out
    }

    /// Sold less returned, as a share of what there was to sell; `None` when there was nothing.
    #[must_use]
    pub fn sell_through(&self) -> Option<Decimal> {
        let to_sell = self.to_sell();
        let share =
            || ((self.figures.sold - self.figures.returned) / to_sell).round_dp(4).normalize();
        (to_sell > Decimal::ZERO).then(share)
    }
}

impl Morning<'_> {
    fn carried(&self) -> Carried {
        self.before.map(|before| before.carried.clone()).unwrap_or_default()
    }

    /// Whether what came on one date can be sold on another.
    fn lives(&self, came: NaiveDate, on: NaiveDate) -> bool {
        came + Days::new(self.shelf_life_days.into()) > on
    }
}

fn total(carried: &Carried) -> Decimal {
    carried.values().sum::<Decimal>().normalize()
}

fn sold_at(counting: &[&Event]) -> BTreeMap<(Currency, Decimal), Decimal> {
    let mut sold = BTreeMap::new();
    for event in counting {
        if let Action::Sale(price) = event.action() {
            let place = sold.entry((price.currency(), price.amount())).or_insert(Decimal::ZERO);
            *place = (*place + event.quantity().get()).normalize();
        }
    }
    sold
}

/// Shops sell what came first first. So what is left is what came last: today's, then that of the
/// day before, and so on; and what a count found beyond all of that came today.
fn carried(
    morning: &Morning<'_>,
    carried_over: &Carried,
    figures: &Figures,
    closing: Decimal,
) -> Carried {
    let today = morning.span.date;
    let came = figures.received + figures.transferred_in + figures.returned;
    let earlier = carried_over.iter().rev().map(|(date, quantity)| (*date, *quantity));
    let mut left = closing.max(Decimal::ZERO);
    let mut carried = Carried::new();
    for (date, quantity) in std::iter::once((today, came)).chain(earlier) {
        let of_date = left.min(quantity);
        carried.insert(date, of_date);
        left -= of_date;
    }
    carried.entry(today).and_modify(|quantity| *quantity += left);
    carried.retain(|date, quantity| {
        *quantity = quantity.normalize();
        !quantity.is_zero() && morning.lives(*date, today + Days::new(1))
    });
    carried
}

fn version(
    morning: &Morning<'_>,
    carried_over: &Carried,
    moved_on: NaiveDate,
    windows: &[&StockWindow],
    offers: &[&Offer],
) -> Version {
    let DaySpan { date, starts_at, ends_at, closes_at } = morning.span;
    let mut text = format!("{RULES} {date} {starts_at} {closes_at} {ends_at}");
    text.push_str(&format!(" {:?} {}", morning.opens_at, morning.zone));
    text.push_str(&format!(" {} {moved_on}", morning.shelf_life_days));
    for (date, quantity) in carried_over {
        text.push_str(&format!(" {date} {}", quantity.normalize()));
    }
    for window in windows {
        text.push_str(&format!(" {} {}", window.key().window, window.version()));
    }
    // In any order: they are what they are by their ids, and never change.
    let offers: BTreeMap<u32, &Offer> =
        offers.iter().map(|offer| (offer.offer_id.revision, *offer)).collect();
    for (revision, Offer { valid_from, regular_price, price, .. }) in offers {
        let currency = price.currency();
        text.push_str(&format!(" {revision} {valid_from} {regular_price} {price} {currency}"));
    }
    Version::of(text.as_bytes())
}
