//! `daymark sql`: SQL over an export, with DuckDB.

use std::io;
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use analytics::export::{QUERIES, Query};
use clap::Args;

use crate::CommandError;
use crate::export::DUCKDB_VIEWS;
use crate::output::{self, Column, Format};

/// Ask an export of `daymark export` in SQL, with DuckDB
///
/// DuckDB is a program of its own, which has to be installed. The tables are views, with the
/// columns in the export's schema.md. Twenty queries are included: --list shows them, and the
/// folder has them as files.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark export tables
  daymark sql --dir tables \"select store_id, sum(revenue), currency from days group by all\"
  daymark sql --dir tables --query 1")]
pub(crate) struct SqlArgs {
    /// SQL of DuckDB
    #[arg(value_name = "SQL", required_unless_present_any = ["query", "list"])]
    sql: Option<String>,

    /// Run an included query, by its number or name
    #[arg(long, value_name = "QUERY", conflicts_with = "sql")]
    query: Option<String>,

    /// List the included queries
    #[arg(long, conflicts_with_all = ["sql", "query"])]
    list: bool,

    /// Folder of the export
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,

    /// The DuckDB program
    #[arg(long, env = "DAYMARK_DUCKDB", value_name = "PROGRAM", default_value = "duckdb")]
    duckdb: PathBuf,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,
}

const LIST: &[Column] = &[Column::Text("query"), Column::Text("question")];

pub(crate) fn run(args: &SqlArgs) -> Result<ExitCode, CommandError> {
    if args.list {
        let row = |query: &Query| vec![query.name.to_owned(), query.question()];
        output::rows(args.format, LIST, QUERIES.iter().map(row))?;
        return Ok(ExitCode::SUCCESS);
    }
    let sql = match (&args.sql, &args.query) {
        (Some(sql), _) => sql.clone(),
        (None, Some(name)) => {
            let query = Query::find(name).ok_or_else(|| {
                format!("there is no query {name:?}; `daymark sql --list` shows them")
            })?;
            query.sql.to_owned()
        }
        (None, None) => return Err("name the SQL, or --query".into()),
    };
    let views = args.dir.join(DUCKDB_VIEWS);
    if !views.is_file() {
        return Err(format!(
            "{} is not there, so {} is no export in Parquet; `daymark export DIR` writes one, and \
             --dir names it",
            views.display(),
            args.dir.display()
        )
        .into());
    }
    // Without -no-stdin, a program without a terminal would wait for input.
    let format = match args.format {
        Format::Table => "-box",
        Format::Json => "-json",
        Format::Ndjson => "-jsonlines",
        Format::Csv => "-csv",
    };
    let ran = Command::new(&args.duckdb)
        .current_dir(&args.dir)
        .args(["-init", DUCKDB_VIEWS, format, "-no-stdin", "-c", &sql])
        .status();
    let status = ran.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => format!(
            "DuckDB is not installed: there is no program {}. `pip install duckdb-cli` installs \
             it, and https://duckdb.org/install has one file for each system; --duckdb names \
             it. The files are ordinary Parquet, so Python's duckdb reads them as well: \
             docs/analysts.md",
            args.duckdb.display()
        ),
        _ => format!("{}: {error}", args.duckdb.display()),
    })?;
    Ok(if status.success() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
