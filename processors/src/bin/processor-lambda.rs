//! The batch handler as a Lambda function behind the event source mapping of the stream.

use aws::lambda::Function;
use aws::{Quarantine, Stock};
use aws_lambda_events::kinesis::{KinesisEvent, KinesisEventRecord};
use aws_lambda_events::streams::KinesisEventResponse;
use domain::{Delivered, SequenceNumber};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use processors::Processor;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let function = Function::start("processor").await?;
    let (names, dynamodb) = (&function.settings.names, &function.clients.dynamodb);
    let stock = Stock::new(dynamodb.clone(), names);
    let processor = Processor {
        stock: if function.settings.age_max.is_none() { stock.kept_forever() } else { stock },
        quarantine: Quarantine::new(dynamodb.clone(), names),
        age_max: function.settings.age_max,
    };
    run(service_fn(async |event: LambdaEvent<KinesisEvent>| {
        let records: Vec<Delivered> = event.payload.records.into_iter().map(delivered).collect();
        let outcome = processor.process(&records).await;
        function.report();
        let mut response = KinesisEventResponse::default();
        if let Some(number) = outcome.retry_from {
            response.add_failure(number.as_str());
        }
        Ok::<_, Error>(response)
    }))
    .await
}

fn delivered(record: KinesisEventRecord) -> Delivered {
    // `shardId-000000000006:4959…`
    let event_id = record.event_id.unwrap_or_default();
    Delivered {
        shard_id: event_id.split(':').next().unwrap_or_default().to_owned(),
        sequence_number: SequenceNumber::new(record.kinesis.sequence_number),
        partition_key: record.kinesis.partition_key,
        arrived_at: record.kinesis.approximate_arrival_timestamp.0,
        data: record.kinesis.data.0,
    }
}
