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
pub struct CallInjector(Option<Arc<dyn Fn() -> CallPlan + Send + Sync>>);

impl CallInjector {
    /// Creates an injector that calls `plan` once for each call.
    pub fn new(plan: impl Fn() -> CallPlan + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(plan)))
    }

    /// Executes a call: `work` runs at one instant, between the two delays.
    pub(crate) async fn call<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(plan) = &self.0 else {
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
