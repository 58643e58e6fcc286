//! Lambda function of the batch handler, invoked by the event source mapping of the stream.

#![recursion_limit = "256"]

use std::sync::Arc;

use aws::lambda::Function;
use aws::{BatchResponse, KinesisBatch};
use chrono::{DateTime, Utc};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use processors::Processor;
use processors::metrics::{count_freshness, describe};
use serde_json::value::RawValue;
use tracing::Instrument;

#[expect(clippy::disallowed_methods, reason = "only programs read the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    describe();
    let processor = Processor::new(function.tables()?, Arc::new(now));
    let processor = processor.with_age_max(function.age_max()?);
    // The payload stays text, so that its records are read from it without copies.
    let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
        let batch = KinesisBatch::parse(event.payload.get())?;
        let outcome = processor.process(batch.records()).await;
        count_freshness(&outcome.occurred_at, now());
        function.report(&event.context.request_id);
        Ok::<_, Error>(BatchResponse::retry_from(outcome.retry_from.as_ref()))
    });
    run(handler).instrument(function.span()).await
}
