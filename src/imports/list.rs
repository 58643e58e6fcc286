//! `daymark imports list`: imports with the number of their events.

use std::collections::BTreeMap;
use std::process::ExitCode;

use clap::Args;
use domain::ports::CatalogTable;
use domain::{EventId, StoreId};
use import::{StoredImport, stored_imports};

use super::import_dates::ImportDateArgs;
use crate::dates::dates_text;
use crate::output::{Column, Format, instant};
use crate::{CommandError, clock, connect, output};

/// Show the imports with their events, and how many of these are voided
///
/// Reads the stock windows of the dates, store by store. The events of an import are those that no
/// earlier import brought.
#[derive(Debug, Args)]
pub(super) struct ImportListArgs {
    /// Only this store; may be given several times [default: the stores of the catalogue]
    #[arg(long, value_name = "STORE")]
    store: Vec<StoreId>,

    #[command(flatten)]
    dates: ImportDateArgs,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const COLUMNS: &[Column] = &[
    Column::Text("import_id"),
    Column::Text("store_id"),
    Column::Number("events"),
    Column::Number("voided"),
    Column::Text("first"),
    Column::Text("last"),
];

pub(super) async fn run(args: ImportListArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let dates = args.dates.dates(now)?;
    let stores = match args.store.is_empty() {
        true => tables.list_stores().await.map_err(|failure| tables.explain(failure))?,
        false => args.store,
    };
    let all_dates = || dates.start().iter_days().take_while(|date| date <= dates.end());
    let progress = output::progress("dates read", stores.len() * all_dates().count());
    let mut imports: BTreeMap<(EventId, &StoreId), StoredImport> = BTreeMap::new();
    for store_id in &stores {
        for date in all_dates() {
            let windows = tables.windows_on(store_id, date).await?;
            for (import_id, part) in stored_imports(&windows) {
                let import = imports.entry((import_id, store_id));
                import.and_modify(|import| import.add(&part)).or_insert(part);
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    if imports.is_empty() {
        output::note(format!("no import in {} stores, {}", stores.len(), dates_text(&dates)));
    }
    output::rows(args.format, COLUMNS, imports.iter().map(row))?;
    Ok(ExitCode::SUCCESS)
}

fn row(((import_id, store_id), import): (&(EventId, &StoreId), &StoredImport)) -> Vec<String> {
    vec![
        import_id.to_string(),
        store_id.to_string(),
        import.events.to_string(),
        import.voided.to_string(),
        instant(import.first),
        instant(import.last),
    ]
}
