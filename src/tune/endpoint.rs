//! Endpoint of a service of AWS with an injected latency, in front of a local endpoint.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LENGTH, HOST, TRANSFER_ENCODING};
use axum::response::{IntoResponse, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep_until};
use tuning::Latencies;

use super::probe::Probe;

/// Proxy on a free port, stopped on drop.
pub(super) struct DelayedEndpoint {
    pub(super) url: String,
    server: JoinHandle<()>,
}

struct Served {
    target: String,
    client: reqwest::Client,
    latencies: Mutex<Latencies>,
    probe: Arc<Probe>,
}

impl DelayedEndpoint {
    /// Starts a proxy of `target` whose answers take the next of `latencies`.
    pub(super) async fn start(
        target: String,
        latencies: Latencies,
        probe: Arc<Probe>,
    ) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let url = format!("http://{}", listener.local_addr()?);
        let client = reqwest::Client::new();
        let served = Served { target, client, latencies: latencies.into(), probe };
        let router = Router::new().fallback(pass).with_state(Arc::new(served));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "an endpoint ended");
            }
        });
        Ok(Self { url, server })
    }
}

impl Drop for DelayedEndpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn pass(State(served): State<Arc<Served>>, request: Request) -> Response {
    match served.pass(request).await {
        Ok(response) => response,
        Err(error) => (StatusCode::BAD_GATEWAY, error.to_string()).into_response(),
    }
}

impl Served {
    async fn pass(&self, request: Request) -> Result<Response, crate::CommandError> {
        let (parts, body) = request.into_parts();
        let body = to_bytes(body, usize::MAX).await?;
        let latency = self.latencies.lock().expect("no thread panicked").next_nanoseconds();
        let call = self.probe.call(latency, body.len() as u64);
        let answers_at = Instant::now() + Duration::from_nanos(latency);
        let url = format!("{}{}", self.target, parts.uri);
        let mut headers = parts.headers;
        headers.remove(HOST);
        headers.remove(CONTENT_LENGTH);
        let request = self.client.request(parts.method, url).headers(headers).body(body);
        let answer = request.send().await?;
        let (status, mut headers) = (answer.status(), answer.headers().clone());
        headers.remove(TRANSFER_ENCODING);
        let body = answer.bytes().await?;
        sleep_until(answers_at).await;
        if let Some(call) = call {
            self.probe.answer(call, body.len() as u64);
        }
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = status;
        *response.headers_mut() = headers;
        Ok(response)
    }
}
