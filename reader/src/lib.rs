//! Figures of the tables for analysts.
//!
//! [`stores`] and its neighbours load the rows that the commands print. [`api`] answers the same
//! rows over HTTP, page by page.
//!
//! # Examples
//! ```
//! use domain::Store;
//! use domain::ports::CatalogTable;
//! use in_memory::Tables;
//! use reader::stores::{catalog_of, not_closed};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let tables = Tables::default();
//! let store = r#"{"store_id":"0042","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}"#;
//! let store = Store::parse(store)?;
//! tables.put_store(&store).await?;
//!
//! let (date, now) = ("2026-03-12".parse()?, "2026-03-12T20:00:00Z".parse()?);
//! assert_eq!(not_closed(&tables, &store, &(date..=date), now).await?, [date]);
//! assert!(catalog_of(&tables, store).await?.items.is_empty());
//! # Ok(())
//! # }
//! ```

pub mod api;
pub mod effect;
pub mod lowest_price;
pub mod offers;
pub mod stock;
pub mod stores;

use domain::ports::{CatalogTable, DaysTable, OffersTable, StockLog};

/// Tables that the reader reads. It writes none.
pub trait ReadTables: CatalogTable + DaysTable + OffersTable + StockLog {}

impl<T: CatalogTable + DaysTable + OffersTable + StockLog> ReadTables for T {}
