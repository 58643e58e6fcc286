//! Injected delays and failures of calls to a table.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::Failure;
use tokio::task::yield_now;
use tokio::time::sleep;

/// Course of one call to a table.
#[derive(Debug, Clone)]
pub struct CallPlan {
    /// Delay between the call and its execution at the table.
    pub request_delay: Duration,
    /// Delay between the execution and the response.
    pub response_delay: Duration,
    /// Result of the call.
    pub end: CallEnd,
}

/// Result of an injected call.
#[derive(Debug, Clone)]
pub enum CallEnd {
    /// The table executes the call, and the response arrives.
    Answered,
    /// The call fails and changes nothing.
    Failed(Failure),
    /// The table executes the call, but the response is a failure.
    ExecutedButFailed(Failure),
    /// The table executes the call, and no response ever arrives.
    ExecutedWithoutResponse,
}

/// Source of a [`CallPlan`] for each call.
///
/// Without a source, every call yields to other tasks once, so that concurrent calls interleave,
/// and then succeeds.
#[derive(Clone, Default)]
pub struct CallInjector {
    plan: Option<Arc<dyn Fn() -> CallPlan + Send + Sync>>,
    leaves_unprocessed: Option<Arc<dyn Fn() -> bool + Send + Sync>>,
}

impl CallInjector {
    /// Creates an injector that calls `plan` once for each call.
    pub fn new(plan: impl Fn() -> CallPlan + Send + Sync + 'static) -> Self {
        Self { plan: Some(Arc::new(plan)), leaves_unprocessed: None }
    }

    /// Calls `leaves_unprocessed` once for each entry of a write of several entries: `true` leaves
    /// the entry unprocessed.
    #[must_use]
    pub fn with_unprocessed(
        self,
        leaves_unprocessed: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Self {
        Self { leaves_unprocessed: Some(Arc::new(leaves_unprocessed)), ..self }
    }

    pub(crate) fn leaves_unprocessed(&self) -> bool {
        self.leaves_unprocessed.as_ref().is_some_and(|leaves| leaves())
    }

    /// Executes a call: `work` runs at one instant, between the two delays.
    pub(crate) async fn call<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(plan) = &self.plan else {
            yield_now().await;
            return work();
        };
        let CallPlan { request_delay, response_delay, end } = plan();
        sleep(request_delay).await;
        if let CallEnd::Failed(failure) = end {
            return Err(failure);
        }
        let response = work();
        if let CallEnd::ExecutedWithoutResponse = end {
            return pending().await;
        }
        sleep(response_delay).await;
        match end {
            CallEnd::ExecutedButFailed(failure) => Err(failure),
            _ => response,
        }
    }
}
