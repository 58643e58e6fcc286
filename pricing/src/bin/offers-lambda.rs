//! The offers over HTTP as a Lambda function behind API Gateway: the same router as on one machine,
//! and who may read which store as the authorizer found it.

#![recursion_limit = "256"]

use std::sync::Arc;

use aws::lambda::{Function, admitted};
use chrono::{DateTime, Utc};
use lambda_http::Error;
use lambda_http::tower::ServiceBuilder;
use pricing::api::{Service, router};
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    let router = router(Arc::new(Service { tables: function.tables()?, clock: Arc::new(now) }));
    let service = ServiceBuilder::new().map_request(admitted).service(router);
    lambda_http::run(service).instrument(function.span()).await
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
