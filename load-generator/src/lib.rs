//! Realistic till traffic of shops, and a ledger that checks the stored result.
//!
//! - [`shops`]: models of shops and their items
//! - [`customers`]: arrivals and willingness to pay
//! - [`shop_day`]: one day of a shop, played with the prices on its shelves
//! - [`figures`]: sales, waste and money of a day
//! - [`disorder`]: duplicate, late and offline delivery
//! - [`ledger`]: comparison of acknowledged events with stored windows
//!
//! For a load run ([`run_record`] is its result):
//!
//! - [`scenario`]: stages, stores, traffic and limits, from TOML
//! - [`plan`]: each request with its instant, store and events, from the seed
//! - [`sender`]: sends the planned requests in an open loop
//! - [`outcomes`], [`timings`]: answers and times
//! - [`interval_log`]: logs for the tools of HdrHistogram
//! - [`knee`]: search for the highest rate within the limits
//! - [`audit`]: comparison of the stock log with the record of a run
//! - [`limit_check`]: limits and exit codes
//! - [`report`]: a page of HTML and a text for the terminal, from the record
//! - [`merge`]: one record of the parts of a run
//! - [`comparison`]: comparison of two runs, with intervals of the ratios
//!
//! Only [`sender`] reads a clock. Dates and seeds are arguments, and the same arguments give the
//! same bytes. Money and quantities are decimals; floats occur only in random draws, rates and
//! times.
//!
//! ```
//! use std::collections::BTreeMap;
//!
//! use chrono::NaiveDate;
//! use domain::stock::{StockWindow, WindowKey};
//! use load_generator::ledger::Ledger;
//! use load_generator::shelf_prices::ShelfPrices;
//! use load_generator::shop_day::ShopDay;
//! use load_generator::shops::chain;
//!
//! let bakery = &chain()[0];
//! let thursday = NaiveDate::from_ymd_opt(2026, 3, 12).unwrap();
//! let day = ShopDay::new(bakery, thursday, 1).expect("the bakery is open on Thursdays");
//! let (events, figures) = day.play(|_window| ShelfPrices::regular());
//! assert_eq!(figures.sales, 446);
//!
//! let mut ledger = Ledger::new();
//! let mut rows = BTreeMap::new();
//! for event in events {
//!     ledger.acknowledge(&event);
//!     let key = WindowKey::of(&event);
//!     rows.entry(key.clone()).or_insert_with(|| StockWindow::new(key)).insert(event);
//! }
//! assert!(ledger.compare(rows.values()).is_empty());
//! ```

pub mod arrivals;
pub mod audit;
pub mod comparison;
pub mod customers;
mod day_schedule;
pub mod disorder;
pub mod draw;
pub mod figures;
pub mod interval_log;
pub mod knee;
pub mod ledger;
pub mod limit_check;
pub mod merge;
pub mod outcomes;
pub mod plan;
pub mod report;
pub mod run_record;
pub mod scenario;
pub mod sender;
pub mod shelf_prices;
pub mod shop_day;
pub mod shops;
pub mod span;
mod till_writer;
pub mod timings;
pub mod traffic;
