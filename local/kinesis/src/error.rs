//! Errors of the endpoint: the error codes of AWS, their HTTP status, and a message with the given
//! value, the rule and a value that would pass.

use std::fmt::Display;

use http::StatusCode;

/// Error code of the service, as AWS names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ApiErrorCode {
    /// The request is valid and was a dry run.
    DryRun,
    /// The shard iterator is past its life.
    ExpiredIterator,
    /// The page token is past its life.
    ExpiredNextToken,
    /// The endpoint failed; the cause is in its log.
    InternalFailure,
    /// A value is well formed but unusable.
    InvalidArgument,
    /// The request exceeds a quota of the stream or the account.
    LimitExceeded,
    /// The `Authorization` header is missing.
    MissingAuthenticationToken,
    /// The budget of the shard for this second is used up.
    ProvisionedThroughputExceeded,
    /// The body is larger than any valid request.
    RequestEntityTooLarge,
    /// The stream exists already.
    ResourceInUse,
    /// The stream or shard does not exist.
    ResourceNotFound,
    /// The body is not valid JSON for the action.
    Serialization,
    /// The endpoint is closed.
    ServiceUnavailable,
    /// The action does not exist.
    UnknownOperation,
    /// The content type is not supported.
    UnsupportedMediaType,
    /// A value violates a constraint of its field.
    Validation,
}

impl ApiErrorCode {
    /// Name in responses.
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

    /// HTTP status: 400 for errors that the caller can correct, unless AWS documents another.
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

/// Error response of the endpoint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", code.name())]
pub(crate) struct ApiError {
    pub(crate) code: ApiErrorCode,
    pub(crate) message: String,
}

impl ApiError {
    /// Creates an error.
    pub(crate) fn new(code: ApiErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// Creates an error for a value that is well formed but unusable.
    pub(crate) fn argument(message: impl Into<String>) -> Self {
        Self::new(ApiErrorCode::InvalidArgument, message)
    }

    /// Creates an error for a violated constraint, in the wording of AWS.
    pub(crate) fn constraint(field: &str, value: impl Display, rule: impl Display) -> Self {
        Self::new(
            ApiErrorCode::Validation,
            format!(
                "1 validation error detected: Value '{value}' at '{field}' failed to satisfy \
                 constraint: {rule}"
            ),
        )
    }

    /// Creates an error for a missing required member.
    pub(crate) fn missing(field: &str) -> Self {
        Self::constraint(field, "null", "Member must not be null")
    }

    /// Creates an error for a failure of the endpoint. The cause is logged and not returned.
    pub(crate) fn internal(cause: impl Display) -> Self {
        tracing::error!(cause = %cause, "kinesis: a request failed inside the endpoint");
        Self::new(ApiErrorCode::InternalFailure, "Internal Service Failure")
    }
}
