//! Does it work? What an afternoon comes to, and how sure the comparison of the arms is.

mod intervals;
mod outcomes;
