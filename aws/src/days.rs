//! Days table: `pk` = `store#sku`, `sk` = the date, one [`ClosedDay`] per item of the table. The
//! table also contains the histories.

use std::collections::BTreeMap;

use aws_sdk_dynamodb::types::AttributeValue;
use chrono::NaiveDate;
use domain::closed_day::{self, DayOffer};
use domain::ports::{DaysTable, Failure, Saved};
use domain::stock::{Counted, Delivery, Figures};
use domain::{ClosedDay, Currency, DayKey, Money, Sku, StoreId, Version};
use rust_decimal::Decimal;

use crate::Tables;
use crate::attributes::{AttributeReader, Attributes, binary, decimal, instant, key, number, text};
use crate::dynamodb_calls::query_all;

impl DaysTable for Tables {
    async fn load_days(&self, keys: &[DayKey]) -> Result<Vec<ClosedDay>, Failure> {
        let keys = keys.iter().map(key_of).collect();
        self.get_all(&self.days, keys).await?.iter().map(day_of).collect()
    }

    async fn save_day(
        &self,
        day: &ClosedDay,
        read: Option<&Version>,
    ) -> Result<Saved<ClosedDay>, Failure> {
        self.put_if(&self.days, item_of(day), read, day_of).await
    }

    async fn query_days(
        &self,
        store_id: &StoreId,
        sku: &Sku,
        first: NaiveDate,
        last: NaiveDate,
    ) -> Result<Vec<ClosedDay>, Failure> {
        let query = self
            .query(&self.days, partition(store_id, sku))
            .key_condition_expression("pk = :pk AND sk BETWEEN :first AND :last")
            .expression_attribute_values(":first", text(first))
            .expression_attribute_values(":last", text(last));
        query_all(query, day_of).await
    }
}

fn partition(store_id: &StoreId, sku: &Sku) -> String {
    format!("{store_id}#{sku}")
}

fn key_of(key: &DayKey) -> Attributes {
    self::key(partition(&key.store_id, &key.sku), key.date)
}

fn item_of(day: &ClosedDay) -> Attributes {
    let ClosedDay { key, figures, .. } = day;
    let mut item = key_of(key);
    let mut put = |name: &str, value| item.insert(name.to_owned(), value);
    put("store_id", text(&key.store_id));
    put("sku", text(&key.sku));
    put("business_date", text(key.date));
    put("version", text(&day.version));
    put("closes_at", instant(day.closes_at));
    put("opening", decimal(day.opening));
    put("received", decimal(figures.received));
    put("sold", decimal(figures.sold));
    put("returned", decimal(figures.returned));
    put("wasted", decimal(figures.wasted));
    put("transferred_in", decimal(figures.transferred_in));
    put("transferred_out", decimal(figures.transferred_out));
    put("moved", decimal(figures.moved));
    put("event_count", number(figures.events));
    put("voided_count", number(figures.voided));
    if let Some(counted) = figures.counted {
        put("counted", decimal(counted.quantity));
        put("counted_at", instant(counted.at));
    }
    put("moved_on", text(day.moved_on));
    put("closing", decimal(day.closing));
    put("expired", decimal(day.expired()));
    if let Some(share) = day.sell_through() {
        put("sell_through", decimal(share));
    }
    if let Some(at) = day.sold_out_at {
        put("sold_out_at", instant(at));
    }
    let revenue = figures.revenue.iter().map(|(currency, amount)| (currency, *amount));
    put("revenue", map(revenue));
    put("carried", map(day.carried.iter().map(|(date, quantity)| (date, *quantity))));
    if let Some(deliveries) = &day.deliveries {
        put("deliveries", AttributeValue::L(deliveries.iter().map(delivery_attributes).collect()));
    }
    if let Some(unit) = day.unit {
        put("unit", text(unit.as_str()));
    }
    let price = |(currency, amount): &(Currency, Decimal)| format!("{amount} {currency}");
    put("sold_at", map(day.sold_at.iter().map(|(at, quantity)| (price(at), *quantity))));
    if let Some(price) = day.regular_price {
        put("regular_price", decimal(price.amount()));
        put("currency", text(price.currency()));
    }
    if !day.offers.is_empty() {
        let offers =
            day.offers.iter().map(|(revision, offer)| (revision.to_string(), attributes_of(offer)));
        put("offers", AttributeValue::M(offers.collect()));
    }
    put("sold_squares", decimal(day.squares));
    put("slots", binary(closed_day::pack(&day.slots, day.regular_price)));
    item
}

fn attributes_of(offer: &DayOffer) -> AttributeValue {
    let entries = [
        ("valid_from", instant(offer.valid_from)),
        ("currency", text(offer.price.currency())),
        ("regular_price", decimal(offer.regular_price.amount())),
        ("price", decimal(offer.price.amount())),
        ("discount_percent", number(offer.discount_percent)),
        ("sold", decimal(offer.sold)),
        ("sold_out", AttributeValue::Bool(offer.sold_out)),
    ];
    AttributeValue::M(entries.map(|(name, value)| (name.to_owned(), value)).into())
}

fn delivery_attributes(delivery: &Delivery) -> AttributeValue {
    let Delivery { came, expires_on, quantity } = delivery;
    let quantity = ("quantity", decimal(*quantity));
    let expires_on = expires_on.map(|date| ("expires_on", text(date)));
    let entries = [("came", text(came)), quantity].into_iter().chain(expires_on);
    AttributeValue::M(entries.map(|(name, value)| (name.to_owned(), value)).collect())
}

fn delivery_of(reader: &AttributeReader<'_>) -> Result<Delivery, Failure> {
    Ok(Delivery {
        came: reader.text("came")?,
        expires_on: reader.optional("expires_on", |name| reader.text(name))?,
        quantity: reader.number("quantity")?,
    })
}

fn offer_of(reader: &AttributeReader<'_>) -> Result<DayOffer, Failure> {
    Ok(DayOffer {
        valid_from: reader.text("valid_from")?,
        regular_price: price_of(reader, "regular_price")?,
        price: price_of(reader, "price")?,
        discount_percent: reader.number("discount_percent")?,
        sold: reader.number("sold")?,
        sold_out: reader.truth("sold_out")?,
    })
}

fn price_of(reader: &AttributeReader<'_>, name: &str) -> Result<Money, Failure> {
    let price = Money::price(reader.number(name)?, reader.text("currency")?);
    price.map_err(|error| reader.wrong(name, error))
}

fn map(entries: impl Iterator<Item = (impl ToString, Decimal)>) -> AttributeValue {
    AttributeValue::M(entries.map(|(name, value)| (name.to_string(), decimal(value))).collect())
}

fn day_of(item: &Attributes) -> Result<ClosedDay, Failure> {
    let reader = AttributeReader::new(item);
    let counted = reader.optional("counted", |name| {
        Ok(Counted { quantity: reader.number(name)?, at: reader.text("counted_at")? })
    })?;
    let sold_at: BTreeMap<String, Decimal> = reader.numbers("sold_at")?;
    let price = |text: &str| {
        let (amount, currency) = text.split_once(' ')?;
        Some((currency.parse().ok()?, amount.parse().ok()?))
    };
    let sold_at = sold_at.iter().map(|(at, quantity)| {
        let at = price(at).ok_or_else(|| {
            reader
                .wrong("sold_at", format!("contains {at:?}, which is not an amount and a currency"))
        });
        Ok((at?, *quantity))
    });
    let regular_price = reader.optional("regular_price", |name| price_of(&reader, name))?;
    let offers = reader.optional("offers", |name| reader.items(name))?.unwrap_or_default();
    let offers = offers.into_iter().map(|(revision, offer)| {
        let number = revision.parse().map_err(|error| reader.wrong("offers", error));
        Ok((number?, offer_of(&offer)?))
    });
    let slots = reader.optional("slots", |name| reader.binary(name))?;
    let deliveries = reader
        .optional("deliveries", |name| reader.item_list(name)?.iter().map(delivery_of).collect());
    let slots = slots.map(|bytes| closed_day::unpack(bytes, regular_price)).transpose();
    Ok(ClosedDay {
        key: DayKey {
            store_id: reader.text("store_id")?,
            sku: reader.text("sku")?,
            date: reader.text("business_date")?,
        },
        closes_at: reader.text("closes_at")?,
        opening: reader.number("opening")?,
        figures: Figures {
            sold: reader.number("sold")?,
            returned: reader.number("returned")?,
            received: reader.number("received")?,
            wasted: reader.number("wasted")?,
            transferred_in: reader.number("transferred_in")?,
            transferred_out: reader.number("transferred_out")?,
            counted,
            moved: reader.number("moved")?,
            revenue: reader.numbers("revenue")?,
            events: reader.number("event_count")?,
            voided: reader.number("voided_count")?,
        },
        sold_at: sold_at.collect::<Result<_, Failure>>()?,
        closing: reader.number("closing")?,
        carried: reader.numbers("carried")?,
        // Rows written before the introduction of deliveries do not have them.
        deliveries: deliveries?,
        unit: reader.optional("unit", |name| reader.word(name))?,
        moved_on: reader.text("moved_on")?,
        sold_out_at: reader.optional("sold_out_at", |name| reader.text(name))?,
        regular_price,
        offers: offers.collect::<Result<_, Failure>>()?,
        // Rows written before the introduction of histories have neither slots nor squares.
        slots: slots.map_err(|error| reader.wrong("slots", error))?.unwrap_or_default(),
        squares: reader
            .optional("sold_squares", |name| reader.number(name))?
            .unwrap_or(Decimal::ZERO),
        version: Version::stored(reader.text("version")?),
    })
}
