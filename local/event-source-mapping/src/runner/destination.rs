//! Where discarded batches go: Lambda's on-failure destination, in the shape of its S3 one.

use std::io;
use std::path::{Path, PathBuf};

use chrono::{DateTime, SecondsFormat, Utc};
use domain::record::Delivered;
use serde_json::{Value, json};

use super::durable::{replace, segment};
use super::event::event;
use crate::decisions::lanes::{Condition, Discarded};
use crate::decisions::verdict::Answer;

/// Where discarded batches go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Nowhere: they are lost, as with a mapping that has no destination.
    None,
    /// Into this folder, one JSON file for each batch, at
    /// `aws/lambda/<stream>/<shard>/YYYY/MM/DD/YYYY-MM-DDTHH.MM.SS-<first number>-<records>.json`.
    ///
    /// Lambda names the mapping's UUID, and ends with another; without randomness the stream and
    /// the batch's first sequence number do as well. A file has what Lambda writes:
    /// `requestContext` with the `condition`, `KinesisBatchInfo`, and in `payload` the event as
    /// text, so that nothing of the batch is lost. A batch that cannot be written holds its shard
    /// back until it can; Lambda would drop it.
    Folder(PathBuf),
}

/// Who discards.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    pub(crate) mapping: String,
    pub(crate) stream_arn: String,
}

impl Destination {
    /// Keeps a batch. It is on disk when this returns.
    pub(crate) async fn keep(
        &self,
        origin: &Origin,
        discarded: &Discarded,
        now: DateTime<Utc>,
    ) -> io::Result<()> {
        let Self::Folder(root) = self else { return Ok(()) };
        let Some(key) = key(&origin.mapping, discarded.batch.records(), now) else {
            return Ok(());
        };
        let contents = serde_json::to_vec_pretty(&letter(origin, discarded, now))?;
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
        segment(first.sequence_number.as_str()),
        records.len()
    );
    let folder = Path::new("aws/lambda").join(segment(mapping)).join(segment(&first.shard_id));
    Some(folder.join(now.format("%Y/%m/%d").to_string()).join(name))
}

fn letter(origin: &Origin, discarded: &Discarded, now: DateTime<Utc>) -> Value {
    let records = discarded.batch.records();
    let condition = match discarded.condition {
        Condition::RetryAttemptsExhausted => "RetryAttemptsExhausted",
        Condition::RecordAgeExceeded => "RecordAgeExceeded",
        Condition::PayloadSizeExceeded => "PayloadSizeExceeded",
    };
    let response = discarded.answer.map(|answer| {
        let function_error = (answer == Answer::Error).then_some("Unhandled");
        json!({
            "statusCode": 200,
            "executedVersion": "$LATEST",
            "functionError": function_error,
        })
    });
    let number = |record: Option<&Delivered>| record.map(|r| r.sequence_number.to_string());
    let arrival = |record: Option<&Delivered>| record.map(|r| written(r.arrived_at));
    let (first, last) = (records.first(), records.last());
    json!({
        "requestContext": {
            "functionArn": format!("arn:aws:lambda:local:000000000000:function:{}", origin.mapping),
            "condition": condition,
            "approximateInvokeCount": discarded.invocations,
        },
        "responseContext": response,
        "version": "1.0",
        "timestamp": written(now),
        "KinesisBatchInfo": {
            "shardId": first.map(|record| record.shard_id.as_str()),
            "startSequenceNumber": number(first),
            "endSequenceNumber": number(last),
            "approximateArrivalOfFirstRecord": arrival(first),
            "approximateArrivalOfLastRecord": arrival(last),
            "batchSize": records.len(),
            "streamArn": origin.stream_arn,
        },
        "payload": event(records, &origin.stream_arn).to_string(),
    })
}

fn written(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}
