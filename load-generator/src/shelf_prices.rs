//! Prices on the shelves of a store.

use std::collections::BTreeMap;

use domain::{Item, Money, OfferId, Sku};

/// Prices of the discounted items of one store. All other items have their regular price.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShelfPrices(BTreeMap<Sku, (Money, Option<OfferId>)>);

impl ShelfPrices {
    /// Regular prices for all items.
    #[must_use]
    pub fn regular() -> Self {
        Self::default()
    }

    /// Sets the price of an item, with the offer behind the price.
    pub fn put(&mut self, sku: Sku, price: Money, offer_id: Option<OfferId>) {
        self.0.insert(sku, (price, offer_id));
    }

    /// Price of an item and the offer behind the price.
    #[must_use]
    pub fn of(&self, item: &Item) -> (Money, Option<&OfferId>) {
        match self.0.get(&item.sku) {
            Some((price, offer_id)) => (*price, offer_id.as_ref()),
            None => (item.price, None),
        }
    }
}
