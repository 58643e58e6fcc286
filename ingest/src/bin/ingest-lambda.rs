//! The ingest API as a Lambda function behind API Gateway: the same router as on one machine.

#![recursion_limit = "256"]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use aws::Stream;
use aws::lambda::Function;
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::{DateTime, Utc};
use ingest::{Service, Settings, router};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), lambda_http::Error> {
    let function: &'static Function = Box::leak(Box::new(Function::start("ingest").await?));
    ingest::metrics::describe();
    let service = Service {
        log: Stream::new(function.clients.kinesis.clone(), &function.settings.names),
        settings: Settings { age_max: function.settings.age_max, ..Settings::default() },
        clock: Arc::new(now),
        entropy: Arc::new(|| RandomState::new().hash_one(0)),
    };
    let report = move |request: Request, next: Next| async move {
        let response = next.run(request).await;
        function.report();
        response
    };
    lambda_http::run(router(Arc::new(service)).layer(from_fn(report))).await
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
