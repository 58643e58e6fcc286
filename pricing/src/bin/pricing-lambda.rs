//! The pricing as a Lambda function behind the queue of its schedule: one store after the other.
//! The message says the slot, so that one that comes late or twice decides the same; or nothing,
//! when the slot is over.

#![recursion_limit = "256"]

use aws::lambda::{DueBatch, Function};
use chrono::{DateTime, Utc};
use domain::DueStore;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pricing::Pricing;
use pricing::metrics::{count_freshness, describe};
use tracing::Instrument;

#[expect(clippy::disallowed_methods, reason = "the shell is where the clock is read")]
fn now() -> DateTime<Utc> {
    DateTime::from(std::time::SystemTime::now())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    describe();
    let pricing = Pricing { tables: function.tables()? };
    let handler = service_fn(async |event: LambdaEvent<DueBatch>| {
        let price = async |DueStore { store_id, due }| {
            let pass = pricing.price_store(&store_id, due, now()).await?;
            count_freshness(&pass, due, now());
            Ok(())
        };
        let answer = event.payload.serve(price).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(answer)
    });
    run(handler).instrument(function.span()).await
}
