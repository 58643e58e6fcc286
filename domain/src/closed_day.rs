//! Closed day (day row): figures of one item in one store on one date.
//!
//! A closed day is a function of the windows and offers of the date and of the closed day before.
//! Closing again with a late event gives the same row as closing once with all events.

mod slots;

use std::collections::BTreeMap;
use std::fmt;

use chrono::{DateTime, Days, NaiveDate, Utc};
use chrono_tz::Tz;
use rust_decimal::Decimal;

pub use slots::{DaySlots, SLOTS_PER_DAY, SlotKey, SlotSales, SlotsError, pack, unpack};

use crate::calendar::DaySpan;
use crate::digest::Version;
use crate::event::{Action, Event, Unit};
use crate::identifier::{Sku, StoreId};
use crate::money::{Currency, Money};
use crate::offer::Offer;
use crate::stock::{Availability, Delivery, Figures, StockWindow, counting, kept_deliveries};
use slots::DayDemand;

/// Version of the rules below, part of every row's version. A change of the rules increments the
/// number, so that days are closed again.
pub const RULES: u8 = 5;

/// Latest date with an event of a row that is left over.
const LEFT_OVER: NaiveDate = NaiveDate::from_ymd_opt(1, 1, 1).expect("a date");

/// Key of a closed day.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DayKey {
    /// Store.
    pub store_id: StoreId,
    /// Item.
    pub sku: Sku,
    /// Business date.
    pub date: NaiveDate,
}

impl fmt::Display for DayKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.store_id, self.sku, self.date)
    }
}

/// Stock by date of delivery.
pub type Carried = BTreeMap<NaiveDate, Decimal>;

/// Context of a date to be closed.
#[derive(Debug, Clone, Copy)]
pub struct DayContext<'a> {
    /// Closed day before, if it has a row.
    pub before: Option<&'a ClosedDay>,
    /// Start, close and end of the date.
    pub span: DaySpan,
    /// Opening time; `None` if the store stays closed.
    pub opens_at: Option<DateTime<Utc>>,
    /// Time zone of the store.
    pub zone: Tz,
    /// Number of days on which the item can be sold, including the day of delivery.
    pub shelf_life_days: u16,
    /// `true` if the date has a row already. The row is then written again even if it is empty:
    /// changed hours or a changed shelf life may have removed its content.
    pub is_stored: bool,
}

/// Figures of one item in one store on one date. Quantities are in the item's unit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClosedDay {
    /// Key.
    pub key: DayKey,
    /// Close of the store.
    pub closes_at: DateTime<Utc>,
    /// Stock at the start of the date.
    pub opening: Decimal,
    /// Sums of the day's events.
    pub figures: Figures,
    /// Quantity sold at each label price, before returns.
    pub sold_at: BTreeMap<(Currency, Decimal), Decimal>,
    /// Stock at the end of the date: the latest count, or else the opening stock, and all later
    /// movements. Negative if an event is missing.
    pub closing: Decimal,
    /// Part of the closing stock that can be sold on the next date.
    pub carried: Carried,
    /// Deliveries that decide which part of the stock of later dates is past its expiry date, in
    /// order; empty if none within the shelf life has one. `None` if an earlier version of the
    /// program wrote the row.
    pub deliveries: Option<Vec<Delivery>>,
    /// Unit of the latest quantity other than 0; `None` if there is none.
    pub unit: Option<Unit>,
    /// Latest date with an event; year 1 if there is none within the shelf life.
    pub moved_on: NaiveDate,
    /// Start of the empty shelf that lasted until the close; start of the date if the shelf was
    /// always empty. `None` if the shelf was not empty at the close, or if the stock is unknown
    /// because a receipt or a count is missing, or if the last units were discarded or sent to
    /// another store.
    pub sold_out_at: Option<DateTime<Utc>>,
    /// Price without discount: that of the day's offers, or else the usual price of its sales.
    pub regular_price: Option<Money>,
    /// Results of the day's offers, by revision.
    pub offers: BTreeMap<u32, DayOffer>,
    /// Sales by slot and price.
    pub slots: DaySlots,
    /// Sum of the squared quantities of single sales. With the sum of the quantities it gives the
    /// variance that chance adds to a sum of sales.
    pub squares: Decimal,
    /// Version of everything that the day was closed from.
    pub version: Version,
}

/// Result of one revision of an offer, until the next revision or the close.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DayOffer {
    /// Start of validity.
    pub valid_from: DateTime<Utc>,
    /// Price without discount.
    pub regular_price: Money,
    /// Shelf price.
    pub price: Money,
    /// Step of the ladder, in percent.
    pub discount_percent: u8,
    /// Quantity sold under the revision, minus returns on the same day.
    pub sold: Decimal,
    /// `true` if the item was sold out at some time under the revision. A shelf that was emptied
    /// by waste or a transfer is not sold out.
    pub sold_out: bool,
}

impl ClosedDay {
    /// Closes a date. `windows` start within its span and are in order; `offers` are those of the
    /// item and date.
    ///
    /// Returns `None` for an item without an event within its shelf life. Unlike a rule about the
    /// remaining stock, later events cannot reverse this one.
    #[must_use]
    pub fn of(
        key: DayKey,
        context: &DayContext<'_>,
        windows: &[&StockWindow],
        offers: &[&Offer],
    ) -> Option<Self> {
        let before = context.before.map(|before| before.moved_on);
        let moved_on = if windows.is_empty() { before } else { Some(key.date) };
        let moved_on = moved_on
            .filter(|moved_on| context.lives(*moved_on, key.date))
            .or_else(|| context.is_stored.then_some(LEFT_OVER))?;
        let events = || windows.iter().flat_map(|window| window.events());
        let (counted, _) = counting(events());
        let figures = Figures::of(events());
        let carried_over = context.carried();
        let opening = total(&carried_over);
        let start = figures.counted.map_or(opening, |count| count.quantity);
        let closing = (start + figures.moved).normalize();
        let DaySpan { starts_at, closes_at, .. } = context.span;
        let availability = Availability::of(opening, &counted, starts_at, closes_at);
        let demand = DayDemand::of(context, &counted, &availability, offers);
        Some(Self {
            closes_at,
            opening,
            sold_at: sold_at(&counted),
            closing,
            carried: carried(context, &carried_over, &figures, closing),
            deliveries: Some(deliveries(context, &counted)),
            unit: unit(context, windows),
            moved_on,
            sold_out_at: availability.sold_out_at(closes_at),
            regular_price: demand.regular_price,
            offers: demand.offers,
            slots: demand.slots,
            squares: demand.squares,
            version: version(context, &carried_over, moved_on, windows, offers),
            figures,
            key,
        })
    }

    /// `true` for a row whose events have left it: an id moved to another item, or hours or a shelf
    /// life changed. Without the stored row there would be none.
    #[must_use]
    pub fn is_left_over(&self) -> bool {
        self.moved_on == LEFT_OVER
    }

    /// Returns the part of the closing stock that is past its shelf life.
    #[must_use]
    pub fn expired(&self) -> Decimal {
        (self.closing.max(Decimal::ZERO) - total(&self.carried)).normalize()
    }

    /// Returns the stock available for sale: the opening stock plus deliveries and transfers.
    #[must_use]
    pub fn to_sell(&self) -> Decimal {
        let Figures { received, transferred_in, transferred_out, .. } = &self.figures;
        self.opening + received + transferred_in - transferred_out
    }

    /// Returns net sales as a share of the stock available for sale; `None` if there was none.
    #[must_use]
    pub fn sell_through(&self) -> Option<Decimal> {
        let to_sell = self.to_sell();
        let share =
            || ((self.figures.sold - self.figures.returned) / to_sell).round_dp(4).normalize();
        (to_sell > Decimal::ZERO).then(share)
    }
}

impl DayContext<'_> {
    fn carried(&self) -> Carried {
        self.before.map(|before| before.carried.clone()).unwrap_or_default()
    }

    fn deliveries(&self) -> &[Delivery] {
        self.before.and_then(|before| before.deliveries.as_deref()).unwrap_or_default()
    }

    /// `true` if a delivery of one date can be sold on another.
    fn lives(&self, came: NaiveDate, on: NaiveDate) -> bool {
        came + Days::new(self.shelf_life_days.into()) > on
    }
}

fn total(carried: &Carried) -> Decimal {
    carried.values().sum::<Decimal>().normalize()
}

fn sold_at(counting: &[&Event]) -> BTreeMap<(Currency, Decimal), Decimal> {
    let mut sold = BTreeMap::new();
    for event in counting.iter().filter(|event| !event.quantity().get().is_zero()) {
        if let Action::Sale(charge) = event.action() {
            let price = charge.label_price(event.quantity());
            let place = sold.entry((price.currency(), price.amount())).or_insert(Decimal::ZERO);
            *place = (*place + event.quantity().get()).normalize();
        }
    }
    sold
}

/// Returns the stock carried to the next date. Shops sell old stock first, so the remaining stock
/// is the latest: that of today, then that of the day before, and so on. A surplus found by a count
/// belongs to today.
fn carried(
    context: &DayContext<'_>,
    carried_over: &Carried,
    figures: &Figures,
    closing: Decimal,
) -> Carried {
    let today = context.span.date;
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
        !quantity.is_zero() && context.lives(*date, today + Days::new(1))
    });
    carried
}

fn deliveries(context: &DayContext<'_>, counting: &[&Event]) -> Vec<Delivery> {
    let today = context.span.date;
    let lives = |came| context.lives(came, today + Days::new(1));
    kept_deliveries(context.deliveries(), today, counting, lives)
}

fn unit(context: &DayContext<'_>, windows: &[&StockWindow]) -> Option<Unit> {
    let mut events = windows.iter().rev().flat_map(|window| window.events());
    let latest = events.find(|event| !event.quantity().get().is_zero());
    latest.map(Event::unit).or_else(|| context.before.and_then(|before| before.unit))
}

fn version(
    context: &DayContext<'_>,
    carried_over: &Carried,
    moved_on: NaiveDate,
    windows: &[&StockWindow],
    offers: &[&Offer],
) -> Version {
    let DaySpan { date, starts_at, ends_at, closes_at } = context.span;
    let mut text = format!("{RULES} {date} {starts_at} {closes_at} {ends_at}");
    text.push_str(&format!(" {:?} {}", context.opens_at, context.zone));
    text.push_str(&format!(" {} {moved_on}", context.shelf_life_days));
    for (date, quantity) in carried_over {
        text.push_str(&format!(" {date} {}", quantity.normalize()));
    }
    for Delivery { came, expires_on, quantity } in context.deliveries() {
        text.push_str(&format!(" {came} {expires_on:?} {}", quantity.normalize()));
    }
    text.push_str(&format!(" {:?}", context.before.and_then(|before| before.unit)));
    for window in windows {
        text.push_str(&format!(" {} {}", window.key().window, window.version()));
    }
    // Offers never change under their id, so the order given does not matter.
    let offers: BTreeMap<u32, &Offer> =
        offers.iter().map(|offer| (offer.offer_id.revision, *offer)).collect();
    for (revision, Offer { valid_from, regular_price, price, .. }) in offers {
        let currency = price.currency();
        text.push_str(&format!(" {revision} {valid_from} {regular_price} {price} {currency}"));
    }
    Version::of(text.as_bytes())
}
