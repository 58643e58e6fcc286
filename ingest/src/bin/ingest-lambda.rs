//! The ingest API as a Lambda function behind API Gateway: the same router as on one machine, and
//! who may write for which store as the authorizer found it.

#![recursion_limit = "256"]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use aws::lambda::{Function, admitted};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::{DateTime, Utc};
use ingest::{Service, Settings, router};
use lambda_http::RequestExt;
use lambda_http::tower::ServiceBuilder;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let function: &'static Function = Box::leak(Box::new(Function::start().await?));
    ingest::metrics::describe();
    let service = Service {
        log: function.stream()?,
        settings: Settings { age_max: function.age_max()?, ..Settings::default() },
        clock: Arc::new(now),
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

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
