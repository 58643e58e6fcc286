//! Believable shop traffic, and the ledger that proves the result.
//!
//! [`shops`] says who sells what, [`customers`] who comes and what they would pay, [`day`] plays a
//! day of one shop against the prices on its shelves, [`figures`] adds it up, [`disorder`] does to
//! the stream what real tills do, and the [`ledger`] knows what must come out in the end.
//!
//! There is no clock: dates and seeds are arguments, and the same arguments give the same bytes.
//! Money and quantities are decimals; floats occur only inside the random draws.

pub mod customers;
pub mod day;
pub mod disorder;
pub mod draw;
pub mod figures;
pub mod ledger;
mod plan;
pub mod prices;
pub mod shops;
mod till;
