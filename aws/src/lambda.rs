//! What every Lambda binary starts with: its settings, its clients, its logs and its counters.

mod due;
mod gateway;

use std::fmt;
use std::time::Duration;

use aws_config::SdkConfig;
use metrics_cloudwatch_embedded::Collector;
use tracing::{Level, Span, info_span};
use tracing_subscriber::filter::{LevelFilter, filter_fn};
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{fmt as format, registry};

pub use due::{DueBatch, Sent, Tick};
pub use gateway::admitted;

use crate::clients::{AwsClients, attempts_within};
use crate::deployed::config;
use crate::settings::{Settings, SettingsError};
use crate::{EventStream, SqsQueue, Tables};

/// The CloudWatch namespace of all counters.
const NAMESPACE: &str = "Daymark";
/// What Lambda calls the function.
const NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// Which version of it this is.
const VERSION: &str = "AWS_LAMBDA_FUNCTION_VERSION";

/// Which lines it logs.
const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// A function that is about to take its first invocation.
pub struct Function {
    name: String,
    version: String,
    settings: Settings,
    config: SdkConfig,
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
    /// Starts the function: JSON logs on standard output at the level of `AWS_LAMBDA_LOG_LEVEL`,
    /// counters in CloudWatch's embedded metric format, credentials, region and endpoints as the
    /// SDK finds them.
    ///
    /// # Errors
    /// A variable that Lambda sets is missing.
    pub async fn start() -> Result<Self, StartError> {
        let variables = std::env::vars_os();
        let texts = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let settings: Settings = texts.collect();
        start_logs(&settings);
        let (name, version) = (settings.required(NAME)?, settings.required(VERSION)?);
        let counters = metrics_cloudwatch_embedded::Builder::new()
            .cloudwatch_namespace(NAMESPACE)
            .with_dimension("function", name.clone())
            .init()
            .map_err(|error| StartError::Counters(error.to_string()))?;
        Ok(Self { name, version, settings, config: config().await, counters })
    }

    /// The function with shorter attempts than usual: where whoever waits for it gives up sooner.
    #[must_use]
    pub fn with_attempts_within(self, timeout: Duration) -> Self {
        let config = self.config.into_builder().timeout_config(attempts_within(timeout)).build();
        Self { config, ..self }
    }

    /// The stream.
    ///
    /// # Errors
    /// No variable says which.
    pub fn stream(&self) -> Result<EventStream, StartError> {
        Ok(EventStream::new(AwsClients::of(&self.config).kinesis, &self.settings.stream()?))
    }

    /// The tables of the deployment. Stock rows expire unless events of any age are accepted.
    ///
    /// # Errors
    /// Returns an error if the variable with the table prefix is missing or the one with the age
    /// limit is invalid.
    pub fn tables(&self) -> Result<Tables, StartError> {
        let tables = Tables::new(AwsClients::of(&self.config).dynamodb, &self.settings.tables()?);
        Ok(tables.for_events_up_to(self.age_max()?))
    }

    /// Where a schedule sends stores that are due.
    ///
    /// # Errors
    /// No variable says where.
    pub fn queue(&self) -> Result<SqsQueue, StartError> {
        let client = aws_sdk_sqs::Client::new(&self.config);
        Ok(SqsQueue::new(client, self.settings.queue_url()?))
    }

    /// How old an event may be; `None` takes history of any age.
    ///
    /// # Errors
    /// The variable has no meaning.
    pub fn age_max(&self) -> Result<Option<Duration>, StartError> {
        Ok(self.settings.age_max()?)
    }

    /// What everything that the function logs is part of; inside it the runtime has a span for
    /// each invocation, with the id of its request.
    #[must_use]
    pub fn span(&self) -> Span {
        info_span!("function", function = self.name, version = self.version)
    }

    /// Writes what was counted since the last time; call it at the end of an invocation, because
    /// afterwards the process is frozen.
    pub fn report(&self, request_id: &str) {
        let counters = self.counters.set_property("requestId", request_id);
        if let Err(error) = counters.flush(std::io::stdout()) {
            tracing::warn!(%error, "counters not written");
        }
    }
}

/// Spans are kept at any level, so that a warning still says of which invocation it is.
fn start_logs(settings: &Settings) {
    let level = settings.get(LOG_LEVEL).and_then(|level| level.parse().ok());
    let level: LevelFilter = level.unwrap_or(LevelFilter::INFO);
    let shown = filter_fn(move |metadata| {
        *metadata.level() <= level || metadata.is_span() && *metadata.level() <= Level::INFO
    });
    let shown = shown.with_max_level_hint(level.max(LevelFilter::INFO));
    registry().with(format::layer().json().with_filter(shown)).init();
}
