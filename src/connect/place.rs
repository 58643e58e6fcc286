//! Where the tables are, and what to do when they cannot be used there.

use domain::ports::Failure;

/// The code of a table that is not there.
const NO_TABLE: &str = "ResourceNotFoundException";
/// The code of credentials that are good, for something else.
const NOT_ALLOWED: &str = "AccessDeniedException";
/// The codes of credentials that are good for nothing. Source: "Error handling with DynamoDB" in
/// the developer guide, and "Common errors" in the API reference.
const NOT_TAKEN: &[&str] = &[
    "ExpiredTokenException",
    "IncompleteSignature",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "UnrecognizedClientException",
];

/// How credentials are looked at, and where those of a single sign-on come from.
const CREDENTIALS: &str = "`aws sts get-caller-identity` shows whose credentials there are, and \
     `eval \"$(aws configure export-credentials --format env)\"` hands over those of a single \
     sign-on";

/// Where the tables are.
pub(super) enum Place {
    /// The endpoint of this machine.
    Local { url: String },
    /// AWS.
    Deployed { stage: String, region: String },
}

/// Whether every other call meets the same: nobody answers, there are no such tables, or the
/// credentials are refused.
pub(crate) fn is_of_all_calls(failure: &Failure) -> bool {
    match failure {
        Failure::Unavailable(_) => true,
        Failure::Refused(cause) => {
            cause.starts_with(NO_TABLE) || cause.starts_with(NOT_ALLOWED) || is_not_taken(cause)
        }
        Failure::Throttled(_) | Failure::Unreadable(_) => false,
    }
}

fn is_not_taken(cause: &str) -> bool {
    NOT_TAKEN.iter().any(|code| cause.starts_with(code))
}

impl Place {
    /// A failure in words that say what to do.
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
        // The SDK has asked nobody: it found no credentials, or could not use those of a profile.
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
        Failure::Refused(cause) if is_not_taken(&cause) => format!(
            "the credentials for stage {stage} in {region} are expired or wrong ({cause}); sign in \
             again; {CREDENTIALS}"
        ),
        other => format!("stage {stage} in {region}: {other}"),
    }
}
