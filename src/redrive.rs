//! `daymark redrive`: processes batches from the on-failure destination, or the records of the
//! stream, again.

mod failed_batch;
mod retained;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use processors::BatchOutcome;

use crate::{CommandError, connect, output};
use failed_batch::FailedBatch;

/// Process failed batches again, from the files of the on-failure destination, or all records that
/// the stream still holds
///
/// Lambda puts a failed batch into the S3 bucket of the event source mapping, and `daymark up` into
/// failed-batches/ of its data folder. The same handler processes every record again. Events are
/// validated as of their arrival, and an event counts once however often it is processed: a redrive
/// may be repeated and interrupted. Refused events go to quarantine. The files are not changed;
/// those that succeeded may be deleted.
///
/// With --retained, the records come from the stream itself: from the oldest one of every shard to
/// those that have arrived when the command starts. This fills a stock log that is new, or that has
/// lost segments. The command may run beside the live processor and takes the reads that it leaves,
/// up to four a second of each shard. Invalid records go to quarantine under their ids of before.
///
/// After a redrive of events more than eight days old, run `daymark days --from DATE --to DATE
/// --close`.
///
/// Fails if a file is not a failed batch or could not be stored completely; the other files are
/// processed. Stops early only if no file could be stored: the endpoint does not answer, the tables
/// do not exist or the credentials are refused.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  aws s3 sync s3://BUCKET/aws/lambda/ ./given-up
  daymark redrive ./given-up --dry-run
  daymark redrive ./given-up --stage prod
  daymark redrive --retained --stage prod
  daymark redrive ./given-up --stage history --event-age-max any")]
pub(crate) struct RedriveArgs {
    /// Files, or folders with all files below them
    #[arg(
        required_unless_present = "retained",
        conflicts_with = "retained",
        value_name = "FOLDER|FILE"
    )]
    paths: Vec<PathBuf>,

    /// Process the records that the stream still holds, instead of files
    #[arg(long)]
    retained: bool,

    /// URL of the Kinesis endpoint, as `daymark up` prints it
    #[arg(
        long,
        env = "DAYMARK_KINESIS_URL",
        default_value = "http://127.0.0.1:7401",
        value_name = "URL"
    )]
    kinesis_url: String,

    /// Only show the content of the files
    #[arg(long, conflicts_with = "retained")]
    dry_run: bool,

    #[command(flatten)]
    age: connect::AgeArgs,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Totals over all files.
#[derive(Default)]
struct RedriveTotals {
    processed: usize,
    refused: usize,
    written: u64,
    quarantined: u64,
}

pub(crate) async fn run(args: RedriveArgs) -> Result<ExitCode, CommandError> {
    if args.retained {
        return retained::run(&args).await;
    }
    let files = failed_batch::files(&args.paths)?;
    if files.is_empty() {
        output::note("the folders contain no file");
    }
    if args.dry_run {
        return Ok(dry_run(&files, &args.age));
    }
    let tables = args.tables.connect().await?;
    let processor = tables.processor(&args.age);
    let (mut total, mut stopped) = (RedriveTotals::default(), None);
    for file in &files {
        let batch = match read(file, &args.age) {
            Ok(batch) => batch,
            Err(reason) => {
                total.refuse(file, reason);
                continue;
            }
        };
        let outcome = processor.process(&batch.records).await;
        total.add(&outcome);
        match outcome.failure {
            None => {
                total.processed += 1;
                output::line(format!("{}: {}", file.display(), summary(&batch, &outcome)));
            }
            Some(failure) if connect::affects_all_calls(&failure) => {
                stopped = Some(format!(
                    "{}: {}; it is not all stored, and the files after it were not tried: redrive \
                     them again",
                    file.display(),
                    tables.explain(failure)
                ));
                break;
            }
            Some(failure) => {
                let reason = tables.explain(failure);
                total.refuse(file, format!("not all of it is stored ({reason}); redrive it again"));
            }
        }
    }
    output::line(total.summary());
    stopped.map_or(Ok(exit_code(total.refused)), |reason| Err(reason.into()))
}

fn dry_run(files: &BTreeSet<PathBuf>, age: &connect::AgeArgs) -> ExitCode {
    let (mut batches, mut refused) = (0, 0);
    for file in files {
        match read(file, age) {
            Ok(batch) => {
                batches += 1;
                output::line(format!("{}: {}", file.display(), batch.summary()));
            }
            Err(reason) => {
                refused += 1;
                output::error(format!("{}: {reason}", file.display()));
            }
        }
    }
    output::line(format!("{batches} batches to redrive, {refused} files refused"));
    exit_code(refused)
}

/// Reads a failed batch whose events can still be stored.
fn read(file: &Path, age: &connect::AgeArgs) -> Result<FailedBatch, String> {
    let batch = failed_batch::read(file)?;
    let oldest = batch.records.iter().map(|record| record.arrived_at).min();
    let late = oldest.and_then(|oldest| age.too_long_ago(oldest));
    late.map_or(Ok(batch), Err)
}

fn summary(batch: &FailedBatch, outcome: &BatchOutcome) -> String {
    let BatchOutcome { written, quarantined, .. } = outcome;
    let records = batch.records.len();
    let mut text = format!("{records} records, {written} events written to the log");
    if *quarantined > 0 {
        text.push_str(&format!(", {quarantined} refused and kept in quarantine"));
    }
    text
}

fn exit_code(refused: usize) -> ExitCode {
    if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl RedriveTotals {
    fn summary(&self) -> String {
        let Self { processed, refused, written, quarantined } = self;
        format!(
            "{processed} batches processed, {refused} files refused; {written} events written \
             to the log, {quarantined} refused and kept in quarantine"
        )
    }

    fn refuse(&mut self, file: &Path, reason: String) {
        self.refused += 1;
        output::error(format!("{}: {reason}", file.display()));
    }

    fn add(&mut self, outcome: &BatchOutcome) {
        self.written += outcome.written;
        self.quarantined += outcome.quarantined;
    }
}
