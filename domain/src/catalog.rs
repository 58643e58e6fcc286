//! Catalogue of a retailer: items, stores, policies and the chain. Each entry has one parser, which
//! reports all violations at once, and one JSON form.
//!
//! ```
//! use domain::Item;
//!
//! let item = Item::parse(r#"{"sku":"BRT-1180","price":"2.40","ladder_percent":"0 20 40"}"#)?;
//! assert_eq!(Item::parse(&item.to_json()).as_ref(), Ok(&item));
//!
//! let error = Item::parse(r#"{"price":"free"}"#).unwrap_err();
//! assert!(error.to_string().starts_with("sku is required; price \"free\" is not a decimal"));
//! # Ok::<(), domain::catalog::CatalogError>(())
//! ```

mod category;
mod chain;
mod item;
mod ladder;
mod policy;
mod rules;
mod shape;
mod store;

use std::fmt;

pub use category::CategoryRules;
pub use chain::Chain;
pub use item::{Item, PORTION_MAX, PORTION_MIN, SHELF_LIFE_DAYS_DEFAULT};
pub use ladder::{Ladder, LadderError};
pub use policy::{OnDoubt, Policy};
pub use rules::ItemRules;
pub use shape::{Nested, Shape};
pub use store::Store;

use crate::violation::{Violation, write_list};

/// All violations of one catalogue entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CatalogError(pub Vec<Violation>);

impl fmt::Display for CatalogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_list(f, &self.0)
    }
}

impl std::error::Error for CatalogError {}
