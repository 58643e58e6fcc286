//! Table `offers`: one row a revision, with its expectation and reason.

use chrono_tz::Tz;
use domain::Offer;
use rust_decimal::Decimal;

use super::{ItemLabels, StoreCatalog};
use crate::table::ColumnType::{Amount, Date, Instant, Integer, LocalTime, Quantity, Text, Truth};
use crate::table::{Cell, Field};

/// An offer with the labels of its item.
#[derive(Debug, Clone)]
pub struct OfferRecord {
    /// Offer as it was decided.
    pub offer: Offer,
    /// Name and category.
    pub labels: ItemLabels,
    /// Time zone of the store.
    pub zone: Tz,
}

impl OfferRecord {
    /// Creates the record of an offer.
    #[must_use]
    pub fn new(offer: Offer, catalog: &StoreCatalog) -> Self {
        let labels = catalog.labels(&offer.offer_id.sku);
        Self { offer, labels, zone: catalog.store.zone }
    }
}

/// Columns of the table.
pub const FIELDS: &[Field<OfferRecord>] = &[
    Field::new("offer_id", Text, "Revision of the offer; sales may name it.", |row| {
        Cell::text(row.offer.offer_id.to_string())
    }),
    Field::new("store_id", Text, "Store.", |row| Cell::text(row.offer.offer_id.store_id.as_str())),
    Field::new("business_date", Date, "Date of the store.", |row| {
        Cell::Date(row.offer.offer_id.date)
    }),
    Field::new("sku", Text, "Item.", |row| Cell::text(row.offer.offer_id.sku.as_str())),
    Field::new("name", Text, "Name of the item.", |row| row.labels.name.clone()),
    Field::new("category", Text, "Category of the item.", |row| row.labels.category.clone()),
    Field::new("revision", Integer, "Number of the revision, from 1.", |row| {
        Cell::count(row.offer.offer_id.revision)
    }),
    Field::new("slot", Instant, "Instant of the decision.", |row| Cell::Instant(row.offer.slot)),
    Field::new("valid_from", Instant, "Start of validity.", |row| {
        Cell::Instant(row.offer.valid_from)
    }),
    Field::new("valid_from_local", LocalTime, "The same on the store's clock.", |row| {
        Cell::LocalTime(row.offer.valid_from.with_timezone(&row.zone))
    }),
    Field::new("valid_until", Instant, "End of validity, the close.", |row| {
        Cell::Instant(row.offer.valid_until)
    }),
    Field::new("valid_until_local", LocalTime, "The same on the store's clock.", |row| {
        Cell::LocalTime(row.offer.valid_until.with_timezone(&row.zone))
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
    Field::new("label_was_price", Amount, "Prior price that a label may name.", |row| {
        Cell::price(row.offer.label(None).was_price)
    }),
    Field::new("label_percent_off", Integer, "Discount that a label may name.", |row| {
        row.offer.label(None).percent_off.map_or(Cell::Absent, Cell::count)
    }),
    Field::new("lowest_price", Amount, "Lowest known price of the 30 days before.", |row| {
        Cell::price(row.offer.lowest_price)
    }),
    Field::new("on_hand", Quantity, "Stock at the decision.", |row| quantity(row.offer.on_hand)),
    Field::new("expected_units", Quantity, "Expected to sell until the close.", |row| {
        quantity(row.offer.expected.units)
    }),
    Field::new("expected_revenue", Amount, "Expected revenue until the close.", |row| {
        amount(row, row.offer.expected.revenue)
    }),
    Field::new("expected_waste", Quantity, "Expected to be left at the close.", |row| {
        quantity(row.offer.expected.waste)
    }),
    Field::new("if_unchanged_expected_units", Quantity, "Sold at the price before.", |row| {
        quantity(row.offer.if_unchanged.units)
    }),
    Field::new("if_unchanged_expected_revenue", Amount, "Revenue at the price before.", |row| {
        amount(row, row.offer.if_unchanged.revenue)
    }),
    Field::new("if_unchanged_expected_waste", Quantity, "Left at the price before.", |row| {
        quantity(row.offer.if_unchanged.waste)
    }),
    Field::new("arm", Text, "Arm of the experiment.", |row| Cell::text(row.offer.arm.as_str())),
    Field::new("trust", Text, "Reliability of the tills' events.", |row| {
        Cell::text(row.offer.trust.as_str())
    }),
    Field::new("shadow", Truth, "Stored and not published.", |row| Cell::Truth(row.offer.shadow)),
    Field::new("policy_version", Text, "Version of the policy.", |row| {
        Cell::text(row.offer.policy_version.to_string())
    }),
    Field::new("reason", Text, "Reason in plain sentences.", |row| {
        Cell::text(row.offer.reason.clone())
    }),
];

fn quantity(quantity: Decimal) -> Cell {
    Cell::number(quantity.round_dp(3))
}

fn amount(row: &OfferRecord, amount: Decimal) -> Cell {
    Cell::amount(amount.round_dp(6), row.offer.price.currency())
}
