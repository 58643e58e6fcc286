//! The ingest API as a Lambda function behind API Gateway: the same router as on one machine, and
//! who may write for which store as the authorizer found it.

#![recursion_limit = "256"]

use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use aws::lambda::{Function, authority, path_below_stage};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use chrono::{DateTime, Utc};
use http::Uri;
use ingest::{Service, Settings, router};
use lambda_http::RequestExt;
use lambda_http::request::RequestContext;
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

/// The request with what API Gateway knows of it: the authority, and which part of the path is the
/// stage. The router refuses events of a request that gets no authority here.
fn admitted(mut request: lambda_http::Request) -> lambda_http::Request {
    let context = request.extensions().get::<RequestContext>().cloned();
    let Some(RequestContext::ApiGatewayV2(context)) = context else { return request };
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    if let Ok(uri) = path_below_stage(path, &context).parse::<Uri>() {
        *request.uri_mut() = uri;
    }
    if let Some(authority) = authority(&context) {
        request.extensions_mut().insert(authority);
    }
    request
}

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}
