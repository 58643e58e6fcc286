//! Services of the machine. Each one is a thread with a runtime of its own, so that no service can
//! block another, and so that the tools of the system show the load of each service.

use std::future::Future;
use std::io;
use std::thread::JoinHandle;

use tokio_util::sync::{CancellationToken, DropGuard};

/// Running service. A dropped service is told to stop, but [`ServiceThread::stop`] waits for it.
///
/// ```
/// use local::service::ServiceThread;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> std::io::Result<()> {
/// let service = ServiceThread::start("idle", |stop| async move { stop.cancelled().await })?;
/// service.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct ServiceThread {
    name: &'static str,
    stop: DropGuard,
    thread: JoinHandle<()>,
}

impl ServiceThread {
    /// Starts a thread that runs the future of `body` to its end. The future should end once the
    /// token is cancelled. The system shows at most 15 characters of `name`.
    ///
    /// # Errors
    /// Returns an error if the system cannot create the thread or the runtime.
    pub fn start<F>(
        name: &'static str,
        body: impl FnOnce(CancellationToken) -> F + Send + 'static,
    ) -> io::Result<Self>
    where
        F: Future<Output = ()>,
    {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().thread_name(name).build()?;
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || runtime.block_on(body(stopped)))?;
        Ok(Self { name, stop: stop.drop_guard(), thread })
    }

    /// Tells the service to stop and waits for its end.
    pub async fn stop(self) {
        let Self { name, stop, thread } = self;
        drop(stop);
        let joined = tokio::task::spawn_blocking(move || thread.join()).await;
        if !matches!(joined, Ok(Ok(()))) {
            tracing::error!(service = name, "a service panicked");
        }
    }
}
