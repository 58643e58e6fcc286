//! Ids of offers.

use std::fmt;
use std::str::FromStr;

use chrono::NaiveDate;

use crate::identifier::{Sku, StoreId, is_identifier};

/// Id of a revision of an offer. Its text is like `2026-03-12/0042/BRT-1180/2`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct OfferId {
    /// Business date.
    pub date: NaiveDate,
    /// Store.
    pub store_id: StoreId,
    /// Item.
    pub sku: Sku,
    /// Number of the revision, counted from 1. A later revision has a lower price.
    pub revision: u32,
}

/// Text that is not an offer id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("is not an offer id (date/store/sku/revision) like 2026-03-12/0042/BRT-1180/2")]
pub struct OfferIdError;

impl FromStr for OfferId {
    type Err = OfferIdError;

    fn from_str(text: &str) -> Result<Self, OfferIdError> {
        OfferIdRef::parse(text).map(OfferIdRef::to_offer_id).ok_or(OfferIdError)
    }
}

impl fmt::Display for OfferId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        OfferIdRef::of(self).fmt(f)
    }
}

/// Valid offer id whose texts are borrowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct OfferIdRef<'a> {
    date: NaiveDate,
    store_id: &'a str,
    sku: &'a str,
    revision: u32,
}

impl<'a> OfferIdRef<'a> {
    pub(crate) fn of(offer_id: &'a OfferId) -> Self {
        let OfferId { date, store_id, sku, revision } = offer_id;
        Self { date: *date, store_id: store_id.as_str(), sku: sku.as_str(), revision: *revision }
    }

    /// Parses an offer id. Only the canonical spelling is accepted, so that equal ids have equal
    /// texts.
    pub(crate) fn parse(text: &'a str) -> Option<Self> {
        let mut parts = text.split('/');
        let (date, store_id, sku) = (parts.next()?, parts.next()?, parts.next()?);
        let revision = parts.next().filter(|text| !text.starts_with('+'))?;
        let is_padded = revision.len() > 1 && revision.starts_with('0');
        let is_hyphen = |place| place == 4 || place == 7;
        let is_plain = date.len() == 10
            && date.bytes().enumerate().all(|(place, byte)| {
                if is_hyphen(place) { byte == b'-' } else { byte.is_ascii_digit() }
            });
        if parts.next().is_some() || is_padded || !is_plain {
            return None;
        }
        Some(Self {
            date: NaiveDate::parse_from_str(date, "%Y-%m-%d").ok()?,
            store_id: Some(store_id).filter(|text| is_identifier(text))?,
            sku: Some(sku).filter(|text| is_identifier(text))?,
            revision: revision.parse().ok()?,
        })
    }

    /// Returns the length of store and item together, in bytes.
    pub(crate) fn texts_length(self) -> usize {
        self.store_id.len() + self.sku.len()
    }

    pub(crate) fn to_offer_id(self) -> OfferId {
        let Self { date, store_id, sku, revision } = self;
        OfferId { date, store_id: StoreId::valid(store_id), sku: Sku::valid(sku), revision }
    }
}

impl fmt::Display for OfferIdRef<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.date, self.store_id, self.sku, self.revision)
    }
}
