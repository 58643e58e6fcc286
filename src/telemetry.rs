//! Logs and metrics.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::CommandError;

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

/// Starts to write logs to standard error.
pub(crate) fn start_logs(args: &LogArgs) {
    // Without a profile, the SDK queries the EC2 metadata service for region and credentials, and
    // warns outside EC2. The command that needs them reports what is missing.
    let filter = EnvFilter::new(format!("aws_config=error,{}", args.log));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // Otherwise the subscriber reports a failed write with another write, and panics.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match args.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
}

/// Starts to collect metrics. The handle renders the Prometheus text format.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, CommandError> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    ingest::metrics::describe();
    processors::metrics::describe();
    pricing::metrics::describe();
    Ok(handle)
}
