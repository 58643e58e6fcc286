//! `daymark load merge`: one record of the parts of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use load_generator::merge::merge;
use load_generator::report;
use load_generator::run_record::LedgerResult;
use load_generator::span::Span;

use super::files::{self, RunFolder};
use super::run::compared;
use super::settings::Usage;
use crate::{CommandError, clock, connect, output};

/// Merge the records of the parts of a run, and compare the stock log once
///
/// The parts were sent by several processes or machines with --part and one --starts-at. Histograms
/// are added without loss, the seconds are summed up, and the ledger is compared over all parts.
#[derive(Debug, Args)]
pub(super) struct MergeArgs {
    /// Records of the parts, or their folders
    #[arg(value_name = "PART", required = true, num_args = 1..)]
    parts: Vec<PathBuf>,

    /// Folder of the merged record and report [default: daymark-load/ and the time]
    #[arg(long, value_name = "FOLDER")]
    report: Option<PathBuf>,

    /// Longest wait for the stock log, until the ledger is equal
    #[arg(long, default_value = "60s", value_name = "TIME")]
    drain: Span,

    /// Do not compare the stock log with the answers
    #[arg(long)]
    no_ledger: bool,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: MergeArgs) -> Result<ExitCode, CommandError> {
    let parts = args.parts.iter().map(|path| files::read(path)).collect::<Result<Vec<_>, _>>()?;
    let mut merged = merge(parts).map_err(Usage::of)?;
    let folder = RunFolder::create(args.report.as_deref(), clock::now())?;
    let ledger = if args.no_ledger {
        LedgerResult::NotChecked { reason: "--no-ledger".to_owned(), is_intended: true }
    } else {
        let tables = args.tables.connect().await?;
        compared(&merged, &tables, args.drain.0, |_, _| {}).await
    };
    merged.judge(Some(ledger));
    let written = folder.write(&merged);
    let style = output::terminal_style();
    output::line(report::terminal(&merged, style.width, style.is_ascii));
    output::line(format!("report   {}", folder.report().display()));
    written?;
    Ok(ExitCode::from(merged.exit_code))
}
