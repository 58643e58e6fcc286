//! A part of the system as a thread with a runtime of its own, so that no part can hold up
//! another, and so that the system's own tools show what each one costs.

use std::future::Future;
use std::io;
use std::thread::JoinHandle;

use tokio::sync::oneshot;

/// A running part.
#[derive(Debug)]
pub struct Part {
    name: &'static str,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

/// Ready when the part is told to stop, or was dropped.
#[derive(Debug)]
pub struct Stop(oneshot::Receiver<()>);

impl Stop {
    /// Waits for the end.
    pub async fn wait(self) {
        // A sender that is gone means the same as a message.
        let _ = self.0.await;
    }
}

impl Part {
    /// Starts a thread called `name` (at most 15 characters are shown by the system) that runs
    /// what `body` makes to its end.
    ///
    /// # Errors
    /// The system has no thread or no runtime to give.
    pub fn start<F>(
        name: &'static str,
        body: impl FnOnce(Stop) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()>,
    {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().thread_name(name).build()?;
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || runtime.block_on(body(Stop(stopped))))?;
        Ok(Self { name, stop, thread })
    }

    /// Tells the part to stop and waits until it has.
    pub async fn stop(self) {
        let Self { name, stop, thread } = self;
        // The part may have ended by itself.
        let _ = stop.send(());
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!(part = name, "a part ended in a panic");
        }
    }
}
