//! Effect of the offers: the outcomes of the experiment's arms, with intervals.
//!
//! # Examples
//! ```
//! use analytics::effect::statistics::{Observation, ratio};
//!
//! let item_day = |cluster, amount| Observation { cluster, amount, size: 1.0 };
//! assert_eq!(ratio(&[item_day(0, 2.0), item_day(1, 4.0)]), Some(3.0));
//! ```
//!
//! Nothing here does I/O or reads a clock. The caller loads the closed days, windows and offers.

pub mod effect;
