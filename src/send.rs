//! `daymark send`: sends a file of events or of till lines to the ingest API.

mod ingest_api;
mod report;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use import::{ColumnMapping, TillLine, file_text};
use indicatif::{ProgressBar, ProgressStyle};

use crate::{CommandError, connect, output};
pub(crate) use ingest_api::{AnswerStatus, IngestApi};
use report::SendReport;

/// Number of events in a request, as a till with little memory would send.
const EVENTS_PER_REQUEST: usize = 500;

/// Send a file of events to the ingest API
///
/// FILE holds one JSON event on each line (NDJSON). With --csv it holds till lines in columns:
/// --map assigns columns to fields of the event, and --default gives values that the file lacks.
/// A row is one line: a line with a quote that it does not close is refused, and no other with it.
/// Sending a file again is safe: an event id counts once.
///
/// A bakery's till export with the columns Date, Time, Transaction and Item:
///
///   daymark send bread-basket.csv --csv --store edinburgh --zone Europe/London \
///     --map occurred_at=Date+Time --map sku=Item --skip Item=NONE \
///     --default unit_price=2.50 --default currency=GBP
///
/// Events more than 7 days old need a receiver without an age limit: daymark up --any-age.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct SendArgs {
    /// File of events; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// URL of the ingest API, as `daymark up` prints it
    #[arg(
        long,
        env = "DAYMARK_API_URL",
        default_value_t = format!("http://127.0.0.1:{}", connect::PORT),
        value_name = "URL",
        value_parser = plain_http
    )]
    api_url: String,

    #[command(flatten)]
    mapping: ColumnMapping,
}

pub(crate) async fn run(args: SendArgs) -> Result<ExitCode, CommandError> {
    let named = |message: String| format!("{}: {message}", args.file.display());
    let bytes = read(&args.file).map_err(|error| named(error.to_string()))?;
    let lines = args.mapping.read(&args.file, file_text(&bytes).map_err(named)?)?;
    let api = IngestApi::new(&args.api_url)?;
    let progress = progress(lines.len());
    let mut report = SendReport::default();
    let mut ready = Vec::new();
    for line in lines {
        progress.inc(1);
        match line {
            TillLine::Event { number, json } => ready.push((number, json)),
            TillLine::Skipped { number, reason } => report.skipped(number, reason),
            TillLine::Invalid { number, message } => report.refused(number, message),
        }
        if ready.len() == EVENTS_PER_REQUEST {
            post(&api, &mut ready, &mut report).await?;
        }
    }
    if !ready.is_empty() {
        post(&api, &mut ready, &mut report).await?;
    }
    progress.finish_and_clear();
    report.print();
    Ok(if report.is_clean() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Parses the URL of an API on this machine. This command sends no token, which a deployed API
/// needs.
fn plain_http(url: &str) -> Result<String, String> {
    if url.starts_with("http://") {
        return Ok(url.to_owned());
    }
    Err("expected http:// and the address of `daymark up`; to a deployed API a file of events goes \
         by curl, with a token: docs/deploy.md shows how"
        .to_owned())
}

/// Reads the content of `file`, or of standard input for `-`.
fn read(file: &Path) -> std::io::Result<Vec<u8>> {
    if file == Path::new("-") {
        let mut bytes = Vec::new();
        std::io::stdin().lock().read_to_end(&mut bytes)?;
        return Ok(bytes);
    }
    std::fs::read(file)
}

async fn post(
    api: &IngestApi,
    ready: &mut Vec<(u64, String)>,
    report: &mut SendReport,
) -> Result<(), CommandError> {
    let (numbers, events): (Vec<u64>, Vec<String>) = ready.drain(..).unzip();
    for answer in api.send(&events).await? {
        let number = numbers.get(answer.index).copied().unwrap_or_default();
        report.answered(number, &answer);
    }
    Ok(())
}

fn progress(lines: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{bar:40} {pos} of {len} lines, {per_sec}")
        .unwrap_or_else(|_| ProgressStyle::default_bar());
    let bar = ProgressBar::new(lines as u64).with_style(style);
    output::note(format!("sending {lines} {}", if lines == 1 { "line" } else { "lines" }));
    bar
}
