//! Location of the tables, and remedies for failures there.

use domain::ports::Failure;

/// Error code for a missing table.
const NO_TABLE: &str = "ResourceNotFoundException";
/// Error code for valid credentials without the permission.
const NOT_ALLOWED: &str = "AccessDeniedException";
/// Error codes for invalid credentials. Source: "Error handling with DynamoDB" in
/// the developer guide, and "Common errors" in the API reference.
const INVALID_CREDENTIALS: &[&str] = &[
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
];

/// Remedy for missing or invalid credentials.
const CREDENTIALS: &str = "`aws sts get-caller-identity` shows whose credentials there are, and \
     `eval \"$(aws configure export-credentials --format env)\"` exports those of a single \
     sign-on";

/// Location of the tables.
pub(super) enum TablesLocation {
    /// DynamoDB endpoint of this machine.
    Local { url: String },
    /// Stage deployed on AWS.
    Deployed { stage: String, region: String },
}

/// Returns `true` if every other call fails likewise: the endpoint does not answer, the tables do
/// not exist, or the credentials are refused.
pub(crate) fn affects_all_calls(failure: &Failure) -> bool {
    match failure {
        Failure::Unavailable(_) => true,
        Failure::Refused(cause) => {
            cause.starts_with(NO_TABLE)
                || cause.starts_with(NOT_ALLOWED)
                || are_invalid_credentials(cause)
        }
        Failure::Throttled(_) | Failure::Unreadable(_) => false,
    }
}

fn are_invalid_credentials(cause: &str) -> bool {
    INVALID_CREDENTIALS.iter().any(|code| cause.starts_with(code))
}

impl TablesLocation {
    /// Describes a failure, with a remedy.
    pub(super) fn explain(&self, failure: Failure) -> String {
        match self {
            Self::Local { url } => match failure {
                Failure::Unavailable(cause) => format!(
                    "DynamoDB does not answer at {url} ({cause}); is `daymark up` running? Another \
                     place is given with --dynamodb-url, a deployed stage with --stage"
                ),
                other => other.to_string(),
            },
            Self::Deployed { stage, region } => deployed(stage, region, failure),
        }
    }
}

fn deployed(stage: &str, region: &str, failure: Failure) -> String {
    match failure {
        // The SDK sent no request: it found no credentials, or could not use those of a profile.
        Failure::Unavailable(cause) if cause.contains("credentials") => format!(
            "stage {stage} in {region} cannot be asked without credentials ({cause}); {CREDENTIALS}"
        ),
        Failure::Unavailable(cause) => format!(
            "DynamoDB does not answer for stage {stage} in {region} ({cause}); is the region \
             right? AWS_REGION names another"
        ),
        Failure::Refused(cause) if cause.starts_with(NO_TABLE) => format!(
            "stage {stage} has no such table in {region} ({cause}); is it deployed there? --stage \
             names another stage, AWS_REGION another region"
        ),
        Failure::Refused(cause) if cause.starts_with(NOT_ALLOWED) => format!(
            "the credentials are not allowed to do this in stage {stage} in {region} ({cause}); \
             take those of a role that may use its tables and its key; {CREDENTIALS}"
        ),
        Failure::Refused(cause) if are_invalid_credentials(&cause) => format!(
            "the credentials for stage {stage} in {region} are expired or wrong ({cause}); sign in \
             again; {CREDENTIALS}"
        ),
        other => format!("stage {stage} in {region}: {other}"),
    }
}
