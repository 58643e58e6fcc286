//! `daymark backup`: a copy of the data folder of one machine, also while it runs.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use local::dynamodb::copy_tables;
use rustix::fs::Mode;
use rustix::process::umask;

use crate::output::counted;
use crate::{CommandError, output};

/// Copy the data folder of this machine, also while it runs
///
/// The copy holds every event that was answered `stored` before the command began. `daymark up
/// --data COPY` starts from it; what was stored and not yet counted is counted then, and nothing
/// twice. A copy by other means is one only if the program was stopped.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark backup /mnt/backup/2026-03-12
  daymark up --data /mnt/backup/2026-03-12           # restored, on any machine")]
pub(crate) struct BackupArgs {
    /// New folder of the copy
    to: PathBuf,

    /// Data folder of `daymark up`
    #[arg(long, default_value = "./daymark-data", value_name = "FOLDER")]
    data: PathBuf,
}

pub(crate) fn run(args: &BackupArgs) -> Result<ExitCode, CommandError> {
    let (from, to) = (&args.data, &args.to);
    if !from.join("kinesis").is_dir() {
        let from = from.display();
        return Err(format!(
            "{from} is no data folder; --data names that of `daymark up`, by default ./daymark-data"
        )
        .into());
    }
    // The copy is for its owner only, as the folder is.
    umask(Mode::from_bits_truncate(0o077));
    let at = |path: &Path| {
        let path = path.display().to_string();
        move |cause: io::Error| format!("cannot copy {path}: {cause}; a new folder would pass")
    };
    fs::create_dir(to).map_err(at(to))?;
    let mut bytes = 0;
    // Positions first, the tables after them, the stream last: so the tables have what the
    // positions say, and the stream has both.
    for part in ["checkpoints", "failed-batches"] {
        bytes += copy_folder(&from.join(part), &to.join(part)).map_err(at(&from.join(part)))?;
    }
    let tables = Path::new("dynamodb").join("tables.sqlite");
    let new = to.join("dynamodb");
    fs::create_dir(&new).map_err(at(&new))?;
    copy_tables(&from.join(&tables), &to.join(&tables))?;
    bytes += fs::metadata(to.join(&tables)).map_err(at(&tables))?.len();
    let stream = from.join("kinesis");
    bytes += copy_folder(&stream, &to.join("kinesis")).map_err(at(&stream))?;
    output::line(format_args!(
        "copied {} to {}; `daymark up --data {}` starts from it",
        counted(bytes, "byte"),
        to.display(),
        to.display()
    ));
    Ok(ExitCode::SUCCESS)
}

/// Copies a folder durably. A description comes before the logs that it describes, and the last
/// segment of a log before the one before it. Retention deletes the first ones: if one is gone, so
/// are those before it. Returns the number of bytes.
fn copy_folder(from: &Path, to: &Path) -> io::Result<u64> {
    if !from.exists() {
        return Ok(0);
    }
    fs::create_dir(to)?;
    let entries = fs::read_dir(from)?.map(|entry| entry.map(|entry| entry.path()));
    let mut paths = entries.collect::<io::Result<Vec<PathBuf>>>()?;
    let is_log = |path: &Path| path.extension().is_some_and(|extension| extension == "log");
    paths.sort_by_key(|path| (is_log(path), std::cmp::Reverse(path.clone())));
    let mut bytes = 0;
    for path in paths {
        let target = to.join(path.file_name().unwrap_or_default());
        if path.is_dir() {
            bytes += copy_folder(&path, &target)?;
        } else if path.file_name() != Some(OsStr::new("lock")) && !is_passing(&path) {
            match copy_file(&path, &target) {
                Err(cause) if cause.kind() == io::ErrorKind::NotFound => {}
                copied => bytes += copied?,
            }
        }
    }
    File::open(to)?.sync_all()?;
    Ok(bytes)
}

/// Returns `true` for a file that is about to replace another one, and for seals, which follow from
/// their files.
fn is_passing(path: &Path) -> bool {
    ["new", "part", "seal"].iter().any(|passing| path.extension() == Some(OsStr::new(passing)))
}

fn copy_file(from: &Path, to: &Path) -> io::Result<u64> {
    let (mut source, mut copy) = (File::open(from)?, File::create_new(to)?);
    let bytes = io::copy(&mut source, &mut copy)?;
    copy.sync_all()?;
    Ok(bytes)
}
