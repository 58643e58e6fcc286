//! `daymark send`: sends a file of events or of till lines to the ingest API.

mod dry_run;
mod explain;
mod ingest_api;
mod input_file;
mod relations;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use domain::ports::CatalogTable;
use domain::{EventId, Store, sha256};
use import::{StoreZones, TillFile, TillLine, TillMapping, file_text};

use crate::connect::ConnectedTables;
use crate::output::{Format, counted};
use crate::{CommandError, clock, connect, output};
pub(crate) use ingest_api::{AnswerStatus, ApiArgs, IngestApi};
use relations::Relations;
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
/// after that the file can be imported again. Several files of one run are one import. Equal lines
/// of two files count once, as in exports that overlap. --dry-run sends nothing and prints sums.
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
    /// Files of events, plain or gzip, or folders of such files; - reads standard input
    #[arg(value_name = "FILE", required_unless_present = "show_mapping")]
    files: Vec<PathBuf>,

    #[command(flatten)]
    api: ApiArgs,

    #[command(flatten)]
    tables: connect::LocalTableArgs,

    #[command(flatten)]
    mapping: TillMapping,

    /// Id of the import [default: one for each run, which begins with its time]. Of several imports
    /// that bring an event, it belongs to the one whose id sorts first
    #[arg(long, value_name = "ID", requires = "columns", help_heading = "Till lines in columns")]
    import_id: Option<EventId>,

    /// Send nothing; print the sums by store, day, item and payment, to be held against the till's
    /// own report, and the number of lines that are new, known or in conflict
    #[arg(long, requires = "columns", help_heading = "Till lines in columns")]
    dry_run: bool,

    /// Send nothing; print a mapping file for FILE, proposed from the names of its columns, with
    /// reasons and the first ten lines as events. Flags count before the proposal
    #[arg(
        long,
        group = "columns",
        conflicts_with_all = ["dry_run", "show_mapping", "mapping"],
        help_heading = "Till lines in columns"
    )]
    explain: bool,

    /// Send nothing; print the mapping of the flags and of --mapping as a mapping file
    #[arg(
        long,
        requires = "columns",
        conflicts_with = "dry_run",
        help_heading = "Till lines in columns"
    )]
    show_mapping: bool,

    /// Output format of --dry-run
    #[arg(long, default_value = "table", requires = "dry_run")]
    format: Format,
}

/// File that was read, and not sent yet.
struct ReadFile {
    name: String,
    file: TillFile,
    relations: Relations,
}

pub(crate) async fn run(args: SendArgs) -> Result<ExitCode, CommandError> {
    let paths = input_file::paths(&args.files)?;
    if args.explain {
        let Some(path) = paths.first() else { return Err("--explain needs a FILE".into()) };
        explain::print(path, args.mapping)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mapping = match args.mapping.file().map(std::path::Path::to_path_buf) {
        None => args.mapping,
        Some(path) => {
            let named = |message: String| format!("{}: {message}", path.display());
            let text = std::fs::read_to_string(&path).map_err(|error| named(error.to_string()))?;
            args.mapping.with_file(&text).map_err(named)?
        }
    };
    let mapping = mapping.with_layout()?;
    if args.show_mapping {
        output::line(mapping.to_toml().trim_end());
        return Ok(ExitCode::SUCCESS);
    }
    let tables = args.tables.connect();
    let is_csv = mapping.is_csv();
    let zones = if is_csv { zones(&tables).await? } else { StoreZones::default() };
    // All files are read before one is sent, so a file that is refused leaves no half of a run.
    let (mut files, mut digests) = (Vec::new(), String::new());
    for path in &paths {
        let name = path.display().to_string();
        let named = |message: String| format!("{name}: {message}");
        let bytes = input_file::read(path).map_err(named)?;
        digests.push_str(&sha256(&bytes));
        let text = file_text(&bytes, mapping.encoding()).map_err(named)?;
        let mut file = mapping.read(&text.text, &zones).map_err(named)?;
        for note in text.note.iter().chain(&file.notes) {
            output::note(named(note.clone()));
        }
        let relations = match is_csv {
            true => relations::compare(&mut file.lines, &tables).await?,
            false => Relations::default(),
        };
        files.push(ReadFile { name, file, relations });
    }
    output::note_names(&files.iter().flat_map(|read| read.file.names.clone()).collect());
    let import_id = args.import_id.unwrap_or_else(|| new_import_id(digests.as_bytes()));
    let mut report = SendReport::new(files.len() > 1);
    if args.dry_run {
        dry_run::print(&files, args.format)?;
        report.unsent(files);
        return Ok(report.exit_code());
    }
    if is_csv {
        report.imported = ImportedLines::of(&files, &import_id);
    }
    let api = args.api.client()?;
    for ReadFile { name, file, .. } in files {
        report.begin(&name);
        let lines = file.lines;
        output::note(format!("sending {}", counted(lines.len() as u64, "line")));
        let progress = output::progress("lines", lines.len());
        let mut ready = Vec::new();
        for line in lines {
            progress.inc(1);
            match line {
                TillLine::Json { number, json } => ready.push((number, json)),
                TillLine::Event { number, event, .. } => {
                    ready.push((number, event.to_json(&import_id)));
                }
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
    }
    report.print();
    Ok(report.exit_code())
}

/// Returns the id of an import that starts now. Ids sort by the time of the import.
fn new_import_id(content: &[u8]) -> EventId {
    let (now, digest) = (clock::now().format("%Y%m%dT%H%M%S%3fZ"), sha256(content));
    format!("i-{now}-{digest:.8}").parse().expect("a time and hexadecimal digits are an id")
}

/// Loads the zones of the stores in the catalogue.
async fn zones(tables: &ConnectedTables) -> Result<StoreZones, CommandError> {
    let explain = |failure| tables.explain(failure);
    let store_ids = tables.list_stores().await.map_err(explain)?;
    let entries = tables.load_stores(&store_ids).await.map_err(explain)?;
    let stores: Result<Vec<Store>, _> = entries.into_iter().map(|(_, store)| store).collect();
    Ok(stores.map_err(explain)?.iter().collect())
}

/// Sends events. A request that fails ends the run; the lines that are stored are reported before.
async fn post(
    api: &IngestApi,
    ready: &mut Vec<(u64, String)>,
    report: &mut SendReport,
) -> Result<(), CommandError> {
    let (numbers, events): (Vec<u64>, Vec<String>) = ready.drain(..).unzip();
    let answers = match api.send(&events).await {
        Ok(answers) => answers,
        Err(error) => {
            report.print_early_end();
            return Err(error);
        }
    };
    for answer in answers {
        let number = numbers.get(answer.index).copied().unwrap_or_default();
        report.answered(number, &answer);
    }
    Ok(())
}
