//! `daymark tune compare`: the work of the functions beside that of the last choice.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use rust_decimal::Decimal;
use tuning::{CHANGE_MAX, WorkChange};

use super::choose::{read_recording, read_tuned};
use crate::CommandError;
use crate::output::{self, Column, Format};

/// Exit code if the work of a function has changed by more than a fifth.
const CHANGED: u8 = 3;

const COLUMNS: &[Column] = &[
    Column::Text("function"),
    Column::Number("us_per_event_tuned"),
    Column::Number("us_per_event_now"),
    Column::Number("percent"),
    Column::Text("binary"),
];

/// Compare the work of a new recording with that of the chosen settings
///
/// A step of each release: `daymark tune record` measures the new binaries, and this command says
/// when the processor time for an event has moved by more than a fifth since the settings were
/// chosen. Compare recordings of one machine only. Exit code 3 if one has moved, 0 otherwise.
#[derive(Debug, Args)]
pub(crate) struct CompareArgs {
    /// File of `daymark tune record`
    file: PathBuf,

    /// Chosen settings
    #[arg(long, default_value = "cdk/settings/tuned.json", value_name = "FILE")]
    tuned: PathBuf,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,
}

pub(super) fn run(args: &CompareArgs) -> Result<ExitCode, CommandError> {
    let recording = read_recording(&args.file)?;
    let tuned = read_tuned(&args.tuned)?;
    let changes = tuned.changes(&recording);
    if changes.is_empty() {
        let (file, of) = (args.file.display(), args.tuned.display());
        return Err(format!("{file} and {of} have no function in common").into());
    }
    output::rows(args.format, COLUMNS, changes.iter().map(row))?;
    let moved: Vec<&str> = changes
        .iter()
        .filter(|change| change.is_large())
        .map(|change| change.function.as_str())
        .collect();
    let limit = (CHANGE_MAX * Decimal::ONE_HUNDRED).normalize();
    if recording.processor != tuned.processor {
        output::note(format_args!(
            "the settings were chosen on {}, this recording is of {}: the change is partly that of \
             the processor",
            tuned.processor, recording.processor
        ));
    }
    if moved.is_empty() {
        output::note(format_args!("no function has moved by more than {limit} %"));
        return Ok(ExitCode::SUCCESS);
    }
    output::note(format_args!(
        "moved by more than {limit} % since {}: {}; choose again with `daymark tune choose`",
        tuned.tuned_on,
        moved.join(", ")
    ));
    Ok(ExitCode::from(CHANGED))
}

fn row(change: &WorkChange) -> Vec<String> {
    let binary = if change.is_other_binary { "changed" } else { "same" };
    vec![
        change.function.clone(),
        change.before.to_string(),
        change.now.to_string(),
        format!("{:+.1}", change.share() * Decimal::ONE_HUNDRED),
        binary.to_owned(),
    ]
}
