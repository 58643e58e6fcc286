//! `daymark export`: typed files for analysts.

mod column_file;
mod destination;
mod months;
mod store_rows;
mod table_file;
mod workbook;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::process::ExitCode;

use analytics::export::{ExportTable, QUERIES, athena_tables, duckdb_views, schema, tables};
use analytics::table::{Cell, cells};
use analytics::tables::{StoreCatalog, catalog};
use chrono::NaiveDate;
use clap::Args;
use domain::StoreId;

use crate::connect::ConnectedTables;
use crate::dates::dates_text;
use crate::output::{self, counted};
use crate::stores::NotClosed;
use crate::{CommandError, clock, connect};
use destination::{Destination, ManifestFile};
use months::{dates, months};
use store_rows::StoreRows;
use table_file::{FileFormat, TableFile, WrittenFile};

/// File with the columns of all tables.
const SCHEMA: &str = "schema.md";
/// Script that creates the views for DuckDB.
pub(crate) const DUCKDB_VIEWS: &str = "views.duckdb.sql";

/// Write the tables for analysts to a folder, as Parquet, CSV, NDJSON or xlsx [default: this month
/// and the month before]
///
/// A dated table has one file a month, `days/month=2026-03/days.parquet`. A file appears whole, and
/// manifest.json, with rows and digests, is written last. Equal rows give equal bytes. Repeat the
/// command to bring the months up to date. The folder also has the columns in schema.md, and views
/// for DuckDB and Athena.
#[derive(Debug, Args)]
#[command(after_help = "For example:
  daymark export tables
  daymark export tables --from 2026-01-01 --to 2026-03-31
  daymark export sheet --from 2026-03-09 --to 2026-03-15 --table days --format xlsx")]
pub(crate) struct ExportArgs {
    /// Folder, created if it does not exist
    #[arg(value_name = "DIR")]
    folder: PathBuf,

    /// First date
    #[arg(long, value_name = "DATE", requires = "to")]
    from: Option<NaiveDate>,

    /// Last date
    #[arg(long, value_name = "DATE", requires = "from")]
    to: Option<NaiveDate>,

    /// Store id [default: every store of the catalogue]
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// Only this table; repeat the flag for several [default: all]
    #[arg(long = "table", value_name = "TABLE")]
    only: Vec<String>,

    /// Format of the files
    #[arg(long, default_value = "parquet")]
    format: FileFormat,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(crate) async fn run(args: ExportArgs) -> Result<ExitCode, CommandError> {
    let wanted = wanted(&args)?;
    let connected = args.tables.connect().await?;
    let stores = connected.stores(args.store.as_ref()).await?;
    let dates = dates(args.from.zip(args.to), &stores, clock::now())?;
    let names: Vec<String> = stores.iter().map(|store| store.store_id.to_string()).collect();
    let mut destination = Destination::open(&args.folder, &names)?;
    destination.write(SCHEMA, &schema())?;
    if args.format == FileFormat::Parquet {
        destination.write(DUCKDB_VIEWS, &duckdb_views())?;
        destination.write("tables.athena.sql", &athena_tables())?;
        for query in QUERIES {
            destination.write(&format!("queries/{}.sql", query.name), query.sql)?;
        }
    }
    let mut export =
        Export { connected: &connected, format: args.format, wanted, rows: 0, files: 0 };
    let mut catalogs = Vec::with_capacity(stores.len());
    for store in stores {
        catalogs.push(connected.catalog_of(store).await?);
    }
    let without_log = export.dated(&mut destination, &catalogs, &dates).await?;
    export.undated(&mut destination, &catalogs)?;
    destination.finish()?;
    output::note(format!(
        "{} of {} {} in {} written to {}",
        counted(export.rows, "row"),
        counted(catalogs.len() as u64, "store"),
        dates_text(&dates),
        counted(export.files, "file"),
        args.folder.display()
    ));
    if without_log > 0 {
        output::note(format!(
            "{} are in neither stock nor experiment: the stock log keeps their events no longer",
            counted(without_log as u64, "day row")
        ));
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the tables that the flags name.
fn wanted(args: &ExportArgs) -> Result<Vec<ExportTable>, CommandError> {
    let mut all = tables();
    let names: Vec<&str> = all.iter().map(|table| table.name).collect();
    if let Some(unknown) = args.only.iter().find(|name| !names.contains(&name.as_str())) {
        return Err(
            format!("there is no table {unknown:?}; --table may be {}", names.join(", ")).into()
        );
    }
    if args.format == FileFormat::Xlsx && args.only.len() != 1 {
        return Err(format!(
            "--format xlsx writes one table; name it with --table: {}",
            names.join(", ")
        )
        .into());
    }
    if !args.only.is_empty() {
        all.retain(|table| args.only.iter().any(|name| name == table.name));
    }
    Ok(all)
}

struct Export<'a> {
    connected: &'a ConnectedTables,
    format: FileFormat,
    wanted: Vec<ExportTable>,
    rows: u64,
    files: u64,
}

impl Export<'_> {
    /// Writes the dated tables, month by month; an xlsx file holds all months. Returns the number
    /// of day rows without events in the log.
    async fn dated(
        &mut self,
        destination: &mut Destination,
        catalogs: &[StoreCatalog],
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<usize, CommandError> {
        let is_book = self.format == FileFormat::Xlsx;
        let parts = if is_book { vec![dates.clone()] } else { months(dates) };
        let mut not_closed = NotClosed::default();
        let mut without_log = 0;
        for part in parts {
            let month = (!is_book).then(|| part.start().format("%Y-%m").to_string());
            let mut files = self.begin(destination, month.as_deref(), &part)?;
            if files.is_empty() {
                return Ok(0);
            }
            let wanted: BTreeSet<&'static str> = files.keys().copied().collect();
            let mut missing: BTreeMap<String, Vec<NaiveDate>> = BTreeMap::new();
            for catalog in catalogs {
                let store = &catalog.store;
                let open = self.connected.not_closed(store, &part, clock::now()).await?;
                if !open.is_empty() {
                    missing.insert(store.store_id.to_string(), open.clone());
                }
                not_closed.add(&store.store_id, open);
                let rows = StoreRows { tables: self.connected, catalog, wanted: &wanted };
                let mut sink = |table: &'static str, cells: Vec<Cell>| match files.get_mut(table) {
                    Some(file) => file.add(&cells),
                    None => Ok(()),
                };
                without_log += rows.read(&part, &mut sink).await?;
            }
            let dates = (*part.start(), *part.end());
            for (table, file) in files {
                let missing = if is_of_days(table) { missing.clone() } else { BTreeMap::new() };
                self.add(destination, table, Some(dates), file.finish()?, missing);
            }
        }
        not_closed.note();
        Ok(without_log)
    }

    fn begin(
        &self,
        destination: &Destination,
        month: Option<&str>,
        dates: &RangeInclusive<NaiveDate>,
    ) -> Result<BTreeMap<&'static str, TableFile>, CommandError> {
        let mut files = BTreeMap::new();
        for table in self.wanted.iter().filter(|table| table.is_dated) {
            let (name, extension) = (table.name, self.format.extension());
            let path = match month {
                Some(month) => format!("{name}/month={month}/{name}.{extension}"),
                None => format!("{name}.{extension}"),
            };
            destination.check_dates(&path, Some((*dates.start(), *dates.end())))?;
            let columns = (name, table.columns.as_slice());
            files.insert(name, TableFile::begin(destination, path, self.format, columns)?);
        }
        Ok(files)
    }

    /// Writes the tables of the catalogue.
    fn undated(
        &mut self,
        destination: &mut Destination,
        catalogs: &[StoreCatalog],
    ) -> Result<(), CommandError> {
        let undated: Vec<ExportTable> =
            self.wanted.iter().filter(|table| !table.is_dated).cloned().collect();
        for table in undated {
            let (name, extension) = (table.name, self.format.extension());
            let path = match self.format {
                FileFormat::Xlsx => format!("{name}.{extension}"),
                _ => format!("{name}/{name}.{extension}"),
            };
            let columns = (name, table.columns.as_slice());
            let mut file = TableFile::begin(destination, path, self.format, columns)?;
            for of_store in catalogs {
                for row in undated_rows(name, of_store) {
                    file.add(&row)?;
                }
            }
            self.add(destination, name, None, file.finish()?, BTreeMap::new());
        }
        Ok(())
    }

    fn add(
        &mut self,
        destination: &mut Destination,
        table: &str,
        dates: Option<(NaiveDate, NaiveDate)>,
        written: WrittenFile,
        not_closed: BTreeMap<String, Vec<NaiveDate>>,
    ) {
        let WrittenFile { path, rows, bytes, sha256 } = written;
        self.rows += rows;
        self.files += 1;
        let table = table.to_owned();
        let file = ManifestFile { table, dates, rows, bytes, sha256, not_closed };
        destination.manifest.files.insert(path, file);
    }
}

/// `true` for tables whose rows come from day rows.
fn is_of_days(table: &str) -> bool {
    matches!(table, "days" | "sales_by_slot" | "offer_outcomes" | "experiment")
}

/// Returns the rows of a table of the catalogue.
fn undated_rows(table: &str, of_store: &StoreCatalog) -> Vec<Vec<Cell>> {
    match table {
        "items" => {
            let items = catalog::items(of_store);
            items.iter().map(|item| cells(catalog::ITEMS, item)).collect()
        }
        "stores" => vec![cells(catalog::STORES, &of_store.store)],
        _ => vec![cells(catalog::POLICIES, &of_store.store)],
    }
}
