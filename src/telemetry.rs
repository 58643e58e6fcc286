//! Logs and metrics.

mod summed_lines;

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::{Layer, SubscriberExt};
use tracing_subscriber::util::SubscriberInitExt;

use crate::CommandError;
use summed_lines::SummedLines;

/// Flags for logs.
#[derive(Debug, Args)]
pub(crate) struct LogArgs {
    /// Log level: error, warn, info, debug, trace, or a filter like `local=debug,info`
    #[arg(long, global = true, env = "DAYMARK_LOG", default_value = "warn")]
    log: String,

    /// Log format
    #[arg(long, global = true, env = "DAYMARK_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// One JSON object on each line
    Json,
}

/// Logs of the program. On drop, the lines that were left out are counted a last time.
pub(crate) struct Logs(SummedLines);

impl Drop for Logs {
    fn drop(&mut self) {
        self.0.sum_up();
    }
}

/// Starts to write logs to standard error.
pub(crate) fn start_logs(args: &LogArgs) -> Logs {
    // Without a profile, the SDK queries the EC2 metadata service for region and credentials, and
    // warns outside EC2. The command that needs them reports what is missing.
    let filter = EnvFilter::new(format!("aws_config=error,{}", args.log));
    let summed = SummedLines::default();
    let logs = fmt::layer()
        // Otherwise the subscriber reports a failed write with another write, and panics.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    let logs = match args.log_format {
        LogFormat::Text => logs.boxed(),
        LogFormat::Json => logs.json().flatten_event(true).boxed(),
    };
    let logs = logs.with_filter(summed.clone());
    tracing_subscriber::registry().with(filter).with(logs).init();
    summed.sum_up_each_period();
    Logs(summed)
}

/// Starts to collect metrics. The handle renders the Prometheus text format.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, CommandError> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    ingest::metrics::describe();
    processors::metrics::describe();
    pricing::metrics::describe();
    Ok(handle)
}
