//! AWS itself: credentials, region and endpoints as the SDK finds them, in the environment, in a
//! profile or from the role of the machine; so `AWS_ENDPOINT_URL` leads to an emulator.

use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use crate::clients::{ATTEMPT_TIMEOUT, AwsClients, attempts_within};

/// The environment says no region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no region is known; name it in AWS_REGION, or in the profile of ~/.aws/config that \
     AWS_PROFILE names"
)]
pub struct NoRegion;

/// What the SDK finds.
pub(crate) async fn config() -> SdkConfig {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(attempts_within(ATTEMPT_TIMEOUT))
        .load()
        .await
}

impl AwsClients {
    /// AwsClients of AWS, and the region that they speak to.
    ///
    /// # Errors
    /// [`NoRegion`]. Credentials that are missing are told by the first call.
    pub async fn deployed() -> Result<(Self, String), NoRegion> {
        let config = config().await;
        let region = config.region().ok_or(NoRegion)?.to_string();
        Ok((Self::of(&config), region))
    }

    pub(crate) fn of(config: &SdkConfig) -> Self {
        let kinesis = aws_sdk_kinesis::config::Builder::from(config)
            .retry_config(RetryConfig::disabled())
            .build();
        Self {
            kinesis: aws_sdk_kinesis::Client::from_conf(kinesis),
            dynamodb: aws_sdk_dynamodb::Client::new(config),
        }
    }
}
