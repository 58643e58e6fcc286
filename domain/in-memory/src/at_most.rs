//! Work that stops in the middle, as when its program is killed.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// Polls `work` at most `polls` times, and drops it then. Returns `None` if it is not ready.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() {
/// let work = async {
///     tokio::task::yield_now().await;
///     "done"
/// };
/// assert_eq!(in_memory::at_most(1, work).await, None);
/// assert_eq!(in_memory::at_most(1, async { "done" }).await, Some("done"));
/// # }
/// ```
pub async fn at_most<T>(mut polls: usize, work: impl Future<Output = T>) -> Option<T> {
    let mut work = pin!(work);
    poll_fn(|context| {
        if polls == 0 {
            return Poll::Ready(None);
        }
        polls -= 1;
        match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if polls == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}
