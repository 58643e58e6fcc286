//! Lambda function of the offers API, behind API Gateway: the same router as on one machine. The
//! authority comes from the authorizer.
//!
//! The function also answers the public health check, so that nobody without a token starts the
//! function that receives events.

#![recursion_limit = "256"]

use std::sync::Arc;

use aws::lambda::{Function, admitted};
use axum::Json;
use axum::routing::get;
use chrono::{DateTime, Utc};
use lambda_http::Error;
use lambda_http::tower::ServiceBuilder;
use pricing::api::{OffersService, router};
use serde_json::json;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    let router =
        router(Arc::new(OffersService { tables: function.tables()?, clock: Arc::new(now) }))
            .route("/healthz", get(async || Json(json!({ "status": "alive" }))));
    let service = ServiceBuilder::new().map_request(admitted).service(router);
    lambda_http::run(service).instrument(function.span()).await
}

#[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
