//! HTTP/1.1 server on which no client can hold a connection forever.
//!
//! The accept loop is written by hand: `axum::serve` has no time limit for headers, and waits
//! without limit for open connections at the end.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use domain::limits::REQUEST_READ_MAX;
use hyper::server::conn::http1;
use hyper::service::{Service as _, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_io_timeout::TimeoutStream;
use tokio_util::sync::CancellationToken;
use tower_http::timeout::RequestBodyDeadline;

use crate::access::{AccessRules, guarded};
use crate::body_budget::{BodyBudget, HELD_BYTES_MAX, hold};
use crate::keep_alive::{ConnectionPhase, HeadDeadline, IDLE_MAX, announce};

/// Longest time for open requests to end after the stop.
const DRAIN_MAX: Duration = Duration::from_secs(5);
/// Longest time in which a client reads nothing of a response.
const WRITE_STALL_MAX: Duration = Duration::from_secs(30);
/// Longest time for a request body. The limit exceeds the limit of the application, so that a slow
/// client gets a response of the application.
const BODY_READ_MAX: Duration = Duration::from_secs(REQUEST_READ_MAX.as_secs() + 2);
/// Pause after a failed accept, for example with too many open files.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Failure to listen on an address.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Another program uses the port.
    #[error(
        "cannot listen on {address}: the port is taken; stop the program that has it, choose \
         another port, or use port 0 to be given a free one"
    )]
    Taken {
        /// Requested address.
        address: SocketAddr,
    },
    /// The system refuses the address for another reason.
    #[error(
        "cannot listen on {address}: {cause}; an address of this machine (127.0.0.1 for itself \
         only) and a port of 1024 or above, or 0 for a free one, would pass"
    )]
    Refused {
        /// Requested address.
        address: SocketAddr,
        /// Error of the system.
        cause: io::Error,
    },
}

/// Server that listens on its port. Clients can connect at once; [`HttpServer::serve`] answers
/// them.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    access: AccessRules,
}

impl HttpServer {
    /// Listens on an address. Port 0 selects a free port.
    ///
    /// # Errors
    /// Returns an error if the port is taken, or if the system refuses the address.
    pub fn bind(address: SocketAddr) -> Result<Self, BindError> {
        let refused = |cause: io::Error| match cause.kind() {
            io::ErrorKind::AddrInUse => BindError::Taken { address },
            _ => BindError::Refused { address, cause },
        };
        let listener = TcpListener::bind(address).map_err(refused)?;
        listener.set_nonblocking(true).map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        Ok(Self { listener, address, access: AccessRules::default() })
    }

    /// Accepts further hosts and origins. A server without them answers only callers that name
    /// this machine as the host, and no web page of another origin.
    #[must_use]
    pub fn with_access(self, access: AccessRules) -> Self {
        Self { access, ..self }
    }

    /// Address with the actual port.
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop` is cancelled. Open requests then have five seconds to end.
    ///
    /// Requests with a foreign `Host` or `Origin` are refused. A client has [`REQUEST_READ_MAX`]
    /// for its headers, two seconds more for its body, and must read a part of the response every
    /// 30 seconds. Otherwise its connection is closed. Between requests a connection may be idle
    /// for 75 seconds. The bodies of all unanswered requests have 64 MiB together; others get 503
    /// with `Retry-After`.
    pub async fn serve(self, router: Router, stop: CancellationToken) {
        let listener = match tokio::net::TcpListener::from_std(self.listener) {
            Ok(listener) => listener,
            Err(cause) => {
                tracing::error!(%cause, address = %self.address, "http: cannot serve");
                return;
            }
        };
        let router = router.layer(from_fn_with_state(BodyBudget::new(HELD_BYTES_MAX), hold));
        let router = guarded(router, self.access, self.address).layer(from_fn(announce));
        let graceful = GracefulShutdown::new();
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            match accepted {
                Ok((socket, _)) => {
                    // Responses are small and complete, so waiting for a full packet delays them.
                    let _ = socket.set_nodelay(true);
                    let connection = graceful.watch(connection(socket, router.clone()));
                    tokio::spawn(log_error(connection));
                }
                Err(cause) => {
                    tracing::warn!(%cause, address = %self.address, "http: no connection accepted");
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

/// Connection with time limits for headers, body and response.
fn connection(
    socket: impl AsyncRead + AsyncWrite + Send + 'static,
    router: Router,
) -> impl GracefulConnection<Error = hyper::Error> + Send {
    let mut socket = TimeoutStream::new(socket);
    socket.set_write_timeout(Some(WRITE_STALL_MAX));
    let phase = ConnectionPhase::default();
    let socket = HeadDeadline::new(socket, phase.clone());
    let service = TowerToHyperService::new(RequestBodyDeadline::new(router, BODY_READ_MAX));
    let service = service_fn(move |request| {
        phase.begin_request();
        let (response, phase) = (service.call(request), phase.clone());
        async move {
            let response = response.await;
            phase.begin_response();
            response
        }
    });
    http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(IDLE_MAX)
        .serve_connection(TokioIo::new(socket), service)
}

async fn log_error(connection: impl Future<Output = Result<(), hyper::Error>>) {
    if let Err(cause) = connection.await {
        tracing::debug!(%cause, "http: a connection ended early");
    }
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use axum::routing::{get, post};
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
    use tokio::time::Instant;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_body_that_never_comes_ends_the_request() {
        let (mut client, socket) = duplex(1024);
        let router = Router::new().route("/", post(async |_: String| "the whole body"));
        tokio::spawn(log_error(connection(socket, router)));
        let start = Instant::now();
        let head = b"POST / HTTP/1.1\r\nhost: local\r\ncontent-length: 1\r\n\r\n";
        client.write_all(head).await.expect("sent");
        let mut response = [0; 12];
        client.read_exact(&mut response).await.expect("a response");
        assert_eq!(&response, b"HTTP/1.1 400");
        assert_eq!(start.elapsed().as_secs(), BODY_READ_MAX.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_that_no_client_reads_ends_the_connection() {
        let (mut client, socket) = duplex(1024);
        let router = Router::new().route("/", get(async || Body::from(vec![0; 1024 * 1024])));
        let request = b"GET / HTTP/1.1\r\nhost: local\r\n\r\n";
        client.write_all(request).await.expect("sent");
        let start = Instant::now();
        let error = connection(socket, router).await.expect_err("closed");
        assert!(format!("{error:?}").contains("TimedOut"), "{error:?}");
        assert_eq!(start.elapsed().as_secs(), WRITE_STALL_MAX.as_secs());
    }

    /// Connects to a server and sends one request, which is answered.
    async fn connected() -> tokio::io::DuplexStream {
        let (mut client, socket) = duplex(1024);
        let router = Router::new().route("/", get(async || "here"));
        tokio::spawn(log_error(connection(socket, router)));
        ask(&mut client).await;
        client
    }

    async fn ask(client: &mut tokio::io::DuplexStream) {
        client.write_all(b"GET / HTTP/1.1\r\nhost: local\r\n\r\n").await.expect("sent");
        let count = client.read(&mut [0; 1024]).await.expect("a response");
        assert!(count > 0, "the connection is closed");
    }

    /// Waits for the end of a connection. Returns the seconds until then.
    async fn end(client: &mut tokio::io::DuplexStream) -> u64 {
        let start = Instant::now();
        assert_eq!(client.read(&mut [0; 1024]).await.expect("the end"), 0, "no farewell");
        start.elapsed().as_secs()
    }

    #[tokio::test(start_paused = true)]
    async fn an_idle_connection_lives_for_75_seconds_after_every_request() {
        let mut client = connected().await;
        for _ in 0..3 {
            tokio::time::sleep(Duration::from_secs(75)).await;
            ask(&mut client).await;
        }
        assert_eq!(end(&mut client).await, IDLE_MAX.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn the_next_request_has_its_own_time_for_its_headers() {
        let mut client = connected().await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        client.write_all(b"GET / HT").await.expect("sent");
        assert_eq!(end(&mut client).await, REQUEST_READ_MAX.as_secs());
    }

    #[tokio::test(start_paused = true)]
    async fn headers_that_never_come_end_the_connection() {
        let (_client, socket) = duplex(1024);
        let start = Instant::now();
        let _ = connection(socket, Router::new()).await;
        assert_eq!(start.elapsed().as_secs(), REQUEST_READ_MAX.as_secs());
    }
}
