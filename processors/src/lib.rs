//! Station 2: Kinesis batches become stock by time window, days are closed, and questions about
//! stock are answered.
//!
//! Read [`batch`] first.

pub mod batch;
pub mod close;
mod fold;
pub mod gaps;
mod histories;
pub mod metrics;
mod open;
pub mod question;
mod rebuild;
pub mod replay;
mod save;
pub mod schedule;

pub use batch::{Outcome, Processor};
pub use close::{Closed, Closing};
pub use schedule::Schedule;
