//! The schedule of the pricing as a Lambda function: each tick sends the stores that are due to
//! a queue. A tick that fails is sent again by EventBridge Scheduler; the queue takes each store of
//! a slot once in five minutes, and a pass that is repeated later changes nothing.

#![recursion_limit = "256"]

use aws::lambda::{Function, ScheduleTick, SentStores};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use pricing::Schedule;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    pricing::metrics::describe();
    let schedule = Schedule { tables: function.tables()?, queue: function.queue()? };
    let handler = service_fn(async |event: LambdaEvent<ScheduleTick>| {
        let sent = schedule.tick(event.payload.due).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(SentStores { stores: sent? })
    });
    run(handler).instrument(function.span()).await
}
