//! Windows of event files, without any table: for backfill studies, what-if, and comparison with
//! the stock log.
//!
//! Input is NDJSON of events in any order, plain, gzip or zstd. Output is a line for each window of
//! an item in a store, sorted by start, store and item. An event id counts once within its store
//! and UTC date, and a correction voids the event that it names: the rules of the stock log.
//!
//! Memory holds 56 bytes an event until its UTC date is summed. Beyond a limit, events go to a
//! temporary file, and one date after the other is read from it.
//!
//! ```
//! use std::io::{Seek, Write};
//!
//! let mut file = tempfile::tempfile()?;
//! for id in ["e1", "e2", "e1"] {
//!     let event = serde_json::json!({
//!         "event_id": id, "kind": "sale", "store_id": "0042", "terminal_id": "t1",
//!         "sku": "rye", "quantity": 1, "unit_price": "2.50", "currency": "EUR",
//!         "occurred_at": "2026-03-12T15:17:00Z",
//!     });
//!     writeln!(file, "{event}")?;
//! }
//! file.rewind()?;
//! let mut output = Vec::new();
//! let (input, options) = (replay::Input::new(file)?, replay::Options::default());
//! let summary = replay::replay(input, &mut output, &options, |_| ())?;
//! assert_eq!((summary.events, summary.repetitions, summary.windows), (3, 1, 1));
//! assert_eq!(
//!     String::from_utf8(output)?,
//!     "{\"window_start\":\"2026-03-12T15:15:00Z\",\"store_id\":\"0042\",\"sku\":\"rye\",\
//!      \"events\":2,\"units_sold\":\"2\",\"units_received\":\"0\",\"units_wasted\":\"0\",\
//!      \"net_change\":\"-2\",\"revenue\":\"5\"}\n"
//! );
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod batch;
mod conflicts;
mod event_record;
mod input;
mod lines;
mod names;
mod reader;
mod replay;
mod windows;

pub use batch::BatchWindows;
pub use input::Input;
pub use lines::Format;
pub use reader::INVALID_LINES_SHOWN;
pub use replay::{Error, InvalidLine, Options, Summary, replay};
