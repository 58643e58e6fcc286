//! `daymark days`: closed days of a store.

use std::collections::BTreeSet;
use std::process::ExitCode;

use chrono::{Days, SecondsFormat};
use chrono_tz::Tz;
use clap::Args;
use domain::ports::{CatalogTable, DaysTable};
use domain::{ClosedDay, Sku, StoreId};
use rust_decimal::Decimal;

use crate::dates::{DateArgs, dates_text};
use crate::output::{Column, Format, revenue};
use crate::{CommandError, clock, connect, output};

/// Show closed days: units received, sold, wasted and left of each item [default: the last eight
/// dates]
///
/// `daymark up`, or the function day-close of a stage, closes a day some minutes after the store
/// closes. It closes the last eight dates again when late events arrive, with the same result as if
/// they had arrived on time. Stock that is left goes to the next day as long as it can be sold, the
/// oldest units first.
#[derive(Debug, Args)]
pub(crate) struct DaysArgs {
    /// Store id
    #[arg(long, value_name = "STORE")]
    store: StoreId,

    /// Only this item
    #[arg(long, value_name = "SKU")]
    sku: Option<Sku>,

    #[command(flatten)]
    dates: DateArgs,

    /// Close these dates first, and the dates after them, whose opening stock they determine.
    /// `daymark up` closes the last eight dates by itself. Use this flag for older ones, after an
    /// import of history or a replay
    #[arg(long)]
    close: bool,

    /// Output format
    #[arg(long, default_value = "table")]
    format: Format,

    #[command(flatten)]
    tables: connect::TableArgs,
}

const COLUMNS: &[Column] = &[
    Column::Text("business_date"),
    Column::Text("sku"),
    Column::Number("opening"),
    Column::Number("received"),
    Column::Number("sold"),
    Column::Number("returned"),
    Column::Number("wasted"),
    Column::Number("transferred_in"),
    Column::Number("transferred_out"),
    Column::Number("closing"),
    Column::Number("expired"),
    Column::Number("sell_through"),
    Column::Text("sold_out_at"),
    Column::Text("revenue"),
];

/// Maximum number of dates closed after the given ones. Stock is sold or expired long before.
const DATES_AFTER: u64 = 400;

pub(crate) async fn run(args: DaysArgs) -> Result<ExitCode, CommandError> {
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let now = clock::now();
    let store = tables.store(&args.store).await?;
    let today = now.with_timezone(&store.zone).date_naive();
    let dates = args.dates.or(today - Days::new(7)..=today)?;
    let (first, last) = (*dates.start(), *dates.end());
    if args.close {
        let until = today.min(last + Days::new(DATES_AFTER)).max(last);
        let closed = tables.closing().close_dates(&store, first, until, now).await;
        let closed = closed.map_err(explain)?;
        output::note(format!(
            "{} day rows closed, {} closed again, {} as they were; {} histories written",
            closed.closed, closed.closed_again, closed.unchanged, closed.histories
        ));
    }
    let skus = match &args.sku {
        Some(sku) => BTreeSet::from([sku.clone()]),
        None => {
            let (since, until) = (store.span(first).starts_at, store.span(last).ends_at);
            let windows = tables.windows(&args.store, None, since, until).await?;
            let moved = windows.into_iter().map(|window| window.key().sku.clone());
            let items = tables.load_items(&args.store).await.map_err(explain)?;
            items.into_iter().map(|item| item.sku).chain(moved).collect()
        }
    };
    let mut days = Vec::new();
    for sku in skus {
        let of_item = tables.query_days(&args.store, &sku, first, last).await;
        days.extend(of_item.map_err(explain)?);
    }
    days.sort_by(|a, b| (a.key.date, &a.key.sku).cmp(&(b.key.date, &b.key.sku)));
    if days.is_empty() {
        output::note(format!(
            "no closed day of store {}, {}; a day is closed some minutes after \
             the doors, while `daymark up` runs or by the stage's function, or with --close",
            args.store,
            dates_text(&dates)
        ));
    }
    output::rows(args.format, COLUMNS, days.iter().map(|day| row(day, store.zone)))?;
    Ok(ExitCode::SUCCESS)
}

fn row(day: &ClosedDay, zone: Tz) -> Vec<String> {
    let figures = &day.figures;
    let sold_out_at = day
        .sold_out_at
        .map(|at| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, true));
    vec![
        day.key.date.to_string(),
        day.key.sku.to_string(),
        day.opening.to_string(),
        figures.received.to_string(),
        figures.sold.to_string(),
        figures.returned.to_string(),
        figures.wasted.to_string(),
        figures.transferred_in.to_string(),
        figures.transferred_out.to_string(),
        day.closing.to_string(),
        day.expired().to_string(),
        day.sell_through().as_ref().map(Decimal::to_string).unwrap_or_default(),
        sold_out_at.unwrap_or_default(),
        revenue(&figures.revenue),
    ]
}
