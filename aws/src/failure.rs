//! Conversion of SDK errors into [`Failure`].

use std::error::Error;
use std::fmt::Write;

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::Failure;

/// Error codes of throttling. Source: "Error handling" in the DynamoDB developer guide and the
/// Kinesis API reference.
const THROTTLED: &[&str] = &[
    "LimitExceededException",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "ThrottlingException",
    "KMSThrottlingException",
    // Codes of SQS.
    "KmsThrottled",
    "RequestThrottled",
    // Transactions here have no conditions, so only a conflict with another writer cancels them.
    "TransactionCanceledException",
    "TransactionConflictException",
];
/// Error codes of temporary failures of a service.
const TEMPORARY: &[&str] =
    &["InternalFailure", "InternalServerError", "InternalServerException", "ServiceUnavailable"];

/// Converts an SDK error. The kind of the failure tells callers if a retry can succeed.
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
    } else if TEMPORARY.contains(&code) || code.is_empty() {
        Failure::Unavailable(message)
    } else {
        Failure::Refused(message)
    }
}

/// Formats an error and its sources.
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
