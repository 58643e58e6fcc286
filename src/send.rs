//! `daymark send`: a file of events, or of till lines, to the ingest API.

mod api;
mod columns;
mod report;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};

use crate::{Failed, connect, output};
pub(crate) use api::{Api, Status};
use columns::{Line, Mapping};
use report::Report;

/// Events in one request: small enough that a till's memory would hold it.
const EVENTS_PER_REQUEST: usize = 500;

/// Send a file of events to the ingest API
///
/// FILE holds one JSON event per line (NDJSON). With --csv it holds till lines in columns: --map
/// says which column makes which field of the event, --default what the file lacks. Sending a file
/// again is safe: an event id counts once.
///
/// A bakery's till export with the columns Date, Time, Transaction and Item:
///
///   daymark send bread-basket.csv --csv --store edinburgh --zone Europe/London \
///     --map occurred_at=Date+Time --map sku=Item --skip Item=NONE \
///     --default unit_price=2.50 --default currency=GBP
///
/// History needs a receiver without age limit: daymark up --any-age.
#[derive(Debug, Args)]
#[command(verbatim_doc_comment)]
pub(crate) struct Flags {
    /// The file; - reads standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// The ingest API, as `daymark up` prints it
    #[arg(
        long,
        env = "DAYMARK_API_URL",
        default_value_t = format!("http://127.0.0.1:{}", connect::PORT),
        value_name = "URL",
        value_parser = plain_http
    )]
    api_url: String,

    #[command(flatten)]
    mapping: Mapping,
}

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let lines = flags.mapping.read(&flags.file, &text_of(&flags.file)?)?;
    let api = Api::new(&flags.api_url)?;
    let progress = progress(lines.len());
    let mut report = Report::default();
    let mut ready = Vec::new();
    for line in lines {
        progress.inc(1);
        match line {
            Line::Event { number, json } => ready.push((number, json)),
            Line::Skipped { number, reason } => report.skipped(number, reason),
            Line::Wrong { number, message } => report.wrong(number, message),
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

/// A deployed API asks for TLS and a token, which a till brings and this verb does not.
fn plain_http(url: &str) -> Result<String, String> {
    if url.starts_with("http://") {
        return Ok(url.to_owned());
    }
    Err("expected http:// and the address of `daymark up`; to a deployed API a file of events goes \
         by curl, with a token: docs/deploy.md shows how"
        .to_owned())
}

/// The content of `file`, `-` being standard input.
fn text_of(file: &Path) -> Result<String, Failed> {
    if file == Path::new("-") {
        let mut text = String::new();
        std::io::stdin().lock().read_to_string(&mut text)?;
        return Ok(text);
    }
    Ok(std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?)
}

async fn post(
    api: &Api,
    ready: &mut Vec<(u64, String)>,
    report: &mut Report,
) -> Result<(), Failed> {
    let (numbers, events): (Vec<u64>, Vec<String>) = ready.drain(..).unzip();
    for result in api.send(&events).await? {
        let number = numbers.get(result.index).copied().unwrap_or_default();
        report.answered(number, &result);
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
