//! Lambda function of the rollup and the close of day, invoked by the queue of their schedule. It
//! visits one store after the other. The clock decides which windows and dates are over, so late or
//! repeated messages do no harm.

#![recursion_limit = "256"]

use aws::lambda::{DueBatch, Function};
use chrono::{DateTime, Utc};
use domain::DueStore;
use domain::ports::Failure;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use processors::{Closing, Rollup};
use tracing::{Instrument, warn};

#[expect(clippy::disallowed_methods, reason = "only programs read the clock")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    processors::metrics::describe();
    let tables = function.tables()?;
    let (rollup, closing) = (Rollup { tables: tables.clone() }, Closing { tables });
    let handler = service_fn(async |event: LambdaEvent<DueBatch>| {
        let visit = async |DueStore { store_id, .. }| {
            // Neither pass waits for the other to succeed.
            let rolled_up = rollup.roll_up(&store_id, now()).await.map(|_| ());
            let closed = closing.close_store(&store_id, now()).await.map(|_| ());
            both(rolled_up, closed)
        };
        let answer = event.payload.serve(visit).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(answer)
    });
    run(handler).instrument(function.span()).await
}

/// Returns the first failure, and logs the second one.
fn both(rolled_up: Result<(), Failure>, closed: Result<(), Failure>) -> Result<(), Failure> {
    if let (Err(_), Err(failure)) = (&rolled_up, &closed) {
        warn!("the close of day failed as well: {failure}");
    }
    rolled_up.and(closed)
}
