//! Queue of due stores inside the process: the local counterpart of the SQS queue between a
//! schedule and the function that serves one store at a time.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use domain::DueStore;
use domain::ports::{DueQueue, Failure};

/// First-in, first-out queue of stores that are due. Clones share the queue.
///
/// # Examples
/// ```
/// use domain::DueStore;
/// use domain::ports::DueQueue;
/// use in_memory::InProcessQueue;
///
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let queue = InProcessQueue::default();
/// let due = DueStore::parse(r#"{"store_id":"0042","due":"2026-03-12T14:15:00Z"}"#).unwrap();
/// queue.send_due(&[due.clone()]).await.unwrap();
///
/// assert_eq!(queue.take(), Some(due));
/// assert_eq!(queue.take(), None);
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct InProcessQueue(Arc<Mutex<VecDeque<DueStore>>>);

impl InProcessQueue {
    /// Removes and returns the oldest store.
    #[must_use]
    pub fn take(&self) -> Option<DueStore> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl DueQueue for InProcessQueue {
    async fn send_due(&self, stores: &[DueStore]) -> Result<(), Failure> {
        let mut queue = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        queue.extend(stores.iter().cloned());
        Ok(())
    }
}
