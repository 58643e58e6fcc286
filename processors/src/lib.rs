//! Station 2: Kinesis batches become stock by time window, and questions about stock are answered.
//!
//! Read [`batch`] first.

pub mod batch;
mod fold;
pub mod metrics;
mod open;
pub mod question;
mod save;

pub use batch::{Outcome, Processor};
