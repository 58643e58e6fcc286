//! Component 2: Kinesis batches become stock by window, days are closed, and queries about stock
//! are answered.
//!
//! - [`Processor`] appends the events of a batch to the stock log. Start reading here.
//! - [`Rollup`] writes the rows of windows for people and other programs.
//! - [`Closing`] writes one day row per item after a store's doors close, and the demand histories.
//! - [`visit_store`] does both for a store that is due.
//! - [`CloseSchedule`] selects the stores that are due in a slot.
//! - [`check::Check`] compares the rows with the log, and makes them anew.
//! - [`stock_query`] and [`gaps`] read the stock log.
//!
//! # Examples
//! A batch is processed into tables in memory, and the stock is read back:
//! ```
//! use std::sync::Arc;
//!
//! use chrono::{DateTime, Utc};
//! use domain::record::{self, Delivered};
//! use domain::{Acceptance, Event, SequenceNumber};
//! use in_memory::Tables;
//! use processors::Processor;
//! use processors::stock_query::{StockQuery, stock_at};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let now: DateTime<Utc> = "2026-03-12T09:01:00Z".parse()?;
//! let json = r#"{"event_id":"e1","kind":"receipt","store_id":"0042","terminal_id":"till-1",
//!     "sku":"rye","quantity":12,"occurred_at":"2026-03-12T09:00:00Z"}"#;
//! let event = Event::parse(json, &Acceptance::at(now))?;
//! let record = Delivered {
//!     shard_id: "shardId-000000000000".to_owned(),
//!     sequence_number: SequenceNumber::new("1"),
//!     partition_key: "0042".to_owned(),
//!     arrived_at: now,
//!     data: record::pack("0042", [&event]).data,
//! };
//!
//! let processor = Processor::new(Tables::default(), Arc::new(move || now));
//! let outcome = processor.process(&[record.clone()]).await;
//! assert_eq!((outcome.written, outcome.retry_from), (1, None));
//! // A second delivery changes nothing.
//! processor.process(&[record]).await;
//!
//! let query = StockQuery {
//!     store_id: event.store_id(),
//!     sku: None,
//!     since: "2026-03-12T00:00:00Z".parse()?,
//!     at: now,
//!     on_shelf_since: Default::default(),
//!     day_starts: Default::default(),
//!     date: "2026-03-12".parse()?,
//!     deliveries: Default::default(),
//!     openings: Default::default(),
//!     units: Default::default(),
//! };
//! let stock = stock_at(&processor.tables, &query).await?;
//! assert_eq!(stock.items[0].figures.received, 12.into());
//! # Ok(())
//! # }
//! ```

mod batch_segments;
pub mod check;
pub mod close_schedule;
mod close_summary;
pub mod closing;
mod date_closing;
pub mod gaps;
mod histories;
pub mod metrics;
mod opened_events;
pub mod processor;
mod rebuild;
pub mod replay;
pub mod rollup;
pub mod stock_query;
mod store_visit;
mod stored_records;
pub mod transfers;

pub use close_schedule::CloseSchedule;
pub use close_summary::CloseSummary;
pub use closing::Closing;
pub use opened_events::{OpenedEvents, Part, Place, parts};
pub use processor::{BatchOutcome, Processor};
pub use rollup::{Rollup, RollupSummary};
pub use store_visit::visit_store;
