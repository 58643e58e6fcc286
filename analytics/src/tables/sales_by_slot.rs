//! Table `sales_by_slot`: one row a store, item, date, quarter of an hour and shelf price.
//!
//! A row without a slot holds the rest of a day: returns of what was bought on another day,
//! discounts on single lines, and sales on a date on which the store stays closed. So the rows of
//! a day add up to `days`: `sold` to its `sold - returned`, and `revenue` to its revenue in each
//! currency.

use std::collections::BTreeMap;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Timelike, Utc};
use domain::calendar::instant;
use domain::closed_day::SlotKey;
use domain::limits::SLOT_MINUTES;
use domain::{ClosedDay, Currency, Money, OfferId, Sku, Store, StoreId};
use rust_decimal::Decimal;

use super::{ItemLabels, StoreCatalog};
use crate::table::ColumnType::{Amount, Date, Instant, Integer, LocalTime, Quantity, Text};
use crate::table::{Cell, Field};

/// Sales of one slot at one shelf price, or the rest of a day.
#[derive(Debug, Clone)]
pub struct SlotRecord {
    /// Store.
    pub store_id: StoreId,
    /// Item.
    pub sku: Sku,
    /// Date.
    pub date: NaiveDate,
    /// Name and category.
    pub labels: ItemLabels,
    /// Slot; `None` for the rest of the day.
    pub slot: Option<Slot>,
    /// Currency of the amounts; `None` if nothing was paid.
    pub currency: Option<Currency>,
    /// Sold minus returned.
    pub sold: Decimal,
    /// Revenue.
    pub revenue: Decimal,
}

/// Slot of a day, and the shelf price in it.
#[derive(Debug, Clone)]
pub struct Slot {
    /// Start of the slot on the store's clock.
    pub starts_at: DateTime<chrono_tz::Tz>,
    /// Shelf price; `None` if no price of the day is known.
    pub price: Option<Money>,
    /// Price without discount.
    pub regular_price: Option<Money>,
    /// Offer in force.
    pub offer: Option<SlotOffer>,
    /// Seconds for which the store was open and the item available at this price.
    pub seconds: u32,
}

/// Offer in force in a slot.
#[derive(Debug, Clone)]
pub struct SlotOffer {
    /// Id of the revision.
    pub offer_id: OfferId,
    /// Step of the ladder.
    pub discount_percent: u8,
}

/// Columns of the table.
pub const FIELDS: &[Field<SlotRecord>] = &[
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| Cell::Date(row.date)),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.sku.as_str())),
    Field::new("name", Text, "Name of the item.", |row| row.labels.name.clone()),
    Field::new("category", Text, "Category of the item.", |row| row.labels.category.clone()),
    Field::new("slot_starts_at", Instant, "Start of the quarter of an hour.", |row| {
        slot(row, |slot| Cell::Instant(slot.starts_at.to_utc()))
    }),
    Field::new("slot_starts_at_local", LocalTime, "The same on the store's clock.", |row| {
        slot(row, |slot| Cell::LocalTime(slot.starts_at))
    }),
    Field::new("hour", Integer, "Hour of the store's clock, 0 to 23.", |row| {
        slot(row, |slot| Cell::count(slot.starts_at.hour()))
    }),
    Field::new("price", Amount, "Price on the shelf.", |row| {
        slot(row, |slot| Cell::price(slot.price))
    }),
    Field::new("regular_price", Amount, "Price without discount.", |row| {
        slot(row, |slot| Cell::price(slot.regular_price))
    }),
    Field::new("currency", Text, "Currency of the amounts.", |row| {
        Cell::optional_text(row.currency.map(|currency| currency.code().to_owned()))
    }),
    Field::new("discount_percent", Integer, "Step of the offer in force.", |row| {
        slot(row, |slot| {
            slot.offer.as_ref().map_or(Cell::Absent, |offer| Cell::count(offer.discount_percent))
        })
    }),
    Field::new("offer_id", Text, "Offer in force.", |row| {
        slot(row, |slot| {
            Cell::optional_text(slot.offer.as_ref().map(|offer| offer.offer_id.to_string()))
        })
    }),
    Field::new("sold", Quantity, "Sold minus returned on the same day.", |row| {
        Cell::number(row.sold)
    }),
    Field::new("revenue", Amount, "Paid for those, at the prices of their labels.", |row| {
        row.currency.map_or(Cell::Absent, |currency| Cell::amount(row.revenue, currency))
    }),
    Field::new("on_shelf_seconds", Integer, "Open and available at this price.", |row| {
        slot(row, |slot| Cell::count(slot.seconds))
    }),
];

fn slot(row: &SlotRecord, cell: impl FnOnce(&Slot) -> Cell) -> Cell {
    row.slot.as_ref().map_or(Cell::Absent, cell)
}

/// Returns the records of a closed day, in the order of its slots, the rest last.
#[must_use]
pub fn records(day: &ClosedDay, catalog: &StoreCatalog) -> Vec<SlotRecord> {
    let labels = catalog.labels(&day.key.sku);
    let own = super::days::currency(day);
    let record = |slot, currency, sold, revenue| SlotRecord {
        store_id: day.key.store_id.clone(),
        sku: day.key.sku.clone(),
        date: day.key.date,
        labels: labels.clone(),
        slot,
        currency,
        sold,
        revenue,
    };
    let mut rows: Vec<SlotRecord> = Vec::with_capacity(day.slots.len());
    let opens_at = catalog.store.day(day.key.date).map(|day| day.opens_at);
    for (key, sales) in &day.slots {
        let starts_at = starts_at(&catalog.store, day.key.date, opens_at, key.slot);
        let slot = slot_at(day, *key, starts_at, sales.seconds);
        rows.push(record(Some(slot), own, sales.sold, sales.paid));
    }
    rows.sort_by_key(|row| row.slot.as_ref().map(|slot| slot.starts_at));
    let sold: Decimal = rows.iter().map(|row| row.sold).sum();
    let paid: Decimal = rows.iter().map(|row| row.revenue).sum();
    let mut rest = day.figures.sold - day.figures.returned - sold;
    let mut revenue: BTreeMap<Currency, Decimal> = day.figures.revenue.clone();
    if let Some(own) = own {
        *revenue.entry(own).or_default() -= paid;
    }
    for (currency, amount) in revenue {
        let is_own = Some(currency) == own;
        if !amount.is_zero() || (is_own && !rest.is_zero()) {
            let sold = if is_own { std::mem::take(&mut rest) } else { Decimal::ZERO };
            rows.push(record(None, Some(currency), sold, amount));
        }
    }
    if !rest.is_zero() {
        rows.push(record(None, own, rest, Decimal::ZERO));
    }
    rows
}

/// Returns the start of a slot of a business date, which may be after midnight.
fn starts_at(
    store: &Store,
    date: NaiveDate,
    opens_at: Option<DateTime<Utc>>,
    slot: u8,
) -> DateTime<chrono_tz::Tz> {
    let minutes = u32::from(slot) * SLOT_MINUTES;
    let time = NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap_or_default();
    let opening = opens_at.map(|at| at.with_timezone(&store.zone).time());
    // The slot of an opening such as 06:50 starts before it.
    let is_next = opening.is_some_and(|opening| {
        slot < u8::try_from((opening.hour() * 60 + opening.minute()) / SLOT_MINUTES).unwrap_or(0)
    });
    let date = if is_next { date.checked_add_days(Days::new(1)).unwrap_or(date) } else { date };
    instant(store.zone, date, time).with_timezone(&store.zone)
}

fn slot_at(
    day: &ClosedDay,
    key: SlotKey,
    starts_at: DateTime<chrono_tz::Tz>,
    seconds: u32,
) -> Slot {
    let offer = day.offers.get(&key.revision);
    let offer_id = || OfferId {
        date: day.key.date,
        store_id: day.key.store_id.clone(),
        sku: day.key.sku.clone(),
        revision: key.revision,
    };
    Slot {
        starts_at,
        price: offer.map(|offer| offer.price).or(day.regular_price),
        regular_price: offer.map(|offer| offer.regular_price).or(day.regular_price),
        offer: offer.map(|offer| SlotOffer {
            offer_id: offer_id(),
            discount_percent: offer.discount_percent,
        }),
        seconds,
    }
}
