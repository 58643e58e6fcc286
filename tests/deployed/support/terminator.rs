//! Proxy that stands for the TLS termination of AWS.
//!
//! The emulator speaks plain HTTP and learns from a header that the caller used TLS. Queues and
//! topics of a stage refuse callers without TLS.

use std::net::TcpListener;

use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONNECTION, TRANSFER_ENCODING};
use axum::http::{HeaderMap, HeaderValue, StatusCode};
use axum::response::Response;
use axum::{Router, serve};

/// Client and address of the emulator.
#[derive(Clone)]
struct Behind {
    http: reqwest::Client,
    url: String,
}

/// Serves `url` on a free port until the process ends. Returns the new address.
pub(crate) fn terminate_tls(url: &str) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.set_nonblocking(true).expect("a socket that can wait");
    let address = listener.local_addr().expect("an address");
    let behind = Behind { http: reqwest::Client::new(), url: url.to_owned() };
    let router = Router::new().fallback(forward).with_state(behind);
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.expect("a runtime").block_on(async {
            let listener = tokio::net::TcpListener::from_std(listener).expect("a listener");
            serve(listener, router).await.expect("it serves for ever");
        });
    });
    format!("http://{address}")
}

async fn forward(State(behind): State<Behind>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = to_bytes(body, usize::MAX).await.expect("a whole request");
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let mut headers = end_to_end(head.headers);
    headers.insert("x-forwarded-proto", HeaderValue::from_static("https"));
    let request = behind.http.request(head.method, format!("{}{path}", behind.url));
    // The host stays as it was signed.
    let answer = match request.headers(headers).body(body).send().await {
        Ok(answer) => answer,
        Err(error) => return unanswered(&error),
    };
    let (status, headers) = (answer.status(), end_to_end(answer.headers().clone()));
    match answer.bytes().await {
        Ok(body) => {
            let mut response = Response::new(Body::from(body));
            *response.status_mut() = status;
            *response.headers_mut() = headers;
            response
        }
        Err(error) => unanswered(&error),
    }
}

/// Without what concerns one connection only.
fn end_to_end(mut headers: HeaderMap) -> HeaderMap {
    headers.remove(CONNECTION);
    headers.remove(TRANSFER_ENCODING);
    headers
}

fn unanswered(error: &reqwest::Error) -> Response {
    let mut response = Response::new(Body::from(format!("the emulator does not answer: {error}")));
    *response.status_mut() = StatusCode::BAD_GATEWAY;
    response
}
