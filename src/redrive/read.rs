//! The files of an on-failure destination -> records as they were delivered.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use aws::Batch;
use domain::{Delivered, record};
use serde::Deserialize;

use crate::quarantine::instant;

/// No batch is larger: its event has at most Lambda's 6 MB, and is kept as an escaped text.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// The ending of a file that is still being written, or never was to its end.
const UNFINISHED: &str = "part";

/// What Lambda keeps of a batch. Source: the Lambda developer guide, "Retaining discarded batch
/// records for a Kinesis data stream event source".
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Letter {
    request_context: Option<RequestContext>,
    #[serde(rename = "KinesisBatchInfo")]
    batch_info: Option<BatchInfo>,
    /// The event as it was handed over, as a text; only S3 gets it.
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

/// A batch that was given up.
#[derive(Debug)]
pub(super) struct Kept {
    /// Why, in Lambda's word.
    condition: String,
    pub(super) records: Vec<Delivered>,
}

/// The files that are named, and those below the folders that are named, each once, by path.
///
/// # Errors
/// One that is named is not there, or cannot be looked into.
pub(super) fn files(named: &[PathBuf]) -> Result<BTreeSet<PathBuf>, String> {
    let mut files = BTreeSet::new();
    let mut paths = named.to_vec();
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

/// The batch of a file.
///
/// # Errors
/// It is none, in words that say what it is instead.
pub(super) fn kept(file: &Path) -> Result<Kept, String> {
    let bytes = fs::metadata(file).map_err(|error| error.to_string())?.len();
    if bytes > FILE_BYTES_MAX {
        return Err(format!("has {bytes} bytes; no batch has more than {FILE_BYTES_MAX}"));
    }
    let text = fs::read_to_string(file).map_err(|error| error.to_string())?;
    batch(&text)
}

fn batch(text: &str) -> Result<Kept, String> {
    let no_batch = |why: String| {
        format!(
            "is no batch of an on-failure destination: {why}; expected the JSON that Lambda puts \
             into S3, with the records in `payload`"
        )
    };
    let letter: Letter = serde_json::from_str(text).map_err(|error| no_batch(error.to_string()))?;
    let payload = match (letter.payload, letter.batch_info) {
        (Some(payload), _) => payload,
        (None, Some(BatchInfo { shard_id, start_sequence_number, end_sequence_number })) => {
            return Err(format!(
                "says only where the records are, {start_sequence_number} to \
                 {end_sequence_number} of {shard_id}, as SQS and SNS are told it; they have to be \
                 read from the stream again while it retains them. A destination in S3 keeps the \
                 records themselves"
            ));
        }
        (None, None) => return Err(no_batch("it has no payload".to_owned())),
    };
    let batch: Batch = serde_json::from_str(&payload)
        .map_err(|error| no_batch(format!("its payload has no Kinesis records ({error})")))?;
    let condition = letter.request_context.and_then(|context| context.condition);
    Ok(Kept {
        condition: condition.unwrap_or_else(|| "for a reason that is not told".to_owned()),
        records: batch.records,
    })
}

impl Kept {
    /// What is in it, for a look before.
    pub(super) fn told(&self) -> String {
        let (mut events, mut unopenable) = (0, 0);
        for record in &self.records {
            match record::open(&record.data) {
                Ok(texts) => events += texts.len(),
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
        let shards: BTreeSet<&str> = self.records.iter().map(|it| it.shard_id.as_str()).collect();
        let shards: Vec<&str> = shards.into_iter().collect();
        let mut told = format!(
            "{} records of {} with {events} events,{span}, given up: {}",
            self.records.len(),
            shards.join(", "),
            self.condition
        );
        if unopenable > 0 {
            told.push_str(&format!("; {unopenable} of them cannot be opened"));
        }
        told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        batch(text).unwrap_err()
    }

    #[test]
    fn what_is_no_batch_is_told_by_what_it_lacks() {
        assert!(refused("{").contains("is no batch of an on-failure destination: EOF while"));
        assert!(refused("[1]").contains("is no batch"));
        assert!(refused("{}").contains("it has no payload"));
        assert!(refused(r#"{"payload":"{}"}"#).contains("no Kinesis records (missing field"));
    }

    #[test]
    fn a_message_for_sqs_names_the_records_and_holds_none() {
        let told = refused(
            r#"{"requestContext":{"condition":"RetryAttemptsExhausted"},"version":"1.0",
                "KinesisBatchInfo":{"shardId":"shardId-000000000001",
                "startSequenceNumber":"4959","endSequenceNumber":"4963","batchSize":2}}"#,
        );
        assert!(told.contains("4959 to 4963 of shardId-000000000001"), "{told}");
        assert!(told.contains("A destination in S3 keeps the records themselves"), "{told}");
    }
}
