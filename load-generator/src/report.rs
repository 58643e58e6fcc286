//! Report of a run: a page of HTML and a text for the terminal, both from the record alone.
//!
//! The page is one file: it loads nothing, and its charts are drawn in SVG. It adapts to dark and
//! light mode and to the width of the screen. Every text of the record is escaped.
//!
//! ```
//! use load_generator::plan::PlanKey;
//! use load_generator::report;
//! use load_generator::run_record::{Environment, Parts, RECORD_VERSION, RunRecord, Totals};
//! use load_generator::scenario::Scenario;
//!
//! let starts_at = "2026-03-12T09:00:00Z".parse().unwrap();
//! let record = RunRecord {
//!     exit_code: 0,
//!     is_partial: true,
//!     notes: vec!["ended by the operator".to_owned()],
//!     ..RunRecord::new(PlanKey::new(Scenario::default(), starts_at))
//! };
//! assert!(report::terminal(&record, 80, true).starts_with("PARTIAL"));
//! assert!(report::page(&record, false).contains("ended by the operator"));
//! ```

mod axis;
mod headline;
mod html;
mod knee;
mod ledger;
mod numbers;
mod over_time;
mod page;
mod particulars;
mod percentiles;
mod plot;
mod series;
mod terminal;

pub use page::{body, page};
pub use terminal::terminal;
