//! Tables for analysts: the columns of each, and the records that its rows come from.
//!
//! Rows of facts come from day rows and windows alone, so the same rows give the same cells at any
//! later time. Names, categories and units are those of the catalogue when the rows are built.

pub mod catalog;
pub mod day_sums;
pub mod days;
pub mod experiment;
pub mod gaps;
pub mod offer_outcomes;
pub mod offers;
pub mod sales_by_slot;
pub mod stock;

use std::collections::BTreeMap;

use domain::{Currency, Item, Sku, Store};
use rust_decimal::Decimal;

use crate::table::Cell;

/// A store with its items, as the catalogue has them.
#[derive(Debug, Clone)]
pub struct StoreCatalog {
    /// Store.
    pub store: Store,
    /// Items by SKU. An item may have sales without an entry.
    pub items: BTreeMap<Sku, Item>,
}

impl StoreCatalog {
    /// Creates the catalogue of a store.
    #[must_use]
    pub fn new(store: Store, items: Vec<Item>) -> Self {
        let items = items.into_iter().map(|item| (item.sku.clone(), item)).collect();
        Self { store, items }
    }

    /// Returns the name and the category of an item.
    #[must_use]
    pub fn labels(&self, sku: &Sku) -> ItemLabels {
        let item = self.items.get(sku);
        ItemLabels {
            name: Cell::optional_text(item.and_then(|item| item.name.clone())),
            category: Cell::optional_text(item.and_then(|item| item.category.clone())),
        }
    }
}

/// Name and category of an item, absent where the catalogue has none.
#[derive(Debug, Clone, PartialEq)]
pub struct ItemLabels {
    /// Name for people.
    pub name: Cell,
    /// Category.
    pub category: Cell,
}

/// Revenue of a row: the amount in its currency, and what was paid in others. Amounts in different
/// currencies are never added up.
#[derive(Debug, Clone, PartialEq)]
pub struct RowRevenue {
    /// Amount in `currency`.
    pub amount: Cell,
    /// Currency of the row.
    pub currency: Cell,
    /// Amounts in other currencies, like `3.00 USD + 1.50 GBP`.
    pub other: Cell,
}

impl RowRevenue {
    /// Divides the revenue of a row whose other amounts are in `own`. Without this, the first
    /// currency with revenue is that of the row.
    #[must_use]
    pub fn new(revenue: &BTreeMap<Currency, Decimal>, own: Option<Currency>) -> Self {
        let Some(own) = own.or_else(|| revenue.keys().next().copied()) else {
            return Self { amount: Cell::Absent, currency: Cell::Absent, other: Cell::Absent };
        };
        let text = |(currency, amount): (&Currency, &Decimal)| {
            let amount = Cell::amount(*amount, *currency).as_decimal().unwrap_or_default();
            format!("{amount} {currency}")
        };
        let others = revenue.iter().filter(|(currency, _)| **currency != own).map(text);
        Self {
            amount: Cell::amount(revenue.get(&own).copied().unwrap_or_default(), own),
            currency: Cell::text(own.code()),
            other: Cell::text(others.collect::<Vec<_>>().join(" + ")),
        }
    }
}
