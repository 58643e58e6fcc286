//! Data folder of an earlier version, which kept stock in the table `stock` and had no stock log.
//!
//! The stream of the folder keeps its records for a year. All of them are processed into the stock
//! log; then the earlier table is deleted. Until then its existence tells that the log may not be
//! complete, so the next start after a kill begins again. The log is a set of events: the records
//! that the event source mapping processes at the same time count once.

use std::time::Duration;

use aws::{AwsClients, EventStream, ResourceNames, Tables};
use chrono::{DateTime, Utc};
use domain::limits::STOCK_LOG_KEPT;
use domain::ports::Clock;
use processors::Processor;

use crate::output::{self, counted};
use crate::retained::{RetainedError, RetainedRecords, RetainedTotals};

/// Table of the earlier version, without prefix.
const EARLIER_TABLE: &str = "stock";
/// Delay before a new attempt after a failure.
const RETRY_DELAY: Duration = Duration::from_secs(5);

/// Returns the name of the earlier table.
pub(super) fn earlier_table(names: &ResourceNames) -> String {
    names.table(EARLIER_TABLE)
}

/// Move of the folder to the stock log.
pub(super) struct FolderMove {
    clients: AwsClients,
    names: ResourceNames,
    processor: Processor<Tables>,
    clock: Clock,
}

impl FolderMove {
    pub(super) fn new(
        clients: AwsClients,
        names: ResourceNames,
        processor: Processor<Tables>,
        clock: Clock,
    ) -> Self {
        Self { clients, names, processor, clock }
    }

    /// Processes the records of the stream, and deletes the earlier table. Repeats what fails.
    pub(super) async fn run(&self) {
        let table = earlier_table(&self.names);
        output::note(format_args!(
            "the data folder is of an earlier version, with stock in the table {table}. The events \
             of the stream are written to the stock log now, at up to 2 MB a second of each shard. \
             Tills may send meanwhile. Stock is incomplete until then, and no store is priced or \
             closed"
        ));
        loop {
            match self.process().await {
                Ok(totals) => {
                    output::note(summary(&totals, &table));
                    return;
                }
                Err(reason) => {
                    output::note(format_args!(
                        "the folder is not moved yet: {reason}; trying again"
                    ));
                    tokio::time::sleep(RETRY_DELAY).await;
                }
            }
        }
    }

    async fn process(&self) -> Result<RetainedTotals, String> {
        let now = (self.clock)();
        let stream = EventStream::new(self.clients.kinesis.clone(), &self.names);
        let has_limit = self.processor.age_max.is_some();
        let since = if has_limit { now - STOCK_LOG_KEPT } else { DateTime::<Utc>::MIN_UTC };
        let processor = &self.processor;
        let records = RetainedRecords { stream: &stream, processor, since, now };
        let totals = records.process(|_| ()).await.map_err(|error| match error {
            RetainedError::Stream(failure) => format!("the stream cannot be read ({failure})"),
            RetainedError::Tables(failure) => format!("the log cannot be written ({failure})"),
        })?;
        let table = earlier_table(&self.names);
        let delete = self.clients.dynamodb.delete_table().table_name(&table);
        let Err(error) = Box::pin(delete.send()).await else { return Ok(totals) };
        // A call whose answer was lost has deleted it.
        let is_gone =
            error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception());
        if is_gone { Ok(totals) } else { Err(format!("table {table} cannot be deleted ({error})")) }
    }
}

fn summary(totals: &RetainedTotals, table: &str) -> String {
    let RetainedTotals { records, written, too_old, .. } = totals;
    let too_old = match too_old {
        0 => String::new(),
        count => format!("; {} are older than the stock log keeps", counted(*count, "record")),
    };
    format!(
        "the data folder is moved: the stock log has {} of {}{too_old}. The table {table} is \
         deleted. Stores are priced and closed from now on",
        counted(*written, "event"),
        counted(*records, "record"),
    )
}
