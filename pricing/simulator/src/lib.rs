//! What a policy of afternoon prices is worth: shop days played under many policies with the same
//! customers, in worlds that an honest critic would choose.
//!
//! Nothing here reads a clock or does I/O; a seed decides everything, however many threads play.

pub mod belief;
pub mod checker;
pub mod clairvoyant;
pub mod contest;
pub mod day;
mod draw;
pub mod figures;
pub mod fixed_rules;
pub mod item;
pub mod play;
pub mod policy;
pub mod prices;
pub mod request;
pub mod world;
