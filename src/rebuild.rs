//! `daymark rebuild`: recomputes derived data.

use std::process::ExitCode;
use std::time::Duration;

use chrono::Days;
use clap::{Args, Subcommand};
use domain::StoreId;
use domain::limits::STOCK_KEPT;
use domain::ports::CatalogTable;

use crate::{CommandError, clock, connect, output};

/// Recompute data that is derived from the stock windows
#[derive(Debug, Args)]
pub(crate) struct RebuildArgs {
    #[command(subcommand)]
    command: RebuildCommand,
}

#[derive(Debug, Subcommand)]
enum RebuildCommand {
    History(RebuildHistoryArgs),
}

/// Close every kept day again from its stock windows, and recompute the demand histories
///
/// The result should equal the stored rows byte for byte; only differing rows are written. The
/// command may run at any time, also while `daymark up` runs. It reads all stock of 400 days, store
/// by store.
#[derive(Debug, Args)]
struct RebuildHistoryArgs {
    /// Only this store
    #[arg(long, value_name = "STORE")]
    store: Option<StoreId>,

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
        let kept = STOCK_KEPT.as_secs() / Duration::from_hours(24).as_secs();
        let first = now.with_timezone(&store.zone).date_naive() - Days::new(kept);
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
    }
    Ok(ExitCode::SUCCESS)
}
