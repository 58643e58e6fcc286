//! Event stream in Kinesis: the port [`EventLog`] with `PutRecords`.

use aws_sdk_kinesis::Client;
use aws_sdk_kinesis::primitives::Blob;
use aws_sdk_kinesis::types::{PutRecordsRequestEntry, PutRecordsResultEntry, StreamStatus};
use domain::SequenceNumber;
use domain::ports::{EventLog, Failure, PutOutcome};
use domain::record::Record;

use crate::ResourceNames;
use crate::failure::{failure, temporary};

/// Event stream in Kinesis. Clones share the client.
#[derive(Debug, Clone)]
pub struct EventStream {
    pub(crate) client: Client,
    pub(crate) name: String,
}

impl EventStream {
    /// Creates the stream with the name `names.stream`.
    #[must_use]
    pub fn new(client: Client, names: &ResourceNames) -> Self {
        Self { client, name: names.stream.clone() }
    }

    /// Creates the stream unless it exists.
    ///
    /// # Errors
    /// Returns an error if Kinesis refuses a call or does not answer.
    pub async fn create(&self, shards: i32) -> Result<(), Failure> {
        let created =
            self.client.create_stream().stream_name(&self.name).shard_count(shards).send().await;
        match created {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(|error| error.is_resource_in_use_exception()) =>
            {
                Ok(())
            }
            Err(error) => Err(failure(&error)),
        }
    }

    /// Sets the retention, in hours, unless it is that. Returns the earlier one if it was longer.
    ///
    /// # Errors
    /// Returns an error if Kinesis refuses a call or does not answer.
    pub async fn set_retention(&self, hours: u32) -> Result<Option<u32>, Failure> {
        let describe = self.client.describe_stream_summary().stream_name(&self.name).send();
        let described = Box::pin(describe).await.map_err(|error| failure(&error))?;
        let current =
            described.stream_description_summary().map(|summary| summary.retention_period_hours());
        let current = u32::try_from(current.unwrap_or_default()).unwrap_or_default();
        let wanted = i32::try_from(hours).unwrap_or(i32::MAX);
        if hours > current {
            let increase = self.client.increase_stream_retention_period();
            let increase = increase.stream_name(&self.name).retention_period_hours(wanted);
            increase.send().await.map_err(|error| failure(&error))?;
        } else if hours < current {
            let decrease = self.client.decrease_stream_retention_period();
            let decrease = decrease.stream_name(&self.name).retention_period_hours(wanted);
            decrease.send().await.map_err(|error| failure(&error))?;
        }
        Ok(Some(current).filter(|current| *current > hours))
    }
}

impl EventLog for EventStream {
    async fn put_records(&self, records: &[Record]) -> Result<Vec<PutOutcome>, Failure> {
        let entries = records.iter().map(|record| {
            PutRecordsRequestEntry::builder()
                .partition_key(&record.partition_key)
                .data(Blob::new(record.data.clone()))
                .build()
                .expect("both fields are set")
        });
        let request = self.client.put_records().stream_name(&self.name);
        let request = request.set_records(Some(entries.collect()));
        let answer = Box::pin(request.send()).await.map_err(|error| failure(&error))?;
        let results: Vec<PutOutcome> = answer.records().iter().map(put).collect();
        if results.len() == records.len() {
            return Ok(results);
        }
        Err(Failure::Unavailable(format!(
            "PutRecords answered for {} of {} records",
            results.len(),
            records.len()
        )))
    }

    async fn check_ready(&self) -> Result<(), Failure> {
        let describe = self.client.describe_stream_summary().stream_name(&self.name);
        let answer = Box::pin(describe.send()).await.map_err(|error| failure(&error))?;
        match answer.stream_description_summary().map(|summary| summary.stream_status()) {
            Some(StreamStatus::Active | StreamStatus::Updating) => Ok(()),
            status => Err(Failure::Unavailable(format!("stream {} is {status:?}", self.name))),
        }
    }
}

fn put(entry: &PutRecordsResultEntry) -> PutOutcome {
    match (entry.sequence_number(), entry.shard_id(), entry.error_code()) {
        (Some(sequence_number), Some(shard_id), None) => PutOutcome::Stored {
            shard_id: shard_id.to_owned(),
            sequence_number: SequenceNumber::new(sequence_number),
        },
        (_, _, code) => {
            let code = code.unwrap_or("no sequence number");
            let message = format!("{code}: {}", entry.error_message().unwrap_or_default());
            // Kinesis documents no code of a record whose repetition would fail.
            let failed = temporary(code, message.clone());
            PutOutcome::Failed(failed.unwrap_or(Failure::Unavailable(message)))
        }
    }
}
