//! Conversion of errors of every AWS call into [`Failure`]: the one place that decides if a
//! repetition of the call can succeed.

use std::error::Error;
use std::fmt::Write;

use aws_runtime::retries::classifiers::{THROTTLING_ERRORS, TRANSIENT_ERRORS};
use aws_sdk_dynamodb::config::http::HttpResponse;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use domain::ports::Failure;

/// Codes of throttling that the SDK does not list.
const THROTTLED: &[&str] = &[
    // Kinesis, `PutRecords`.
    "KMSThrottlingException",
    // SQS, `SendMessageBatch`, by its two protocols.
    "KMS.ThrottlingException",
    "KmsThrottled",
    // DynamoDB, conflicts with another writer. Transactions here have no conditions, so nothing
    // else cancels them.
    "ReplicatedWriteConflictException",
    "TransactionCanceledException",
    "TransactionConflictException",
];
/// Codes of temporary failures that the SDK does not list: it knows them by their HTTP status. The
/// result of a single record or message has a code and no status.
const TEMPORARY: &[&str] = &[
    "InternalError",
    "InternalFailure",
    "InternalFailureException",
    "InternalServerError",
    "InternalServerException",
    "ServiceUnavailable",
    "ServiceUnavailableException",
];

/// Converts an SDK error. The HTTP status decides first, then the code.
pub(crate) fn failure<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + Error + 'static,
{
    let status = error.raw_response().map(|response| response.status().as_u16());
    let service = error.as_service_error();
    let code = service.and_then(ProvideErrorMetadata::code).unwrap_or_default();
    let message = match service.map(|service| (service, service.message())) {
        None => chain(error),
        Some((_, Some(message))) => format!("{code}: {message}"),
        Some((service, None)) => chain(service),
    };
    match status {
        Some(408 | 500..=599) if !is_throttling(code) => Failure::Unavailable(message),
        Some(429) => Failure::Throttled(message),
        // Without a code no service of AWS has answered, but something before it.
        _ if code.is_empty() => Failure::Unavailable(message),
        _ => temporary(code, message.clone()).unwrap_or(Failure::Refused(message)),
    }
}

/// Returns the failure of a code if a repetition can succeed, and `None` for any other code.
pub(crate) fn temporary(code: &str, message: String) -> Option<Failure> {
    if is_throttling(code) {
        Some(Failure::Throttled(message))
    } else if TEMPORARY.contains(&code) || TRANSIENT_ERRORS.contains(&code) {
        Some(Failure::Unavailable(message))
    } else {
        None
    }
}

fn is_throttling(code: &str) -> bool {
    THROTTLED.contains(&code) || THROTTLING_ERRORS.contains(&code)
}

/// Adds advice to the message of a failure.
pub(crate) fn with_advice(failure: Failure, advice: &str) -> Failure {
    let advised = |message: String| format!("{message}; {advice}");
    match failure {
        Failure::Throttled(message) => Failure::Throttled(advised(message)),
        Failure::Unavailable(message) => Failure::Unavailable(advised(message)),
        Failure::Refused(message) => Failure::Refused(advised(message)),
        Failure::Unreadable(message) => Failure::Unreadable(advised(message)),
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
