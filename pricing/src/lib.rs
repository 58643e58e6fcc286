//! Station 3: stock windows, policy and time become afternoon discount offers.
//!
//! Pure from the inside out: [`ladder`] says which prices are allowed, `demand` what each would
//! sell, [`decide()`] picks one and says why, [`afternoon`] does so for every item of a store, and
//! [`pass`] reads what that needs and writes what follows.

pub mod afternoon;
#[cfg(feature = "api")]
pub mod api;
pub mod arm;
pub mod calendar;
pub mod contract;
mod day;
pub mod decide;
pub mod decision;
pub mod draft;
pub mod forecast;
pub mod inputs;
pub mod ladder;
pub mod listed;
pub mod metrics;
mod model;
pub mod pass;
pub mod programme;
pub mod reason;
pub mod sales;
pub mod schedule;
pub mod situation;
pub mod tills;

pub use decide::decide;
pub use domain::slot_of;
pub use pass::{Pass, Pricing};
pub use schedule::Schedule;
