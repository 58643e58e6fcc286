//! The Lambda Runtime API, version 2018-06-01, as far as a function uses it.

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

/// What a function said to an invocation.
#[derive(Debug, PartialEq)]
pub(crate) enum Answer {
    Response(Value),
    Error(Value),
}

/// The API for one function; it ends when it is dropped.
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
    /// What was not asked for yet.
    invocations: tokio::sync::Mutex<mpsc::UnboundedReceiver<Invocation>>,
    /// What was not answered yet, by request id.
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

    /// Hands an event to the function when it asks for the next one.
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
        // The year 2100.
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
    // The test may have given up.
    let _ = open.send(answer(body));
    StatusCode::ACCEPTED
}
