//! Readers of other systems' files: till exports as events and catalogue files as entries.
//!
//! The readers are pure. They take the content of a file and return every entry with the number of
//! its line, so that a refused entry can be reported by its line.
//!
//! ```
//! use std::path::Path;
//!
//! use import::{CatalogEntry, catalog_entries};
//!
//! let csv = "sku,price\nBRT-1180,2.50\n,1.00\n";
//! let entries = catalog_entries(Path::new("items.csv"), csv)?;
//! assert!(matches!(&entries[0], (2, Ok(CatalogEntry::Item(_)))));
//! assert!(matches!(&entries[1], (3, Err(_))));
//! # Ok::<(), String>(())
//! ```

mod catalog;
mod csv_rows;
mod till_lines;

pub use catalog::{CatalogEntry, catalog_entries};
pub use till_lines::{ColumnMapping, TillLine};

/// Number of a line, counted from 1, with the value read from the line or the reason for refusing
/// it.
pub type Numbered<T> = (u64, Result<T, String>);
