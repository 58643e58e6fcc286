//! Tells several listeners that something changed, always in the same order. (The channels of
//! tokio that do this wake their listeners in a random order.)

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Notify;

/// Where changes are told. Clones are the same place.
#[derive(Clone, Default)]
pub(crate) struct News(Arc<Board>);

#[derive(Default)]
struct Board {
    changes: AtomicU64,
    bell: Notify,
}

/// Hears of every change since it last asked.
pub(crate) struct Listener {
    news: News,
    heard: u64,
}

impl News {
    /// Something changed.
    pub(crate) fn tell(&self) {
        self.0.changes.fetch_add(1, Ordering::Relaxed);
        self.0.bell.notify_waiters();
    }

    /// Listens from now on.
    pub(crate) fn listen(&self) -> Listener {
        Listener { news: self.clone(), heard: self.0.changes.load(Ordering::Relaxed) }
    }
}

impl Listener {
    /// Waits for a change that was not heard of yet.
    pub(crate) async fn changed(&mut self) {
        let board = &self.news.0;
        loop {
            let bell = board.bell.notified();
            let changes = board.changes.load(Ordering::Relaxed);
            if changes != self.heard {
                self.heard = changes;
                return;
            }
            bell.await;
        }
    }
}
