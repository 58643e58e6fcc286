//! Offers table: `pk` = `store#business date`, `sk` = `sku#revision`. An item is written once.

use chrono::NaiveDate;
use domain::ports::{Failure, OffersTable, Saved};
use domain::{Currency, Inputs, Money, Offer, OfferId, Outlook, StoreId, Version};
use rust_decimal::Decimal;

use crate::Tables;
use crate::attributes::{
    AttributeReader, Attributes, binary, decimal, instant, key, number, text, truth,
};
use crate::dynamodb_calls::query_all;

impl OffersTable for Tables {
    async fn query_offers(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> Result<Vec<Offer>, Failure> {
        query_all(self.query(&self.offers, partition(store_id, date)), offer_of).await
    }

    async fn publish_offer(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        self.put_if(&self.offers, item_of(offer), None, offer_of).await
    }
}

fn partition(store_id: &StoreId, date: NaiveDate) -> String {
    format!("{store_id}#{date}")
}

fn item_of(offer: &Offer) -> Attributes {
    let OfferId { date, store_id, sku, revision } = &offer.offer_id;
    let (expected, unchanged) = (&offer.expected, &offer.if_unchanged);
    // With six digits, the order of the texts is the order of the revisions.
    let mut item = key(partition(store_id, *date), format_args!("{sku}#{revision:06}"));
    let mut put = |name: &str, value| drop(item.insert(name.to_owned(), value));
    put("offer_id", text(&offer.offer_id));
    put("store_id", text(store_id));
    put("business_date", text(date));
    put("sku", text(sku));
    put("revision", number(revision));
    put("slot", instant(offer.slot));
    put("valid_from", instant(offer.valid_from));
    put("valid_until", instant(offer.valid_until));
    put("currency", text(offer.price.currency()));
    put("regular_price", decimal(offer.regular_price.amount()));
    put("was_price", decimal(offer.was_price.amount()));
    if let Some(lowest) = offer.lowest_price {
        put("lowest_price", decimal(lowest.amount()));
    }
    put("price", decimal(offer.price.amount()));
    // For consumers of the table's stream, which cannot compare prices. Empty if there is none.
    let label = offer.label(None);
    put("label_was_price", text(label.was_price.map(|was| was.to_string()).unwrap_or_default()));
    let percent_off = label.percent_off.map(|percent| percent.to_string());
    put("label_percent_off", text(percent_off.unwrap_or_default()));
    put("discount_percent", number(offer.discount_percent));
    put("on_hand", decimal(offer.on_hand));
    put("piece", decimal(offer.portion));
    put("expected_units", decimal(expected.units));
    put("expected_revenue", decimal(expected.revenue));
    put("expected_waste", decimal(expected.waste));
    put("unchanged_units", decimal(unchanged.units));
    put("unchanged_revenue", decimal(unchanged.revenue));
    put("unchanged_waste", decimal(unchanged.waste));
    put("reason", text(&offer.reason));
    put("arm", text(offer.arm.as_str()));
    put("trust", text(offer.trust.as_str()));
    put("shadow", truth(offer.shadow));
    put("policy_version", text(&offer.policy_version));
    put("inputs_digest", text(offer.inputs.digest()));
    put("inputs", binary(offer.inputs.pack()));
    item
}

fn offer_of(item: &Attributes) -> Result<Offer, Failure> {
    let reader = AttributeReader::new(item);
    let currency: Currency = reader.text("currency")?;
    let price = |name: &str| {
        let amount: Decimal = reader.number(name)?;
        Money::price(amount, currency).map_err(|error| reader.wrong(name, error))
    };
    let outlook = |units, revenue, waste| {
        Ok::<_, Failure>(Outlook {
            units: reader.number(units)?,
            revenue: reader.number(revenue)?,
            waste: reader.number(waste)?,
        })
    };
    let inputs = Inputs::unpack(reader.binary("inputs")?);
    Ok(Offer {
        offer_id: reader.text("offer_id")?,
        slot: reader.text("slot")?,
        valid_from: reader.text("valid_from")?,
        valid_until: reader.text("valid_until")?,
        regular_price: price("regular_price")?,
        was_price: price("was_price")?,
        lowest_price: reader.optional("lowest_price", price)?,
        price: price("price")?,
        discount_percent: reader.number("discount_percent")?,
        on_hand: reader.number("on_hand")?,
        portion: reader.number("piece")?,
        expected: outlook("expected_units", "expected_revenue", "expected_waste")?,
        if_unchanged: outlook("unchanged_units", "unchanged_revenue", "unchanged_waste")?,
        reason: reader.text("reason")?,
        arm: reader.word("arm")?,
        trust: reader.word("trust")?,
        shadow: reader.truth("shadow")?,
        policy_version: Version::stored(reader.text("policy_version")?),
        inputs: inputs.map_err(|error| reader.wrong("inputs", error))?,
    })
}
