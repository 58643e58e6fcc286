//! Lambda function of the pricing schedule: each tick sends the due stores to a queue. EventBridge
//! Scheduler repeats a failed tick. The queue accepts a store and slot once within five minutes,
//! and a pass that is repeated later changes nothing.

#![recursion_limit = "256"]

use aws::lambda::{Function, ScheduleTick, SentStores};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pricing::PricingSchedule;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    pricing::metrics::describe();
    let schedule = PricingSchedule { tables: function.tables()?, queue: function.queue()? };
    let handler = service_fn(async |event: LambdaEvent<ScheduleTick>| {
        let sent = schedule.tick(event.payload.due).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(SentStores { stores: sent? })
    });
    run(handler).instrument(function.span()).await
}
