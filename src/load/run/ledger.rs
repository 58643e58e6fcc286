//! Comparison of the stock log with the answers, once it has drained.

use std::time::Duration;

use load_generator::audit::audit;
use load_generator::run_record::LedgerResult;
use tokio::time::{Instant, sleep};

use super::Run;
use super::observer::audit_until;
use crate::clock;

/// Wait between two comparisons.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest wait for the log of a run that was interrupted.
const INTERRUPTED_DRAIN: Duration = Duration::from_secs(10);

impl Run {
    /// Compares the log until it is equal or the wait has ended.
    pub(super) async fn compare(&mut self, is_interrupted: bool) -> LedgerResult {
        let tables = match &self.connection.tables {
            Ok(tables) => tables.clone(),
            Err(reason) => return LedgerResult::NotChecked { reason: reason.clone() },
        };
        if self.observer.facts.parts.of > 1 {
            let reason = "a part of a run; `daymark load merge` compares all parts at once";
            return LedgerResult::NotChecked { reason: reason.to_owned() };
        }
        let record = self.observer.record(&self.sender.legs, None);
        let ended = Instant::now();
        let drain = self.args.drain.0;
        let drain = if is_interrupted { drain.min(INTERRUPTED_DRAIN) } else { drain };
        loop {
            let observer = &self.observer;
            let progress = |done, all| {
                observer.say(format!("comparing the stock log: {done} of {all} stores"));
            };
            let until = audit_until();
            let audited = match audit(&record, &tables, until, progress).await {
                Ok(audited) => audited,
                Err(error) => return LedgerResult::NotChecked { reason: error.to_string() },
            };
            let waited = ended.elapsed();
            if audited.count == 0 || waited > drain {
                return LedgerResult::Compared {
                    at: clock::now(),
                    expected: audited.expected,
                    unknown_stored: audited.unknown_stored,
                    windows: audited.windows,
                    differences: audited.differences,
                    count: audited.count,
                    drained_after_s: waited.as_secs_f64(),
                };
            }
            sleep(AGAIN).await;
        }
    }
}
