//! Time limits of a connection between its requests. An idle connection lives longer than an
//! unfinished request: hyper has one limit for both, so the shorter one is here.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::extract::Request;
use axum::http::header::{CONNECTION, HeaderName};
use axum::http::{HeaderMap, HeaderValue, Version};
use axum::middleware::Next;
use axum::response::Response;
use domain::limits::REQUEST_READ_MAX;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep};

/// Value of the header `Keep-Alive`: an idle connection lives for 75 seconds.
const KEEP_ALIVE: (HeaderName, HeaderValue) =
    (HeaderName::from_static("keep-alive"), HeaderValue::from_static("timeout=75"));
/// Time after which an idle connection is closed. One second more than announced, so that a
/// request which is sent at the last moment is answered.
pub(crate) const IDLE_MAX: Duration = Duration::from_secs(76);

/// Announces the time for which the connection may be idle.
pub(crate) async fn announce(request: Request, next: Next) -> Response {
    let is_kept = request.version() == Version::HTTP_11 && !says_close(request.headers());
    let mut response = next.run(request).await;
    if is_kept && !says_close(response.headers()) {
        let (name, value) = KEEP_ALIVE;
        response.headers_mut().insert(name, value);
    }
    response
}

fn says_close(headers: &HeaderMap) -> bool {
    let words = headers.get_all(CONNECTION).iter().filter_map(|value| value.to_str().ok());
    words.flat_map(|value| value.split(',')).any(|word| word.trim().eq_ignore_ascii_case("close"))
}

/// Reads the head of a request, for at most [`REQUEST_READ_MAX`].
const HEAD: u8 = 0;
/// A handler works on the request.
const REQUEST: u8 = 1;
/// The response is complete and not yet written.
const RESPONSE: u8 = 2;
/// Waits for the first byte of the next request.
const IDLE: u8 = 3;

/// Phase of a connection, shared between its socket and its service.
#[derive(Clone, Default)]
pub(crate) struct ConnectionPhase(Arc<AtomicU8>);

impl ConnectionPhase {
    pub(crate) fn begin_request(&self) {
        self.0.store(REQUEST, Ordering::Relaxed);
    }

    pub(crate) fn begin_response(&self) {
        self.0.store(RESPONSE, Ordering::Relaxed);
    }

    /// Changes the phase if it is `from`.
    fn change(&self, from: u8, to: u8) -> bool {
        self.0.compare_exchange(from, to, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// Socket that fails once the head of a request takes too long.
pub(crate) struct HeadDeadline<S> {
    socket: Pin<Box<S>>,
    phase: ConnectionPhase,
    deadline: Pin<Box<Sleep>>,
}

impl<S> HeadDeadline<S> {
    /// The time for the first head begins at once.
    pub(crate) fn new(socket: S, phase: ConnectionPhase) -> Self {
        Self { socket: Box::pin(socket), phase, deadline: Box::pin(sleep(REQUEST_READ_MAX)) }
    }
}

impl<S: AsyncRead> AsyncRead for HeadDeadline<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let read = self.socket.as_mut().poll_read(context, buffer);
        if buffer.filled().len() > before && self.phase.change(IDLE, HEAD) {
            self.deadline.as_mut().reset(Instant::now() + REQUEST_READ_MAX);
        }
        let is_head = self.phase.0.load(Ordering::Relaxed) == HEAD;
        if is_head && self.deadline.as_mut().poll(context).is_ready() {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl<S: AsyncWrite> AsyncWrite for HeadDeadline<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.phase.change(RESPONSE, IDLE);
        self.socket.as_mut().poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.as_mut().poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.socket.as_mut().poll_shutdown(context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.phase.change(RESPONSE, IDLE);
        self.socket.as_mut().poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.socket.is_write_vectored()
    }
}
