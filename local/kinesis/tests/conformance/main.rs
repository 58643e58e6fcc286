//! What AWS documents of Kinesis Data Streams, promise by promise, through the AWS SDK: on the
//! endpoint of this room always, and on the one that `DAYMARK_CONFORMANCE_KINESIS` names. How an
//! independent emulator differs, and who is right, is in `differences.md`, which is held as well.

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

/// The codes of a value that is wrong. The API reference names both for the same cases: what
/// "exceeds its restrictions" is an `InvalidArgumentException`, what "is not valid" a
/// `ValidationException`.
const BAD: &[&str] = &["InvalidArgumentException", "ValidationException"];
const NOT_FOUND: &[&str] = &["ResourceNotFoundException"];

/// Holds that a call was refused with one of these codes.
fn refused<T: Debug, E: ProvideErrorMetadata + Debug, R: Debug>(
    outcome: Result<T, SdkError<E, R>>,
    codes: &[&str],
) {
    let code = support::code(outcome);
    assert!(codes.contains(&code.as_str()), "refused with {code}, expected {codes:?}");
}
