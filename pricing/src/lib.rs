//! Stock windows, policy and time become afternoon discount offers.
