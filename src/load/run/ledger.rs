//! Comparison of the stock log with the answers, once it has drained.

use std::time::Duration;

use aws::Tables;
use chrono::TimeDelta;
use load_generator::audit::audit;
use load_generator::run_record::{LedgerResult, RunRecord};
use tokio::time::{Instant, sleep};

use super::Run;
use crate::clock;

/// Wait between two comparisons.
const AGAIN: Duration = Duration::from_secs(1);
/// Time by which an event may be ahead of the clock.
const OCCURRED_AHEAD: TimeDelta = TimeDelta::minutes(5);
/// Longest wait for the log of a run that was interrupted.
const INTERRUPTED_DRAIN: Duration = Duration::from_secs(10);

impl Run {
    /// Compares the log until it is equal or the wait has ended.
    pub(super) async fn compare(&mut self, is_interrupted: bool) -> LedgerResult {
        let tables = match &self.connection.tables {
            Ok(tables) => tables.clone(),
            Err(reason) => {
                let reason = reason.clone();
                return LedgerResult::NotChecked { reason, is_intended: false };
            }
        };
        if self.observer.facts.parts.of > 1 {
            let reason = "a part of a run; `daymark load merge` compares all parts at once";
            return LedgerResult::NotChecked { reason: reason.to_owned(), is_intended: true };
        }
        let record = self.observer.record(&self.sender.legs, None);
        let drain = self.args.drain.0;
        let drain = if is_interrupted { drain.min(INTERRUPTED_DRAIN) } else { drain };
        let observer = &self.observer;
        let progress = |done, all| {
            observer.say(format!("comparing the stock log: {done} of {all} stores"));
        };
        compared(&record, &tables, drain, progress).await
    }
}

/// Compares the log with a record until it is equal or `drain` has passed. A log that cannot be
/// read is read again.
pub(in super::super) async fn compared(
    record: &RunRecord,
    tables: &Tables,
    drain: Duration,
    mut progress: impl FnMut(u32, u32),
) -> LedgerResult {
    let ended = Instant::now();
    loop {
        let until = clock::now() + OCCURRED_AHEAD;
        let audited = audit(record, tables, until, &mut progress).await;
        let waited = ended.elapsed();
        match audited {
            Ok(audited) if audited.count == 0 || waited > drain => {
                return LedgerResult::Compared {
                    at: clock::now(),
                    expected: audited.expected,
                    unknown_stored: audited.unknown_stored,
                    windows: audited.windows,
                    missing_numbers: audited.missing_numbers,
                    differences: audited.differences,
                    count: audited.count,
                    drained_after_s: waited.as_secs_f64(),
                };
            }
            Err(error) if waited > drain => {
                let reason = error.to_string();
                return LedgerResult::NotChecked { reason, is_intended: false };
            }
            _ => sleep(AGAIN).await,
        }
    }
}
