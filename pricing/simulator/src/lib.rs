//! Simulator of shop days that measures the value of afternoon price policies.
//!
//! Each day is played under many policies with the same customers, in [worlds](world) that differ
//! from the assumptions of the pricing. The crate reads no clock and does no I/O. A seed determines
//! everything, on any number of threads.
//!
//! # Examples
//!
//! ```
//! use pricing_simulator::contest::Contest;
//! use pricing_simulator::figures::{MEASURES, figures};
//! use pricing_simulator::world::world;
//!
//! let plain = world("plain").expect("a world of this name");
//! let contest = Contest {
//!     worlds: vec![plain],
//!     policies: MEASURES.to_vec(),
//!     days: 4,
//!     training_days: 16,
//!     seed: 1,
//!     threads: 1,
//! };
//! let lines = figures(&contest, &contest.run(&|| ()));
//! let none = lines.iter().find(|line| line.policy == "none").expect("a line for each policy");
//! assert_eq!(none.discount, 0.0);
//! ```

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
