//! On-failure destination for discarded batches, in the format of Lambda's S3 destination.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::record::Delivered;
use serde_json::{Value, json};

use super::durable_file::{path_segment, replace};
use super::lambda_event::lambda_event;
use crate::decisions::batch_decision::InvocationOutcome;
use crate::decisions::sub_shards::{DiscardCondition, DiscardedBatch};

/// Destination of discarded batches.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// No destination. The batches are lost.
    None,
    /// A folder, with one JSON file for each batch at
    /// `aws/lambda/<stream>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<first number>-<records>.json`.
    ///
    /// Lambda uses two UUIDs instead of the stream and the first sequence number. A file has the
    /// members of Lambda: `requestContext` with the `condition`, `KinesisBatchInfo`, and the event
    /// as text in `payload`. A batch that cannot be written holds its shard back; Lambda would drop
    /// it.
    Folder(PathBuf),
}

/// Mapping and stream of a discarded batch.
#[derive(Debug, Clone)]
pub(crate) struct DiscardOrigin {
    pub(crate) mapping: String,
    pub(crate) stream_arn: String,
}

impl Destination {
    /// Stores a batch durably.
    pub(crate) async fn save(
        &self,
        origin: &DiscardOrigin,
        discarded: &DiscardedBatch,
        now: DateTime<Utc>,
    ) -> io::Result<()> {
        let Self::Folder(root) = self else { return Ok(()) };
        let Some(key) = key(&origin.mapping, discarded.batch.records(), now) else {
            return Ok(());
        };
        let contents = serde_json::to_vec_pretty(&document(origin, discarded, now))?;
        let path = root.join(key);
        tokio::task::spawn_blocking(move || replace(&path, &contents))
            .await
            .map_err(io::Error::other)?
    }
}

fn key(mapping: &str, records: &[Delivered], now: DateTime<Utc>) -> Option<PathBuf> {
    let first = records.first()?;
    let name = format!(
        "{}-{}-{}.json",
        now.format("%Y-%m-%dT%H.%M.%S"),
        path_segment(first.sequence_number.as_str()),
        records.len()
    );
    let folder =
        Path::new("aws/lambda").join(path_segment(mapping)).join(path_segment(&first.shard_id));
    Some(folder.join(now.format("%Y/%m/%d").to_string()).join(name))
}

fn document(origin: &DiscardOrigin, discarded: &DiscardedBatch, now: DateTime<Utc>) -> Value {
    let records = discarded.batch.records();
    let condition = match discarded.condition {
        DiscardCondition::RetryAttemptsExhausted => "RetryAttemptsExhausted",
        DiscardCondition::RecordAgeExceeded => "RecordAgeExceeded",
        DiscardCondition::PayloadSizeExceeded => "PayloadSizeExceeded",
    };
    let response = discarded.last_outcome.map(|outcome| {
        let function_error = (outcome == InvocationOutcome::Error).then_some("Unhandled");
        json!({
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": function_error,
        })
    });
    let number = |record: Option<&Delivered>| record.map(|r| r.sequence_number.to_string());
    let arrival = |record: Option<&Delivered>| record.map(|r| timestamp(r.arrived_at));
    let (first, last) = (records.first(), records.last());
    json!({
        "requestContext": {
            "functionArn": format!("arn:aws:lambda:local:000000000000:function:{}", origin.mapping),
            "condition": condition,
            "approximateInvokeCount": discarded.invocations,
        },
        "responseContext": response,
        "version": "1.0",
        "timestamp": timestamp(now),
        "KinesisBatchInfo": {
            "shardId": first.map(|record| record.shard_id.as_str()),
            "startSequenceNumber": number(first),
            "endSequenceNumber": number(last),
            "approximateArrivalOfFirstRecord": arrival(first),
            "approximateArrivalOfLastRecord": arrival(last),
            "batchSize": records.len(),
            "streamArn": origin.stream_arn,
        },
        "payload": lambda_event(records, &origin.stream_arn).to_string(),
    })
}

fn timestamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
