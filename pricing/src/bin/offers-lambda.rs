//! The offers over HTTP as a Lambda function behind API Gateway: the same router as on one machine,
//! and who may read which store as the authorizer found it.

#![recursion_limit = "256"]

use std::sync::Arc;

use aws::lambda::{Function, Tables, admit};
use chrono::{DateTime, Utc};
use lambda_http::request::RequestContext;
use lambda_http::tower::ServiceBuilder;
use lambda_http::{Error, Request};
use pricing::api::{Service, router};
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    let Tables { catalog, offers, .. } = function.tables()?;
    let router = router(Arc::new(Service { catalog, offers, clock: Arc::new(now) }));
    let service = ServiceBuilder::new().map_request(admitted).service(router);
    lambda_http::run(service).instrument(function.span()).await
}

/// The request with what API Gateway knows of its sender. The router refuses one that gets no
/// authority here.
fn admitted(request: Request) -> Request {
    let (mut head, body) = request.into_parts();
    if let Some(RequestContext::ApiGatewayV2(context)) = head.extensions.get().cloned() {
        admit(&mut head, &context);
    }
    Request::from_parts(head, body)
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
