//! Believable shop traffic, and the ledger that proves the result.
