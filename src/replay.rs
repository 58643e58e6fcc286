//! `daymark replay`: windows of a file of events, without any table.

use std::fs::{self, File, Permissions};
use std::io::{self, BufWriter, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;
use replay::{Error, Format, Input, Options, Summary};

use crate::output::counted;
use crate::{CommandError, output};

/// Sum a file of events by store, item and five-minute window, without tables
///
/// INPUT holds one JSON event on each line (NDJSON), plain or compressed with
/// gzip or zstd, in any order and of any age. OUTPUT gets a line for each window
/// of an item in a store, sorted by window_start, store_id and sku:
///
///   events          events of any kind; corrected ones count nowhere
///   units_sold      sales less returns
///   units_received  deliveries and production
///   units_wasted    waste, donations and losses
///   net_change      all that came in less all that went out
///   revenue         of sales less returns; an object if currencies differ
///
/// Numbers are exact decimals, as text without zeros at the end. An event id
/// counts once within its store and UTC date: the rules are those of the stock
/// log. Lines that are no valid events are reported and left out; the exit code
/// is then 1.
#[derive(Debug, Args)]
#[command(
    verbatim_doc_comment,
    after_help = "For example:
  daymark replay events.ndjson.zst windows.ndjson
  zcat till-*.gz | daymark replay --format csv - - | head"
)]
pub(crate) struct ReplayArgs {
    /// File of events; - reads standard input
    #[arg(value_name = "INPUT")]
    input: PathBuf,

    /// File of windows, which is replaced when all of it is written; - writes standard output
    #[arg(value_name = "OUTPUT")]
    output: PathBuf,

    /// Form of the output
    #[arg(long, value_enum, default_value = "ndjson")]
    format: OutputFormat,

    /// Number of threads [default: the number of cores]
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u16).range(1..=256))]
    threads: Option<u16>,

    /// Memory of the events, in MiB; one event takes 56 bytes. More events go to a temporary file
    /// in TMPDIR, and each UTC date is then read from it
    #[arg(long, value_name = "MIB", default_value = "256")]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_048_576))]
    memory: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum OutputFormat {
    /// One JSON object a line.
    Ndjson,
    /// CSV of RFC 4180 with a header line.
    Csv,
}

pub(crate) fn run(args: &ReplayArgs) -> Result<ExitCode, CommandError> {
    let named = |path: &Path, error: io::Error| format!("{}: {error}", path.display());
    let file = open(&args.input).map_err(|error| named(&args.input, error))?;
    let input = Input::new(file).map_err(|error| named(&args.input, error))?;
    let cores = || std::thread::available_parallelism().map_or(1, usize::from);
    let options = Options {
        format: match args.format {
            OutputFormat::Ndjson => Format::Ndjson,
            OutputFormat::Csv => Format::Csv,
        },
        threads: args.threads.map_or_else(cores, usize::from),
        memory_bytes: args.memory as usize * 1024 * 1024,
    };
    let progress = output::bytes_read();
    let summary = if args.output == Path::new("-") {
        let mut output = BufWriter::new(io::stdout());
        replayed(input, &mut output, &options, &progress)
    } else {
        to_file(&args.output, |file| replayed(input, file, &options, &progress))
    };
    progress.finish_and_clear();
    let summary = match summary {
        Ok(summary) => summary,
        // The reader has closed the pipe.
        Err(Error::Output(error)) if error.kind() == io::ErrorKind::BrokenPipe => {
            return Ok(ExitCode::SUCCESS);
        }
        Err(Error::Input(error)) => return Err(named(&args.input, error).into()),
        Err(Error::Output(error)) => return Err(named(&args.output, error).into()),
        Err(Error::TemporaryFile(error)) => {
            return Err(format!("a temporary file in TMPDIR failed: {error}").into());
        }
    };
    report(&summary);
    Ok(if summary.invalid == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn replayed(
    input: Input,
    output: &mut (impl Write + Send),
    options: &Options,
    progress: &ProgressBar,
) -> Result<Summary, Error> {
    replay::replay(input, output, options, |bytes| progress.inc(bytes as u64))
}

/// Opens a file, or standard input for `-`.
fn open(path: &Path) -> io::Result<File> {
    if path == Path::new("-") {
        return io::stdin().as_fd().try_clone_to_owned().map(File::from);
    }
    File::open(path)
}

/// Permissions of a new file, of which the umask removes some.
const NEW_FILE: u32 = 0o666;

/// Writes a file that replaces `path` when all of it is written. What is there and is no regular
/// file, such as a device or a pipe, is written directly.
fn to_file<T>(path: &Path, write: impl FnOnce(&mut File) -> Result<T, Error>) -> Result<T, Error> {
    if path.metadata().is_ok_and(|there| !there.is_file()) {
        let file = File::options().write(true).open(path);
        return write(&mut file.map_err(Error::Output)?);
    }
    // A link stays, and the file that it leads to is replaced.
    let target = fs::canonicalize(path);
    let path = target.as_deref().unwrap_or(path);
    let permissions = path.metadata().map(|file| file.permissions());
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let file = tempfile::Builder::new()
        .permissions(permissions.unwrap_or_else(|_| Permissions::from_mode(NEW_FILE)))
        .tempfile_in(folder.unwrap_or(Path::new(".")));
    let mut file = file.map_err(Error::Output)?;
    let written = write(file.as_file_mut())?;
    file.persist(path).map_err(|failed| Error::Output(failed.error))?;
    Ok(written)
}

fn report(summary: &Summary) {
    let Summary { events, repetitions, conflicts, windows, invalid, first_invalid } = summary;
    output::note(format!(
        "{} of {}, {} left out as repetitions",
        counted(*windows, "window"),
        counted(*events, "event"),
        counted(*repetitions, "event"),
    ));
    if *conflicts > 0 {
        output::note(format!(
            "{} came with different contents; the one that sorts first counts",
            counted(*conflicts, "event id")
        ));
    }
    if *invalid > 0 {
        output::note(format!("{} left out, no valid events:", counted(*invalid, "line")));
        for line in first_invalid {
            output::note(format!("  line {}: {}", line.number, line.message));
        }
        let more = invalid - first_invalid.len() as u64;
        if more > 0 {
            output::note(format!("  and {} more", counted(more, "line")));
        }
    }
}
