//! Lambda Runtime API, version 2018-06-01, for one function on loopback.
//!
//! It follows docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html: a function asks for the next
//! invocation and posts its response or its error. Each of these instants is a step of the trace.

use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::task::JoinHandle;

use super::probe::Probe;

/// Message of a function to Lambda.
#[derive(Debug)]
pub(super) enum FromFunction {
    /// The function is ready for the next invocation.
    Ready,
    /// Answer to the invocation.
    Response(Bytes),
    /// Error of the invocation, or of the initialization.
    Error(Bytes),
}

/// API for one function, stopped on drop.
pub(super) struct RuntimeApi {
    pub(super) address: String,
    invocations: mpsc::UnboundedSender<String>,
    messages: mpsc::UnboundedReceiver<FromFunction>,
    server: JoinHandle<()>,
}

struct Served {
    invocations: Mutex<mpsc::UnboundedReceiver<String>>,
    messages: mpsc::UnboundedSender<FromFunction>,
    probe: Arc<Probe>,
}

impl RuntimeApi {
    /// Starts the API on a free port.
    pub(super) async fn start(probe: Arc<Probe>) -> std::io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?.to_string();
        let (invocations, received) = mpsc::unbounded_channel();
        let (sent, messages) = mpsc::unbounded_channel();
        let served = Served { invocations: received.into(), messages: sent, probe };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(invocation_error))
            .route("/2018-06-01/runtime/init/error", post(error))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::new(served));
        let server = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, router).await {
                tracing::error!(%error, "the runtime API ended");
            }
        });
        Ok(Self { address, invocations, messages, server })
    }

    /// Queues an event for the function.
    pub(super) fn invoke(&self, event: String) {
        // The server holds the receiver until it is stopped.
        let _ = self.invocations.send(event);
    }

    /// Waits for the next message of the function.
    pub(super) async fn message(&mut self) -> Option<FromFunction> {
        self.messages.recv().await
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(served): State<Arc<Served>>) -> impl IntoResponse {
    served.probe.end();
    let _ = served.messages.send(FromFunction::Ready);
    let Some(event) = served.invocations.lock().await.recv().await else {
        return StatusCode::GONE.into_response();
    };
    let number = served.probe.start();
    let headers = [
        ("lambda-runtime-aws-request-id", format!("8476a536-e9f4-11e8-9739-{number:012x}")),
        // Deadline in the year 2100.
        ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:us-east-1:000000000000:function:daymark".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
        ("content-type", "application/json".to_owned()),
    ];
    (headers, event).into_response()
}

async fn response(State(served): State<Arc<Served>>, _id: Path<String>, body: Bytes) -> StatusCode {
    let _ = served.messages.send(FromFunction::Response(body));
    StatusCode::ACCEPTED
}

async fn invocation_error(
    served: State<Arc<Served>>,
    _id: Path<String>,
    body: Bytes,
) -> StatusCode {
    error(served, body).await
}

async fn error(State(served): State<Arc<Served>>, body: Bytes) -> StatusCode {
    let _ = served.messages.send(FromFunction::Error(body));
    StatusCode::ACCEPTED
}
