//! Kinesis event of Lambda, the payload of an invocation.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use domain::record::Delivered;
use serde_json::{Value, json};

/// ARN of the reader in an event. Outside of AWS nothing checks it.
const INVOKE_IDENTITY_ARN: &str = "arn:aws:iam::000000000000:role/daymark";

/// Creates the event that Lambda would pass to a function.
pub fn lambda_event(records: &[Delivered], stream_arn: &str) -> Value {
    json!({ "Records": records.iter().map(|record| entry(record, stream_arn)).collect::<Vec<_>>() })
}

fn entry(record: &Delivered, stream_arn: &str) -> Value {
    let arrived_seconds = record.arrived_at.timestamp_millis() as f64 / 1000.0;
    json!({
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record.partition_key,
            "sequenceNumber": record.sequence_number.as_str(),
            "data": STANDARD.encode(&record.data),
            "approximateArrivalTimestamp": arrived_seconds,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": format!("{}:{}", record.shard_id, record.sequence_number),
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": INVOKE_IDENTITY_ARN,
        "awsRegion": stream_arn.split(':').nth(3).unwrap_or_default(),
        "eventSourceARN": stream_arn,
    })
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use domain::record::SequenceNumber;
    use proptest::prelude::*;

    use super::*;
    use crate::decisions::batching::RecordSize;

    const ARN: &str = "arn:aws:kinesis:eu-central-1:000000000000:stream/till-events";

    proptest! {
        #[test]
        fn the_payload_size_is_an_upper_bound_of_the_record_in_the_event(
            key in "\\PC{1,64}|[\\x00-\\x20\"\\\\]{1,64}",
            number in "[0-9]{1,129}",
            data in prop::collection::vec(any::<u8>(), 0..500),
            arrived_millis in 0..4_000_000_000_000_i64,
        ) {
            let record = Delivered {
                shard_id: "shardId-000000000000".to_owned(),
                sequence_number: SequenceNumber::new(number),
                partition_key: key,
                arrived_at: DateTime::from_timestamp_millis(arrived_millis).unwrap(),
                data,
            };
            let entry = entry(&record, ARN).to_string();
            prop_assert!(RecordSize::new(&record, ARN).payload > entry.len(), "{entry}");
        }
    }
}
