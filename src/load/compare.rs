//! `daymark load compare`: two runs side by side.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use load_generator::comparison;

use super::files;
use crate::{CommandError, output};

/// Compare two runs, with intervals
///
/// Each line has the old and the new value, their ratio with an interval of 95 %, and says whether
/// a difference was seen. The seconds of a run resemble their neighbours, so the intervals are
/// drawn from blocks of seconds. Runs of different scenarios, targets or machines are compared as
/// well, with a remark.
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    /// Record of the old run, or the folder with it
    #[arg(value_name = "OLD")]
    old: PathBuf,

    /// Record of the new run, or the folder with it
    #[arg(value_name = "NEW")]
    new: PathBuf,

    /// Print the comparison in JSON
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CompareArgs) -> Result<ExitCode, CommandError> {
    let (old, new) = (files::read(&args.old)?, files::read(&args.new)?);
    let comparison = comparison::compare(&old, &new);
    if args.json {
        output::line(serde_json::to_string_pretty(&comparison)?);
    } else {
        output::line(comparison);
    }
    Ok(ExitCode::SUCCESS)
}
