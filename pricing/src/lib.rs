//! Station 3: stock windows, policy and time become afternoon discount offers.
//!
//! Pure from the inside out: [`ladder`] says which prices are allowed, [`demand`] what each would
//! sell, [`decide()`] picks one and says why, and [`afternoon`] does so for every item of a store,
//! from stored windows to stored offers.

pub mod afternoon;
pub mod calendar;
pub mod contract;
mod day;
pub mod decide;
pub mod decision;
pub mod effect;
pub mod fluid;
pub mod fluid_ladder;
pub mod forecast;
pub mod ladder;
pub mod learning;
pub mod metrics;
mod model;
pub mod pace;
pub mod programme;
pub mod reason;
pub mod sales;
pub mod situation;

pub use afternoon::{Pass, Pricing, slot_of};
pub use decide::decide;
