//! Offers table in memory.

use chrono::NaiveDate;
use domain::ports::{Failure, OffersTable, Saved};
use domain::{Offer, OfferId, StoreId};

use crate::Tables;
use crate::table_rows::TableRows;

/// Offer revisions. Clones share the rows.
#[derive(Clone, Default)]
pub struct Offers {
    rows: TableRows<OfferId, Offer>,
}

impl Offers {
    pub(crate) fn snapshot(&self) -> Self {
        Self { rows: self.rows.snapshot() }
    }

    /// Returns all revisions, sorted by id.
    #[must_use]
    pub fn all(&self) -> Vec<Offer> {
        self.rows.all()
    }
}

impl OffersTable for Tables {
    async fn query_offers(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> Result<Vec<Offer>, Failure> {
        let is_wanted =
            |offer: &Offer| offer.offer_id.store_id == *store_id && offer.offer_id.date == date;
        self.calls.call(|| Ok(self.offers.all().into_iter().filter(is_wanted).collect())).await
    }

    async fn publish_offer(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        let publish = || {
            let mut rows = self.offers.rows.lock();
            if let Some(stored) = rows.get(&offer.offer_id) {
                return Ok(Saved::Conflict(Some(stored.clone())));
            }
            rows.insert(offer.offer_id.clone(), offer.clone());
            Ok(Saved::Done)
        };
        self.calls.call(publish).await
    }
}
