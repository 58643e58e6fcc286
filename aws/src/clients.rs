//! SDK clients.

use std::time::Duration;

use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::config::{BehaviorVersion, Credentials, Region};

/// Where the services answer on one machine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoints {
    /// For example `http://127.0.0.1:7401`.
    pub kinesis: String,
    /// For example `http://127.0.0.1:7402`.
    pub dynamodb: String,
}

/// A client for each service.
#[derive(Debug, Clone)]
pub struct AwsClients {
    /// Kinesis Data Streams. It does not retry by itself: what is to be sent again, and until
    /// when, is decided per record by those who put.
    pub kinesis: aws_sdk_kinesis::Client,
    /// DynamoDB, with the SDK's standard retries.
    pub dynamodb: aws_sdk_dynamodb::Client,
}

/// An attempt that takes longer is given up. Above it a whole batch of 100 rows of 400 KB could
/// not be read over a slow line; below the event source mapping would wait for a dead table.
pub(crate) const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(10);

/// Where a service hangs, an attempt ends.
pub(crate) fn attempts_within(timeout: Duration) -> TimeoutConfig {
    TimeoutConfig::builder().operation_attempt_timeout(timeout).build()
}

impl AwsClients {
    /// AwsClients for endpoints that take any signature, over plain HTTP.
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
