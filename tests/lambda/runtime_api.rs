//! Lambda Runtime API, version 2018-06-01, with the calls that a function uses.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

/// Answer of a function to an invocation.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Response(Value),
    Error(Value),
}

/// API for one function, stopped on drop.
pub(crate) struct RuntimeApi {
    pub(crate) address: SocketAddr,
    invocations: mpsc::UnboundedSender<Invocation>,
    server: JoinHandle<()>,
}

#[derive(Debug)]
struct Invocation {
    event: Value,
    answer: oneshot::Sender<Answer>,
}

struct Served {
    /// Invocations that the function has not fetched.
    invocations: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// Invocations without an answer, by request id.
    open: Mutex<HashMap<String, oneshot::Sender<Answer>>>,
}

impl RuntimeApi {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let (invocations, received) = mpsc::unbounded_channel();
        let served = Served { invocations: received.into(), open: Mutex::default() };
        let router = Router::new()
            .route("/2018-06-01/runtime/invocation/next", get(next))
            .route("/2018-06-01/runtime/invocation/{id}/response", post(response))
            .route("/2018-06-01/runtime/invocation/{id}/error", post(error))
            .route("/2018-06-01/runtime/init/error", post(StatusCode::ACCEPTED))
            .layer(DefaultBodyLimit::disable())
            .with_state(Arc::new(served));
        let server = tokio::spawn(async move {
            axum::serve(listener, router).await.expect("it serves");
        });
        Self { address, invocations, server }
    }

    /// Queues an event for the function.
    pub(crate) fn invoke(&self, event: Value) -> oneshot::Receiver<Answer> {
        let (answer, answered) = oneshot::channel();
        self.invocations.send(Invocation { event, answer }).expect("it serves");
        answered
    }
}

impl Drop for RuntimeApi {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn next(State(served): State<Arc<Served>>) -> impl IntoResponse {
    let invocation = served.invocations.lock().await.recv().await;
    let Some(Invocation { event, answer }) = invocation else {
        return StatusCode::GONE.into_response();
    };
    let mut open = served.open.lock().expect("nobody panicked");
    let id = format!("8476a536-e9f4-11e8-9739-{:012x}", open.len() + 1);
    open.insert(id.clone(), answer);
    let headers = [
        ("lambda-runtime-aws-request-id", id),
        // Deadline in the year 2100.
        ("lambda-runtime-deadline-ms", "4102444800000".to_owned()),
        (
            "lambda-runtime-invoked-function-arn",
            "arn:aws:lambda:eu-west-1:000000000000:function:daymark".to_owned(),
        ),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".to_owned()),
    ];
    (headers, Json(event)).into_response()
}

async fn response(state: State<Arc<Served>>, id: Path<String>, body: Bytes) -> StatusCode {
    answered(&state, &id, Answer::Response, &body)
}

async fn error(state: State<Arc<Served>>, id: Path<String>, body: Bytes) -> StatusCode {
    answered(&state, &id, Answer::Error, &body)
}

fn answered(served: &Served, id: &str, answer: fn(Value) -> Answer, body: &[u8]) -> StatusCode {
    let open = served.open.lock().expect("nobody panicked").remove(id);
    let (Some(open), Ok(body)) = (open, serde_json::from_slice(body)) else {
        return StatusCode::BAD_REQUEST;
    };
    // The test may have stopped waiting.
    let _ = open.send(answer(body));
    StatusCode::ACCEPTED
}
