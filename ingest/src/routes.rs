//! The paths, and a request's way through the other files.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Request, State};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use domain::ports::EventLog;
use domain::{Authority, limits};
use http::{Method, Uri};
use serde_json::json;
use tokio::time::timeout;
use tracing::field::Empty;
use tracing::{Instrument, Span, info, info_span};

use crate::accept::{Verdict, accept};
use crate::body::{self, Encoding};
use crate::format::Format;
use crate::pack::pack;
use crate::problem::Problem;
use crate::publish::{Fate, publish};
use crate::reply::Reply;
use crate::split::split;
use crate::{Service, Settings, metrics};

/// How long the log may take to say whether it is ready.
const READY_MAX: Duration = Duration::from_secs(2);

/// The receiver's paths.
///
/// | path | answers |
/// |---|---|
/// | `POST /v1/events` | what became of each event; `stored` only after the log has said so |
/// | `POST /v1/internal/events` | the same; where it is deployed, for programs that IAM knows |
/// | `POST /v1/validate` | the same without storing anything |
/// | `GET /v1/limits` | the limits, as they are in force |
/// | `GET /healthz` | 200 while the process lives |
/// | `GET /readyz` | whether the log can be written to |
///
/// Events are judged by the [`Authority`] that is among the request's extensions: who puts it there
/// has checked the sender. A request without one is refused.
///
/// It listens nowhere: the shell does. Its fallback answers 404 as problem details; a shell that
/// merges it with another router's fallback calls [`Router::reset_fallback`] on one of them.
pub fn router<L: EventLog + 'static>(service: Arc<Service<L>>) -> Router {
    Router::new()
        .route("/v1/events", post(events::<L>))
        .route("/v1/internal/events", post(events::<L>))
        .route("/v1/validate", post(validate::<L>))
        .route("/v1/limits", get(published_limits::<L>))
        .route("/healthz", get(async || Json(json!({ "status": "alive" }))))
        .route("/readyz", get(ready::<L>))
        .fallback(async |uri: Uri| Problem::NotFound { path: uri.path().to_owned() })
        .method_not_allowed_fallback(async |method: Method, uri: Uri| Problem::MethodNotAllowed {
            method,
            path: uri.path().to_owned(),
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
    State(service): State<Arc<Service<L>>>,
    request: Request,
) -> Result<Response, Problem> {
    async {
        let verdicts = receive(&service, request).await?;
        let fates = store(&service, &verdicts).await;
        let reply = Reply::new(&verdicts, Some(&fates), (service.entropy)());
        reply.count();
        Ok(reply.into_response())
    }
    .instrument(request_span())
    .await
}

async fn validate<L: EventLog>(
    State(service): State<Arc<Service<L>>>,
    request: Request,
) -> Result<Response, Problem> {
    async {
        let verdicts = receive(&service, request).await?;
        Ok(Reply::new(&verdicts, None, 0).into_response())
    }
    .instrument(request_span())
    .await
}

/// Its fields are filled as they become known; a body never gets into it.
fn request_span() -> Span {
    info_span!("request", format = Empty, encoding = Empty, bytes = Empty, events = Empty)
}

/// From the request to a verdict on each of its events.
async fn receive<L>(service: &Service<L>, request: Request) -> Result<Vec<Verdict>, Problem> {
    let verdicts = read(service, request).await;
    verdicts.inspect_err(|problem| info!(problem = problem.urn(), "a request was refused"))
}

async fn read<L>(service: &Service<L>, request: Request) -> Result<Vec<Verdict>, Problem> {
    let (head, body) = request.into_parts();
    let authority = head.extensions.get::<Authority>().ok_or(Problem::Unauthenticated)?;
    if head.headers.contains_key("idempotency-key") {
        return Err(Problem::IdempotencyKey);
    }
    let format = Format::of(&head.headers)?;
    let encoding = Encoding::of(&head.headers)?;
    let span = Span::current();
    span.record("format", format.as_str()).record("encoding", encoding.as_str());

    let travelled = body::read(body).await?;
    span.record("bytes", travelled.len());
    let acceptance = service.acceptance();
    let bytes = body::inflate(travelled, encoding)?;
    let pieces = split(body::text(&bytes)?, format)?;
    span.record("events", pieces.len());
    Ok(accept(pieces, &acceptance, authority))
}

/// Puts the fresh events; answers for each of them by its index.
async fn store<L: EventLog>(service: &Service<L>, verdicts: &[Verdict]) -> Vec<Option<Fate>> {
    let mut fates = vec![None; verdicts.len()];
    let fresh = verdicts.iter().enumerate();
    let packed = pack(fresh.filter_map(|(index, verdict)| Some((index, verdict.fresh()?))));
    if packed.is_empty() {
        return fates;
    }
    let (records, indexes): (Vec<_>, Vec<_>) =
        packed.into_iter().map(|packed| (packed.record, packed.indexes)).unzip();
    let record_fates = publish(&service.log, records, &service.entropy).await;
    for (fate, indexes) in record_fates.into_iter().zip(indexes) {
        for index in indexes {
            fates[index] = Some(fate.clone());
        }
    }
    fates
}

async fn ready<L: EventLog>(
    State(service): State<Arc<Service<L>>>,
) -> Result<impl IntoResponse, Problem> {
    match timeout(READY_MAX, service.log.check_ready()).await {
        Ok(Ok(())) => Ok(Json(json!({ "status": "ready" }))),
        Ok(Err(failure)) => Err(Problem::NotReady(failure.to_string())),
        Err(_) => {
            let seconds = READY_MAX.as_secs();
            Err(Problem::NotReady(format!("it did not answer within {seconds} s")))
        }
    }
}

async fn published_limits<L: EventLog>(
    State(service): State<Arc<Service<L>>>,
) -> impl IntoResponse {
    let Settings { age_max, ahead_max } = &service.settings;
    Json(json!({
        "request": {
            "body_bytes_max": limits::BODY_BYTES_MAX,
            "inflated_bytes_max": limits::INFLATED_BYTES_MAX,
            "events_max": limits::REQUEST_EVENTS_MAX,
            "read_seconds_max": limits::REQUEST_READ_MAX.as_secs(),
            "store_seconds_max": limits::REQUEST_STORE_MAX.as_secs(),
            "content_types": Format::accepted().collect::<Vec<_>>(),
            "content_encodings": Encoding::ACCEPTED,
        },
        "event": {
            "id_characters_max": limits::ID_CHARS_MAX,
            "lot_characters_max": limits::LOT_CHARS_MAX,
            "quantity_max": limits::QUANTITY_MAX,
            "quantity_decimal_places_max": limits::QUANTITY_SCALE_MAX,
            "unit_price_max": limits::UNIT_PRICE_MAX,
            "age_seconds_max": age_max.map(|age| age.as_secs()),
            "ahead_seconds_max": ahead_max.as_secs(),
        },
    }))
}
