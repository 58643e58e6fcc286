//! A discount on one item in one store on one afternoon.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::id::{Sku, StoreId};
use crate::money::Money;

/// Names one revision of an offer: `2026-03-12/0042/BRT-1180/2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfferId {
    /// The business date.
    pub date: NaiveDate,
    /// The store.
    pub store_id: StoreId,
    /// The item.
    pub sku: Sku,
    /// Counted from 1; a later revision is a deeper discount.
    pub revision: u32,
}

/// Why a text is not an offer id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an offer id (date/store/sku/revision) like 2026-03-12/0042/BRT-1180/2")]
pub struct OfferIdError;

impl FromStr for OfferId {
    type Err = OfferIdError;

    fn from_str(text: &str) -> Result<Self, OfferIdError> {
        let mut parts = text.split('/');
        let mut next = || parts.next().ok_or(OfferIdError);
        let id = Self {
            date: NaiveDate::parse_from_str(next()?, "%Y-%m-%d").map_err(|_| OfferIdError)?,
            store_id: next()?.parse().map_err(|_| OfferIdError)?,
            sku: next()?.parse().map_err(|_| OfferIdError)?,
            revision: next()?.parse().map_err(|_| OfferIdError)?,
        };
        // Only the one spelling that is written is read, so equal offers have equal texts.
        if id.to_string() == text { Ok(id) } else { Err(OfferIdError) }
    }
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.date, self.store_id, self.sku, self.revision)
    }
}

/// One revision of an offer, as stored: written once, never changed. The highest revision of an
/// item and date is the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Its name.
    pub offer_id: OfferId,
    /// The slot of the pricing grid it was decided for; a slot is decided once.
    pub slot: DateTime<Utc>,
    /// When it starts to hold.
    pub valid_from: DateTime<Utc>,
    /// The store's close.
    pub valid_until: DateTime<Utc>,
    /// The price without discount.
    pub regular_price: Money,
    /// The price on the shelf.
    pub price: Money,
    /// The step of the ladder, in percent.
    pub discount_percent: u8,
    /// How many were on hand when it was decided.
    pub on_hand: Decimal,
    /// How many would be left at the close if the price stayed.
    pub expected_left_unchanged: Decimal,
    /// How many will be left at the close with this price.
    pub expected_left: Decimal,
    /// Why, in plain sentences.
    pub reason: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offer_id_has_one_spelling() {
        let text = "2026-03-12/0042/BRT-1180/2";
        assert_eq!(text.parse::<OfferId>().unwrap().to_string(), text);
        for wrong in [
            "",
            "2026-03-12/0042/BRT-1180",
            "2026-03-12/0042/BRT-1180/02",
            "2026-03-12/0042/BRT-1180/2/",
            "2026-3-12/0042/BRT-1180/2",
            "2026-03-12/00#2/BRT-1180/2",
        ] {
            assert_eq!(wrong.parse::<OfferId>(), Err(OfferIdError), "{wrong:?}");
        }
    }
}
