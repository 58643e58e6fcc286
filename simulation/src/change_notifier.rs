//! Notifies several watchers of changes, always in the same order.
//!
//! `tokio::sync::watch` wakes its receivers in random order, which would make a history depend on
//! more than its seed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Sender of change notifications. Clones share their state.
#[derive(Clone, Default)]
pub(crate) struct ChangeNotifier(Arc<NotifierInner>);

#[derive(Default)]
struct NotifierInner {
    changes: AtomicU64,
    notify: Notify,
}

/// Receiver of the changes since its last wait.
pub(crate) struct ChangeWatch {
    notifier: ChangeNotifier,
    seen: u64,
}

impl ChangeNotifier {
    /// Wakes all watchers.
    pub(crate) fn notify(&self) {
        self.0.changes.fetch_add(1, Ordering::Relaxed);
        self.0.notify.notify_waiters();
    }

    /// Creates a watcher of the changes from now on.
    pub(crate) fn watch(&self) -> ChangeWatch {
        ChangeWatch { notifier: self.clone(), seen: self.0.changes.load(Ordering::Relaxed) }
    }
}

impl ChangeWatch {
    /// Waits for a change that was not seen yet.
    pub(crate) async fn changed(&mut self) {
        let NotifierInner { changes, notify } = &*self.notifier.0;
        loop {
            let notified = notify.notified();
            let changes = changes.load(Ordering::Relaxed);
            if changes != self.seen {
                self.seen = changes;
                return;
            }
            notified.await;
        }
    }
}
