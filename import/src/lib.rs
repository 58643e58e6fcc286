//! Readers of other systems' files: till exports as events and catalogue files as entries.
//!
//! The readers are pure. They take the content of a file and return every entry with the number of
//! its line, so that a refused entry can be reported by its line. Imports of till lines can be
//! undone: [`undo`] makes the corrections.
//!
//! ```
//! use std::path::Path;
//!
//! use import::catalog_entries;
//!
//! let csv = "sku,price\nBRT-1180,2.50\n,1.00\n";
//! let entries = catalog_entries(Path::new("items.csv"), csv)?;
//! let (place, patch) = &entries[0];
//! assert_eq!((place.line, patch.clone()?.key.to_string()), (2, "item BRT-1180".to_owned()));
//! assert!(entries[1].1.is_err());
//!
//! let error = catalog_entries(Path::new("items.csv"), "sku,prise\n").unwrap_err();
//! assert_eq!(error, "prise is no column of the catalogue; did you mean price?");
//! # Ok::<(), String>(())
//! ```

mod catalog;
mod csv_rows;
mod delimiter;
mod file_text;
mod imported_event;
mod mapping_proposal;
mod named_id;
mod stored_import;
mod till_layout;
mod till_lines;
mod till_mapping;

pub use catalog::{
    CatalogEntry, CatalogFile, Catalogue, Change, EntryKey, EntryPatch, ExportFormat, Located,
    Origin, Place, Placed, Plan, RuleChange, RuleInForce, catalog_entries, chain_rules, export,
    item_rules, nearest, plan, store_rules,
};
pub use delimiter::Delimiter;
pub use file_text::{FileEncoding, FileText, file_text};
pub use imported_event::{ImportedEvent, StoredAs, StoredDay};
pub use mapping_proposal::propose_mapping;
pub use named_id::id_of_name;
pub use stored_import::{StoredImport, StoredKind, stored_imports, stored_kinds, undo};
pub use till_layout::TillLayout;
pub use till_lines::{
    DecimalSign, LineProblem, StoreZones, TaxPlace, TillFile, TillLine, TillWords,
};
pub use till_mapping::TillMapping;

/// Reason for refusing a file without a line.
const EMPTY_FILE: &str = "the file is empty; expected a header and rows, or JSON entries";

/// Number of a line, counted from 1, with the value read from the line or the reason for refusing
/// it.
pub type Numbered<T> = (u64, Result<T, String>);
