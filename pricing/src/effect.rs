//! Does it work? What became of the arms' item-days, and how sure that is.

pub mod statistics;
