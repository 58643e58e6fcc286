//! Where the tables are, and what to do when they cannot be used there.

use domain::ports::Failure;

/// The code of a table that is not there.
const NO_TABLE: &str = "ResourceNotFoundException";

/// Where the tables are.
pub(super) enum Place {
    /// The endpoint of this machine.
    Local { url: String },
    /// AWS.
    Deployed { stage: String, region: String },
}

/// Whether every other call meets the same: nobody answers, or there are no such tables.
pub(crate) fn is_of_all_calls(failure: &Failure) -> bool {
    match failure {
        Failure::Unavailable(_) => true,
        Failure::Refused(cause) => cause.starts_with(NO_TABLE),
        Failure::Throttled(_) | Failure::Unreadable(_) => false,
    }
}

impl Place {
    /// A failure in words that say what to do.
    pub(super) fn explain(&self, failure: Failure) -> String {
        match (self, failure) {
            (Self::Local { url }, Failure::Unavailable(cause)) => format!(
                "DynamoDB does not answer at {url} ({cause}); is `daymark up` running? Another \
                 place is given with --dynamodb-url, a deployed stage with --stage"
            ),
            (Self::Local { .. }, other) => other.to_string(),
            (Self::Deployed { stage, region }, Failure::Unavailable(cause)) => format!(
                "DynamoDB does not answer for stage {stage} in {region} ({cause}); `aws sts \
                 get-caller-identity` shows whether there are credentials, and `eval \"$(aws \
                 configure export-credentials --format env)\"` hands over those of a single sign-on"
            ),
            (Self::Deployed { stage, region }, Failure::Refused(cause))
                if cause.starts_with(NO_TABLE) =>
            {
                format!(
                    "stage {stage} has no such table in {region} ({cause}); is it deployed there? \
                     --stage names another stage, AWS_REGION another region"
                )
            }
            (Self::Deployed { stage, region }, other) => {
                format!("stage {stage} in {region}: {other}")
            }
        }
    }
}
