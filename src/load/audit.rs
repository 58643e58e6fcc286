//! `daymark load audit`: compares the stock log with the record of a run.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use load_generator::audit;
use load_generator::limit_check::exit;

use super::files;
use crate::{CommandError, clock, connect, output};

/// Compare the stock log with the record of a run, in another process
///
/// Computes every request of the run again from its scenario and seed, takes from the record which
/// events were acknowledged, refused or never answered, and reads the log store by store. Ends with
/// exit code 4 if anything differs, and names the first events.
#[derive(Debug, Args)]
pub(super) struct AuditArgs {
    /// Record of the run, or the folder with it
    #[arg(value_name = "RUN")]
    run: PathBuf,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(super) async fn run(args: AuditArgs) -> Result<ExitCode, CommandError> {
    let record = files::read(&args.run)?;
    let tables = args.tables.connect().await?;
    let progress = output::progress("stores", 0);
    let audited = audit::audit(&record, &*tables, clock::now(), |done, all| {
        progress.set_length(all.into());
        progress.set_position(done.into());
    })
    .await?;
    progress.finish_and_clear();
    output::line(format!("ledger   {audited}"));
    if audited.unknown_stored > 0 {
        output::line(format!(
            "         {} events without an answer are stored, which is right",
            audited.unknown_stored
        ));
    }
    for difference in &audited.differences {
        output::line(output::wrapped(&format!("  {difference}"), 4));
    }
    let shown = audited.differences.len() as u64;
    if audited.count > shown {
        output::line(format!("  and {} more", audited.count - shown));
    }
    Ok(ExitCode::from(if audited.count == 0 { exit::KEPT } else { exit::LEDGER_DIFFERS }))
}
