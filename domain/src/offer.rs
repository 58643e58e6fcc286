//! A discount on one item in one store on one afternoon.

use std::fmt;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, Utc};
use rust_decimal::Decimal;

use crate::experiment::Arm;
use crate::id::{Sku, StoreId};
use crate::money::Money;
use crate::version::{Version, sha256};
use crate::words::words;

/// Cheap, and as small as any level makes two lines of JSON but for a few bytes.
const INPUTS_ZSTD_LEVEL: i32 = 9;
/// Most bytes of inputs; a line of the `decide` format has at most 1 MiB.
const INPUTS_BYTES_MAX: usize = 2 << 20;

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

/// One revision of an offer, as stored: written once, never changed. Of those that are no shadows,
/// the highest revision of an item and date is the current one.
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
    /// The price that a sign may name as the one before: the lowest of the last 30 days, or the
    /// regular price where perishables are exempt. Directive 98/6/EC, article 6a. Where it is not
    /// above the price, a sign may name none.
    pub was_price: Money,
    /// The lowest price of the 30 days before this one, as far as they are known.
    pub lowest_price: Option<Money>,
    /// The price on the shelf.
    pub price: Money,
    /// The step of the ladder, in percent.
    pub discount_percent: u8,
    /// How many were on hand when it was decided.
    pub on_hand: Decimal,
    /// The piece in which they were counted, in the item's unit.
    pub piece: Decimal,
    /// What is expected with this price, and the best decisions after it.
    pub expected: Outlook,
    /// What is expected if the price stays.
    pub if_unchanged: Outlook,
    /// Why, in plain sentences.
    pub reason: String,
    /// Who decided.
    pub arm: Arm,
    /// How far the inputs can be relied on.
    pub trust: Trust,
    /// Whether it was only to see what would happen; then it is not on the shelf.
    pub shadow: bool,
    /// Names the store's rules.
    pub policy_version: Version,
    /// What it was decided from.
    pub inputs: Inputs,
}

/// What is expected from the decision to the close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Sold, in the item's unit.
    pub units: Decimal,
    /// What that brings, in the offer's currency.
    pub revenue: Decimal,
    /// Left, in the item's unit.
    pub waste: Decimal,
}

words! {
    /// How far the tills' events of the day can be relied on.
    Trust {
        /// Nothing is known to be missing.
        Full = "full",
        /// The tills' own count says that events are missing.
        Gaps = "gaps",
        /// No till has sent anything for long.
        Silent = "silent",
    }
}

/// What an offer was decided from and what was answered, each as one line of the public `decide`
/// format: so an offer can be explained when everything else is long gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// The request.
    pub request: String,
    /// The answer.
    pub answer: String,
}

/// Why stored inputs cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("are not two lines in zstd: {0}")]
pub struct InputsError(String);

impl Inputs {
    /// The SHA-256 of the request, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(self.request.as_bytes())
    }

    /// The stored form.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let lines = format!("{}\n{}", self.request, self.answer);
        zstd::bulk::compress(lines.as_bytes(), INPUTS_ZSTD_LEVEL).expect("memory is compressed")
    }

    /// From the stored form.
    ///
    /// # Errors
    /// The bytes are something else.
    pub fn unpack(bytes: &[u8]) -> Result<Self, InputsError> {
        let wrong = |why: &str| InputsError(why.to_owned());
        let lines = zstd::bulk::decompress(bytes, INPUTS_BYTES_MAX);
        let lines = lines.map_err(|error| wrong(&error.to_string()))?;
        let lines = String::from_utf8(lines).map_err(|_| wrong("no UTF-8"))?;
        let (request, answer) = lines.split_once('\n').ok_or_else(|| wrong("one line"))?;
        Ok(Self { request: request.to_owned(), answer: answer.to_owned() })
    }
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

    #[test]
    fn inputs_come_back_and_damage_is_told() {
        let inputs = Inputs { request: r#"{"sku":"ü"}"#.to_owned(), answer: "{}".to_owned() };
        let packed = inputs.pack();
        assert_eq!(Inputs::unpack(&packed), Ok(inputs.clone()));
        assert_eq!(inputs.digest().len(), 64);
        for length in 0..packed.len() {
            assert!(Inputs::unpack(&packed[..length]).is_err(), "{length}");
        }
        assert!(Inputs::unpack(&zstd::bulk::compress(b"one line", 1).unwrap()).is_err());
        assert!(Inputs::unpack(&zstd::bulk::compress(b"\xff\n", 1).unwrap()).is_err());
    }
}
