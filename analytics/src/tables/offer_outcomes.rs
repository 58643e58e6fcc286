//! Table `offer_outcomes`: what each revision of an offer was expected to sell, and what it sold.
//!
//! An offer expects everything until the close, and the next revision of the item takes the rest
//! over. So a revision is compared over its own span, from its start to that of the next revision:
//! `expected_units` and `expected_revenue` are its expectation less that of the next revision at
//! its start. The spans of a day add up to the expectation of the first revision until the close.
//! One span may expect less than nothing, if the next revision expects more than was left of this
//! one. The columns with `_to_close` compare each revision until the close; they do not add up.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use domain::{ClosedDay, Offer};
use rust_decimal::Decimal;

use super::{ItemLabels, StoreCatalog};
use crate::table::ColumnType::{Amount, Date, Instant, Integer, LocalTime, Quantity, Text, Truth};
use crate::table::{Cell, Field};

/// Outcome of one revision.
#[derive(Debug, Clone)]
pub struct OutcomeRecord {
    /// Offer.
    pub offer: Offer,
    /// Name and category.
    pub labels: ItemLabels,
    /// Time zone of the store.
    pub zone: Tz,
    /// End of the revision: start of the next one, or the close.
    pub until: DateTime<Utc>,
    /// Expected and actual sales until `until`.
    pub span: Sales,
    /// Expected and actual sales until the close.
    pub to_close: Sales,
    /// Stock at the end of the date, before waste is taken off for what is past its life.
    pub closing: Decimal,
    /// `true` if the shelf was empty at some time under the revision.
    pub sold_out: bool,
}

/// Expected and actual sales of a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sales {
    /// Expected units.
    pub expected_units: Decimal,
    /// Expected revenue.
    pub expected_revenue: Decimal,
    /// Sold minus returned on the same day.
    pub sold: Decimal,
    /// Paid for those.
    pub revenue: Decimal,
}

/// Columns of the table.
pub const FIELDS: &[Field<OutcomeRecord>] = &[
    Field::new("offer_id", Text, "Revision of the offer.", |row| {
        Cell::text(row.offer.offer_id.to_string())
    }),
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.offer.offer_id.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| {
        Cell::Date(row.offer.offer_id.date)
    }),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.offer.offer_id.sku.as_str())),
    Field::new("name", Text, "Name of the item.", |row| row.labels.name.clone()),
    Field::new("category", Text, "Category of the item.", |row| row.labels.category.clone()),
    Field::new("revision", Integer, "Number of the revision.", |row| {
        Cell::count(row.offer.offer_id.revision)
    }),
    Field::new("arm", Text, "Arm of the experiment.", |row| Cell::text(row.offer.arm.as_str())),
    Field::new("valid_from", Instant, "Start of the revision.", |row| {
        Cell::Instant(row.offer.valid_from)
    }),
    Field::new("valid_from_local", LocalTime, "The same on the store's clock.", |row| {
        Cell::LocalTime(row.offer.valid_from.with_timezone(&row.zone))
    }),
    Field::new("until", Instant, "Start of the next revision, or the close.", |row| {
        Cell::Instant(row.until)
    }),
    Field::new("until_local", LocalTime, "The same on the store's clock.", |row| {
        Cell::LocalTime(row.until.with_timezone(&row.zone))
    }),
    Field::new("regular_price", Amount, "Price without discount.", |row| {
        Cell::price(Some(row.offer.regular_price))
    }),
    Field::new("price", Amount, "Price to pay.", |row| Cell::price(Some(row.offer.price))),
    Field::new("currency", Text, "Currency of the amounts.", |row| {
        Cell::text(row.offer.price.currency().code())
    }),
    Field::new("discount_percent", Integer, "Step of the ladder.", |row| {
        Cell::count(row.offer.discount_percent)
    }),
    Field::new("on_hand", Quantity, "Stock at the decision.", |row| {
        Cell::number(row.offer.on_hand)
    }),
    Field::new("expected_units", Quantity, "Expected to sell until `until`.", |row| {
        Cell::number(row.span.expected_units.round_dp(3))
    }),
    Field::new("sold", Quantity, "Sold until `until`.", |row| Cell::number(row.span.sold)),
    Field::new("expected_revenue", Amount, "Expected revenue until `until`.", |row| {
        amount(row, row.span.expected_revenue)
    }),
    Field::new("revenue", Amount, "Revenue until `until`.", |row| amount(row, row.span.revenue)),
    Field::new("expected_units_to_close", Quantity, "Expected to sell until the close.", |row| {
        Cell::number(row.to_close.expected_units.round_dp(3))
    }),
    Field::new("sold_to_close", Quantity, "Sold until the close.", |row| {
        Cell::number(row.to_close.sold)
    }),
    Field::new("expected_revenue_to_close", Amount, "Expected until the close.", |row| {
        amount(row, row.to_close.expected_revenue)
    }),
    Field::new("revenue_to_close", Amount, "Revenue until the close.", |row| {
        amount(row, row.to_close.revenue)
    }),
    Field::new("if_unchanged_expected_units", Quantity, "Sold at the price before.", |row| {
        Cell::number(row.offer.if_unchanged.units.round_dp(3))
    }),
    Field::new("if_unchanged_expected_revenue", Amount, "Revenue at the price before.", |row| {
        amount(row, row.offer.if_unchanged.revenue)
    }),
    Field::new("expected_waste", Quantity, "Expected to be left at the close.", |row| {
        Cell::number(row.offer.expected.waste.round_dp(3))
    }),
    Field::new("if_unchanged_expected_waste", Quantity, "Left at the price before.", |row| {
        Cell::number(row.offer.if_unchanged.waste.round_dp(3))
    }),
    Field::new("closing", Quantity, "Stock at the end of the date.", |row| {
        Cell::number(row.closing)
    }),
    Field::new("sold_out", Truth, "The shelf was empty at some time.", |row| {
        Cell::Truth(row.sold_out)
    }),
];

fn amount(row: &OutcomeRecord, amount: Decimal) -> Cell {
    Cell::amount(amount.round_dp(6), row.offer.price.currency())
}

/// Returns the outcomes of an item's offers on a closed day. Shadows were not shown and have none.
#[must_use]
pub fn records(day: &ClosedDay, offers: &[Offer], catalog: &StoreCatalog) -> Vec<OutcomeRecord> {
    let shown: BTreeMap<u32, &Offer> = offers
        .iter()
        .filter(|offer| !offer.shadow && offer.offer_id.sku == day.key.sku)
        .map(|offer| (offer.offer_id.revision, offer))
        .collect();
    let mut paid: BTreeMap<u32, (Decimal, Decimal)> = BTreeMap::new();
    for (key, sales) in &day.slots {
        let sum = paid.entry(key.revision).or_default();
        *sum = (sum.0 + sales.sold, sum.1 + sales.paid);
    }
    let mut records: Vec<OutcomeRecord> = Vec::new();
    let mut next: Option<(&Offer, Sales)> = None;
    for (revision, offer) in shown.into_iter().rev() {
        let (sold, revenue) = paid.get(&revision).copied().unwrap_or_default();
        let (later, rest) = next.map_or_else(Default::default, |(offer, sales)| {
            ((offer.expected.units, offer.expected.revenue), sales)
        });
        let to_close = Sales {
            expected_units: offer.expected.units,
            expected_revenue: offer.expected.revenue,
            sold: sold + rest.sold,
            revenue: revenue + rest.revenue,
        };
        records.push(OutcomeRecord {
            offer: offer.clone(),
            labels: catalog.labels(&day.key.sku),
            zone: catalog.store.zone,
            until: next.map_or(offer.valid_until, |(next, _)| next.valid_from),
            span: Sales {
                expected_units: offer.expected.units - later.0,
                expected_revenue: offer.expected.revenue - later.1,
                sold,
                revenue,
            },
            to_close,
            closing: day.closing,
            sold_out: day.offers.get(&revision).is_some_and(|offer| offer.sold_out),
        });
        next = Some((offer, to_close));
    }
    records.reverse();
    records
}
