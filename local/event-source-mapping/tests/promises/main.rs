//! Promises of the event source mapping, tested against the embedded Kinesis endpoint.

mod failures;
mod fixture;
mod order;
mod positions;
