//! `daymark transfers`: transfers between stores of which an end is missing.

use std::collections::BTreeSet;
use std::process::ExitCode;

use chrono::{DateTime, Days, NaiveDate, NaiveTime, Utc};
use chrono_tz::Tz;
use clap::Args;
use domain::StoreId;
use domain::calendar::instant;
use domain::ports::CatalogTable;
use processors::transfers::{Transfer, Transfers};

use crate::dates::{DateArgs, dates_text};
use crate::output::{Column, Format, counted};
use crate::{CommandError, clock, connect, output};

/// Number of days before and after the dates in which the other end of a transfer is searched.
const OTHER_END_DAYS: Days = Days::new(7);
/// Number of days of the default range.
const DEFAULT_DAYS: Days = Days::new(7);

/// Show transfers between stores of which an end is missing
///
/// Both ends of a transfer have the same "transfer_id": the transfer_out of the store that sends,
/// and the transfer_in of the store that receives. For each transfer and item the command compares
/// what was sent with what was received. A positive number is missing at its destination; a
/// negative one was received and never sent.
///
/// A transfer is listed if one of its events is on the dates, which are those of UTC [default: the
/// last week]. Its other end is searched a week before and after them, in the stores of the
/// catalogue and those of --store.
#[derive(Debug, Args)]
pub(crate) struct TransfersArgs {
    /// Only transfers from or to this store; several are allowed
    #[arg(long, value_name = "STORE")]
    store: Vec<StoreId>,

    /// Show transfers with both ends too
    #[arg(long)]
    all: bool,

    #[command(flatten)]
    dates: DateArgs,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const COLUMNS: &[Column] = &[
    Column::Text("transfer_id"),
    Column::Text("sku"),
    Column::Text("from_store"),
    Column::Text("to_store"),
    Column::Number("sent"),
    Column::Number("received"),
    Column::Number("missing"),
    Column::Text("unit"),
    Column::Text("first_at"),
];

pub(crate) async fn run(args: TransfersArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let now = clock::now();
    let today = now.date_naive();
    let dates = args.dates.or(today - DEFAULT_DAYS..=today)?;
    let listed = tables.list_stores().await.map_err(|failure| tables.explain(failure))?;
    let stores: BTreeSet<StoreId> = listed.into_iter().chain(args.store.iter().cloned()).collect();
    let range =
        (midnight(*dates.start() - OTHER_END_DAYS), midnight(*dates.end() + OTHER_END_DAYS));
    let progress = output::progress("stores", stores.len());
    let mut transfers = Transfers::default();
    for store_id in &stores {
        let items = tables.load_items(store_id).await.map_err(|failure| tables.explain(failure))?;
        let units = items.into_iter().map(|item| (item.sku, item.units)).collect();
        let read = transfers.add_store(&*tables, store_id, &units, range).await;
        read.map_err(|failure| tables.explain(failure))?;
        progress.inc(1);
    }
    progress.finish_and_clear();
    if transfers.without_id > 0 {
        let events = counted(transfers.without_id, "event");
        output::note(format!("not compared, because they have no transfer_id: {events}"));
    }
    let (since, until) = (midnight(*dates.start()), midnight(*dates.end() + Days::new(1)));
    let mut shown = transfers.all();
    shown.retain(|transfer| {
        let is_of_store = |id: &StoreId| transfer.from.contains(id) || transfer.to.contains(id);
        transfer.first_at < until
            && transfer.last_at >= since
            && (args.store.is_empty() || args.store.iter().any(is_of_store))
            && (args.all || !transfer.missing().is_zero())
    });
    if shown.is_empty() {
        output::note(format!("no end of a transfer is missing {}", dates_text(&dates)));
    }
    output::rows(args.format, COLUMNS, shown.iter().map(row))?;
    Ok(ExitCode::SUCCESS)
}

fn midnight(date: NaiveDate) -> DateTime<Utc> {
    instant(Tz::UTC, date, NaiveTime::MIN)
}

fn row(transfer: &Transfer) -> Vec<String> {
    let stores =
        |ids: &BTreeSet<StoreId>| ids.iter().map(StoreId::as_str).collect::<Vec<_>>().join(" ");
    vec![
        transfer.transfer_id.to_string(),
        transfer.sku.to_string(),
        stores(&transfer.from),
        stores(&transfer.to),
        transfer.sent.to_string(),
        transfer.received.to_string(),
        transfer.missing().to_string(),
        transfer.unit.as_str().to_owned(),
        output::instant(transfer.first_at),
    ]
}
