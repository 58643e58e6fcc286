//! Start of a Lambda binary: settings, clients, logs and metrics.

mod due_stores;
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

pub use due_stores::{DueBatch, ScheduleTick, SentStores};
pub use gateway::admitted;

use crate::clients::attempts_within;
use crate::deployed::{config, kinesis_client};
use crate::settings::{FunctionSettings, FunctionSettingsError};
use crate::{EventStream, SqsQueue, Tables};

/// CloudWatch namespace of all metrics.
const NAMESPACE: &str = "Daymark";
/// Variable with the name of the function, set by Lambda.
const NAME: &str = "AWS_LAMBDA_FUNCTION_NAME";
/// Variable with the version of the function, set by Lambda.
const VERSION: &str = "AWS_LAMBDA_FUNCTION_VERSION";

/// Variable with the log level, set by Lambda.
const LOG_LEVEL: &str = "AWS_LAMBDA_LOG_LEVEL";

/// A Lambda function before its first invocation. It builds the adapters from its settings.
pub struct Function {
    name: String,
    version: String,
    settings: FunctionSettings,
    config: SdkConfig,
    counters: &'static Collector,
}

/// Error at the start of a function.
#[derive(thiserror::Error)]
pub enum FunctionStartError {
    /// A setting is missing or invalid.
    #[error(transparent)]
    Settings(#[from] FunctionSettingsError),
    /// Another metrics recorder is installed.
    #[error("the counters cannot be installed: {0}")]
    Counters(String),
}

/// Same text as `Display`: Rust prints the `Debug` form of an error that `main` returns.
impl fmt::Debug for FunctionStartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Function {
    /// Starts the function: JSON logs on standard output at the level of `AWS_LAMBDA_LOG_LEVEL`,
    /// metrics in CloudWatch's embedded metric format, and clients configured by the environment.
    ///
    /// # Errors
    /// Returns an error if a variable of Lambda is missing or a metrics recorder is installed.
    pub async fn start() -> Result<Self, FunctionStartError> {
        let variables = std::env::vars_os();
        let texts = variables.filter_map(|(name, value)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        });
        let settings: FunctionSettings = texts.collect();
        start_logs(&settings);
        let (name, version) = (settings.required(NAME)?, settings.required(VERSION)?);
        let counters = metrics_cloudwatch_embedded::Builder::new()
            .cloudwatch_namespace(NAMESPACE)
            .with_dimension("function", name.clone())
            .init()
            .map_err(|error| FunctionStartError::Counters(error.to_string()))?;
        Ok(Self { name, version, settings, config: config().await, counters })
    }

    /// Sets the time limit of an attempt, for a function whose caller has a short timeout.
    #[must_use]
    pub fn with_attempts_within(self, timeout: Duration) -> Self {
        let config = self.config.into_builder().timeout_config(attempts_within(timeout)).build();
        Self { config, ..self }
    }

    /// Creates the event stream.
    ///
    /// # Errors
    /// Returns an error if the variable with the name of the stream is missing.
    pub fn stream(&self) -> Result<EventStream, FunctionStartError> {
        Ok(EventStream::new(kinesis_client(&self.config), &self.settings.stream()?))
    }

    /// Creates the tables. The stock log expires unless it is kept for ever or events of any age
    /// are accepted.
    ///
    /// # Errors
    /// Returns an error if the variable with the table prefix is missing, or the one with the age
    /// limit or the lifetime of the log is invalid.
    pub fn tables(&self) -> Result<Tables, FunctionStartError> {
        let tables =
            Tables::new(aws_sdk_dynamodb::Client::new(&self.config), &self.settings.tables()?);
        Ok(tables.with_log_kept(self.settings.log_kept()?).for_events_up_to(self.age_max()?))
    }

    /// Creates the queue of due stores.
    ///
    /// # Errors
    /// Returns an error if the variable with the URL of the queue is missing.
    pub fn queue(&self) -> Result<SqsQueue, FunctionStartError> {
        let client = aws_sdk_sqs::Client::new(&self.config);
        Ok(SqsQueue::new(client, self.settings.queue_url()?))
    }

    /// Returns the maximum age of an event. `None` accepts events of any age.
    ///
    /// # Errors
    /// Returns an error if the variable is invalid.
    pub fn age_max(&self) -> Result<Option<Duration>, FunctionStartError> {
        Ok(self.settings.age_max()?)
    }

    /// Creates the outermost span of all logs. Inside it, the runtime opens a span with the request
    /// id for each invocation.
    #[must_use]
    pub fn span(&self) -> Span {
        info_span!("function", function = self.name, version = self.version)
    }

    /// Writes the metrics since the last report. Call it at the end of each invocation: Lambda
    /// freezes the process afterwards.
    pub fn report(&self, request_id: &str) {
        let counters = self.counters.set_property("requestId", request_id);
        if let Err(error) = counters.flush(std::io::stdout()) {
            tracing::warn!(%error, "counters not written");
        }
    }
}

/// Installs the JSON logs. Spans are kept at every level, so that a warning names its invocation.
fn start_logs(settings: &FunctionSettings) {
    let level = settings.get(LOG_LEVEL).and_then(|level| level.parse().ok());
    let level: LevelFilter = level.unwrap_or(LevelFilter::INFO);
    let shown = filter_fn(move |metadata| {
        *metadata.level() <= level || metadata.is_span() && *metadata.level() <= Level::INFO
    });
    let shown = shown.with_max_level_hint(level.max(LevelFilter::INFO));
    registry().with(format::layer().json().with_filter(shown)).init();
}
