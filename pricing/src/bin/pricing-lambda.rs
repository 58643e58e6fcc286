//! Lambda function of the pricing, behind the queue of its schedule: one store at a time. The
//! message names the slot, so that a repeated message decides the same. A message that is delivered
//! after the end of its slot decides nothing.

#![recursion_limit = "256"]

use aws::lambda::{DueBatch, Function};
use chrono::{DateTime, Utc};
use domain::DueStore;
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pricing::Pricing;
use pricing::metrics::{count_freshness, describe};
use tracing::Instrument;

#[expect(clippy::disallowed_methods, reason = "the program reads the clock")]
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
            let report = pricing.price_store(&store_id, due, now()).await?;
            count_freshness(&report, due, now());
            Ok(())
        };
        let answer = event.payload.serve(price).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(answer)
    });
    run(handler).instrument(function.span()).await
}
