//! Pauses between the attempts of a failing call.

use std::time::Duration;

use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::decisions::sub_shards::backoff;

/// Pause after the first failure. It doubles with each further failure.
const FIRST_PAUSE: Duration = Duration::from_millis(100);

/// Pauses of one call, longer with each failure in a row.
#[derive(Debug, Default)]
pub(crate) struct RetryPauses {
    failures: u32,
}

impl RetryPauses {
    /// Counts a failure and returns the pause after it.
    pub(crate) fn next(&mut self) -> Duration {
        self.failures += 1;
        backoff(FIRST_PAUSE, self.failures)
    }

    /// Counts a failure and waits. Returns `false` if `stop` is cancelled before the end.
    pub(crate) async fn wait(&mut self, stop: &CancellationToken) -> bool {
        stop.run_until_cancelled(sleep(self.next())).await.is_some()
    }
}
