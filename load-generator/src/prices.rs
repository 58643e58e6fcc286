//! What the shelves say.

use std::collections::BTreeMap;

use domain::{Item, Money, OfferId, Sku};

/// The prices on the shelves of one store: those of the discounted items; everything else has its
/// regular price.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Prices(BTreeMap<Sku, (Money, Option<OfferId>)>);

impl Prices {
    /// No discount anywhere.
    #[must_use]
    pub fn regular() -> Self {
        Self::default()
    }

    /// Puts a price on the shelf, with the offer that it comes from.
    pub fn put(&mut self, sku: Sku, price: Money, offer_id: Option<OfferId>) {
        self.0.insert(sku, (price, offer_id));
    }

    /// What the shelf says of an item.
    #[must_use]
    pub fn of(&self, item: &Item) -> (Money, Option<&OfferId>) {
        match self.0.get(&item.sku) {
            Some((price, offer_id)) => (*price, offer_id.as_ref()),
            None => (item.price, None),
        }
    }
}
