//! Router of the ingest API: the paths and the processing of a request.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::ports::{EventLog, PutOutcome};
use domain::{Authority, limits};
use http::{HeaderMap, Method, Uri};
use serde_json::json;
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};

use crate::binary_mode::BinaryMode;
use crate::body::{self, ContentEncoding};
use crate::format::BodyFormat;
use crate::pack::pack;
use crate::problem::RequestProblem;
use crate::publish::publish;
use crate::raw_event::split;
use crate::reply::Reply;
use crate::validate::{ValidatedEvent, validate as validate_events};
use crate::{IngestService, IngestSettings, metrics};

/// Time limit of the readiness check of the log.
const READY_MAX: Duration = Duration::from_secs(2);

/// Creates the router of the ingest API.
///
/// | path | answer |
/// |---|---|
/// | `POST /v1/events` | the result of each event; `stored` after the log has acknowledged it |
/// | `POST /v1/internal/events` | the same, for producers that sign with IAM on a deployed stage |
/// | `POST /v1/validate` | the result of each event, without storing any |
/// | `GET /v1/limits` | the limits in force |
/// | `GET /healthz` | 200 while the process runs |
/// | `GET /readyz` | 200 if the log accepts records, otherwise 503 |
///
/// Each event's store is checked against the [`Authority`] in the extensions of the request. The
/// program adds the authority after it has authenticated the sender. A request without an authority
/// is refused.
///
/// The fallback answers 404 as problem details. A program that merges the router with another one
/// that has a fallback calls [`Router::reset_fallback`] on one of them.
pub fn router<L: EventLog + 'static>(service: Arc<IngestService<L>>) -> Router {
    Router::new()
        .route("/v1/events", post(events::<L>))
        .route("/v1/internal/events", post(events::<L>))
        .route("/v1/validate", post(validate::<L>))
        .route("/v1/limits", get(published_limits::<L>))
        .route("/healthz", get(async || Json(json!({ "status": "alive" }))))
        .route("/readyz", get(ready::<L>))
        .fallback(async |uri: Uri| RequestProblem::NotFound { path: uri.path().to_owned() })
        .method_not_allowed_fallback(async |method: Method, uri: Uri| {
            RequestProblem::MethodNotAllowed { method, path: uri.path().to_owned() }
        })
        .layer(from_fn(count_request))
        .with_state(service)
}

async fn count_request(request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    metrics::request(response.status());
    response
}

async fn events<L: EventLog>(
    State(service): State<Arc<IngestService<L>>>,
    request: Request,
) -> Result<Response, RequestProblem> {
    async {
        let events = receive(&service, request).await?;
        let puts = store(&service, &events).await;
        let reply = Reply::new(&events, Some(&puts), (service.entropy)());
        reply.count();
        Ok(reply.into_response())
    }
    .instrument(request_span())
    .await
}

async fn validate<L: EventLog>(
    State(service): State<Arc<IngestService<L>>>,
    request: Request,
) -> Result<Response, RequestProblem> {
    async {
        let events = receive(&service, request).await?;
        Ok(Reply::new(&events, None, 0).into_response())
    }
    .instrument(request_span())
    .await
}

/// Creates the span of a request. The fields are recorded as they become known. The body is never
/// recorded.
fn request_span() -> Span {
    info_span!(
        "request",
        trace_id = Empty,
        format = Empty,
        encoding = Empty,
        bytes = Empty,
        events = Empty
    )
}

/// Returns the trace id of the header `traceparent`. It is logged and not part of an event, so a
/// resend under another trace is the same event. Source: W3C Trace Context, section 3.2.
fn trace_id(headers: &HeaderMap) -> Option<&str> {
    let mut parts = headers.get("traceparent")?.to_str().ok()?.split('-');
    let (version, trace_id) = (parts.next()?, parts.next()?);
    let is_hex = |text: &str| text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    let is_valid =
        version.len() == 2 && trace_id.len() == 32 && is_hex(version) && is_hex(trace_id);
    Some(trace_id).filter(|id| is_valid && version != "ff" && id.bytes().any(|byte| byte != b'0'))
}

/// Reads a request and validates its events.
async fn receive<L>(
    service: &IngestService<L>,
    request: Request,
) -> Result<Vec<ValidatedEvent>, RequestProblem> {
    let events = read(service, request).await;
    events.inspect_err(|problem| info!(problem = problem.urn(), "a request was refused"))
}

async fn read<L>(
    service: &IngestService<L>,
    request: Request,
) -> Result<Vec<ValidatedEvent>, RequestProblem> {
    let (head, body) = request.into_parts();
    let authority = head.extensions.get::<Authority>().ok_or(RequestProblem::Unauthenticated)?;
    let span = Span::current();
    if let Some(trace_id) = trace_id(&head.headers) {
        span.record("trace_id", trace_id);
    }
    let format = BodyFormat::of(&head.headers)?;
    let encoding = ContentEncoding::of(&head.headers)?;
    span.record("format", format.as_str()).record("encoding", encoding.as_str());

    let received = body::read(body).await?;
    span.record("bytes", received.len());
    let acceptance = service.acceptance();
    let bytes = body::inflate(received, encoding)?;
    let text = body::text(&bytes)?;
    let raw_events = match BinaryMode::of(&head.headers, format) {
        Some(attributes) => vec![attributes.event(text, format)?],
        None => split(text, format)?,
    };
    span.record("events", raw_events.len());
    Ok(validate_events(raw_events, &acceptance, authority))
}

/// Stores the valid events. Returns the outcome of each valid event by its index.
async fn store<L: EventLog>(
    service: &IngestService<L>,
    events: &[ValidatedEvent],
) -> Vec<Option<Arc<PutOutcome>>> {
    let mut puts = vec![None; events.len()];
    let all = events.iter().enumerate();
    let packed = pack(all.filter_map(|(index, event)| Some((index, event.valid()?))));
    if packed.is_empty() {
        return puts;
    }
    let (records, indexes): (Vec<_>, Vec<_>) =
        packed.into_iter().map(|packed| (packed.record, packed.indexes)).unzip();
    for (put, indexes) in publish(service, records).await.into_iter().zip(indexes) {
        let put = Arc::new(put);
        for index in indexes {
            puts[index] = Some(Arc::clone(&put));
        }
    }
    puts
}

async fn ready<L: EventLog>(
    State(service): State<Arc<IngestService<L>>>,
) -> Result<impl IntoResponse, RequestProblem> {
    match timeout(READY_MAX, service.log.check_ready()).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Err(failure)) => Err(RequestProblem::NotReady(failure.to_string())),
        Err(_) => {
            let seconds = READY_MAX.as_secs();
            Err(RequestProblem::NotReady(format!("it did not answer within {seconds} s")))
        }
    }
}

async fn published_limits<L: EventLog>(
    State(service): State<Arc<IngestService<L>>>,
) -> impl IntoResponse {
    let IngestSettings { age_max, ahead_max } = &service.settings;
    Json(json!({
        "request": {
            "body_bytes_max": limits::BODY_BYTES_MAX,
            "inflated_bytes_max": limits::INFLATED_BYTES_MAX,
            "events_max": limits::REQUEST_EVENTS_MAX,
            "read_seconds_max": limits::REQUEST_READ_MAX.as_secs(),
            "store_seconds_max": limits::REQUEST_STORE_MAX.as_secs(),
            "content_types": BodyFormat::accepted().collect::<Vec<_>>(),
            "content_encodings": ContentEncoding::ACCEPTED,
        },
        "event": {
            "id_characters_max": limits::ID_CHARS_MAX,
            "lot_characters_max": limits::LOT_CHARS_MAX,
            "quantity_max": limits::QUANTITY_MAX,
            "quantity_decimal_places_max": limits::QUANTITY_SCALE_MAX,
            "unit_price_max": limits::UNIT_PRICE_MAX,
            "amount_max": limits::LINE_AMOUNT_MAX,
            "line_max": limits::RECEIPT_LINE_MAX,
            "age_seconds_max": age_max.map(|age| age.as_secs()),
            "ahead_seconds_max": ahead_max.as_secs(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_id_is_read_only_from_a_valid_header() {
        let id = |text: &str| {
            let headers = HeaderMap::from_iter([(
                http::HeaderName::from_static("traceparent"),
                text.parse().expect("a value"),
            )]);
            trace_id(&headers).map(str::to_owned)
        };
        let trace = "4bf92f3577b34da6a3ce929d0e0e4736";
        let valid = format!("00-{trace}-00f067aa0ba902b7-01");
        assert_eq!(id(&valid).as_deref(), Some(trace));
        for wrong in [
            "",
            "00",
            &valid.to_uppercase(),
            &valid.replacen("00", "ff", 1),
            &valid.replace(trace, &"0".repeat(32)),
            &valid.replace(trace, "4bf9"),
        ] {
            assert_eq!(id(wrong), None, "{wrong}");
        }
    }
}
