//! What the endpoint answers when it refuses: AWS's error codes, their HTTP status, and a message
//! that says what was given, which rule applies and what would pass.

use std::fmt::Display;

use http::StatusCode;

/// The error codes of the service, as AWS names them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Code {
    /// All is well, but the caller only wanted to know.
    DryRun,
    /// The shard iterator is older than its life.
    ExpiredIterator,
    /// The page token is older than its life.
    ExpiredNextToken,
    /// The endpoint itself failed; the cause is in its log.
    InternalFailure,
    /// A value that is well formed but cannot be used.
    InvalidArgument,
    /// A quota of the stream or the account.
    LimitExceeded,
    /// No `Authorization` header.
    MissingAuthenticationToken,
    /// The shard's budget for this second is used up.
    ProvisionedThroughputExceeded,
    /// The body is larger than any valid request.
    RequestEntityTooLarge,
    /// The stream exists, or is not in the state the action needs.
    ResourceInUse,
    /// No such stream or shard.
    ResourceNotFound,
    /// The body is not the JSON of the action.
    Serialization,
    /// The endpoint is closed.
    ServiceUnavailable,
    /// No such action.
    UnknownOperation,
    /// A content type this endpoint does not read.
    UnsupportedMediaType,
    /// A value outside the constraints of its field.
    Validation,
}

impl Code {
    /// The name on the wire.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::DryRun => "DryRunOperationException",
            Self::ExpiredIterator => "ExpiredIteratorException",
            Self::ExpiredNextToken => "ExpiredNextTokenException",
            Self::InternalFailure => "InternalFailureException",
            Self::InvalidArgument => "InvalidArgumentException",
            Self::LimitExceeded => "LimitExceededException",
            Self::MissingAuthenticationToken => "MissingAuthenticationTokenException",
            Self::ProvisionedThroughputExceeded => "ProvisionedThroughputExceededException",
            Self::RequestEntityTooLarge => "RequestEntityTooLargeException",
            Self::ResourceInUse => "ResourceInUseException",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::ServiceUnavailable => "ServiceUnavailableException",
            Self::UnknownOperation => "UnknownOperationException",
            Self::UnsupportedMediaType => "UnsupportedMediaTypeException",
            Self::Validation => "ValidationException",
        }
    }

    /// The HTTP status: 400 for what the caller can mend, unless AWS says otherwise.
    pub(crate) fn status(self) -> StatusCode {
        match self {
            Self::InternalFailure => StatusCode::INTERNAL_SERVER_ERROR,
            Self::ServiceUnavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::MissingAuthenticationToken => StatusCode::FORBIDDEN,
            Self::RequestEntityTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            _ => StatusCode::BAD_REQUEST,
        }
    }
}

/// A refusal, ready for the wire.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub(crate) struct ApiError {
    /// What kind of refusal.
    pub(crate) code: Code,
    /// For a person.
    pub(crate) message: String,
}

impl ApiError {
    /// A refusal with its message.
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// A value that is well formed but cannot be used.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(Code::InvalidArgument, message)
    }

    /// A value outside the constraints of its field, in AWS's own phrase.
    pub(crate) fn constraint(field: &str, value: impl Display, rule: impl Display) -> Self {
        Self::new(
            Code::Validation,
            format!(
                "1 validation error detected: Value '{value}' at '{field}' failed to satisfy \
                 constraint: {rule}"
            ),
        )
    }

    /// A required member that was not given.
    pub(crate) fn missing(field: &str) -> Self {
        Self::constraint(field, "null", "Member must not be null")
    }

    /// The endpoint itself failed. The cause goes to the log, not to the caller.
    pub(crate) fn internal(cause: impl Display) -> Self {
        tracing::error!(cause = %cause, "kinesis: a request failed inside the endpoint");
        Self::new(Code::InternalFailure, "Internal Service Failure")
    }
}
