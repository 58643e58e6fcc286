//! `daymark imports show`: the events of one import.

use std::process::ExitCode;

use analytics::row_text::cell_text;
use analytics::tables::RowRevenue;
use clap::Args;
use domain::ports::CatalogTable;
use domain::{EventId, StoreId};
use import::{StoredKind, stored_kinds};

use super::import_dates::ImportDateArgs;
use crate::dates::dates_text;
use crate::output::{Column, Format, counted};
use crate::{CommandError, clock, connect, output};

/// Show what one import stored: its events by store, date and kind, and their revenue
///
/// The date is that of the event in UTC. Units and revenue are those of the events that count. An
/// event belongs to the import that brought it first.
///
/// Fails if no event belongs to the import.
#[derive(Debug, Args)]
pub(super) struct ImportShowArgs {
    /// Id of the import, as `daymark send` and `list` print it
    #[arg(value_name = "IMPORT_ID")]
    import_id: EventId,

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
    Column::Text("store_id"),
    Column::Text("utc_date"),
    Column::Text("kind"),
    Column::Number("events"),
    Column::Number("voided"),
    Column::Number("sold"),
    Column::Number("returned"),
    Column::Number("received"),
    Column::Number("wasted"),
    Column::Amount("revenue"),
    Column::Text("currency"),
    Column::Text("other_revenue"),
    Column::Text("state"),
];

pub(super) async fn run(args: ImportShowArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let dates = args.dates.dates(clock::now())?;
    let stores = match args.store.is_empty() {
        true => tables.list_stores().await.map_err(|failure| tables.explain(failure))?,
        false => args.store,
    };
    let all_dates = || dates.start().iter_days().take_while(|date| date <= dates.end());
    let progress = output::progress("dates read", stores.len() * all_dates().count());
    let (mut rows, mut events, mut voided) = (Vec::new(), 0, 0);
    for store_id in &stores {
        for date in all_dates() {
            let windows = tables.windows_on(store_id, date).await?;
            for (kind, stored) in stored_kinds(&windows, &args.import_id) {
                events += stored.events;
                voided += stored.voided;
                let start = [store_id.to_string(), date.to_string(), kind.as_str().to_owned()];
                rows.push(start.into_iter().chain(row(&stored)).collect::<Vec<_>>());
            }
            progress.inc(1);
        }
    }
    progress.finish_and_clear();
    if rows.is_empty() {
        return Err(format!(
            "no event of {}, {}, belongs to import {}; `daymark imports list` shows the imports, \
             --store and --from name other stores and dates",
            counted(stores.len() as u64, "store"),
            dates_text(&dates),
            args.import_id
        )
        .into());
    }
    output::rows(args.format, COLUMNS, rows)?;
    output::note(format!(
        "import {}: {}, {voided} voided: {}",
        args.import_id,
        counted(events, "event"),
        state(events, voided)
    ));
    Ok(ExitCode::SUCCESS)
}

fn row(stored: &StoredKind) -> Vec<String> {
    let figures = &stored.figures;
    let revenue = RowRevenue::new(&figures.revenue, None);
    vec![
        stored.events.to_string(),
        stored.voided.to_string(),
        figures.sold.normalize().to_string(),
        figures.returned.normalize().to_string(),
        figures.received.normalize().to_string(),
        figures.wasted.normalize().to_string(),
        cell_text(&revenue.amount),
        cell_text(&revenue.currency),
        cell_text(&revenue.other),
        state(stored.events, stored.voided).to_owned(),
    ]
}

fn state(events: u64, voided: u64) -> &'static str {
    match voided {
        0 => "counts",
        _ if voided == events => "undone",
        _ => "partly undone",
    }
}
