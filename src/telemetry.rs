//! Logs and counters.

use std::io::IsTerminal;

use clap::{Args, ValueEnum};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tracing_subscriber::EnvFilter;

use crate::Failed;

/// How to log.
#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// What to log: error, warn, info, debug, trace, or a filter like `local=debug,info`
    #[arg(long, global = true, env = "DAYMARK_LOG", default_value = "warn")]
    log: String,

    /// How to log
    #[arg(long, global = true, env = "DAYMARK_LOG_FORMAT", default_value = "text")]
    log_format: LogFormat,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum LogFormat {
    /// Lines for people
    Text,
    /// A JSON object per line
    Json,
}

/// Sends logs to standard error.
pub(crate) fn start_logs(flags: &Flags) {
    // Without a profile the SDK asks an instance of EC2 for region and credentials, and warns where
    // there is none; what is missing is said by the verb that needs it.
    let filter = EnvFilter::new(format!("aws_config=error,{}", flags.log));
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        // It would report a line that cannot be written by one more, and panic over that.
        .log_internal_errors(false)
        .with_ansi(std::io::stderr().is_terminal())
        .with_writer(std::io::stderr);
    match flags.log_format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().flatten_event(true).init(),
    }
}

/// Starts counting; the handle renders the Prometheus text format.
pub(crate) fn start_metrics() -> Result<PrometheusHandle, Failed> {
    let handle = PrometheusBuilder::new().install_recorder()?;
    ingest::metrics::describe();
    processors::metrics::describe();
    pricing::metrics::describe();
    Ok(handle)
}
