//! CommandError batches in the files of an on-failure destination.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use aws::KinesisBatch;
use domain::{Delivered, record};
use serde::Deserialize;

use crate::output::instant;

/// Upper bound of a failed batch: Lambda's event of at most 6 MB, as escaped text.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Extension of a file that is not written completely.
const UNFINISHED: &str = "part";

/// Message of Lambda to the on-failure destination. Source: the Lambda developer guide, "Retaining
/// discarded batch records for a Kinesis data stream event source".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct OnFailureMessage {
    request_context: Option<RequestContext>,
    #[serde(rename = "KinesisBatchInfo")]
    batch_info: Option<BatchInfo>,
    /// Event of the invocation, as text. Only a destination in S3 receives it.
    payload: Option<String>,
}

#[derive(Debug, Deserialize)]
struct RequestContext {
    condition: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct BatchInfo {
    shard_id: String,
    start_sequence_number: String,
    end_sequence_number: String,
}

/// Batch that the event source mapping did not process.
#[derive(Debug)]
pub(super) struct FailedBatch {
    /// Reason of the failure, in Lambda's words.
    condition: String,
    pub(super) records: Vec<Delivered>,
}

/// Returns the files of `paths`, and all files below its folders, sorted by path. Hidden files and
/// unfinished files of folders are left out.
///
/// # Errors
/// Returns an error if a path does not exist or cannot be read.
pub(super) fn files(paths: &[PathBuf]) -> Result<BTreeSet<PathBuf>, String> {
    let mut files = BTreeSet::new();
    let mut paths = paths.to_vec();
    while let Some(path) = paths.pop() {
        let failed = |error| format!("{}: {error}", path.display());
        if !fs::metadata(&path).map_err(failed)?.is_dir() {
            files.insert(path);
            continue;
        }
        for entry in fs::read_dir(&path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let is_hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes()[0] == b'.');
            if !is_hidden && path.extension() != Some(OsStr::new(UNFINISHED)) {
                paths.push(path);
            }
        }
    }
    Ok(files)
}

/// Reads the failed batch of a file.
///
/// # Errors
/// Returns an error if the file cannot be read, is too large or does not hold the records of a
/// batch.
pub(super) fn read(file: &Path) -> Result<FailedBatch, String> {
    let bytes = fs::metadata(file).map_err(|error| error.to_string())?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("has {bytes} bytes; no batch has more than {FILE_BYTES_MAX}"));
    }
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    parse(&text)
}

fn parse(text: &str) -> Result<FailedBatch, String> {
    let no_batch = |reason: String| {
        format!(
            "is no batch of an on-failure destination: {reason}; expected the JSON that Lambda \
             puts into S3, with the records in `payload`"
        )
    };
    let message: OnFailureMessage =
        serde_json::from_str(text).map_err(|error| no_batch(error.to_string()))?;
    let payload = match (message.payload, message.batch_info) {
        (Some(payload), _) => payload,
        (None, Some(BatchInfo { shard_id, start_sequence_number, end_sequence_number })) => {
            return Err(format!(
                "says only where the records are, {start_sequence_number} to \
                 {end_sequence_number} of {shard_id}, which is all that SQS and SNS receive; read \
                 the records from the stream again while it retains them. A destination in S3 \
                 keeps the records themselves"
            ));
        }
        (None, None) => return Err(no_batch("it has no payload".to_owned())),
    };
    let batch = KinesisBatch::parse(&payload)
        .map_err(|error| no_batch(format!("its payload has no Kinesis records ({error})")))?;
    let condition = message.request_context.and_then(|context| context.condition);
    Ok(FailedBatch {
        condition: condition.unwrap_or_else(|| "reason not recorded".to_owned()),
        records: batch.records().map(Delivered::from).collect(),
    })
}

impl FailedBatch {
    /// Returns a summary of the batch, for a dry run.
    pub(super) fn summary(&self) -> String {
        let (mut events, mut unopenable) = (0, 0);
        for record in &self.records {
            let texts = record::parts(&record.data)
                .and_then(|parts| parts.iter().map(|part| record::open(part)).collect());
            match texts {
                Ok::<Vec<_>, _>(texts) => events += texts.concat().len(),
                Err(_) => unopenable += 1,
            }
        }
        let arrived: Vec<_> = self.records.iter().map(|record| record.arrived_at).collect();
        let span = match (arrived.iter().min(), arrived.iter().max()) {
            (Some(first), Some(last)) => {
                format!(" arrived {} to {}", instant(*first), instant(*last))
            }
            _ => String::new(),
        };
        let shards: BTreeSet<&str> =
            self.records.iter().map(|record| record.shard_id.as_str()).collect();
        let shards: Vec<&str> = shards.into_iter().collect();
        let mut text = format!(
            "{} records of {} with {events} events,{span}, given up: {}",
            self.records.len(),
            shards.join(", "),
            self.condition
        );
        if unopenable > 0 {
            text.push_str(&format!("; {unopenable} of them cannot be opened"));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        parse(text).unwrap_err()
    }

    #[test]
    fn the_error_of_a_file_that_is_no_batch_names_the_missing_part() {
        assert!(refused("{").contains("is no batch of an on-failure destination: EOF while"));
        assert!(refused("[1]").contains("is no batch"));
        assert!(refused("{}").contains("it has no payload"));
        assert!(refused(r#"{"payload":"{}"}"#).contains("no Kinesis records (missing field"));
    }

    #[test]
    fn a_message_for_sqs_names_the_records_without_holding_them() {
        let error = refused(
            r#"{"requestContext":{"condition":"RetryAttemptsExhausted"},"version":"1.0",
                "KinesisBatchInfo":{"shardId":"shardId-000000000001",
                "startSequenceNumber":"4959","endSequenceNumber":"4963","batchSize":2}}"#,
        );
        assert!(error.contains("4959 to 4963 of shardId-000000000001"), "{error}");
        assert!(error.contains("A destination in S3 keeps the records themselves"), "{error}");
    }
}
