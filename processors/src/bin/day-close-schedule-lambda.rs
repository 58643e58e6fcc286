//! Lambda function of the schedule of the close of day: each tick sends the due stores to a queue.
//! EventBridge Scheduler repeats a failed tick. The queue deduplicates a store of a slot for five
//! minutes, and a pass repeated later changes nothing.

#![recursion_limit = "256"]

use aws::lambda::{Function, ScheduleTick, SentStores};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use processors::CloseSchedule;
use tracing::Instrument;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start().await?;
    processors::metrics::describe();
    let schedule = CloseSchedule { tables: function.tables()?, queue: function.queue()? };
    let handler = service_fn(async |event: LambdaEvent<ScheduleTick>| {
        let sent = schedule.tick(event.payload.due).await;
        function.report(&event.context.request_id);
        Ok::<_, Error>(SentStores { stores: sent? })
    });
    run(handler).instrument(function.span()).await
}
