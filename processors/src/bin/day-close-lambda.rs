//! Lambda function of the close of day, invoked by the queue of its schedule. It rolls up the
//! windows and closes the days of one store after the other. The clock decides which windows and
//! dates are over, so late or repeated messages do no harm.

#![recursion_limit = "256"]

use aws::lambda::{DueBatch, Function};
use chrono::{DateTime, Utc};
use domain::DueStore;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use processors::visit_store;
use tracing::Instrument;

#[expect(clippy::disallowed_methods, reason = "only programs read the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    processors::metrics::describe();
    let tables = function.tables()?;
    let handler = service_fn(async |event: LambdaEvent<DueBatch>| {
        let close = async |DueStore { store_id, .. }| {
            visit_store(&tables, &store_id, now()).await.map(|_| ())
        };
        let answer = event.payload.serve(close).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(answer)
    });
    run(handler).instrument(function.span()).await
}
