//! What the SDK reports, in the words of [`Failure`].

use std::error::Error;
use std::fmt::Write;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::Failure;

/// Source: "Error handling" in the DynamoDB developer guide and the Kinesis API reference.
const THROTTLED: &[&str] = &[
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "KMSThrottlingException",
    // Of SQS.
    "KmsThrottled",
    "RequestThrottled",
    // No transaction of ours has a condition, so only a conflict with another writer cancels one.
    "TransactionCanceledException",
    "TransactionConflictException",
];
const PASSING: &[&str] =
    &["InternalFailure", "InternalServerError", "InternalServerException", "ServiceUnavailable"];

/// Sorts an SDK error by whether a repetition can help.
pub(crate) fn failure<E, R>(error: &SdkError<E, R>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
    R: std::fmt::Debug + 'static,
{
    let SdkError::ServiceError(service) = error else {
        return Failure::Unavailable(chain(error));
    };
    let code = service.err().code().unwrap_or_default();
    let message = match service.err().message() {
        Some(message) => format!("{code}: {message}"),
        None => chain(service.err()),
    };
    if THROTTLED.contains(&code) {
        Failure::Throttled(message)
    } else if PASSING.contains(&code) || code.is_empty() {
        Failure::Unavailable(message)
    } else {
        Failure::Refused(message)
    }
}

/// An error with everything it was caused by.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        // Writing into a String cannot fail.
        let _ = write!(text, ": {cause}");
        source = cause.source();
    }
    text
}
