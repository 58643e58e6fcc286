//! Lambda function of the ingest API behind API Gateway. It uses the same router as the local
//! machine. The authority of a request comes from the authorizer of API Gateway.

#![recursion_limit = "256"]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws::lambda::{Function, admitted};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::{DateTime, Utc};
use ingest::{IngestService, IngestSettings, router};
use lambda_http::RequestExt;
use lambda_http::tower::ServiceBuilder;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let function: &'static Function = Box::leak(Box::new(Function::start().await?));
    ingest::metrics::describe();
    let service = IngestService {
        log: function.stream()?,
        settings: IngestSettings { age_max: function.age_max()?, ..IngestSettings::default() },
        clock: Arc::new(now),
        monotonic: Arc::new(monotonic()),
        entropy: Arc::new(|| RandomState::new().hash_one(0)),
    };
    let report = move |request: Request, next: Next| async move {
        let request_id = request.lambda_context().request_id;
        let response = next.run(request).await;
        function.report(&request_id);
        response
    };
    let router = router(Arc::new(service)).layer(from_fn(report));
    let service = ServiceBuilder::new().map_request(admitted).service(router);
    lambda_http::run(service).instrument(function.span()).await
}

/// Returns the time since this call, measured by the monotonic clock.
#[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
fn monotonic() -> impl Fn() -> Duration + Send + Sync {
    let start = Instant::now();
    move || start.elapsed()
}

#[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
