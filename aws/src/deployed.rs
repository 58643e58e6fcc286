//! Clients of a deployment. The SDK takes credentials, region and endpoints from the environment,
//! from a profile or from the role of the machine. `AWS_ENDPOINT_URL` selects an emulator.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::clients::{ATTEMPT_TIMEOUT, AwsClients, attempts_within};

/// Error of a missing region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no region is known; name it in AWS_REGION, or in the profile of ~/.aws/config that \
     AWS_PROFILE names"
)]
pub struct NoRegion;

/// Loads the configuration from the environment.
pub(crate) async fn config() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(attempts_within(ATTEMPT_TIMEOUT))
        .load()
        .await
}

impl AwsClients {
    /// Creates clients from the environment, and returns their region.
    ///
    /// # Errors
    /// Returns an error if no region is configured. Missing credentials fail only the first call.
    pub async fn deployed() -> Result<(Self, String), NoRegion> {
        let config = config().await;
        let region = config.region().ok_or(NoRegion)?.to_string();
        let dynamodb = aws_sdk_dynamodb::Client::new(&config);
        Ok((Self { kinesis: kinesis_client(&config), dynamodb }, region))
    }
}

/// Returns the client of Kinesis. A function that does not call it does not contain it.
pub(crate) fn kinesis_client(config: &SdkConfig) -> aws_sdk_kinesis::Client {
    let config = aws_sdk_kinesis::config::Builder::from(config);
    aws_sdk_kinesis::Client::from_conf(config.retry_config(RetryConfig::disabled()).build())
}
