//! Request and response of a function behind the event source mapping of a stream.

mod plain;

use std::borrow::Cow;

use base64_simd::{Out, STANDARD};
use chrono::{DateTime, Utc};
use domain::SequenceNumber;
use domain::record::DeliveredRef;
use serde::{Deserialize, Deserializer, Serialize};

/// Records of one invocation, in order. Texts are borrowed from the payload, and the data of all
/// records are in one buffer.
///
/// `aws_lambda_events` 1.2.1 is not used: it parses the fraction of an arrival time as a number of
/// milliseconds, so that `.5` becomes 5 ms and four digits are an error. It also copies each text.
///
/// ```
/// let payload = r#"{"Records":[{"eventID":"shardId-000000000006:4959","kinesis":{
///     "partitionKey":"0042","sequenceNumber":"4959","data":"aGVsbG8=",
///     "approximateArrivalTimestamp":1790000000.5}}]}"#;
/// let batch = aws::KinesisBatch::parse(payload)?;
/// let record = batch.records().next().expect("a record");
/// assert_eq!((record.shard_id, record.data), ("shardId-000000000006", &b"hello"[..]));
/// # Ok::<(), aws::KinesisBatchError>(())
/// ```
#[derive(Debug)]
pub struct KinesisBatch<'a> {
    records: Vec<MappedRecord<'a>>,
    /// Arrival of each record, and the end of its data.
    decoded: Vec<(DateTime<Utc>, usize)>,
    /// Data of all records, one after the other.
    data: Vec<u8>,
}

/// Payload that is no batch of a stream.
#[derive(Debug, thiserror::Error)]
pub enum KinesisBatchError {
    /// The payload has another form.
    #[error(transparent)]
    Json(#[from] serde_json::Error),
    /// The data of a record are not base64. The number is its place in the batch.
    #[error("the data of record {0} are not base64")]
    Base64(usize),
    /// The arrival of a record is no instant.
    #[error("approximateArrivalTimestamp of record {0} is not an instant")]
    Arrival(usize),
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

/// Payload as the mapping sends it.
#[derive(Deserialize)]
struct Payload<'a> {
    #[serde(rename = "Records", borrow)]
    records: Vec<MappedRecord<'a>>,
}

#[derive(Debug, Deserialize)]
struct MappedRecord<'a> {
    /// Shard and sequence number, like `shardId-000000000006:4959…`.
    #[serde(rename = "eventID", borrow)]
    event_id: Cow<'a, str>,
    #[serde(borrow)]
    kinesis: RecordContent<'a>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RecordContent<'a> {
    #[serde(borrow)]
    partition_key: Cow<'a, str>,
    #[serde(borrow)]
    sequence_number: Cow<'a, str>,
    /// Bytes of the record in base64.
    #[serde(borrow)]
    data: Cow<'a, str>,
    #[serde(deserialize_with = "arrival")]
    approximate_arrival_timestamp: Arrival,
}

/// Arrival in milliseconds since 1970, which Lambda sends as seconds.
type Arrival = i64;

/// Reads seconds as a floating-point number, which is rarely exact, so it is rounded.
fn arrival<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Arrival, D::Error> {
    f64::deserialize(deserializer).map(|seconds| (seconds * 1_000.0).round() as i64)
}

impl<'a> KinesisBatch<'a> {
    /// Reads the payload of an invocation.
    ///
    /// # Errors
    /// Returns an error if the payload is no batch, or a record of it cannot be decoded.
    pub fn parse(payload: &'a str) -> Result<Self, KinesisBatchError> {
        if let Some(records) = plain::records(payload)
            && let Ok(batch) = Self::decode(records)
        {
            return Ok(batch);
        }
        Self::decode(serde_json::from_str::<Payload<'_>>(payload)?.records)
    }

    /// Decodes the data of records.
    fn decode(records: Vec<MappedRecord<'a>>) -> Result<Self, KinesisBatchError> {
        // Four characters hold three bytes.
        let decoded_max = |record: &MappedRecord<'_>| record.kinesis.data.len().div_ceil(4) * 3;
        let mut data = vec![0; records.iter().map(decoded_max).sum()];
        let mut end = 0;
        let mut decoded = Vec::with_capacity(records.len());
        for (place, MappedRecord { kinesis, .. }) in records.iter().enumerate() {
            let text = kinesis.data.as_bytes();
            let bytes = STANDARD.decode(text, Out::from_slice(&mut data[end..]));
            end += bytes.map_err(|_| KinesisBatchError::Base64(place))?.len();
            let arrived_at = DateTime::from_timestamp_millis(kinesis.approximate_arrival_timestamp);
            decoded.push((arrived_at.ok_or(KinesisBatchError::Arrival(place))?, end));
        }
        Ok(Self { records, decoded, data })
    }

    /// Returns the records, in order.
    pub fn records(&self) -> impl ExactSizeIterator<Item = DeliveredRef<'_>> {
        let mut start = 0;
        self.records.iter().zip(&self.decoded).map(move |(record, (arrived_at, end))| {
            let data = &self.data[start..*end];
            start = *end;
            DeliveredRef {
                shard_id: shard_of(&record.event_id),
                sequence_number: &record.kinesis.sequence_number,
                partition_key: &record.kinesis.partition_key,
                arrived_at: *arrived_at,
                data,
            }
        })
    }
}

/// Returns the shard in an id like `shardId-000000000006:4959…`.
fn shard_of(event_id: &str) -> &str {
    let end = memchr::memchr(b':', event_id.as_bytes());
    &event_id[..end.unwrap_or(event_id.len())]
}

#[cfg(test)]
mod tests {
    use domain::Delivered;
    use serde_json::json;

    use super::*;

    /// Returns a payload as Lambda writes it.
    fn payload(arrived_seconds: &serde_json::Value) -> String {
        [
            r#"{"Records":[{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"s1","#,
            r#""sequenceNumber":"4959","data":"aGVsbG8=","approximateArrivalTimestamp":"#,
            &arrived_seconds.to_string(),
            r#"},"eventSource":"aws:kinesis","eventVersion":"1.0","#,
            r#""eventID":"shardId-000000000006:4959","eventName":"aws:kinesis:record","#,
            r#""invokeIdentityArn":"arn:aws:iam::123456789012:role/processor","#,
            r#""awsRegion":"eu-west-1","#,
            r#""eventSourceARN":"arn:aws:kinesis:eu-west-1:123456789012:stream/events"}]}"#,
        ]
        .concat()
    }

    /// Returns the only record of a payload.
    fn record(payload: &str) -> Result<Delivered, KinesisBatchError> {
        let batch = KinesisBatch::parse(payload)?;
        let records: Vec<Delivered> = batch.records().map(Delivered::from).collect();
        let [record] = &records[..] else { panic!("{records:?}") };
        Ok(record.clone())
    }

    #[test]
    fn an_arrival_keeps_its_millisecond() {
        for millis in 0..1_000 {
            let arrived = 1_790_000_000_000 + millis;
            let record = record(&payload(&json!(arrived as f64 / 1_000.0))).unwrap();
            assert_eq!(record.arrived_at.timestamp_millis(), arrived);
        }
        let whole = record(&payload(&json!(1_790_000_000))).unwrap();
        assert_eq!(whole.arrived_at.timestamp_millis(), 1_790_000_000_000);
    }

    #[test]
    fn a_record_has_its_shard_and_sequence_number() {
        let record = record(&payload(&json!(1_790_000_000.5))).unwrap();
        assert_eq!(record.shard_id, "shardId-000000000006");
        assert_eq!(record.sequence_number, SequenceNumber::new("4959"));
        assert_eq!((record.partition_key.as_str(), &*record.data), ("s1", &b"hello"[..]));
    }

    #[test]
    fn every_form_of_the_same_json_is_the_same_batch() {
        let plain = payload(&json!(1_790_000_000.5));
        assert!(plain::records(&plain).is_some(), "read without serde");
        let expected = record(&plain).unwrap();
        let sorted: serde_json::Value = serde_json::from_str(&plain).unwrap();
        for other in [
            sorted.to_string(),
            serde_json::to_string_pretty(&sorted).unwrap(),
            plain.replace("\"s1\"", r#""s\u0031""#),
            plain.replacen('{', r#"{"window":{"start":"a"},"state":null,"#, 1),
            plain.replace("1790000000.5", "1.7900000005e9"),
            plain.replace("aGVsbG8=", r"aGVsbG8\u003d"),
        ] {
            assert_eq!(record(&other).unwrap(), expected, "{other}");
            assert!(plain::records(&other).is_none() || other.contains(r"\u003d"), "{other}");
        }
        let empty = KinesisBatch::parse(r#"{"Records":[]}"#).unwrap();
        assert_eq!(empty.records().len(), 0);
    }

    #[test]
    fn each_record_of_a_batch_has_its_own_members() {
        let first = payload(&json!(1_790_000_000.5));
        let of_another_stream = first.replace("stream/events", "stream/other");
        for second in [first.clone(), of_another_stream] {
            let second = second.replace("4959", "4960").replace("aGVsbG8=", "");
            let both = first.replace("]}", ",") + second.trim_start_matches(r#"{"Records":["#);
            let batch = KinesisBatch::parse(&both).unwrap();
            let records: Vec<_> =
                batch.records().map(|record| (record.sequence_number, record.data)).collect();
            assert_eq!(records, [("4959", &b"hello"[..]), ("4960", b"")]);
        }
    }

    #[test]
    fn a_text_that_is_no_json_is_refused() {
        let plain = payload(&json!(1_790_000_000));
        for (from, to) in [
            ("\"s1\"", "\"s\n1\""),
            ("]}", "]"),
            ("]}", "]}}"),
            ("1790000000", "1790000000."),
            ("1790000000", ".5"),
            ("1790000000", "1.2.3"),
            ("eu-west-1\",\"eventS", "eu\t\",\"eventS"),
        ] {
            let broken = plain.replace(from, to);
            assert_ne!(broken, plain);
            assert!(KinesisBatch::parse(&broken).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_payload_that_is_no_batch_is_explained() {
        let message = |payload: &str| KinesisBatch::parse(payload).unwrap_err().to_string();
        assert_eq!(message("{}"), "missing field `Records` at line 1 column 2");
        let arrived = json!(1_790_000_000);
        assert_eq!(
            message(&payload(&arrived).replace("aGVsbG8=", "aGVsbG8")),
            "the data of record 0 are not base64"
        );
        assert_eq!(
            message(&payload(&arrived).replace("1790000000", "1e300")),
            "approximateArrivalTimestamp of record 0 is not an instant"
        );
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
