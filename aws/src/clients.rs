//! Clients of the AWS SDK.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

/// URLs of the services on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// For example `http://127.0.0.1:7401`.
    pub kinesis: String,
    /// For example `http://127.0.0.1:7402`.
    pub dynamodb: String,
}

/// Clients of Kinesis and DynamoDB.
#[derive(Debug, Clone)]
pub struct AwsClients {
    /// Client of Kinesis Data Streams, without retries: callers decide per record which records to
    /// send again and until when.
    pub kinesis: aws_sdk_kinesis::Client,
    /// Client of DynamoDB with the standard retries of the SDK.
    pub dynamodb: aws_sdk_dynamodb::Client,
}

/// Time limit of one attempt. With a lower limit, 100 rows of 400 KB could not be read over a slow
/// connection; with a higher one, the event source mapping would wait too long for a dead table.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Limits the time of each attempt.
pub(crate) fn attempts_within(timeout: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(timeout).build()
}

impl AwsClients {
    /// Creates clients for local endpoints over plain HTTP. The endpoints accept any signature.
    #[must_use]
    pub fn local(endpoints: &Endpoints) -> Self {
        let http = aws_smithy_http_client::Builder::new().build_http();
        let credentials = Credentials::new("local", "local", None, None, "one machine");
        let region = Region::new("local");
        let timeouts = attempts_within(ATTEMPT_TIMEOUT);
        let kinesis = aws_sdk_kinesis::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials.clone())
            .endpoint_url(&endpoints.kinesis)
            .http_client(http.clone())
            .region(region.clone())
            .retry_config(RetryConfig::disabled())
            .timeout_config(timeouts.clone())
            .build();
        let dynamodb = aws_sdk_dynamodb::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .credentials_provider(credentials)
            .endpoint_url(&endpoints.dynamodb)
            .http_client(http)
            .region(region)
            .retry_config(RetryConfig::standard())
            .timeout_config(timeouts)
            .build();
        Self {
            kinesis: aws_sdk_kinesis::Client::from_conf(kinesis),
            dynamodb: aws_sdk_dynamodb::Client::from_conf(dynamodb),
        }
    }
}
