//! The way of a call to a table and back.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::Failure;
use tokio::task::yield_now;
use tokio::time::sleep;

/// What one call meets.
#[derive(Debug, Clone)]
pub struct Trip {
    /// How long it is on its way to the table.
    pub there: Duration,
    /// How long its answer is on the way back.
    pub back: Duration,
    /// How it ends.
    pub end: End,
}

/// How a call ends.
#[derive(Debug, Clone)]
pub enum End {
    /// The table's answer arrives.
    Answered,
    /// The call fails and changes nothing.
    Failed(Failure),
    /// The table does what it is asked and the answer says that it failed.
    DoneButFailed(Failure),
    /// The table does what it is asked and no answer ever comes.
    DoneInSilence,
}

/// Decides what the calls of a table meet. Without a decision every call gives way to other tasks
/// once, so that what runs at once really interleaves, and arrives.
#[derive(Clone, Default)]
pub struct Road(Option<Arc<dyn Fn() -> Trip + Send + Sync>>);

impl Road {
    /// A road on which every call asks what it meets.
    pub fn new(trips: impl Fn() -> Trip + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(trips)))
    }

    /// Carries a call to the table, where `work` happens at one instant, and its answer back.
    pub(crate) async fn travel<T>(
        &self,
        work: impl FnOnce() -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let Some(trips) = &self.0 else {
            yield_now().await;
            return work();
        };
        let Trip { there, back, end } = trips();
        sleep(there).await;
        if let End::Failed(failure) = end {
            return Err(failure);
        }
        let answer = work();
        match end {
            End::DoneInSilence => return pending().await,
            End::Answered | End::DoneButFailed(_) | End::Failed(_) => sleep(back).await,
        }
        match end {
            End::DoneButFailed(failure) => Err(failure),
            _ => answer,
        }
    }
}
