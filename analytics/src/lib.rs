//! Figures for analysts: the effect of the offers with intervals, and typed tables.
//!
//! [`effect`](mod@effect) compares the arms of the experiment. [`tables`] builds the rows of the
//! tables that commands print and exports contain.
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
pub mod export;
pub mod plain_text;
pub mod row_text;
pub mod table;
pub mod tables;
