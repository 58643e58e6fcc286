//! `daymark catalog export`: files that import again unchanged.

use std::fs::{self, File};
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use domain::ports::CatalogTable;
use import::{ExportFormat, export};

use super::stored::load;
use crate::{CommandError, connect, output};

/// Write the catalogue to files that `daymark catalog import` reads again unchanged
///
/// The folder gets chain, stores and items, one file each. Existing files are not replaced. An
/// import into the same catalogue changes nothing; into an empty one it restores every rule.
#[derive(Debug, Args)]
pub(super) struct CatalogExportArgs {
    /// Folder of the files; it is created
    folder: PathBuf,

    /// Format of the files
    #[arg(long, default_value = "csv")]
    format: FileFormat,

    #[command(flatten)]
    tables: connect::TableArgs,
}

/// Format of exported files.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FileFormat {
    /// CSV with a column for each field
    Csv,
    /// One JSON object on each line
    Ndjson,
}

pub(super) async fn run(args: CatalogExportArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let stores = tables.list_stores().await.map_err(|failure| tables.explain(failure))?;
    let loaded = load(&tables, &stores).await?;
    let format = match args.format {
        FileFormat::Csv => ExportFormat::Csv,
        FileFormat::Ndjson => ExportFormat::Ndjson,
    };
    let files = export(&loaded.catalogue, format)?;
    if files.is_empty() {
        output::note("the catalogue is empty; there is nothing to export");
    }
    fs::create_dir_all(&args.folder)
        .map_err(|error| format!("{}: {error}", args.folder.display()))?;
    for (name, text) in files {
        let path = args.folder.join(name);
        let named = |error| format!("{}: {error}", path.display());
        let mut file = File::create_new(&path).map_err(named)?;
        file.write_all(text.as_bytes()).and_then(|()| file.sync_all()).map_err(named)?;
        output::line(format_args!("wrote {}", path.display()));
    }
    // The files lack the entries that cannot be read; a note has named each.
    Ok(if loaded.unreadable == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
