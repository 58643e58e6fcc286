//! Budget for the request bodies that a server holds at the same time. Without it, memory follows
//! the number of callers.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Poll, ready};

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::header::{CONTENT_ENCODING, CONTENT_TYPE, RETRY_AFTER};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use domain::limits::INFLATED_BYTES_MAX;
use hyper::body::{Frame, SizeHint};

/// Bytes of bodies that a server holds, for requests that are not answered yet: sixteen of the
/// largest of the ingest API, four of the largest of the endpoints of AWS services.
pub(crate) const HELD_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Bytes of a compressed body for one byte as sent: JSON events shrink to a tenth, and less if they
/// are alike. The inflated body and its events are in memory until the answer.
const INFLATION: u64 = 16;
/// Seconds after which a refused caller should come again.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("1");

/// Bytes of bodies held by a server.
#[derive(Clone)]
pub(crate) struct BodyBudget {
    held: Arc<AtomicU64>,
    held_max: u64,
}

impl BodyBudget {
    pub(crate) fn new(held_max: u64) -> Self {
        Self { held: Arc::default(), held_max }
    }

    fn take(&self, bytes: u64) -> bool {
        let take = |held: u64| held.checked_add(bytes).filter(|held| *held <= self.held_max);
        self.held.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

/// Part of the budget that one request has.
struct Share {
    budget: BodyBudget,
    bytes: AtomicU64,
    is_refused: AtomicBool,
    is_compressed: bool,
}

impl Share {
    /// Returns the bytes to hold for `sent` bytes of the body.
    fn needed(&self, sent: u64) -> u64 {
        let inflated = sent.saturating_mul(INFLATION).min(INFLATED_BYTES_MAX as u64);
        if self.is_compressed { sent.max(inflated) } else { sent }
    }

    /// Extends the share to `sent` bytes of the body, unless the budget is exhausted.
    fn extend_to(&self, sent: u64) -> bool {
        let more = self.needed(sent).saturating_sub(self.bytes.load(Ordering::Relaxed));
        let is_taken = self.budget.take(more);
        if is_taken {
            self.bytes.fetch_add(more, Ordering::Relaxed);
        }
        is_taken
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        self.budget.held.fetch_sub(self.bytes.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// Answers 503 to requests whose bodies do not fit the budget. A body has its announced length from
/// its first read until the answer.
pub(crate) async fn hold(
    State(budget): State<BodyBudget>,
    request: Request,
    next: Next,
) -> Response {
    let is_compressed = request.headers().contains_key(CONTENT_ENCODING);
    let (bytes, is_refused) = (AtomicU64::new(0), AtomicBool::new(false));
    let share = Arc::new(Share { budget, bytes, is_refused, is_compressed });
    let held = share.clone();
    let request = request.map(|body| Body::new(HeldBody { body, share: held, read: 0 }));
    let response = next.run(request).await;
    if share.is_refused.load(Ordering::Relaxed) { overloaded() } else { response }
}

/// Body whose bytes are in a share of the budget.
struct HeldBody {
    body: Body,
    share: Arc<Share>,
    read: u64,
}

impl hyper::body::Body for HeldBody {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let announced = self.read + self.body.size_hint().lower();
        let mut fits =
            !self.share.is_refused.load(Ordering::Relaxed) && self.share.extend_to(announced);
        loop {
            let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
            let Some(Ok(frame)) = frame else {
                return Poll::Ready(match frame {
                    None if !fits => Some(Err(axum::Error::new("the server is overloaded"))),
                    frame => frame,
                });
            };
            self.read += frame.data_ref().map_or(0, |data| data.len() as u64);
            fits = fits && self.share.extend_to(self.read);
            if fits {
                return Poll::Ready(Some(Ok(frame)));
            }
            // The rest is read and not kept: a caller that is cut off while it sends would see a
            // broken connection and no answer.
            self.share.is_refused.store(true, Ordering::Relaxed);
        }
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }
}

/// Returns problem details. `__type` and `message` are for the SDKs of AWS, which try again.
fn overloaded() -> Response {
    let detail = "the machine has too many large requests at once, and has taken nothing of this \
                  one; send it again";
    let body = serde_json::json!({
        "type": "urn:daymark:problem:overloaded",
        "title": "Too many large requests at once",
        "status": 503,
        "detail": detail,
        "__type": "ServiceUnavailableException",
        "message": detail,
    });
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("application/problem+json")),
        (RETRY_AFTER, RETRY_SECONDS),
    ];
    (StatusCode::SERVICE_UNAVAILABLE, headers, body.to_string()).into_response()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::future::poll_fn;
    use std::pin::pin;

    use axum::Router;
    use axum::body::to_bytes;
    use axum::middleware::from_fn_with_state;
    use axum::routing::post;
    use hyper::service::Service;
    use hyper_util::service::TowerToHyperService;
    use tokio::sync::Semaphore;

    use super::*;

    /// Returns a server that reads bodies, and answers when the gate opens.
    fn server(held_max: u64, gate: Arc<Semaphore>) -> TowerToHyperService<Router> {
        let read = async move |body: Body| {
            let bytes = to_bytes(body, usize::MAX).await.map_err(|_| StatusCode::BAD_REQUEST)?;
            let _open = gate.acquire().await;
            Ok::<_, StatusCode>(bytes.len().to_string())
        };
        let budget = BodyBudget::new(held_max);
        let router = Router::new().route("/", post(read)).layer(from_fn_with_state(budget, hold));
        TowerToHyperService::new(router)
    }

    fn request(body: impl Into<Body>) -> Request {
        Request::post("/").body(body.into()).expect("a request")
    }

    /// Runs an answer until it waits.
    async fn started<F: Future<Output = Result<Response, Infallible>>>(answer: &mut Pin<&mut F>) {
        let is_done = poll_fn(|context| Poll::Ready(answer.as_mut().poll(context).is_ready()));
        assert!(!is_done.await, "it waits for the gate");
    }

    #[tokio::test]
    async fn bodies_beyond_the_budget_are_refused_until_an_answer_frees_room() {
        let gate = Arc::new(Semaphore::new(0));
        let server = server(100, gate.clone());
        let mut first = pin!(server.call(request(vec![0; 60])));
        started(&mut first).await;
        let refused = server.call(request(vec![0; 41])).await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(refused.headers()[RETRY_AFTER], "1");
        let mut second = pin!(server.call(request(vec![0; 40])));
        started(&mut second).await;
        gate.add_permits(1);
        for answer in [first.await, second.await] {
            assert_eq!(answer.expect("an answer").status(), StatusCode::OK);
        }
        let after = server.call(request(vec![0; 100])).await.expect("an answer");
        assert_eq!(after.status(), StatusCode::OK, "all room is free again");
    }

    #[tokio::test]
    async fn a_compressed_body_counts_as_large_as_it_may_become() {
        let gate = Arc::new(Semaphore::new(0));
        let server = server(INFLATION * 10, gate.clone());
        let compressed = |bytes: usize| {
            let mut request = request(vec![0; bytes]);
            request.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            request
        };
        let mut first = pin!(server.call(compressed(9)));
        started(&mut first).await;
        let refused = server.call(compressed(2)).await.expect("an answer");
        assert_eq!(refused.status(), StatusCode::SERVICE_UNAVAILABLE);
        gate.add_permits(2);
        assert_eq!(first.await.expect("an answer").status(), StatusCode::OK);
        let after = server.call(compressed(10)).await.expect("an answer");
        assert_eq!(after.status(), StatusCode::OK, "all room is free again");
    }
}
