//! Processor time of the stock processor for Lambda payloads: from the bytes of a payload to the
//! windows of its events. It prints one JSON line that handlers in other languages print as well.

mod usage;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use std::{fs, io};

use aws::KinesisBatch;
use clap::Parser;
use domain::sha256;
use processors::{OpenedEvents, Place, parts};
use replay::{BatchWindows, Format};
use serde::Serialize;

use crate::usage::{peak_memory_mb, processor_time};

/// Measure the stock processor with Lambda payloads of Kinesis
///
/// Each payload is read, its records are decoded and opened, and its events are parsed,
/// deduplicated by id and content, and summed by store, item and window.
#[derive(Debug, Parser)]
#[command(after_help = "It prints one line of JSON:
  cpu_us_per_record  processor time of a record, in microseconds
  mb_per_cpu_s       megabytes of payload in a second of processor time
  init_cpu_ms        processor time until the first payload
  first_cpu_ms       processor time of the first payload
  rss_mb             largest memory of the process, with the payloads in it
  sha256             digest of the windows of all payloads, one payload after the other")]
struct Arguments {
    /// Folder of the payloads, batch-*.json, read in the order of their names
    dir: PathBuf,
    /// Processor time to warm up, in seconds
    warm: f64,
    /// Processor time to measure, in seconds
    measure: f64,
    /// File for the windows of all payloads
    #[arg(long, value_name = "FILE")]
    lines: Option<PathBuf>,
}

/// Result of a measurement.
#[derive(Serialize)]
struct Figures {
    cpu_us_per_record: f64,
    mb_per_cpu_s: f64,
    init_cpu_ms: f64,
    first_cpu_ms: f64,
    rss_mb: f64,
    sha256: String,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "the figures are its output")]
fn main() -> ExitCode {
    let init = processor_time();
    let arguments = Arguments::parse();
    match measured(&arguments, init) {
        Ok(figures) => {
            println!("{}", serde_json::to_string(&figures).expect("numbers and texts"));
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{}: {error}", arguments.dir.display());
            ExitCode::FAILURE
        }
    }
}

fn measured(arguments: &Arguments, init: Duration) -> Result<Figures, String> {
    let payloads = payloads(&arguments.dir).map_err(|error| error.to_string())?;
    let first = processor_time();
    let first_payload = payloads.first().ok_or("there is no file batch-*.json")?;
    let (_, records) = handle(first_payload, |windows| windows.len())?;
    if records == 0 {
        return Err("the first payload has no record".to_owned());
    }
    let first = processor_time() - first;
    let mut lines = Vec::new();
    for payload in &payloads {
        handle(payload, |windows| windows.write(Format::Ndjson, &mut lines))?;
    }
    let digest = sha256(&lines);
    if let Some(path) = &arguments.lines {
        fs::write(path, &lines).map_err(|error| format!("{}: {error}", path.display()))?;
    }
    drop(lines);
    cycle(&payloads, arguments.warm)?;
    let work = cycle(&payloads, arguments.measure)?;
    let seconds = work.spent.as_secs_f64();
    Ok(Figures {
        cpu_us_per_record: rounded(seconds * 1e6 / work.records as f64),
        mb_per_cpu_s: rounded(work.bytes as f64 / 1e6 / seconds),
        init_cpu_ms: rounded(init.as_secs_f64() * 1e3),
        first_cpu_ms: rounded(first.as_secs_f64() * 1e3),
        rss_mb: rounded(peak_memory_mb()),
        sha256: digest,
    })
}

fn rounded(number: f64) -> f64 {
    (number * 1e3).round() / 1e3
}

/// Reads the payloads in the order of their names.
fn payloads(folder: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
        if name.is_some_and(|name| name.starts_with("batch-") && name.ends_with(".json")) {
            files.push(path);
        }
    }
    files.sort();
    files.iter().map(fs::read_to_string).collect()
}

/// Work that was done.
#[derive(Default)]
struct WorkDone {
    spent: Duration,
    records: usize,
    bytes: usize,
}

/// Handles the payloads one after the other, again and again, for some seconds of processor time.
fn cycle(payloads: &[String], seconds: f64) -> Result<WorkDone, String> {
    let start = processor_time();
    let mut work = WorkDone::default();
    for payload in payloads.iter().cycle() {
        work.spent = processor_time() - start;
        if work.spent.as_secs_f64() >= seconds && (work.records > 0 || seconds <= 0.0) {
            break;
        }
        let (windows, records) = handle(payload, |windows| windows.len())?;
        std::hint::black_box(windows);
        work.records += records;
        work.bytes += payload.len();
    }
    Ok(work)
}

/// Calls `take` with the windows of a payload. Returns its result and the number of records.
fn handle<T>(
    payload: &str,
    take: impl FnOnce(&BatchWindows<'_>) -> T,
) -> Result<(T, usize), String> {
    let batch = KinesisBatch::parse(payload).map_err(|error| error.to_string())?;
    let records: Vec<_> = batch.records().collect();
    let (parts, rest) = parts(&records, Place::default());
    if rest.is_some() {
        return Err("the records of a payload are larger than one round of the processor".into());
    }
    let events = OpenedEvents::of(&records, &parts, None);
    let parsed = events.parsed();
    let all: Vec<_> = events.plain().iter().chain(&parsed).map(|(_, event)| event).collect();
    Ok((take(&BatchWindows::of(all)), records.len()))
}
