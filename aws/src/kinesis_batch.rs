//! Request and response of a function behind the event source mapping of a stream.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};
use domain::{Delivered, SequenceNumber};
use serde::de::Error;
use serde::{Deserialize, Deserializer, Serialize};

/// Records of one invocation, in order.
///
/// `aws_lambda_events` 1.2.1 is not used: it parses the fraction of an arrival time as a number of
/// milliseconds, so that `.5` becomes 5 ms and four digits are an error.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct KinesisBatch {
    /// Records in the order of the batch.
    #[serde(rename = "Records", deserialize_with = "records")]
    pub records: Vec<Delivered>,
}

/// Partial batch response: identifiers of the records or messages to deliver again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BatchResponse {
    batch_item_failures: Vec<BatchItemFailure>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
struct BatchItemFailure {
    item_identifier: String,
}

impl BatchResponse {
    /// Requests redelivery from this record on; `None` requests none.
    #[must_use]
    pub fn retry_from(lowest: Option<&SequenceNumber>) -> Self {
        Self::retry(lowest.map(|number| number.as_str().to_owned()))
    }

    /// Requests redelivery of these records or messages.
    pub(super) fn retry(items: impl IntoIterator<Item = String>) -> Self {
        let failure = |item_identifier| BatchItemFailure { item_identifier };
        Self { batch_item_failures: items.into_iter().map(failure).collect() }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct MappedRecord {
    /// Shard and sequence number, like `shardId-000000000006:4959…`.
    #[serde(rename = "eventID")]
    event_id: String,
    kinesis: RecordContent,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordContent {
    partition_key: String,
    sequence_number: String,
    /// Bytes of the record in base64.
    data: String,
    /// Seconds since 1970.
    approximate_arrival_timestamp: f64,
}

fn records<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Delivered>, D::Error> {
    Vec::<MappedRecord>::deserialize(deserializer)?.into_iter().map(delivered).collect()
}

fn delivered<E: Error>(record: MappedRecord) -> Result<Delivered, E> {
    let MappedRecord { event_id, kinesis } = record;
    Ok(Delivered {
        shard_id: event_id.split(':').next().unwrap_or_default().to_owned(),
        sequence_number: SequenceNumber::new(kinesis.sequence_number),
        partition_key: kinesis.partition_key,
        arrived_at: instant(kinesis.approximate_arrival_timestamp)
            .ok_or_else(|| E::custom("approximateArrivalTimestamp is not an instant"))?,
        data: STANDARD.decode(kinesis.data).map_err(E::custom)?,
    })
}

/// Converts seconds to an instant. Kinesis has milliseconds; a floating-point number is rarely
/// exact, so it is rounded.
fn instant(seconds: f64) -> Option<DateTime<Utc>> {
    DateTime::from_timestamp_millis((seconds * 1_000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn batch(arrived_seconds: &serde_json::Value) -> Result<KinesisBatch, serde_json::Error> {
        serde_json::from_value(json!({ "Records": [{
            "eventID": "shardId-000000000006:4959",
            "eventSource": "aws:kinesis",
            "kinesis": {
                "kinesisSchemaVersion": "1.0", "partitionKey": "s1", "sequenceNumber": "4959",
                "data": "aGVsbG8=", "approximateArrivalTimestamp": arrived_seconds,
            },
        }]}))
    }

    #[test]
    fn an_arrival_keeps_its_millisecond() {
        for millis in 0..1_000 {
            let arrived = 1_790_000_000_000 + millis;
            let read = batch(&json!(arrived as f64 / 1_000.0)).unwrap();
            assert_eq!(read.records[0].arrived_at.timestamp_millis(), arrived);
        }
        let whole = batch(&json!(1_790_000_000)).unwrap();
        assert_eq!(whole.records[0].arrived_at.timestamp_millis(), 1_790_000_000_000);
    }

    #[test]
    fn a_record_has_its_shard_and_sequence_number() {
        let read = batch(&json!(1_790_000_000.5)).unwrap();
        let record = &read.records[0];
        assert_eq!(record.shard_id, "shardId-000000000006");
        assert_eq!(record.sequence_number, SequenceNumber::new("4959"));
        assert_eq!((record.partition_key.as_str(), &*record.data), ("s1", &b"hello"[..]));
    }

    #[test]
    fn the_response_names_the_record_to_start_from() {
        let answer = |lowest: Option<&SequenceNumber>| {
            serde_json::to_string(&BatchResponse::retry_from(lowest)).unwrap()
        };
        assert_eq!(answer(None), r#"{"batchItemFailures":[]}"#);
        assert_eq!(
            answer(Some(&SequenceNumber::new("4959"))),
            r#"{"batchItemFailures":[{"itemIdentifier":"4959"}]}"#
        );
    }
}
