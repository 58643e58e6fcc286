//! The ports of [`domain::ports`] in memory: tables for tests and the simulation, and the queue of
//! due stores, which the program for one machine uses as well.
//!
//! [`Tables`] implements every table port except the one of OAuth clients. Segments of the stock
//! log are kept in their stored form, so that a test sees the bytes that survive a restart. A
//! [`CallInjector`] can decide the duration and the result of every call.
//!
//! # Examples
//! ```
//! use domain::Store;
//! use domain::ports::CatalogTable;
//! use in_memory::Tables;
//!
//! # #[tokio::main(flavor = "current_thread")] async fn main() {
//! let tables = Tables::default();
//! let store = r#"{"store_id":"0042","zone":"Europe/Berlin","hours":"mon-sat 07:00-18:30"}"#;
//! tables.put_store(&Store::parse(store).unwrap()).await.unwrap();
//! assert_eq!(tables.list_stores().await.unwrap(), ["0042".parse().unwrap()]);
//! # }
//! ```

mod at_most;
mod calls;
mod catalog;
mod days;
mod offers;
mod quarantine;
mod queue;
mod stock_log;
mod table_rows;

pub use at_most::at_most;
pub use calls::{CallEnd, CallInjector, CallPlan};
pub use catalog::Catalog;
pub use days::Days;
pub use offers::Offers;
pub use quarantine::Quarantine;
pub use queue::InProcessQueue;
pub use stock_log::{Log, LogKey, LogReads, Windows};

/// All tables. Clones share the rows.
#[derive(Clone, Default)]
pub struct Tables {
    /// Stores, items and the settings of the chain.
    pub catalog: Catalog,
    /// Stock log.
    pub log: Log,
    /// Window rows.
    pub windows: Windows,
    /// Day rows and histories.
    pub days: Days,
    /// Offer revisions.
    pub offers: Offers,
    /// Quarantined records and events.
    pub quarantine: Quarantine,
    /// Source of the delays and failures of all calls.
    pub calls: CallInjector,
}

impl Tables {
    /// Creates empty tables whose calls follow the plans of `calls`.
    #[must_use]
    pub fn with_calls(calls: CallInjector) -> Self {
        Self { calls, ..Self::default() }
    }

    /// Returns an independent copy of all tables, without injected delays and failures.
    #[must_use]
    pub fn snapshot(&self) -> Self {
        Self {
            catalog: self.catalog.snapshot(),
            log: self.log.snapshot(),
            windows: self.windows.snapshot(),
            days: self.days.snapshot(),
            offers: self.offers.snapshot(),
            quarantine: self.quarantine.snapshot(),
            calls: CallInjector::default(),
        }
    }
}
