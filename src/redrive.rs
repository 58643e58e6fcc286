//! `daymark redrive`: batches that the event source mapping gave up, processed after all.

mod read;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use processors::Outcome;

use crate::{Failed, connect, output};
use read::Kept;

/// Process batches that were given up, from the files in which the on-failure destination kept them
///
/// Lambda puts such a batch into the S3 bucket of the event source mapping, and `daymark up` into
/// failed-batches/ of its data folder. Every record goes through the same handler once more. Events
/// are judged by the time they arrived, and an event counts once however often it is processed: a
/// redrive may be repeated and interrupted. What is refused is kept in quarantine. Files stay where
/// they are; those that went well may be deleted.
///
/// A redrive that stores events of a day more than eight days back is followed by `daymark days
/// --from DATE --to DATE --close`.
///
/// Fails when a file is no such batch, or something of it could not be stored; the others are
/// processed. It stops only where no file could be stored: nobody answers, the tables are not there
/// or the credentials are refused.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  aws s3 sync s3://BUCKET/aws/lambda/ ./given-up
  daymark redrive ./given-up --dry-run
  daymark redrive ./given-up --stage prod
  daymark redrive ./given-up --stage history --event-age-max any")]
pub(crate) struct Flags {
    /// Files, or folders with everything below them
    #[arg(required = true, value_name = "FOLDER|FILE")]
    paths: Vec<PathBuf>,

    /// Only show what is in the files
    #[arg(long)]
    dry_run: bool,

    #[command(flatten)]
    age: connect::AgeFlags,

    #[command(flatten)]
    tables: connect::TableFlags,
}

/// What became of all files.
#[derive(Default)]
struct Total {
    processed: usize,
    refused: usize,
    stored: u64,
    duplicate: u64,
    quarantined: u64,
}

pub(crate) async fn run(flags: Flags) -> Result<ExitCode, Failed> {
    let files = read::files(&flags.paths)?;
    if files.is_empty() {
        output::note("there is no file in it");
    }
    if flags.dry_run {
        return Ok(look(&files, &flags.age));
    }
    let tables = flags.tables.connect().await?;
    let processor = tables.processor(flags.age.max());
    let (mut total, mut stopped) = (Total::default(), None);
    for file in &files {
        let kept = match kept(file, &flags.age) {
            Ok(kept) => kept,
            Err(reason) => {
                total.refuse(file, reason);
                continue;
            }
        };
        let outcome = processor.process(&kept.records).await;
        total.add(&outcome);
        match outcome.failure {
            None => {
                total.processed += 1;
                output::line(format!("{}: {}", file.display(), told(&kept, &outcome)));
            }
            Some(failure) if connect::is_of_all_calls(&failure) => {
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
    output::line(total.told());
    stopped.map_or(Ok(code(total.refused)), |reason| Err(reason.into()))
}

fn look(files: &BTreeSet<PathBuf>, age: &connect::AgeFlags) -> ExitCode {
    let (mut batches, mut refused) = (0, 0);
    for file in files {
        match kept(file, age) {
            Ok(kept) => {
                batches += 1;
                output::line(format!("{}: {}", file.display(), kept.told()));
            }
            Err(reason) => {
                refused += 1;
                output::error(format!("{}: {reason}", file.display()));
            }
        }
    }
    output::line(format!("{batches} batches to redrive, {refused} files refused"));
    code(refused)
}

/// The batch of a file, if its events can still be stored.
fn kept(file: &Path, age: &connect::AgeFlags) -> Result<Kept, String> {
    let kept = read::kept(file)?;
    let oldest = kept.records.iter().map(|record| record.arrived_at).min();
    let late = oldest.and_then(|oldest| age.too_long_ago(oldest));
    late.map_or(Ok(kept), Err)
}

fn told(kept: &Kept, outcome: &Outcome) -> String {
    let Outcome { stored, duplicate, quarantined, .. } = outcome;
    let records = kept.records.len();
    let mut told = format!("{records} records, {stored} events stored");
    if *duplicate > 0 {
        told.push_str(&format!(", {duplicate} stored before"));
    }
    if *quarantined > 0 {
        told.push_str(&format!(", {quarantined} refused and kept in quarantine"));
    }
    told
}

fn code(refused: usize) -> ExitCode {
    if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Total {
    fn told(&self) -> String {
        let Self { processed, refused, stored, duplicate, quarantined } = self;
        format!(
            "{processed} batches processed, {refused} files refused; {stored} events stored, \
             {duplicate} stored before, {quarantined} refused and kept in quarantine"
        )
    }

    fn refuse(&mut self, file: &Path, reason: String) {
        self.refused += 1;
        output::error(format!("{}: {reason}", file.display()));
    }

    fn add(&mut self, outcome: &Outcome) {
        self.stored += outcome.stored;
        self.duplicate += outcome.duplicate;
        self.quarantined += outcome.quarantined;
    }
}
