//! Offers: discounts on one item in one store on one afternoon.

mod offer_id;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;
use strum::{EnumString, IntoStaticStr, VariantArray};

pub(crate) use offer_id::OfferIdRef;
pub use offer_id::{OfferId, OfferIdError};

use crate::digest::{Version, sha256};
use crate::experiment::Arm;
use crate::money::Money;
use crate::word_enum::word_enum;

/// Cheap level; higher levels save only a few bytes of two lines of JSON.
const INPUTS_ZSTD_LEVEL: i32 = 9;
/// Largest size of inflated inputs, in bytes. A line of the `decide` format has at most 1 MiB.
const INPUTS_BYTES_MAX: usize = 2 << 20;

/// Revision of an offer, as stored. A revision is written once and never changed. The highest
/// revision of an item and date that is not a shadow is the current one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// Id of the revision.
    pub offer_id: OfferId,
    /// Slot of the decision; a slot is decided once.
    pub slot: DateTime<Utc>,
    /// Start of validity.
    pub valid_from: DateTime<Utc>,
    /// End of validity: the close of the store.
    pub valid_until: DateTime<Utc>,
    /// Price without discount. A revision that follows a lower catalogue price has that price.
    pub regular_price: Money,
    /// Prior price of the day: the lowest price of the last 30 days, or the regular price if
    /// perishables are exempt. Source: Directive 98/6/EC, article 6a. [`Offer::label`] decides
    /// whether a label may name it.
    pub was_price: Money,
    /// Lowest known price of the previous 30 days.
    pub lowest_price: Option<Money>,
    /// Price with the discount.
    pub price: Money,
    /// Step of the ladder, in percent of `regular_price`. [`PriceLabel::percent_off`] is the
    /// discount that a label may name.
    pub discount_percent: u8,
    /// Stock on hand at the decision, in the unit of the item.
    pub on_hand: Decimal,
    /// Quantity that the pricing counts as one, in the unit of the item.
    pub portion: Decimal,
    /// Expectation with this price and the best later decisions.
    pub expected: Outlook,
    /// Expectation if the price does not change.
    pub if_unchanged: Outlook,
    /// Reason in plain sentences.
    pub reason: String,
    /// Arm of the experiment that decided.
    pub arm: Arm,
    /// Reliability of the inputs.
    pub trust: Trust,
    /// `true` for a decision that is stored and not published.
    pub shadow: bool,
    /// Version of the store's policy.
    pub policy_version: Version,
    /// Inputs of the decision.
    pub inputs: Inputs,
}

/// Prices that a label may show.
///
/// ```
/// use domain::{Currency, Money, PriceLabel};
///
/// let euro = |amount: &str| Money::price(amount.parse().unwrap(), Currency::EUR).unwrap();
/// let label = PriceLabel::new(euro("2.70"), euro("3.90"));
/// assert_eq!((label.was_price, label.percent_off), (Some(euro("3.90")), Some(30)));
/// let label = PriceLabel::new(euro("2.70"), euro("2.00"));
/// assert_eq!((label.was_price, label.percent_off), (None, None));
/// // A discount below 1 % is none.
/// let label = PriceLabel::new(euro("7.00"), euro("7.01"));
/// assert_eq!((label.was_price, label.percent_off), (None, None));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PriceLabel {
    /// Price to pay.
    pub price: Money,
    /// Prior price; `None` if the discount from it is below 1 %. Source: Directive 98/6/EC,
    /// article 6a.
    pub was_price: Option<Money>,
    /// Discount between the two prices in whole percent, rounded down. `Some` exactly if
    /// `was_price` is.
    pub percent_off: Option<u8>,
}

impl PriceLabel {
    /// Creates the label of a price with the prior price of the day.
    #[must_use]
    pub fn new(price: Money, prior: Money) -> Self {
        let is_comparable = prior.currency() == price.currency() && prior.amount() > price.amount();
        let percent = || {
            let share = (prior.amount() - price.amount()) / prior.amount();
            (share * Decimal::ONE_HUNDRED).floor().to_u8().filter(|percent| *percent > 0)
        };
        let percent_off = is_comparable.then(percent).flatten();
        Self { price, was_price: percent_off.map(|_| prior), percent_off }
    }
}

impl Offer {
    /// Returns the label of the offer. `catalogue` is the price of the item in the catalogue at
    /// that time: a lower one replaces the price of the offer.
    #[must_use]
    pub fn label(&self, catalogue: Option<Money>) -> PriceLabel {
        let is_lower = |other: &Money| {
            other.currency() == self.price.currency() && other.amount() < self.price.amount()
        };
        PriceLabel::new(catalogue.filter(is_lower).unwrap_or(self.price), self.was_price)
    }
}

/// Expectation from the decision to the close.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Outlook {
    /// Units sold, in the unit of the item.
    pub units: Decimal,
    /// Revenue, in the currency of the offer.
    pub revenue: Decimal,
    /// Units left at the close, in the unit of the item; `units` and `waste` add up to the stock.
    pub waste: Decimal,
}

/// Reliability of the tills' events of the day.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Hash,
    PartialOrd,
    Ord,
    EnumString,
    IntoStaticStr,
    VariantArray,
)]
#[strum(serialize_all = "snake_case")]
pub enum Trust {
    /// No event is known to be missing.
    Full,
    /// The sequence numbers of the tills show that events are missing.
    Gaps,
    /// No till has sent an event for a long time.
    Silent,
}

word_enum!(Trust);

/// Inputs and answer of a decision, each as one line of the public `decide` format. They explain an
/// offer after the stock rows have expired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inputs {
    /// Request line.
    pub request: String,
    /// Answer line.
    pub answer: String,
}

/// Reason for failing to read stored inputs.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("are not two lines in zstd: {0}")]
pub struct InputsError(String);

impl Inputs {
    /// Returns the SHA-256 of the request, in hexadecimal.
    #[must_use]
    pub fn digest(&self) -> String {
        sha256(self.request.as_bytes())
    }

    /// Returns the stored form.
    #[must_use]
    pub fn pack(&self) -> Vec<u8> {
        let lines = format!("{}\n{}", self.request, self.answer);
        zstd::bulk::compress(lines.as_bytes(), INPUTS_ZSTD_LEVEL).expect("memory is compressed")
    }

    /// Reads the stored form.
    ///
    /// # Errors
    /// Returns an error if the bytes are not two lines in zstd.
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
    fn stored_inputs_are_read_and_damage_is_detected() {
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
