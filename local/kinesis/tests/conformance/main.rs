//! Conformance with the AWS documentation of Kinesis Data Streams, one test per promise, through
//! the AWS SDK. The tests run on the endpoint of this crate, or on the endpoint that
//! `DAYMARK_CONFORMANCE_KINESIS` names. `differences.md` lists the differences of an independent
//! emulator, and the tests verify the list.

#[path = "../support/mod.rs"]
mod support;

mod differences;
mod endpoint;
mod iterators;
mod promises;
mod protocol;
mod puts;
mod reads;
mod reshards;
mod retention;
mod shards;
mod streams;

use std::fmt::Debug;

use aws_sdk_kinesis::error::{ProvideErrorMetadata, SdkError};

const FIRST: &str = "shardId-000000000000";
const MIB: usize = 1024 * 1024;

/// Error codes of an invalid value. The API reference names both for the same cases: a value that
/// "exceeds its restrictions" is an `InvalidArgumentException`, a value that "is not valid" is a
/// `ValidationException`.
const BAD: &[&str] = &["InvalidArgumentException", "ValidationException"];
const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];

/// Asserts that a call was refused with one of these codes.
fn refused<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(
    outcome: Result<T, SdkError<E, R>>,
    codes: &[&str],
) {
    let code = support::code(outcome);
    assert!(codes.contains(&code.as_str()), "refused with {code}, expected {codes:?}");
}
