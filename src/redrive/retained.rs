//! `daymark redrive --retained`: the records of the stream instead of files.

use std::process::ExitCode;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::RedriveArgs;
use crate::output::{counted, instant};
use crate::retained::{RetainedError, RetainedRecords, RetainedTotals};
use crate::{CommandError, clock, output};

/// Interval of notes about the progress.
const NOTE_INTERVAL: Duration = Duration::from_secs(5);

pub(super) async fn run(args: &RedriveArgs) -> Result<ExitCode, CommandError> {
    let (tables, stream) = args.tables.connect_with_stream(&args.kinesis_url).await?;
    let processor = tables.processor(&args.age);
    let now = clock::now();
    let since = args.age.oldest_arrival(now);
    let records = RetainedRecords { stream: &stream, processor: &processor, since, now };
    let (elapsed, noted) = (clock::monotonic(), Mutex::new(Duration::ZERO));
    let processed = records.process(|totals| {
        let mut noted = noted.lock().unwrap_or_else(PoisonError::into_inner);
        if elapsed() >= *noted + NOTE_INTERVAL {
            *noted = elapsed();
            output::note(progress(totals));
        }
    });
    let failed = |reason| format!("{reason}; run it again, what is stored stays");
    match processed.await {
        Ok(totals) => {
            output::line(summary(&totals));
            Ok(ExitCode::SUCCESS)
        }
        Err(RetainedError::Stream(failure)) => {
            Err(failed(format!("the stream cannot be read: {failure}")).into())
        }
        Err(RetainedError::Tables(failure)) => Err(failed(tables.explain(failure)).into()),
    }
}

fn progress(totals: &RetainedTotals) -> String {
    let RetainedTotals { shards, done, records, written, arrived_at, .. } = totals;
    let up_to = arrived_at.map(|at| format!(", up to {}", instant(at))).unwrap_or_default();
    format!(
        "{done} of {}; {} and {}{up_to}",
        counted(*shards as u64, "shard"),
        counted(*records, "record"),
        counted(*written, "event"),
    )
}

fn summary(totals: &RetainedTotals) -> String {
    let RetainedTotals { shards, records, too_old, written, quarantined, .. } = totals;
    let mut text = format!(
        "{} of {} processed; {} written to the log, {quarantined} refused and kept in quarantine",
        counted(*records, "record"),
        counted(*shards as u64, "shard"),
        counted(*written, "event"),
    );
    if *too_old > 0 {
        text.push_str(&format!(
            "; {} left out: the stock log of their time is expired",
            counted(*too_old, "record")
        ));
    }
    text
}
