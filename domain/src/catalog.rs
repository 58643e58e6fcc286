//! What a retailer says of its items and stores. Like an event, each has one way in from JSON text
//! that reports everything wrong at once, and one way out.

mod category;
mod chain;
mod fields;
mod item;
mod ladder;
mod policy;
mod rules;
mod store;

use std::fmt;

pub use category::CategoryRules;
pub use chain::Chain;
pub use item::{Item, SHELF_LIFE_DAYS_DEFAULT};
pub use ladder::{Ladder, LadderError};
pub use policy::{OnDoubt, Policy};
pub use rules::ItemRules;
pub use store::Store;

use crate::fault::{Fault, list};

/// Everything wrong with one entry of the catalogue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError(pub Vec<Fault>);

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        list(f, &self.0)
    }
}

impl std::error::Error for CatalogError {}
