//! `daymark send`: sends a file of events or of till lines to the ingest API.

mod generations;
mod ingest_api;
mod report;

use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use domain::ports::CatalogTable;
use domain::{EventId, Store, sha256};
use import::{StoreZones, TillFile, TillLine, TillMapping, file_text};

use crate::connect::ConnectedTables;
use crate::output::counted;
use crate::{CommandError, clock, connect, output};
use generations::choose_generations;
pub(crate) use ingest_api::{AnswerStatus, ApiArgs, IngestApi};
use report::{ImportedLines, SendReport};

/// Number of events in a request, as a till with little memory would send.
pub(crate) const EVENTS_PER_REQUEST: usize = 500;

/// Send a file of events to the ingest API
///
/// FILE holds one JSON event on each line (NDJSON). With --csv it holds till lines in columns:
/// --map assigns columns to fields of the event, and --default gives values that the file lacks.
/// Delimiter, decimal sign, encoding and the form of times are found, and what was found is told;
/// what may have two meanings is refused with the flag that says which. A name with blanks or with
/// letters of any script becomes an id of its own.
///
/// Sending a file again is safe: an event id counts once. Till lines need no ids, because they are
/// derived from the content. So a line counts once although it comes in several exports, in another
/// order or under another file name. A sale of a negative quantity, or of the kind Refund, becomes
/// a return.
///
/// Each run with --csv is an import, whose id is printed. `daymark imports undo` voids its events;
/// after that the file can be imported again.
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

    #[command(flatten)]
    api: ApiArgs,

    #[command(flatten)]
    tables: connect::LocalTableArgs,

    #[command(flatten)]
    mapping: TillMapping,

    /// Id of the import [default: one for each run, which begins with its time]. Of several imports
    /// that bring an event, it belongs to the one whose id sorts first
    #[arg(long, value_name = "ID", requires = "csv", help_heading = "Till lines in columns")]
    import_id: Option<EventId>,
}

pub(crate) async fn run(args: SendArgs) -> Result<ExitCode, CommandError> {
    let named = |message: String| format!("{}: {message}", args.file.display());
    let bytes = read(&args.file).map_err(|error| named(error.to_string()))?;
    let text = file_text(&bytes, args.mapping.encoding()).map_err(named)?;
    let tables = args.tables.connect();
    let zones = if args.mapping.is_csv() { zones(&tables).await? } else { StoreZones::default() };
    let TillFile { mut lines, notes, names } =
        args.mapping.read(&text.text, &zones).map_err(named)?;
    for note in text.note.into_iter().chain(notes) {
        output::note(named(note));
    }
    let import_id = args.import_id.unwrap_or_else(|| new_import_id(&bytes));
    let mut report = SendReport::default();
    output::note_names(&names);
    if args.mapping.is_csv() {
        let known = choose_generations(&mut lines, &tables).await?;
        report.imported = ImportedLines::of(&lines, &import_id, known);
    }
    let api = args.api.client()?;
    output::note(format!("sending {}", counted(lines.len() as u64, "line")));
    let progress = output::progress("lines", lines.len());
    let mut ready = Vec::new();
    for line in lines {
        progress.inc(1);
        match line {
            TillLine::Json { number, json } => ready.push((number, json)),
            TillLine::Event { number, event } => ready.push((number, event.to_json(&import_id))),
            TillLine::Skipped { number, reason } => report.skipped(number, reason),
            TillLine::Invalid { number, problem } => report.refused(number, problem),
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

/// Returns the id of an import that starts now. Ids sort by the time of the import.
fn new_import_id(file: &[u8]) -> EventId {
    let (now, digest) = (clock::now().format("%Y%m%dT%H%M%S%3fZ"), sha256(file));
    format!("i-{now}-{digest:.8}").parse().expect("a time and hexadecimal digits are an id")
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

/// Loads the zones of the stores in the catalogue.
async fn zones(tables: &ConnectedTables) -> Result<StoreZones, CommandError> {
    let explain = |failure| tables.explain(failure);
    let store_ids = tables.list_stores().await.map_err(explain)?;
    let entries = tables.load_stores(&store_ids).await.map_err(explain)?;
    let stores: Result<Vec<Store>, _> = entries.into_iter().map(|(_, store)| store).collect();
    Ok(stores.map_err(explain)?.iter().collect())
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
