//! The offers table.

use std::sync::{Arc, Mutex};

use chrono::NaiveDate;
use domain::ports::{Failure, OffersTable, Saved};
use domain::{Offer, OfferId, StoreId};

use super::{Road, Shared};

/// Offers in memory. Clones are the same table.
#[derive(Clone, Default)]
pub struct Offers {
    offers: Shared<OfferId, Offer>,
    road: Road,
}

impl Offers {
    /// An empty table at the end of a road.
    #[must_use]
    pub fn on(road: Road) -> Self {
        Self { road, ..Self::default() }
    }

    /// A copy of its own of what is stored, on a road without trouble.
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

impl OffersTable for Offers {
    async fn of_day(&self, store_id: &StoreId, date: NaiveDate) -> Result<Vec<Offer>, Failure> {
        let of_day =
            |offer: &Offer| offer.offer_id.store_id == *store_id && offer.offer_id.date == date;
        self.road.travel(|| Ok(self.all().into_iter().filter(of_day).collect())).await
    }

    async fn publish(&self, offer: &Offer) -> Result<Saved<Offer>, Failure> {
        let publish = || {
            let mut offers = self.offers.lock().unwrap();
            if let Some(known) = offers.get(&offer.offer_id) {
                return Ok(Saved::Conflict(Some(known.clone())));
            }
            offers.insert(offer.offer_id.clone(), offer.clone());
            Ok(Saved::Done)
        };
        self.road.travel(publish).await
    }
}
