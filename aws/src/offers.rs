//! The offers table: `pk` = `store#business date`, `sk` = `sku#revision`, written once.

use aws_sdk_dynamodb::Client;
use chrono::NaiveDate;
use domain::ports::{Failure, OffersTable, Saved};
use domain::{Currency, Money, Offer, OfferId, StoreId};
use rust_decimal::Decimal;

use crate::Names;
use crate::attributes::{Attributes, Reader, decimal, instant, number, text};
use crate::failure::failure;
use crate::put::put_if;

/// The table.
#[derive(Debug, Clone)]
pub struct Offers {
    client: Client,
    table: String,
}

impl Offers {
    /// The table of `names`.
    #[must_use]
    pub fn new(client: Client, names: &Names) -> Self {
        Self { client, table: names.table("offers") }
    }
}

impl OffersTable for Offers {
    async fn of_day(&self, store_id: &StoreId, date: NaiveDate) -> Result<Vec<Offer>, Failure> {
        let mut pages = self
            .client
            .query()
            .table_name(&self.table)
            .consistent_read(true)
            .key_condition_expression("pk = :pk")
            .expression_attribute_values(":pk", text(partition(store_id, date)))
            .into_paginator()
            .items()
            .send();
        let mut offers = Vec::new();
        while let Some(item) = pages.next().await {
            offers.push(offer_of(&item.map_err(|error| failure(&error))?)?);
        }
        Ok(offers)
    }

    async fn publish(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        put_if(&self.client, &self.table, item_of(offer), None, offer_of).await
    }
}

fn partition(store_id: &StoreId, date: NaiveDate) -> String {
    format!("{store_id}#{date}")
}

fn item_of(offer: &Offer) -> Attributes {
    let OfferId { date, store_id, sku, revision } = &offer.offer_id;
    Attributes::from([
        ("pk".to_owned(), text(partition(store_id, *date))),
        // Six digits keep the order of texts that of numbers.
        ("sk".to_owned(), text(format!("{sku}#{revision:06}"))),
        ("offer_id".to_owned(), text(&offer.offer_id)),
        ("store_id".to_owned(), text(store_id)),
        ("business_date".to_owned(), text(date)),
        ("sku".to_owned(), text(sku)),
        ("revision".to_owned(), number(revision)),
        ("slot".to_owned(), instant(offer.slot)),
        ("valid_from".to_owned(), instant(offer.valid_from)),
        ("valid_until".to_owned(), instant(offer.valid_until)),
        ("currency".to_owned(), text(offer.price.currency())),
        ("regular_price".to_owned(), decimal(offer.regular_price.amount())),
        ("price".to_owned(), decimal(offer.price.amount())),
        ("discount_percent".to_owned(), number(offer.discount_percent)),
        ("on_hand".to_owned(), decimal(offer.on_hand)),
        ("expected_left_unchanged".to_owned(), decimal(offer.expected_left_unchanged)),
        ("expected_left".to_owned(), decimal(offer.expected_left)),
        ("reason".to_owned(), text(&offer.reason)),
    ])
}

fn offer_of(item: &Attributes) -> Result<Offer, Failure> {
    let reader = Reader::of(item);
    let currency: Currency = reader.text("currency")?;
    let price = |name: &str| {
        let amount: Decimal = reader.number(name)?;
        Money::price(amount, currency).map_err(|error| reader.wrong(name, error))
    };
    Ok(Offer {
        offer_id: reader.text("offer_id")?,
        slot: reader.text("slot")?,
        valid_from: reader.text("valid_from")?,
        valid_until: reader.text("valid_until")?,
        regular_price: price("regular_price")?,
        price: price("price")?,
        discount_percent: reader.number("discount_percent")?,
        on_hand: reader.number("on_hand")?,
        expected_left_unchanged: reader.number("expected_left_unchanged")?,
        expected_left: reader.number("expected_left")?,
        reason: reader.text("reason")?,
    })
}
