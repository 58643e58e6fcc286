//! The wish to stop, as everybody in the mapping hears it.

use std::time::Duration;

use tokio::sync::watch;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Slept {
    Through,
    Stopped,
}

/// Hears the wish. When the mapping is dropped without one, that counts as a wish as well.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<bool>);

impl Stop {
    pub(crate) fn new() -> (watch::Sender<bool>, Self) {
        let (sender, receiver) = watch::channel(false);
        (sender, Self(receiver))
    }

    pub(crate) async fn wished(&mut self) {
        let _ = self.0.wait_for(|&wished| wished).await;
    }

    pub(crate) async fn sleep(&mut self, pause: Duration) -> Slept {
        tokio::select! {
            () = self.wished() => Slept::Stopped,
            () = tokio::time::sleep(pause) => Slept::Through,
        }
    }
}
