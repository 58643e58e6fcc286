//! `daymark rebuild`: recomputes derived data.

use std::process::ExitCode;
use std::time::Duration;

use chrono::{Days, NaiveDate};
use clap::{Args, Subcommand};
use domain::StoreId;
use domain::limits::STOCK_LOG_KEPT;
use domain::ports::CatalogTable;
use domain::stock::SETTLE;

use crate::{CommandError, clock, connect, empty_history, output};

/// Recompute data that is derived from the stock log
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(subcommand)]
    command: RebuildCommand,
}

#[derive(Debug, Subcommand)]
enum RebuildCommand {
    History(RebuildHistoryArgs),
}

/// Close every kept day again from the stock log, and recompute the demand histories
///
/// The result should equal the stored rows byte for byte; only differing rows are written. The
/// command may run at any time, also while `daymark up` runs. It reads the stock log date by
/// date, store by store.
#[derive(Debug, Args)]
struct RebuildHistoryArgs {
    /// Only this store
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

    /// First date, like 2026-03-12 [default: 90 days ago, for which the log is kept]
    #[arg(long, value_name = "DATE")]
    from: Option<NaiveDate>,

    /// Close the days before this date, and make the histories as they were in its morning, for a
    /// file of old events. The first date is then 90 days before it. A later close of day makes the
    /// histories of its own 56 days again
    #[arg(long, value_name = "DATE")]
    as_of: Option<NaiveDate>,

    #[command(flatten)]
    tables: connect::TableArgs,
}

pub(crate) async fn run(args: RebuildArgs) -> Result<ExitCode, CommandError> {
    let RebuildCommand::History(args) = args.command;
    let tables = args.tables.connect().await?;
    let explain = |failure| tables.explain(failure);
    let now = clock::now();
    let stores = match args.store {
        Some(store_id) => vec![store_id],
        None => tables.list_stores().await.map_err(explain)?,
    };
    let closing = tables.closing();
    for store_id in stores {
        let store = tables.store(&store_id).await?;
        let now = args.as_of.map_or(now, |date| now.min(store.span(date).starts_at + SETTLE));
        let kept = STOCK_LOG_KEPT.as_secs() / Duration::from_hours(24).as_secs();
        let kept = || now.with_timezone(&store.zone).date_naive() - Days::new(kept);
        let first = args.from.unwrap_or_else(kept);
        let closed = closing.rebuild(&store, first, now, |last, closed| {
            let rows = closed.written() + closed.unchanged;
            if rows > 0 {
                let differ = closed.written();
                output::note(format!("{store_id} up to {last}: {rows} days, {differ} differed"));
            }
        });
        let closed = closed.await.map_err(explain)?;
        let days = closed.written() + closed.unchanged;
        output::line(match (closed.written(), closed.histories) {
            (0, 0) => format!("{store_id}: {days} days closed again, nothing differed"),
            (differ, histories) => format!(
                "{store_id}: {days} days closed again; {differ} days and {histories} histories \
                 differed and are written anew"
            ),
        });
        let today = now.with_timezone(&store.zone).date_naive();
        empty_history::note(&tables, &store, today).await?;
    }
    Ok(ExitCode::SUCCESS)
}
