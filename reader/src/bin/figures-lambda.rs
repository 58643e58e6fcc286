//! Lambda function of the figures for analysts, behind API Gateway: the same router as on one
//! machine. The authority comes from the authorizer.

#![recursion_limit = "256"]

use std::sync::Arc;

use aws::lambda::{Function, admitted};
use chrono::{DateTime, Utc};
use lambda_http::Error;
use lambda_http::tower::ServiceBuilder;
use reader::api::{ReaderService, router};
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    let router =
        router(Arc::new(ReaderService { tables: function.tables()?, clock: Arc::new(now) }));
    let service = ServiceBuilder::new().map_request(admitted).service(router);
    lambda_http::run(service).instrument(function.span()).await
}

#[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
