//! Serving HTTP/1.1 so that no client can hold a connection forever.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use domain::limits::REQUEST_READ_MAX;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Sleep, sleep};
use tower::ServiceExt as _;

/// How long open requests may take to end once the server is told to stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// How long a client may leave an answer unread before its connection is closed.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// How long a client may take for its body. A little longer than the application's own limit, so
/// that a slow client is answered by it and not cut.
const BODY_READ_MAX: Duration = Duration::from_secs(REQUEST_READ_MAX.as_secs() + 2);
/// Pause after the system could not give a connection (too many open files, mostly).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Why an address cannot be listened on.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program listens there.
    #[error(
        "cannot listen on {address}: the port is taken; stop the program that has it, choose \
         another port, or use port 0 to be given a free one"
    )]
    Taken {
        /// What was asked for.
        address: SocketAddr,
    },
    /// The system refuses for another reason.
    #[error(
        "cannot listen on {address}: {cause}; an address of this machine (127.0.0.1 for itself \
         only) and a port of 1024 or above, or 0 for a free one, would pass"
    )]
    Refused {
        /// What was asked for.
        address: SocketAddr,
        /// What the system said.
        cause: io::Error,
    },
}

/// A server to be.
pub struct Server {
    _private: (),
}

/// A server that has its port: clients may connect already, and are answered once it serves.
pub struct Bound {
    listener: TcpListener,
    address: SocketAddr,
}

impl Server {
    /// Takes an address; port 0 takes any free port.
    ///
    /// # Errors
    /// The port is taken, or the address is not this machine's or not allowed.
    pub fn bind(address: SocketAddr) -> Result<Bound, BindError> {
        let refused = |cause: io::Error| match cause.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { address },
            _ => BindError::Refused { address, cause },
        };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Bound { listener, address })
    }
}

impl Bound {
    /// Where it listens, with the real port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// The listener itself, for a server that brings its own loop.
    #[must_use]
    pub fn into_listener(self) -> TcpListener {
        self.listener
    }

    /// Serves until `stop` is ready, then lets open requests end for at most five seconds.
    ///
    /// A client has [`REQUEST_READ_MAX`] for its headers, a little longer for its body, and half a
    /// minute to take up more of an answer; else its connection is closed.
    pub async fn serve(self, router: Router, stop: impl Future<Output = ()> + Send + 'static) {
        let listener = match tokio::net::TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(cause) => {
                tracing::error!(%cause, address = %self.address, "http: cannot serve");
                return;
            }
        };
        let graceful = GracefulShutdown::new();
        let mut stop = pin!(stop);
        loop {
            let accepted = tokio::select! {
                biased;
                () = &mut stop => break,
                accepted = listener.accept() => accepted,
            };
            match accepted {
                Ok((socket, _)) => serve_one(socket, router.clone(), &graceful),
                Err(cause) => {
                    tracing::warn!(%cause, address = %self.address, "http: no connection taken");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(listener);
        let open = graceful.count();
        if tokio::time::timeout(DRAIN_MAX, graceful.shutdown()).await.is_err() {
            tracing::warn!(open, address = %self.address, "http: stopped with open connections");
        }
    }
}

fn serve_one(socket: tokio::net::TcpStream, router: Router, graceful: &GracefulShutdown) {
    // Answers are small and whole; waiting to fill a packet would only delay them.
    let _ = socket.set_nodelay(true);
    let service =
        TowerToHyperService::new(router.map_request(|request: http::Request<Incoming>| {
            request.map(|body| Body::new(Deadline::new(body, BODY_READ_MAX)))
        }));
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST_READ_MAX)
        .serve_connection(TokioIo::new(Stall::new(socket, WRITE_STALL_MAX)), service);
    let connection = graceful.watch(connection);
    tokio::spawn(async move {
        if let Err(cause) = connection.await {
            tracing::debug!(%cause, "http: a connection ended early");
        }
    });
}

/// Fails the body when it is not whole in time; the time begins with the first look at it.
struct Deadline<B> {
    body: B,
    within: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<B> Deadline<B> {
    fn new(body: B, within: Duration) -> Self {
        Self { body, within, timer: None }
    }
}

impl<B> HttpBody for Deadline<B>
where
    B: HttpBody + Unpin,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    type Data = B::Data;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, Self::Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            return Poll::Ready(frame.map(|frame| frame.map_err(Into::into)));
        }
        let within = self.within;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(within)));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let message = format!("the body was not whole within {} s", within.as_secs());
        Poll::Ready(Some(Err(io::Error::new(io::ErrorKind::TimedOut, message).into())))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Fails a write that makes no progress in time.
struct Stall<C> {
    connection: C,
    within: Duration,
    /// Runs while the client's window is full.
    timer: Option<Pin<Box<Sleep>>>,
}

impl<C> Stall<C> {
    fn new(connection: C, within: Duration) -> Self {
        Self { connection, within, timer: None }
    }

    fn watch<T>(
        &mut self,
        written: Poll<io::Result<T>>,
        context: &mut Context<'_>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.timer = None;
            return written;
        }
        let within = self.within;
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(within)));
        if timer.as_mut().poll(context).is_pending() {
            return Poll::Pending;
        }
        let message = format!("the client took nothing up for {} s", within.as_secs());
        Poll::Ready(Err(io::Error::new(io::ErrorKind::TimedOut, message)))
    }
}

impl<C: AsyncRead + Unpin> AsyncRead for Stall<C> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.connection).poll_read(context, buffer)
    }
}

impl<C: AsyncWrite + Unpin> AsyncWrite for Stall<C> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write(context, bytes);
        self.watch(written, context)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.connection).poll_write_vectored(context, slices);
        self.watch(written, context)
    }

    fn is_write_vectored(&self) -> bool {
        self.connection.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let flushed = Pin::new(&mut self.connection).poll_flush(context);
        self.watch(flushed, context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let shut = Pin::new(&mut self.connection).poll_shutdown(context);
        self.watch(shut, context)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;
    use http_body_util::BodyExt as _;
    use tokio::io::AsyncWriteExt as _;

    /// A client that sends nothing and takes nothing.
    struct Silent;

    impl HttpBody for Silent {
        type Data = Bytes;
        type Error = io::Error;

        fn poll_frame(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
        ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
            Poll::Pending
        }
    }

    impl AsyncWrite for Silent {
        fn poll_write(
            self: Pin<&mut Self>,
            _: &mut Context<'_>,
            _: &[u8],
        ) -> Poll<io::Result<usize>> {
            Poll::Pending
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }

        fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
            Poll::Pending
        }
    }

    #[tokio::test]
    async fn a_body_that_never_comes_ends_the_request() {
        let body = Deadline::new(Silent, Duration::from_millis(1));
        let error = body.collect().await.expect_err("given up");
        assert!(error.to_string().contains("not whole"), "{error}");
    }

    #[tokio::test]
    async fn an_answer_nobody_takes_up_ends_the_connection() {
        let mut connection = Stall::new(Silent, Duration::from_millis(1));
        let error = connection.write_all(b"answer").await.expect_err("given up");
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    }
}
