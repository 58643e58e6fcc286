//! Offers of stores, and their outcomes on closed days.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::ops::RangeInclusive;

use analytics::tables::StoreCatalog;
use analytics::tables::offer_outcomes::{OutcomeRecord, records};
use chrono::NaiveDate;
use domain::ports::Failure;
use domain::{Offer, Sku};
use pricing::offer_fields::latest;
use stock_log::UnreadableSegment;

use crate::ReadTables;
use crate::stores::closed_days;

/// Offers that a question is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct OfferSelection<'a> {
    /// Only this item.
    pub sku: Option<&'a Sku>,
    /// Shadows instead of the offers that were published.
    pub shadows: bool,
    /// Every revision, not only the last one of each item.
    pub revisions: bool,
}

impl OfferSelection<'_> {
    /// Returns the selected offers of a store and date.
    #[must_use]
    pub fn of(&self, mut offers: Vec<Offer>) -> Vec<Offer> {
        offers.retain(|offer| self.is_of_item(offer) && offer.shadow == self.shadows);
        if self.revisions { offers } else { latest(offers) }
    }

    /// `true` if an offer is of the item, or of any without one.
    #[must_use]
    pub fn is_of_item(&self, offer: &Offer) -> bool {
        self.sku.is_none_or(|sku| *sku == offer.offer_id.sku)
    }
}

/// Outcomes of the offers on closed days.
#[derive(Debug, Clone, Default)]
pub struct Outcomes {
    /// Outcomes by date, item and revision.
    pub records: Vec<OutcomeRecord>,
    /// Segments that were left out.
    pub unreadable: Vec<UnreadableSegment>,
}

/// Loads the outcomes of a store's offers, of one item or of all.
///
/// # Errors
/// Returns an error if a table cannot be read.
pub async fn outcomes(
    tables: &impl ReadTables,
    catalog: &StoreCatalog,
    sku: Option<&Sku>,
    dates: &RangeInclusive<NaiveDate>,
) -> Result<Outcomes, Failure> {
    let closed = closed_days(tables, catalog, sku, dates).await?;
    let mut offers: BTreeMap<NaiveDate, Vec<Offer>> = BTreeMap::new();
    let mut found = Outcomes { records: Vec::new(), unreadable: closed.unreadable };
    for day in closed.days.iter().filter(|day| !day.offers.is_empty()) {
        let date = day.key.date;
        let of_date = match offers.entry(date) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                new.insert(tables.query_offers(&catalog.store.store_id, date).await?)
            }
        };
        found.records.extend(records(day, of_date, catalog));
    }
    Ok(found)
}
