//! What every Lambda binary starts with: its settings, its clients, its logs and its counters.

mod batch;

use std::fmt;

use aws_config::BehaviorVersion;
use aws_sdk_kinesis::config::retry::RetryConfig;
use aws_smithy_http_client::Builder;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use metrics_cloudwatch_embedded::Collector;
use tracing_subscriber::filter::LevelFilter;

pub use batch::{Batch, BatchAnswer};

use crate::clients::{Clients, attempt_timeout};
use crate::settings::{Settings, SettingsError};

/// The CloudWatch namespace of all counters.
const NAMESPACE: &str = "Daymark";

/// A function that is about to take its first invocation.
pub struct Function {
    /// What it was told.
    pub settings: Settings,
    /// How it reaches Kinesis and DynamoDB.
    pub clients: Clients,
    counters: &'static Collector,
}

/// Why a function cannot start.
#[derive(thiserror::Error)]
pub enum StartError {
    /// A setting is missing or wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// Something else counts already.
    #[error("the counters cannot be installed: {0}")]
    Counters(String),
}

/// As for people: a `main` that returns it prints this on standard error.
impl fmt::Debug for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Function {
    /// Starts the function called `name`: JSON logs on standard output at the level of
    /// `AWS_LAMBDA_LOG_LEVEL`, counters in CloudWatch's embedded metric format, credentials,
    /// region and endpoints as the SDK finds them.
    ///
    /// # Errors
    /// A setting is missing or wrong.
    #[expect(clippy::disallowed_methods, reason = "the shell is where the environment is read")]
    pub async fn start(name: &'static str) -> Result<Self, StartError> {
        let level = std::env::var("AWS_LAMBDA_LOG_LEVEL").ok().and_then(|level| level.parse().ok());
        let level = level.unwrap_or(LevelFilter::INFO);
        tracing_subscriber::fmt().json().with_max_level(level).init();
        let counters = metrics_cloudwatch_embedded::Builder::new()
            .cloudwatch_namespace(NAMESPACE)
            .with_dimension("function", name)
            .init()
            .map_err(|error| StartError::Counters(error.to_string()))?;
        let settings = Settings::read(|name| std::env::var(name).ok())?;
        Ok(Self { settings, clients: clients().await, counters })
    }

    /// Writes what was counted since the last time; call it at the end of an invocation, because
    /// afterwards the process is frozen.
    pub fn report(&self) {
        if let Err(error) = self.counters.flush(std::io::stdout()) {
            tracing::warn!(%error, "counters not written");
        }
    }
}

async fn clients() -> Clients {
    let http = Builder::new().tls_provider(Provider::Rustls(CryptoMode::Ring)).build_https();
    let config = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http)
        .timeout_config(attempt_timeout())
        .load()
        .await;
    let kinesis = aws_sdk_kinesis::config::Builder::from(&config)
        .retry_config(RetryConfig::disabled())
        .build();
    Clients {
        kinesis: aws_sdk_kinesis::Client::from_conf(kinesis),
        dynamodb: aws_sdk_dynamodb::Client::new(&config),
    }
}
