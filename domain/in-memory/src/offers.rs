//! The offers table.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{Failure, OffersTable, Saved};
use domain::{Offer, OfferId, StoreId};

use crate::{CallInjector, Shared, Tables};

/// Offers in memory. Clones are the same table.
#[derive(Clone, Default)]
pub struct Offers {
    offers: Shared<OfferId, Offer>,
    calls: CallInjector,
}

impl Offers {
    /// An empty table whose calls ask `calls`.
    #[must_use]
    pub fn with_calls(calls: CallInjector) -> Self {
        Self { calls, ..Self::default() }
    }

    /// A copy of its own of what is stored; its calls all succeed.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        let offers = self.offers.lock().unwrap().clone();
        Self { offers: Arc::new(Mutex::new(offers)), ..Self::default() }
    }

    /// Everything that was published, by id.
    #[must_use]
    pub fn all(&self) -> Vec<Offer> {
        self.offers.lock().unwrap().values().cloned().collect()
    }
}

impl OffersTable for Tables {
    async fn query_offers(
        &self,
        store_id: &StoreId,
        date: NaiveDate,
    ) -> Result<Vec<Offer>, Failure> {
        let of_day =
            |offer: &Offer| offer.offer_id.store_id == *store_id && offer.offer_id.date == date;
        self.offers.calls.call(|| Ok(self.offers.all().into_iter().filter(of_day).collect())).await
    }

    async fn publish_offer(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        let publish = || {
            let mut offers = self.offers.offers.lock().unwrap();
            if let Some(known) = offers.get(&offer.offer_id) {
                return Ok(Saved::Conflict(Some(known.clone())));
            }
            offers.insert(offer.offer_id.clone(), offer.clone());
            Ok(Saved::Done)
        };
        self.offers.calls.call(publish).await
    }
}
