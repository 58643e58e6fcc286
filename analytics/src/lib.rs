//! Effect of the offers: the outcomes of the experiment's arms, with intervals.
//!
//! Nothing here does I/O or reads a clock. The caller loads the closed days, windows and offers.

pub mod effect;
