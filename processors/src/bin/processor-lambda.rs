//! The batch handler as a Lambda function behind the event source mapping of the stream.

#![recursion_limit = "256"]

use aws::lambda::{Batch, BatchAnswer, Function};
use aws::{Quarantine, Stock};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use processors::Processor;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("processor").await?;
    processors::metrics::describe();
    let (names, dynamodb) = (&function.settings.names, &function.clients.dynamodb);
    let stock = Stock::new(dynamodb.clone(), names);
    let age_max = function.settings.age_max;
    let stock = if age_max.is_none() { stock.kept_forever() } else { stock };
    let quarantine = Quarantine::new(dynamodb.clone(), names);
    let processor = Processor { age_max, ..Processor::new(stock, quarantine) };
    run(service_fn(async |event: LambdaEvent<Batch>| {
        let outcome = processor.process(&event.payload.records).await;
        function.report();
        Ok::<_, Error>(BatchAnswer::retry_from(outcome.retry_from.as_ref()))
    }))
    .await
}
